-- What has left an identifier: customers who gave it up or were erased, entries that were deleted, each with the change
-- that took it away. Who stood there at an earlier revision is who stands there now, and who has left since. Keys alone,
-- no values. Trimmed with the feed.

CREATE TABLE departure (
    sequence BIGINT NOT NULL,
    merchant BIGINT NOT NULL,
    identifier_key BYTES NOT NULL,
    subject TEXT NOT NULL,
    PRIMARY KEY (sequence, identifier_key, subject)
) CLUSTERED;
CREATE INDEX departure_identifier ON departure (merchant, identifier_key, sequence);

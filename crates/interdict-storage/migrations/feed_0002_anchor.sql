-- Where the feed begins, once its oldest changes were trimmed: the newest of those, and its hash. One row or none.

CREATE TABLE anchor (
    id BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    hash BYTES NOT NULL,
    PRIMARY KEY (id)
) CLUSTERED;

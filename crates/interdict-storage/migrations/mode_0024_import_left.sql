-- What an undo has left alone, because somebody had changed it since: by the change of the part that had written it, in
-- the order of its entries, with the line where that is known. Entries by their ids, no values. Trimmed with the feed.

CREATE TABLE import_left (
    revision BIGINT NOT NULL,
    place BIGINT NOT NULL,
    import BYTES NOT NULL,
    merchant BIGINT NOT NULL,
    entry BYTES NOT NULL,
    line BIGINT,
    PRIMARY KEY (revision, place)
) CLUSTERED;

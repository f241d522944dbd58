-- The nodes that decide, each with what it has applied. A row that its node has not renewed for its term, by
-- the watch of whoever looks, is a node's that is gone. No clock of any machine stands here.

CREATE TABLE lease (
    node BYTES NOT NULL,
    term_ms BIGINT NOT NULL,
    renewals BIGINT NOT NULL,
    applied BIGINT NOT NULL,
    PRIMARY KEY (node)
) CLUSTERED;

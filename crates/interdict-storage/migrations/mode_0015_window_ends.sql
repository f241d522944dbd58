-- How far the ends of windows have been recorded, which come by themselves: the last one of each merchant's entries and
-- customers.
CREATE TABLE window_end (
    merchant BIGINT NOT NULL,
    what TEXT NOT NULL,
    at BIGINT NOT NULL,
    id BYTES NOT NULL,
    PRIMARY KEY (merchant, what)
) CLUSTERED;
DROP INDEX customer_list_ending;
CREATE INDEX customer_list_ending ON customer (merchant, list_until, id) WHERE list_until IS NOT NULL;


-- Parts of texts, by the three letters that begin anywhere in them: see src/sqlite/search.rs. The rows hold
-- what was indexed, because the index wants it back word for word when it is to forget it.
CREATE TABLE search_customer_row (
    row INTEGER PRIMARY KEY,
    merchant BIGINT NOT NULL,
    id BYTES NOT NULL,
    created_at BIGINT NOT NULL,
    text TEXT NOT NULL
);
CREATE UNIQUE INDEX search_customer_id ON search_customer_row (id);
CREATE VIRTUAL TABLE search_customer USING fts5 (text, content = 'search_customer_row', content_rowid = 'row',
    tokenize = 'trigram case_sensitive 1', detail = 'none', columnsize = 0);
INSERT INTO search_customer (search_customer, rank) VALUES ('secure-delete', 1);

CREATE TABLE search_entry_row (
    row INTEGER PRIMARY KEY,
    merchant BIGINT NOT NULL,
    id BYTES NOT NULL,
    created_at BIGINT NOT NULL,
    text TEXT NOT NULL
);
CREATE UNIQUE INDEX search_entry_id ON search_entry_row (id);
CREATE VIRTUAL TABLE search_entry USING fts5 (text, content = 'search_entry_row', content_rowid = 'row',
    tokenize = 'trigram case_sensitive 1', detail = 'none', columnsize = 0);
INSERT INTO search_entry (search_entry, rank) VALUES ('secure-delete', 1);

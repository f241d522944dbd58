-- With a mark, in microseconds: what the mark hides goes after an erasure, see src/sqlite/purge.rs.
INSERT INTO search_customer (search_customer, rank) VALUES ('secure-delete', 0);
INSERT INTO search_entry (search_entry, rank) VALUES ('secure-delete', 0);

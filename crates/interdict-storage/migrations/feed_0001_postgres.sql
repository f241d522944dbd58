-- PostgreSQL's own LOWER follows the database's locale, and knows ASCII only in the locale "C": a search for
-- "ärger" would not find "Ärger". In this schema LOWER knows every letter, as it does on SQLite
-- (src/sqlite/connection.rs), where the server was built with ICU
DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_collation WHERE collname = 'und-x-icu') THEN
        CREATE FUNCTION lower(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
            AS 'SELECT pg_catalog.lower($1 COLLATE "und-x-icu")';
    END IF;
END $$;


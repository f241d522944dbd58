-- From here on a decision is kept under wider identifiers, too: the domain of an email, the block of an address. What was
-- kept before is not found under them.
INSERT INTO meta (name, value) SELECT 'wider_keys_after', CAST(at AS TEXT) FROM decision ORDER BY id DESC LIMIT 1;

-- For which addresses an entry of the kind email stands. Nothing: for the one.
ALTER TABLE entry ADD COLUMN matching TEXT;

-- What an entry of the allow list does not exempt from. Nothing: from no amount, and a chargeback does not end it.
ALTER TABLE entry ADD COLUMN max_amount BIGINT;
ALTER TABLE entry ADD COLUMN currency TEXT;
ALTER TABLE entry ADD COLUMN lapses_on_chargeback BIGINT;

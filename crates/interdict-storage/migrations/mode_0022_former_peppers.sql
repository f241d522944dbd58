-- Under which former pepper a key was made of which there is no plain text. Nothing: under the present one.
ALTER TABLE entry ADD COLUMN generation BIGINT;
ALTER TABLE personal ADD COLUMN generation BIGINT;
ALTER TABLE idempotency ADD COLUMN generation BIGINT;
ALTER TABLE import_before ADD COLUMN generation BIGINT;
ALTER TABLE former_identifier ADD COLUMN generation BIGINT;
ALTER TABLE person_identifier ADD COLUMN generation BIGINT;
ALTER TABLE person_suggestion ADD COLUMN generation BIGINT;
ALTER TABLE proposal ADD COLUMN generation BIGINT;
ALTER TABLE note ADD COLUMN generation BIGINT;

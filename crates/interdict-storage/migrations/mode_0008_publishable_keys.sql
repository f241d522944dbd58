-- What a provider's own field for cards is opened with: public, so not encrypted.

ALTER TABLE gateway_account ADD COLUMN publishable_key TEXT;

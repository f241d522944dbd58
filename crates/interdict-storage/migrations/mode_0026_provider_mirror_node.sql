-- Which node brings a provider's lists in step. It keeps them while its lease has a row, so that no other is at them.
ALTER TABLE provider_mirror ADD COLUMN node BYTES;

-- What the lists of a million rows need: totals that nobody has to count, and an index for each list that is shown.

-- Moved with what is counted, in the same commit. How far all of them are true says "counted" in meta: see
-- src/counter.rs.
CREATE TABLE counter (
    merchant BIGINT NOT NULL,
    name TEXT NOT NULL,
    value BIGINT NOT NULL,
    PRIMARY KEY (merchant, name)
) CLUSTERED;

-- Only what is not the rule stands in most of these, so that most writes do not touch them.
CREATE INDEX customer_status ON customer (merchant, list_status, created_at, id) WHERE list_status <> 'normal';
CREATE INDEX customer_restricted ON customer (merchant, created_at, id) WHERE restrict_cit > 0 OR restrict_mit > 0;
CREATE INDEX customer_phone ON customer (merchant, phone_key) WHERE phone_key IS NOT NULL;
CREATE INDEX entry_kind ON entry (merchant, list, kind, created_at, id);
CREATE INDEX entry_windowed ON entry (merchant, list, created_at, id)
    WHERE starts_at IS NOT NULL OR expires_at IS NOT NULL;
DROP INDEX entry_ending;
CREATE INDEX entry_ending ON entry (merchant, expires_at, id) WHERE expires_at IS NOT NULL;
CREATE INDEX payment_status ON payment (merchant, status, created_at, id) WHERE status <> 'succeeded';
CREATE INDEX payment_disputed ON payment (merchant, created_at, id) WHERE chargeback_recorded_at IS NOT NULL;

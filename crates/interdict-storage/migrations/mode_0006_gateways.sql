-- Which provider a merchant uses, its secrets encrypted, and what the provider told us.

CREATE TABLE gateway_account (
    merchant BIGINT NOT NULL,
    provider TEXT NOT NULL,
    key_last_four TEXT,
    -- XChaCha20-Poly1305 under a key that is derived from the pepper.
    secret_key BYTES,
    webhook_secret BYTES,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (merchant)
) CLUSTERED;

CREATE TABLE provider_event (
    merchant BIGINT NOT NULL,
    id TEXT NOT NULL,
    what TEXT NOT NULL,
    reference TEXT,
    payment BYTES,
    outcome TEXT NOT NULL,
    note TEXT,
    created_at BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (merchant, id)
) CLUSTERED;
CREATE INDEX provider_event_received ON provider_event (merchant, received_at, id);
CREATE INDEX payment_reference ON payment (gateway_reference) WHERE gateway_reference IS NOT NULL;

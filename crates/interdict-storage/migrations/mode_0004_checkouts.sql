-- Checkout sessions. A token opens one, and only its SHA-256 is kept.

CREATE TABLE checkout (
    id BYTES NOT NULL,
    merchant BIGINT NOT NULL,
    token_digest BYTES NOT NULL,
    amount BIGINT NOT NULL,
    currency TEXT NOT NULL,
    plan BYTES,
    email TEXT,
    email_key BYTES,
    phone TEXT,
    phone_key BYTES,
    payer_verified BIGINT NOT NULL,
    success_url TEXT,
    metadata TEXT NOT NULL,
    status TEXT NOT NULL,
    payment BYTES,
    subscription BYTES,
    expires_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (id)
) CLUSTERED;
CREATE UNIQUE INDEX checkout_token ON checkout (token_digest);
CREATE INDEX checkout_email ON checkout (merchant, email_key) WHERE email_key IS NOT NULL;
CREATE INDEX checkout_phone ON checkout (merchant, phone_key) WHERE phone_key IS NOT NULL;

-- Whether the payer of a subscription is the merchant's word: what a payer typed earns no exemption.
ALTER TABLE subscription ADD COLUMN payer_verified BIGINT NOT NULL DEFAULT 1;

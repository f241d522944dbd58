-- Payments: every attempt to be paid, whether it came to money or not.

CREATE TABLE payment (
    id BYTES NOT NULL,
    merchant BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    currency TEXT NOT NULL,
    initiator TEXT NOT NULL,
    customer BYTES,
    email TEXT,
    email_key BYTES,
    phone TEXT,
    phone_key BYTES,
    payer_verified BIGINT NOT NULL,
    payment_method TEXT,
    metadata TEXT NOT NULL,
    status TEXT NOT NULL,
    origin TEXT NOT NULL,
    subscription BYTES,
    period_start BIGINT,
    checkout BYTES,
    gateway_reference TEXT,
    amount_captured BIGINT NOT NULL,
    amount_reversed BIGINT NOT NULL,
    chargeback_recorded_at BIGINT,
    outcome_status TEXT,
    error_code TEXT,
    error_message TEXT,
    safe_error_message TEXT,
    decline_type TEXT,
    next_action_url TEXT,
    pending TEXT,
    pending_amount BIGINT,
    driven_until BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (id)
) CLUSTERED;
CREATE INDEX payment_created ON payment (merchant, created_at, id);
CREATE INDEX payment_customer ON payment (merchant, customer, created_at, id) WHERE customer IS NOT NULL;
CREATE INDEX payment_email ON payment (merchant, email_key) WHERE email_key IS NOT NULL;
CREATE INDEX payment_phone ON payment (merchant, phone_key) WHERE phone_key IS NOT NULL;
CREATE INDEX payment_pending ON payment (driven_until) WHERE pending IS NOT NULL;
-- At most one charge for a subscription and a period: what was refused makes room for another try.
CREATE UNIQUE INDEX payment_period ON payment (subscription, period_start)
    WHERE subscription IS NOT NULL AND status <> 'cancelled';

-- The sandbox's own books: nothing else writes here, so that they can be compared with the payments.
-- The charge of a payment stands at reversed_before = -1.
CREATE TABLE sandbox_ledger (
    merchant BIGINT NOT NULL,
    payment BYTES NOT NULL,
    reversed_before BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    currency TEXT NOT NULL,
    result TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (merchant, payment, reversed_before)
) CLUSTERED;

-- How far each merchant's clock is ahead, in test mode.
CREATE TABLE test_clock (
    merchant BIGINT NOT NULL,
    ahead_s BIGINT NOT NULL,
    PRIMARY KEY (merchant)
) CLUSTERED;

-- The payment that an unanswered request is about: a replay goes on with it instead of beginning anew.
ALTER TABLE idempotency ADD COLUMN payment BYTES;

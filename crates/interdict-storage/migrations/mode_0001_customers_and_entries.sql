-- Tokens in capitals that differ by engine are replaced before the text runs: see src/migrations.rs.

CREATE TABLE customer (
    id BYTES NOT NULL,
    merchant BIGINT NOT NULL,
    email TEXT,
    email_key BYTES,
    phone TEXT,
    phone_key BYTES,
    name TEXT,
    first_name TEXT,
    last_name TEXT,
    merchant_ref TEXT,
    ref_key BYTES,
    role TEXT,
    date_of_birth TEXT,
    billing_address TEXT,
    shipping_address TEXT,
    metadata TEXT NOT NULL,
    restrict_cit BIGINT NOT NULL,
    restrict_mit BIGINT NOT NULL,
    restrict_reason TEXT,
    list_status TEXT NOT NULL,
    list_reason TEXT,
    list_scopes BIGINT NOT NULL,
    list_from BIGINT,
    list_until BIGINT,
    search TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (id)
) CLUSTERED;
CREATE UNIQUE INDEX customer_ref ON customer (merchant, ref_key);
CREATE INDEX customer_email ON customer (merchant, email_key);
CREATE INDEX customer_created ON customer (merchant, created_at, id);
CREATE INDEX customer_listed ON customer (merchant, list_status, updated_at, id);

CREATE TABLE entry (
    id BYTES NOT NULL,
    merchant BIGINT NOT NULL,
    list TEXT NOT NULL,
    kind BIGINT NOT NULL,
    identifier_key BYTES NOT NULL,
    value TEXT,
    reason TEXT,
    reason_code TEXT,
    public_message TEXT,
    scopes BIGINT NOT NULL,
    strength TEXT NOT NULL,
    starts_at BIGINT,
    expires_at BIGINT,
    source TEXT NOT NULL,
    actor_type TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    erased_customer BYTES,
    PRIMARY KEY (id)
) CLUSTERED;
-- One entry for an identifier on a list. What erasures leave behind stands beside it, one row a
-- source, so that taking one away leaves the others.
CREATE UNIQUE INDEX entry_identifier ON entry (merchant, identifier_key, list, kind)
    WHERE erased_customer IS NULL;
CREATE INDEX entry_erased ON entry (merchant, identifier_key) WHERE erased_customer IS NOT NULL;
CREATE INDEX entry_created ON entry (merchant, list, created_at, id);

-- Beside the entry and not in it, and not in the feed: counted in memory and written every second.
CREATE TABLE entry_hit (
    entry BYTES NOT NULL,
    hits BIGINT NOT NULL,
    last_hit_at BIGINT NOT NULL,
    PRIMARY KEY (entry)
) CLUSTERED;

-- Answers to mutations that carried an Idempotency-Key. The key itself is kept as a keyed hash.
CREATE TABLE idempotency (
    merchant BIGINT NOT NULL,
    request BYTES NOT NULL,
    fingerprint BYTES NOT NULL,
    status BIGINT NOT NULL,
    body BYTES NOT NULL,
    holds_secret BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    subject TEXT,
    identifier_key BYTES,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (merchant, request)
) CLUSTERED;
CREATE INDEX idempotency_created ON idempotency (created_at);
CREATE INDEX idempotency_subject ON idempotency (merchant, subject);
CREATE INDEX idempotency_identifier ON idempotency (merchant, identifier_key);

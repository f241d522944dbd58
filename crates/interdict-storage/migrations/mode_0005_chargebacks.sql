-- Chargebacks, and what each of them did.

CREATE TABLE chargeback (
    id BYTES NOT NULL,
    merchant BIGINT NOT NULL,
    payment BYTES NOT NULL,
    customer BYTES,
    source TEXT NOT NULL,
    provider_reference TEXT,
    provider_reason TEXT,
    hold_cit TEXT NOT NULL,
    hold_mit TEXT NOT NULL,
    hold_email TEXT NOT NULL,
    entry BYTES,
    recorded_at BIGINT NOT NULL,
    reversed_at BIGINT,
    PRIMARY KEY (id)
) CLUSTERED;
CREATE INDEX chargeback_recorded ON chargeback (merchant, recorded_at, id);
CREATE INDEX chargeback_payment ON chargeback (merchant, payment);
CREATE INDEX chargeback_customer ON chargeback (merchant, customer) WHERE customer IS NOT NULL;
CREATE INDEX chargeback_entry ON chargeback (merchant, entry) WHERE entry IS NOT NULL;
CREATE UNIQUE INDEX chargeback_reference ON chargeback (merchant, provider_reference)
    WHERE provider_reference IS NOT NULL;

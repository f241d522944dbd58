-- How many attempts to be paid have ended how, by the day (UTC, counted from 1970) on which they were made: the
-- overview reads days, never payments. Written in the transaction that ends the payment.

CREATE TABLE attempt_count (
    merchant BIGINT NOT NULL,
    day BIGINT NOT NULL,
    initiator TEXT NOT NULL,
    outcome TEXT NOT NULL,
    code TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    PRIMARY KEY (merchant, day, initiator, outcome, code)
) CLUSTERED;

-- What was there before there were counts.
INSERT INTO attempt_count (merchant, day, initiator, outcome, code, attempts)
SELECT merchant, created_at / 86400000000, initiator,
       CASE WHEN status = 'succeeded' THEN 'succeeded'
            WHEN error_code IN ('customer_restricted', 'customer_blacklisted', 'identifier_blacklisted',
                                'degraded_blocked') THEN 'blocked'
            ELSE 'declined' END,
       COALESCE(error_code, ''), COUNT(*)
FROM payment WHERE status IN ('succeeded', 'cancelled') GROUP BY 1, 2, 3, 4, 5;

-- The newest that the lists refused, and what ends soon.
CREATE INDEX payment_blocked ON payment (merchant, created_at, id)
    WHERE error_code IN ('customer_restricted', 'customer_blacklisted', 'identifier_blacklisted', 'degraded_blocked');
CREATE INDEX entry_ending ON entry (merchant, expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX customer_list_ending ON customer (merchant, list_until) WHERE list_until IS NOT NULL;

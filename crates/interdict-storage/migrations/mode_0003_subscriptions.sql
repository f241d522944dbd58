-- Plans, subscriptions, and what a merchant has chosen.

CREATE TABLE plan (
    id BYTES NOT NULL,
    merchant BIGINT NOT NULL,
    name TEXT NOT NULL,
    amount BIGINT NOT NULL,
    currency TEXT NOT NULL,
    period_unit TEXT NOT NULL,
    period_count BIGINT NOT NULL,
    trial_days BIGINT NOT NULL,
    max_cycles BIGINT,
    archived_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (id)
) CLUSTERED;
CREATE INDEX plan_created ON plan (merchant, created_at, id);

CREATE TABLE subscription (
    id BYTES NOT NULL,
    merchant BIGINT NOT NULL,
    customer BYTES NOT NULL,
    plan BYTES NOT NULL,
    status TEXT NOT NULL,
    amount BIGINT NOT NULL,
    currency TEXT NOT NULL,
    period_unit TEXT NOT NULL,
    period_count BIGINT NOT NULL,
    max_cycles BIGINT,
    anchor BIGINT NOT NULL,
    period_number BIGINT NOT NULL,
    current_period_start BIGINT NOT NULL,
    current_period_end BIGINT NOT NULL,
    cycles_completed BIGINT NOT NULL,
    payment_method TEXT,
    auto_billing_disabled_reason TEXT,
    is_held BIGINT NOT NULL,
    on_lift TEXT,
    cancel_at_period_end BIGINT NOT NULL,
    ended_at BIGINT,
    latest_payment BYTES,
    metadata TEXT NOT NULL,
    -- When somebody has to look at it next, on the merchant's clock.
    due_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (id)
) CLUSTERED;
CREATE INDEX subscription_created ON subscription (merchant, created_at, id);
CREATE INDEX subscription_customer ON subscription (merchant, customer, created_at, id);
CREATE INDEX subscription_due ON subscription (merchant, due_at, id) WHERE due_at IS NOT NULL;

CREATE TABLE setting (
    merchant BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (merchant)
) CLUSTERED;

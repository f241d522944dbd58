-- The log of decisions: a file, or a schema, of its own. It is no part of the feed.

CREATE TABLE meta (
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (name)
) CLUSTERED;

CREATE TABLE decision (
    id BYTES NOT NULL,
    merchant BIGINT NOT NULL,
    at BIGINT NOT NULL,
    initiator TEXT NOT NULL,
    outcome TEXT NOT NULL,
    code TEXT NOT NULL,
    tier BIGINT NOT NULL,
    degraded BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    origin TEXT NOT NULL,
    batch BYTES,
    batch_position BIGINT,
    customer BYTES,
    payment BYTES,
    -- How it came about, without anything that says who it was.
    detail TEXT NOT NULL,
    -- Values, reasons and messages. An erasure takes it away.
    personal TEXT,
    PRIMARY KEY (id)
) CLUSTERED;
-- In this order: of two that seem as good SQLite takes the older one, and a test looks which.
CREATE INDEX decision_outcome ON decision (merchant, outcome, at, id);
CREATE INDEX decision_at ON decision (merchant, at, id);
CREATE INDEX decision_payment ON decision (merchant, payment, at, id) WHERE payment IS NOT NULL;

-- Every identifier that was looked up, as its key, and every customer that counted, as the id.
CREATE TABLE decision_identifier (
    merchant BIGINT NOT NULL,
    identifier_key BYTES NOT NULL,
    at BIGINT NOT NULL,
    decision BYTES NOT NULL,
    PRIMARY KEY (merchant, identifier_key, at, decision)
) CLUSTERED;
CREATE INDEX decision_identifier_decision ON decision_identifier (decision);

-- Whoever was erased lately: what was decided before it and is written after it is written without the person.
CREATE TABLE erasure (
    merchant BIGINT NOT NULL,
    identifier_key BYTES NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (merchant, identifier_key)
) CLUSTERED;

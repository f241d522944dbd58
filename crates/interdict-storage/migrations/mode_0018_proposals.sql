-- Entries that somebody wants and another person has to approve. What a row says may be about a person: an erasure finds
-- it by the identifier.
CREATE TABLE proposal (
    id BYTES NOT NULL,
    merchant BIGINT NOT NULL,
    identifier_key BYTES NOT NULL,
    body TEXT NOT NULL,
    -- When the entry that it changes was last changed. Nothing: there was none.
    seen BIGINT,
    customers BIGINT NOT NULL,
    more_customers BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    more_attempts BIGINT NOT NULL,
    state TEXT NOT NULL,
    actor_type TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    decided_by TEXT,
    decided_at BIGINT,
    PRIMARY KEY (id)
) CLUSTERED;
CREATE INDEX proposal_created ON proposal (merchant, created_at, id);
CREATE INDEX proposal_open ON proposal (merchant, created_at, id) WHERE state = 'open';
CREATE INDEX proposal_identifier ON proposal (merchant, identifier_key);

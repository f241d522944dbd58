-- Persons who are blocked as a whole. The block is made of entries, and an identifier is one person's at a time.

CREATE TABLE person (
    id BYTES NOT NULL,
    merchant BIGINT NOT NULL,
    reason TEXT,
    reason_code TEXT,
    public_message TEXT,
    scopes BIGINT NOT NULL,
    expires_at BIGINT,
    source TEXT NOT NULL,
    actor_type TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    lifted_at BIGINT,
    PRIMARY KEY (id)
) CLUSTERED;
CREATE INDEX person_created ON person (merchant, created_at, id);
CREATE INDEX person_standing ON person (merchant, created_at, id) WHERE lifted_at IS NULL;

-- Which identifiers are a person's, without their values: those stand with the entries. What an entry did before the
-- person was blocked is in the columns that begin with found, and nothing where the person's block made the entry. Rows
-- of a person whose block was lifted stay, for an undo, and are not held any more.
CREATE TABLE person_identifier (
    person BYTES NOT NULL,
    identifier_key BYTES NOT NULL,
    merchant BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    entry BYTES NOT NULL,
    is_held BIGINT NOT NULL,
    found_scopes BIGINT,
    found_strength TEXT,
    found_from BIGINT,
    found_until BIGINT,
    added_at BIGINT NOT NULL,
    actor_type TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    decision BYTES,
    matched_kind BIGINT,
    PRIMARY KEY (person, identifier_key)
) CLUSTERED;
CREATE UNIQUE INDEX person_identifier_held ON person_identifier (merchant, identifier_key) WHERE is_held = 1;
CREATE INDEX person_identifier_entry ON person_identifier (merchant, entry);
CREATE INDEX person_identifier_key ON person_identifier (merchant, identifier_key);

-- What may be a person's, and what somebody said is not. The value goes with an erasure, the key stays only where
-- somebody has refused it.
CREATE TABLE person_suggestion (
    id BYTES NOT NULL,
    merchant BIGINT NOT NULL,
    person BYTES NOT NULL,
    kind BIGINT NOT NULL,
    identifier_key BYTES NOT NULL,
    value TEXT,
    state TEXT NOT NULL,
    held_back TEXT,
    matched_kind BIGINT,
    seen BIGINT NOT NULL,
    first_decision BYTES,
    last_decision BYTES,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    settled_at BIGINT,
    actor_type TEXT,
    actor_id TEXT,
    PRIMARY KEY (id)
) CLUSTERED;
CREATE UNIQUE INDEX person_suggestion_one ON person_suggestion (merchant, person, identifier_key);
CREATE INDEX person_suggestion_created ON person_suggestion (merchant, created_at, id);
CREATE INDEX person_suggestion_state ON person_suggestion (merchant, state, created_at, id);
CREATE INDEX person_suggestion_identifier ON person_suggestion (merchant, identifier_key);

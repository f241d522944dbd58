-- The feed, the same in each store: core, test, live.

CREATE TABLE meta (
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (name)
) CLUSTERED;

-- One row: the newest sequence and its hash, moved last in each transaction.
CREATE TABLE head (
    id BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    hash BYTES NOT NULL,
    PRIMARY KEY (id)
) CLUSTERED;

CREATE TABLE change (
    sequence SEQUENCE_KEY,
    at BIGINT NOT NULL,
    merchant BIGINT NOT NULL,
    actor_type TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    facts TEXT NOT NULL,
    commitment BYTES,
    hash BYTES NOT NULL
);
CREATE INDEX change_subject ON change (merchant, subject, sequence);

-- What a change says about a person, apart from it and with its own salt, so that it can be erased.
CREATE TABLE personal (
    sequence SEQUENCE_KEY,
    merchant BIGINT NOT NULL,
    subject TEXT NOT NULL,
    identifier_key BYTES,
    salt BYTES NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX personal_subject ON personal (merchant, subject);
CREATE INDEX personal_identifier ON personal (merchant, identifier_key);

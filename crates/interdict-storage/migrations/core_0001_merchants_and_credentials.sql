CREATE TABLE merchant (
    number BIGINT NOT NULL,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (number)
) CLUSTERED;

CREATE TABLE credential (
    id BYTES NOT NULL,
    merchant BIGINT NOT NULL,
    mode TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    last_four TEXT NOT NULL,
    digest BYTES NOT NULL,
    permissions TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    last_used_at BIGINT,
    revoked_at BIGINT,
    PRIMARY KEY (id)
) CLUSTERED;
CREATE UNIQUE INDEX credential_digest ON credential (digest);
CREATE INDEX credential_merchant ON credential (merchant, created_at, id);

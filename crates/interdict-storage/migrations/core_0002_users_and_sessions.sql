-- People who sign in to the dashboard. An email belongs to one person of one merchant.
CREATE TABLE user_account (
    id BYTES NOT NULL,
    merchant BIGINT NOT NULL,
    email TEXT NOT NULL,
    email_key BYTES NOT NULL,
    role TEXT NOT NULL,
    version BIGINT NOT NULL,
    password_hash TEXT,
    second_factor BYTES,
    second_factor_step BIGINT NOT NULL,
    pending_factor BYTES,
    invitation BYTES,
    invitation_ends_at BIGINT,
    created_at BIGINT NOT NULL,
    last_signed_in_at BIGINT,
    disabled_at BIGINT,
    PRIMARY KEY (id)
) CLUSTERED;
CREATE UNIQUE INDEX user_account_email ON user_account (email_key);
CREATE UNIQUE INDEX user_account_invitation ON user_account (invitation);
CREATE INDEX user_account_merchant ON user_account (merchant, created_at, id);

-- What lets somebody in who has lost the second factor, as SHA-256, each once.
CREATE TABLE recovery_code (
    user_id BYTES NOT NULL,
    digest BYTES NOT NULL,
    PRIMARY KEY (user_id, digest)
) CLUSTERED;

CREATE TABLE session (
    id BYTES NOT NULL,
    digest BYTES NOT NULL,
    user_id BYTES NOT NULL,
    mode TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    second_factor_passed BIGINT NOT NULL,
    user_agent TEXT NOT NULL,
    address TEXT NOT NULL,
    ended_at BIGINT,
    PRIMARY KEY (id)
) CLUSTERED;
CREATE UNIQUE INDEX session_digest ON session (digest);
CREATE INDEX session_of_user ON session (user_id, created_at, id);
CREATE INDEX session_expiry ON session (expires_at);

-- Wrong attempts to sign in, by the email they named, whether anybody has it or not: an answer must not tell.
CREATE TABLE sign_in_failure (
    email_key BYTES NOT NULL,
    failures BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (email_key)
) CLUSTERED;
CREATE INDEX sign_in_failure_last ON sign_in_failure (last_at);

-- What people noted of an identifier on their lists. It outlives the entry: whoever lists it again reads why it went.
CREATE TABLE note (
    id BYTES NOT NULL,
    merchant BIGINT NOT NULL,
    identifier_key BYTES NOT NULL,
    at BIGINT NOT NULL,
    actor_type TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (merchant, identifier_key, at, id)
) CLUSTERED;

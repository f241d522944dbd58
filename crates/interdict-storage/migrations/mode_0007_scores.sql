-- Transactions that were scored, as they were answered. Nothing here says who paid.

CREATE TABLE score (
    id BYTES NOT NULL,
    merchant BIGINT NOT NULL,
    request_id TEXT NOT NULL,
    amount TEXT NOT NULL,
    currency TEXT NOT NULL,
    outcome TEXT NOT NULL,
    code TEXT NOT NULL,
    action TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (id)
) CLUSTERED;
CREATE INDEX score_created ON score (merchant, created_at, id);

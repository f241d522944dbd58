-- Identifiers that a customer gave up, when the changes that say so were trimmed: an erasure looks under them, too.

CREATE TABLE former_identifier (
    merchant BIGINT NOT NULL,
    customer BYTES NOT NULL,
    identifier_key BYTES NOT NULL,
    PRIMARY KEY (merchant, customer, identifier_key)
) CLUSTERED;

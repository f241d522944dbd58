-- A provider's own lists: what the merchant wants there, and how far they were brought in step. The round goes over
-- everything, in stages, and goes on where it was.
CREATE TABLE provider_mirror (
    merchant BIGINT NOT NULL,
    mirroring TEXT NOT NULL,
    position BIGINT NOT NULL,
    again BIGINT NOT NULL,
    stage TEXT,
    stage_at BIGINT,
    stage_id BYTES,
    compared_at BIGINT,
    strangers BIGINT NOT NULL,
    repaired BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    retry_at BIGINT,
    problem TEXT,
    problem_at BIGINT,
    PRIMARY KEY (merchant)
) CLUSTERED;

-- How each entry stands there: no value and no key, so that an erasure has nothing to do here. While an item is on its way
-- its mark is a salt and a hash under it, by which it is known again when its entry has gone meanwhile.
CREATE TABLE provider_item (
    merchant BIGINT NOT NULL,
    entry BYTES NOT NULL,
    list TEXT NOT NULL,
    kind BIGINT NOT NULL,
    state TEXT NOT NULL,
    item TEXT,
    made_at BIGINT,
    due_at BIGINT,
    mark BYTES,
    PRIMARY KEY (merchant, entry)
) CLUSTERED;
CREATE INDEX provider_item_due ON provider_item (merchant, due_at, entry) WHERE due_at IS NOT NULL;
CREATE INDEX provider_item_made ON provider_item (merchant, list, kind, made_at, entry) WHERE made_at IS NOT NULL;
CREATE INDEX provider_item_adding ON provider_item (merchant, entry) WHERE mark IS NOT NULL;

CREATE TABLE provider_item_count (
    merchant BIGINT NOT NULL,
    list TEXT NOT NULL,
    kind BIGINT NOT NULL,
    state TEXT NOT NULL,
    items BIGINT NOT NULL,
    PRIMARY KEY (merchant, list, kind, state)
) CLUSTERED;

-- Files of many entries, taken in parts. How far one is moves in the commit that takes a part.

CREATE TABLE import (
    id BYTES NOT NULL,
    merchant BIGINT NOT NULL,
    list TEXT NOT NULL,
    kind BIGINT NOT NULL,
    format TEXT NOT NULL,
    state TEXT NOT NULL,
    is_dry_run BIGINT NOT NULL,
    rows_done BIGINT NOT NULL,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    unchanged BIGINT NOT NULL,
    bad BIGINT NOT NULL,
    rows_total BIGINT,
    digest BYTES,
    request BYTES,
    problem TEXT,
    first_change BIGINT,
    last_change BIGINT,
    undone_from BIGINT,
    undo_restored BIGINT NOT NULL,
    undo_deleted BIGINT NOT NULL,
    undo_changed_since BIGINT NOT NULL,
    actor_type TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    finished_at BIGINT,
    PRIMARY KEY (id)
) CLUSTERED;
CREATE INDEX import_created ON import (merchant, created_at, id);
CREATE INDEX import_request ON import (merchant, request) WHERE request IS NOT NULL;
CREATE INDEX import_unfinished ON import (state) WHERE finished_at IS NULL;

-- What a row of an import has replaced, for an undo: with the change that did it, and gone with that. It speaks of
-- people, so that an erasure finds it by the identifier.
CREATE TABLE import_before (
    revision BIGINT NOT NULL,
    entry BYTES NOT NULL,
    import BYTES NOT NULL,
    merchant BIGINT NOT NULL,
    identifier_key BYTES NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (revision, entry)
) CLUSTERED;
CREATE INDEX import_before_identifier ON import_before (merchant, identifier_key);

-- The audit by who did something and by what was done, newest first: numbers alone are read until a page is full.
CREATE INDEX change_actor ON change (merchant, actor_id, sequence);
CREATE INDEX change_action ON change (merchant, action, sequence);

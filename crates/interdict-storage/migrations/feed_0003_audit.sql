-- The audit by who did something and by what was done, newest first: numbers alone are read until a page is full. And one
-- merchant's changes among those of many.
CREATE INDEX change_merchant ON change (merchant, sequence);
CREATE INDEX change_actor ON change (merchant, actor_id, sequence);
CREATE INDEX change_action ON change (merchant, action, sequence);

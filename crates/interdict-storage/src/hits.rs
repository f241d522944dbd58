//! How often each entry was among a decision's sources. Counted in memory, written now and then,
//! apart from the feed: a decision touches no storage (invariant 1).

use interdict_domain::clock::Timestamp;
use interdict_domain::ids::EntryId;

use crate::error::StorageError;
use crate::sql::{Connection, params};
use crate::statements::statements;
use crate::transaction::Transaction;

statements! {
    // Only entries that still exist: one may have been deleted since it was hit.
    ADD = "INSERT INTO entry_hit (entry, hits, last_hit_at)
           SELECT id, $1, $2 FROM entry WHERE id = $3
           ON CONFLICT (entry) DO UPDATE SET hits = entry_hit.hits + excluded.hits,
               last_hit_at = excluded.last_hit_at";
    DELETE = "DELETE FROM entry_hit WHERE entry = $1";
}

impl Transaction<'_> {
    /// Adds to an entry's hits.
    pub fn add_hits(&mut self, entry: EntryId, hits: i64, last: Timestamp) -> Result<(), StorageError> {
        self.connection.execute(ADD, params![hits, last.micros(), &entry.ksuid().bytes()[..]])?;
        Ok(())
    }
}

pub(crate) fn forget(connection: Connection<'_>, entry: EntryId) -> Result<(), StorageError> {
    connection.execute(DELETE, params![entry.ksuid().bytes()])
}

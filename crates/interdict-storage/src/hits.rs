//! How often each entry was among a decision's sources. Counted in memory, written now and then,
//! apart from the feed: a decision touches no storage (invariant 1).

use interdict_domain::clock::Timestamp;
use interdict_domain::ids::EntryId;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::error::StorageError;
use crate::statements::statements;
use crate::transaction::Transaction;

statements! {
    // Only entries that still exist: one may have been deleted since it was hit.
    ADD = "INSERT INTO entry_hit (entry, hits, last_hit_at)
           SELECT id, $1, $2 FROM entry WHERE id = $3
           ON CONFLICT (entry) DO UPDATE SET hits = entry_hit.hits + excluded.hits,
               last_hit_at = excluded.last_hit_at";
    SELECT = "SELECT hits, last_hit_at FROM entry_hit WHERE entry = $1";
    DELETE = "DELETE FROM entry_hit WHERE entry = $1";
}

impl Transaction<'_> {
    /// Adds to an entry's hits.
    pub fn add_hits(&mut self, entry: EntryId, hits: i64, last: Timestamp) -> Result<(), StorageError> {
        self.connection.prepare_cached(ADD)?.execute(params![
            hits,
            last.micros(),
            &entry.ksuid().bytes()[..]
        ])?;
        Ok(())
    }
}

pub(crate) fn of(connection: &Connection, entry: EntryId) -> Result<(i64, Option<Timestamp>), StorageError> {
    let found: Option<(i64, i64)> = connection
        .prepare_cached(SELECT)?
        .query_row([&entry.ksuid().bytes()[..]], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(found.map_or((0, None), |(hits, last)| (hits, Some(Timestamp::from_micros(last)))))
}

pub(crate) fn forget(connection: &Connection, entry: EntryId) -> Result<(), StorageError> {
    connection.prepare_cached(DELETE)?.execute([&entry.ksuid().bytes()[..]])?;
    Ok(())
}

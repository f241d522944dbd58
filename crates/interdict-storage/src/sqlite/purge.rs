//! What the search's index keeps of a text that it has forgotten. A deletion in FTS5 only adds a mark that hides the
//! text's groups of letters; they are there until the parts of the index that groups and mark stand in are merged. So
//! after an erasure all parts are merged into one, in transactions of a bounded number of pages.
//!
//! FTS5's own `secure-delete` instead goes through all rows that have a group, for each group of a text: with a million
//! rows some 15 ms of the writer's time for each text that is forgotten, whoever it was.

use rusqlite::{Connection, TransactionBehavior};

use crate::error::StorageError;

/// With a negative number FTS5 has all parts merged, and with a positive one it goes on with that.
const MERGE: [&str; 2] = [
    "INSERT INTO search_customer (search_customer, rank) VALUES ('merge', ?1)",
    "INSERT INTO search_entry (search_entry, rank) VALUES ('merge', ?1)",
];

/// Where merging is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Purge {
    /// In which of the two indexes.
    index: usize,
    has_begun: bool,
    /// Another erasure came meanwhile: its marks stand in a part of their own.
    again: bool,
}

impl Purge {
    /// A purge for an erasure: a new one, or another one after the one that is going on, as
    /// [`Walk::due`](super::scrub::Walk::due) has it.
    pub(crate) fn due(going_on: Option<Self>) -> Self {
        let new = Self { index: 0, has_begun: false, again: false };
        going_on.map_or(new, |purge| Self { again: true, ..purge })
    }

    /// Merges some pages. Returns the rest, or nothing at the end.
    pub(crate) fn step(self, connection: &Connection, pages: i64) -> Result<Option<Self>, StorageError> {
        let Some(merge) = MERGE.get(self.index) else { return Ok(self.again.then(|| Self::due(None))) };
        let transaction = rusqlite::Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
        let before = transaction.total_changes();
        let wanted = if self.has_begun { pages } else { -pages };
        transaction.prepare_cached(merge)?.execute([wanted])?;
        // One is the command's own.
        let is_done = transaction.total_changes() - before < 2;
        transaction.commit()?;
        Ok(Some(if is_done {
            Self { index: self.index + 1, has_begun: false, ..self }
        } else {
            Self { has_begun: true, ..self }
        }))
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::params;

    use super::*;
    use crate::migrations::{Dialect, Schema, migrate};
    use crate::sql;

    fn index() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        migrate(sql::Connection::Sqlite(&connection), Schema::Mode, Dialect::Sqlite).unwrap();
        connection
    }

    fn put(connection: &Connection, row: i64, text: &str) {
        let put = "INSERT INTO search_entry (rowid, text) VALUES (?1, ?2)";
        connection.execute(put, params![row, text]).unwrap();
    }

    fn forget(connection: &Connection, row: i64, text: &str) {
        let forget = "INSERT INTO search_entry (search_entry, rowid, text) VALUES ('delete', ?1, ?2)";
        connection.execute(forget, params![row, text]).unwrap();
    }

    fn text(row: i64) -> String {
        format!("somebody{:x}@shop.example", row * 7_919)
    }

    /// Goes on to the end, and says in how many steps.
    fn finish(connection: &Connection, purge: Purge, pages: i64) -> usize {
        let (mut going_on, mut steps) = (Some(purge), 0);
        while let Some(purge) = going_on {
            going_on = purge.step(connection, pages).unwrap();
            steps += 1;
        }
        steps
    }

    /// All that stands in the index: its leaves, without their numbers.
    fn leaves(connection: &Connection) -> Vec<Vec<u8>> {
        let mut read =
            connection.prepare("SELECT block FROM search_entry_data WHERE id > 10 ORDER BY id").unwrap();
        read.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn what_was_forgotten_is_not_in_the_index_any_more() {
        let (forgetful, innocent) = (index(), index());
        let is_kept = |row: &i64| row % 3 != 0;
        (0..3_000).for_each(|row| put(&forgetful, row, &text(row)));
        (0..3_000).filter(|row| !is_kept(row)).for_each(|row| forget(&forgetful, row, &text(row)));
        (0..3_000).filter(is_kept).for_each(|row| put(&innocent, row, &text(row)));
        finish(&forgetful, Purge::due(None), 1_000);
        finish(&innocent, Purge::due(None), 1_000);
        assert!(leaves(&forgetful) == leaves(&innocent));
    }

    #[test]
    fn an_index_may_be_purged_as_often_as_there_are_erasures() {
        let connection = index();
        for row in 0..300 {
            put(&connection, 2 * row, &text(2 * row));
            put(&connection, 2 * row + 1, &text(2 * row + 1));
            forget(&connection, 2 * row, &text(2 * row));
            finish(&connection, Purge::due(None), 1_000);
        }
        connection.execute("INSERT INTO search_entry (search_entry) VALUES ('integrity-check')", []).unwrap();
        let found: i64 = connection
            .query_row("SELECT COUNT(*) FROM search_entry WHERE search_entry MATCH '\"sho\"'", [], |row| {
                row.get(0)
            })
            .unwrap();
        assert_eq!(found, 300);
    }

    /// Nothing else has these three letters.
    const RARE: (i64, &str) = (10_000, "zqx");

    fn has_rare(connection: &Connection) -> bool {
        leaves(connection).iter().any(|leaf| leaf.windows(3).any(|letters| letters == RARE.1.as_bytes()))
    }

    #[test]
    fn an_erasure_during_a_purge_makes_another_one_follow() {
        let connection = index();
        (0..3_000).for_each(|row| put(&connection, row, &text(row)));
        put(&connection, RARE.0, RARE.1);
        forget(&connection, 5, &text(5));
        let mut going_on = Some(Purge::due(None));
        for _ in 0..5 {
            going_on = going_on.unwrap().step(&connection, 1).unwrap();
        }
        forget(&connection, RARE.0, RARE.1);
        assert!(has_rare(&connection), "a mark alone takes nothing away");
        let steps = finish(&connection, Purge::due(going_on), 1);
        assert!(!has_rare(&connection));
        assert!(steps > 20);
    }
}

//! What `secure_delete` leaves. It zeroes a row that is deleted and a page that is freed; but when SQLite
//! balances a tree it copies rows from one page to another, and their old bytes stay in the first page's
//! gap, between the cells' pointers and the cells, where no query finds them and no delete zeroes them.
//!
//! So after an erasure this walks over all pages once and zeroes the gaps, in transactions of a bounded
//! number of pages through SQLite's own table of pages (`sqlite_dbpage`, a build flag of ours). A mark in
//! the erasure's own transaction makes a walk that was cut short begin again at the next start.

use std::ops::Range;

use rusqlite::{Connection, TransactionBehavior, params};

use crate::error::StorageError;
use crate::sql;
use crate::view::MerchantView;

/// Page types of b-trees: interior and leaf, of an index or a table.
const TREE_PAGES: [u8; 4] = [2, 5, 10, 13];
/// Below it, no page but one of a tree begins with such a byte: others begin with a page number.
const PAGES_MAX: i64 = 1 << 24;
const SELECT_DUE: &str = "SELECT CAST(1 AS BIGINT) FROM meta WHERE name = 'scrub'";

/// Notes, in a transaction, that a walk is due.
pub(crate) fn mark_due(connection: &Connection) -> Result<(), StorageError> {
    connection
        .prepare_cached(
            "INSERT INTO meta (name, value) VALUES ('scrub', 'due') ON CONFLICT (name) DO NOTHING",
        )?
        .execute([])?;
    Ok(())
}

/// Whether a walk was begun and not ended.
pub(crate) fn is_due(connection: sql::Connection<'_>) -> Result<bool, StorageError> {
    let found: Option<i64> = connection.query_optional(SELECT_DUE, &[], |row| row.get(0))?;
    Ok(found.is_some())
}

impl MerchantView<'_> {
    /// Whether all that was erased is overwritten in the file. PostgreSQL sees to that by itself.
    pub fn is_overwritten(&self) -> Result<bool, StorageError> {
        Ok(!is_due(self.connection)?)
    }
}

/// Where a walk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Walk {
    next: i64,
    /// Another erasure came meanwhile: what it left may lie behind.
    again: bool,
}

impl Walk {
    /// A walk for an erasure: a new one, or another one after the one that is going on. That one is not
    /// begun anew, or erasures that never cease would keep it from the end of the file.
    pub(crate) fn due(going_on: Option<Self>) -> Self {
        going_on.map_or(Self { next: 1, again: false }, |walk| Self { again: true, ..walk })
    }

    /// Zeroes the gaps of some pages. Returns the rest of the walk, or nothing at its end.
    pub(crate) fn step(self, connection: &Connection, pages: i64) -> Result<Option<Self>, StorageError> {
        let next = scrub(connection, self.next, pages, !self.again)?;
        Ok(match next {
            Some(next) => Some(Self { next, ..self }),
            None => self.again.then_some(Self { next: 1, again: false }),
        })
    }
}

fn scrub(
    connection: &Connection,
    from: i64,
    pages: i64,
    is_last_walk: bool,
) -> Result<Option<i64>, StorageError> {
    let transaction = rusqlite::Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    let last: i64 = transaction.prepare_cached("PRAGMA page_count")?.query_row([], |row| row.get(0))?;
    if last >= PAGES_MAX {
        return Err(StorageError::Corrupt("the file is too large for its gaps to be zeroed"));
    }
    let end = last.min(from.saturating_add(pages).saturating_sub(1));
    {
        let mut read = transaction.prepare_cached("SELECT data FROM sqlite_dbpage WHERE pgno = ?1")?;
        let mut write = transaction.prepare_cached("UPDATE sqlite_dbpage SET data = ?2 WHERE pgno = ?1")?;
        for number in from..=end {
            let cleaned = read.query_row([number], |row| Ok(cleaned(number, row.get_ref(0)?.as_blob()?)))?;
            if let Some(page) = cleaned {
                write.execute(params![number, page])?;
            }
        }
    }
    let next = (end < last).then_some(end + 1);
    if next.is_none() && is_last_walk {
        transaction.prepare_cached("DELETE FROM meta WHERE name = 'scrub'")?.execute([])?;
    }
    transaction.commit()?;
    Ok(next)
}

/// The page with its gap zeroed; nothing when there is nothing to do.
fn cleaned(number: i64, page: &[u8]) -> Option<Vec<u8>> {
    let gap = gap(number, page)?;
    page.get(gap.clone())?.iter().any(|byte| *byte != 0).then(|| {
        let mut page = page.to_vec();
        page.get_mut(gap).unwrap_or_default().fill(0);
        page
    })
}

/// The bytes between the cells' pointers and the cells (SQLite, Database File Format, 1.6). Nothing for a
/// page that is none of a tree.
fn gap(number: i64, page: &[u8]) -> Option<Range<usize>> {
    // The first page begins with the file's own header.
    let header = page.get(if number == 1 { 100 } else { 0 }..)?;
    let offset = page.len() - header.len();
    let two = |at: usize| Some(usize::from(u16::from_be_bytes([*header.get(at)?, *header.get(at + 1)?])));
    let kind = *header.first().filter(|kind| TREE_PAGES.contains(kind))?;
    let pointers = offset + if kind < 10 { 12 } else { 8 };
    let start = pointers + 2 * two(3)?;
    let end = match two(5)? {
        0 => 65_536,
        end => end,
    };
    (start <= end && end <= page.len()).then_some(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file_with_gaps() -> (tempfile::TempDir, Connection) {
        let folder = tempfile::tempdir().unwrap();
        let connection =
            crate::sqlite::connection::open_writer(&folder.path().join("a.db"), crate::Durability::Full)
                .unwrap();
        connection
            .execute_batch(
                "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
                 CREATE TABLE person (id BLOB PRIMARY KEY, text TEXT) WITHOUT ROWID;
                 WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
                 INSERT INTO person SELECT randomblob(16), 'somebody ' || i || hex(randomblob(i % 300)) FROM n;",
            )
            .unwrap();
        (folder, connection)
    }

    fn gaps_in_use(connection: &Connection) -> usize {
        let mut statement = connection.prepare("SELECT pgno, data FROM sqlite_dbpage").unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?))).unwrap();
        rows.map(Result::unwrap).filter(|(number, page)| cleaned(*number, page).is_some()).count()
    }

    #[test]
    fn gaps_are_zeroed_and_nothing_else_is_touched() {
        let (_folder, connection) = file_with_gaps();
        let sum = || -> i64 {
            let read = "SELECT SUM(LENGTH(text) * LENGTH(HEX(id))) FROM person WHERE text LIKE 'somebody %'";
            connection.query_row(read, [], |row| row.get(0)).unwrap()
        };
        let before = sum();
        assert!(gaps_in_use(&connection) > 10, "balancing leaves something to be found");
        mark_due(&connection).unwrap();
        let (mut walk, mut steps) = (Some(Walk::due(None)), 0);
        while let Some(going_on) = walk {
            assert!(is_due(sql::Connection::Sqlite(&connection)).unwrap());
            walk = going_on.step(&connection, 50).unwrap();
            steps += 1;
        }
        assert!(steps > 2);
        assert!(!is_due(sql::Connection::Sqlite(&connection)).unwrap());
        // Taking the mark away leaves a pointer to where it stood.
        assert!(gaps_in_use(&connection) <= 1);
        assert_eq!(sum(), before);
        let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(verdict, "ok");
    }

    #[test]
    fn an_erasure_during_a_walk_makes_another_one_follow() {
        let (_folder, connection) = file_with_gaps();
        let steps_of = |mut walk: Option<Walk>| {
            let mut steps = 0;
            while let Some(going_on) = walk {
                walk = going_on.step(&connection, 50).unwrap();
                steps += 1;
            }
            steps
        };
        mark_due(&connection).unwrap();
        let whole = steps_of(Some(Walk::due(None)));
        mark_due(&connection).unwrap();
        let begun = Walk::due(None).step(&connection, 50).unwrap();
        assert_eq!(steps_of(Some(Walk::due(begun))), whole - 1 + whole);
        assert!(!is_due(sql::Connection::Sqlite(&connection)).unwrap());
    }

    #[test]
    fn a_page_that_is_none_of_a_tree_has_no_gap() {
        assert_eq!(gap(2, &[0; 4096]), None);
        assert_eq!(gap(2, &[]), None);
        assert_eq!(gap(2, &[13, 0]), None);
        assert_eq!(gap(2, &[13, 0, 0, 0xff, 0xff, 0x10, 0, 0]), None, "pointers beyond the cells");
    }
}

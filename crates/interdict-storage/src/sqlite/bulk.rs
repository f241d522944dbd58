//! Many rows by one statement: its tables are opened once for all of them, and where rows come in the order of an index
//! they are appended to it without a search.

use rusqlite::{CachedStatement, Connection};

use crate::error::StorageError;
use crate::sql::{Insert, Value};

/// Rows by one statement.
const ROWS: usize = 32;

/// An insert of many rows, and the same of one, for what is left.
pub(crate) struct Bulk<'c> {
    many: CachedStatement<'c>,
    one: CachedStatement<'c>,
    columns: usize,
}

impl<'c> Bulk<'c> {
    pub(crate) fn new(connection: &'c Connection, insert: &Insert) -> Result<Self, StorageError> {
        let prepare = |rows| connection.prepare_cached(&text(insert, rows));
        Ok(Self { many: prepare(ROWS)?, one: prepare(1)?, columns: insert.columns })
    }

    /// Inserts rows, and tells the rows of each statement that did not insert all of its own.
    pub(crate) fn insert<'r, R>(
        &mut self,
        rows: &'r [R],
        bind: impl Fn(&R, &mut dyn FnMut(&[Value<'_>]) -> Result<(), StorageError>) -> Result<(), StorageError>,
        mut short: impl FnMut(&'r [R]),
    ) -> Result<(), StorageError> {
        let whole = rows.chunks_exact(ROWS);
        let rest = whole.remainder().chunks(1);
        for some in whole.chain(rest) {
            let statement = if some.len() == ROWS { &mut self.many } else { &mut self.one };
            for (index, row) in some.iter().enumerate() {
                bind(row, &mut |values| {
                    for (column, value) in values.iter().enumerate() {
                        statement.raw_bind_parameter(index * self.columns + column + 1, value)?;
                    }
                    Ok(())
                })?;
            }
            if statement.raw_execute()? < some.len() {
                short(some);
            }
        }
        Ok(())
    }
}

/// One that fails ends the work that it belongs to, which takes all of it back: `OR FAIL` spares SQLite the copy of each
/// page that it would take back the statement alone with.
fn text(insert: &Insert, rows: usize) -> String {
    let row = format!("({})", vec!["?"; insert.columns].join(", "));
    let (table, rows, on_conflict) = (insert.into, vec![row; rows].join(", "), insert.on_conflict);
    format!("INSERT OR FAIL INTO {table} VALUES {rows} {on_conflict}")
}

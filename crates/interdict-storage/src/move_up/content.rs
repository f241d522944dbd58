//! What a table holds, as two figures that are equal only when all of it is: its rows, counted, and a digest
//! over every value of every row in the order of the key.

use super::tables::Table;
use crate::error::StorageError;
use crate::sql::{Row, Value};

/// Rows between two reports of progress.
const PROGRESS_EVERY: u64 = 10_000;

/// All of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) rows: u64,
    pub(super) digest: [u8; 32],
}

/// A content that is being read.
pub(super) struct Reading<'t> {
    table: &'t Table,
    hasher: blake3::Hasher,
    rows: u64,
}

impl<'t> Reading<'t> {
    pub(super) fn new(table: &'t Table) -> Self {
        Self { table, hasher: blake3::Hasher::new(), rows: 0 }
    }

    /// The next row. True now and then, when it is time to report.
    pub(super) fn add(&mut self, row: Row<'_>) -> Result<bool, StorageError> {
        for index in 0..self.table.width() {
            // Each value with its type and length before it: no two rows run into one another.
            match row.column(index)? {
                Value::Null => self.part(0, &[]),
                Value::Integer(number) => self.part(1, &number.to_le_bytes()),
                Value::Text(text) => self.part(2, text.as_bytes()),
                Value::Bytes(bytes) => self.part(3, bytes),
            }
        }
        self.rows += 1;
        Ok(self.rows.is_multiple_of(PROGRESS_EVERY))
    }

    fn part(&mut self, kind: u8, bytes: &[u8]) {
        self.hasher.update(&[kind]);
        self.hasher.update(&(bytes.len() as u64).to_le_bytes());
        self.hasher.update(bytes);
    }

    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    pub(super) fn finish(self) -> Content {
        Content { rows: self.rows, digest: *self.hasher.finalize().as_bytes() }
    }
}

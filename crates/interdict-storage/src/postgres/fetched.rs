//! What was fetched before anybody asked for it, as long as it is true.
//!
//! A row that is put in place is found by one of its keys, before or after, and these are bytes: those of the
//! statement, against those of the read and of its rows. Any other write may touch whatever its table has, and
//! a read without such a key may find any row.

use std::collections::HashMap;
use std::sync::Arc;

use tokio_postgres::Row;

use super::deferred::{Write, table_of_read};
use crate::foreseen::Foreseen;
use crate::sql::{Bound, Value};

/// The reads of one transaction, and where a write finds those that it makes untrue.
#[derive(Default)]
pub(super) struct Fetched {
    places: HashMap<Foreseen, usize>,
    /// Nothing where a write came meanwhile.
    rows: Vec<Option<Arc<[Row]>>>,
    tables: HashMap<&'static str, Table>,
}

/// The reads of one table, by their places.
#[derive(Default)]
struct Table {
    all: Vec<usize>,
    without_key: Vec<usize>,
    by_key: HashMap<Box<[u8]>, Vec<usize>>,
}

impl Fetched {
    /// Keeps what was read.
    pub(super) fn insert(&mut self, read: Foreseen, rows: Arc<[Row]>) {
        // Of what no write can be told to touch nothing is kept.
        let Some(name) = table_of_read(read.sql) else { return };
        let place = self.rows.len();
        let table = self.tables.entry(name).or_default();
        table.all.push(place);
        let mut has_key = false;
        for bound in &read.parameters {
            if let Bound::Bytes(key) = bound {
                has_key = true;
                table.by_key.entry(key.clone()).or_default().push(place);
            }
        }
        if !has_key {
            table.without_key.push(place);
        }
        for key in rows.iter().flat_map(bytes_of) {
            table.by_key.entry(key.into()).or_default().push(place);
        }
        self.rows.push(Some(rows));
        self.places.insert(read, place);
    }

    /// What was read, if it is still true.
    pub(super) fn get(&self, read: &Foreseen) -> Option<Arc<[Row]>> {
        self.rows.get(*self.places.get(read)?)?.clone()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Forgets what a write may make untrue.
    pub(super) fn forget_touched(&mut self, write: &Write, parameters: &[Bound]) {
        let Some(table) = self.tables.get(write.table) else { return };
        let mut forget = |places: &[usize]| {
            for place in places {
                if let Some(rows) = self.rows.get_mut(*place) {
                    *rows = None;
                }
            }
        };
        if !write.is_insert {
            return forget(&table.all);
        }
        forget(&table.without_key);
        for bound in parameters {
            if let Bound::Bytes(key) = bound
                && let Some(places) = table.by_key.get(key)
            {
                forget(places);
            }
        }
    }
}

fn bytes_of(row: &Row) -> impl Iterator<Item = &[u8]> {
    (0..row.len()).filter_map(|index| match row.try_get(index) {
        Ok(Value::Bytes(bytes)) => Some(bytes),
        _ => None,
    })
}

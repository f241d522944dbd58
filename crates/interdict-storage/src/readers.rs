//! The connections that read, of either engine.

use crate::error::StorageError;
use crate::status::Counters;
use crate::view::View;
use crate::{postgres, sqlite};

/// Connections that read, of either engine.
pub(crate) enum Readers {
    Sqlite(sqlite::Readers),
    Postgres(postgres::Readers),
}

impl Readers {
    pub(crate) fn run<T, E, F>(&self, counters: &Counters, read: F) -> Result<T, E>
    where
        E: From<StorageError>,
        F: FnOnce(&View<'_>) -> Result<T, E>,
    {
        let _used = counters.readers.used();
        match self {
            Self::Sqlite(readers) => readers.run(read),
            Self::Postgres(readers) => readers.run(read),
        }
    }

    pub(crate) fn idle(&self) -> usize {
        match self {
            Self::Sqlite(readers) => readers.idle(),
            Self::Postgres(readers) => readers.idle(),
        }
    }
}

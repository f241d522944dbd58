//! Connections that read side by side, each read from one snapshot.

use std::path::PathBuf;

use interdict_domain::identifier::Pepper;
use parking_lot::Mutex;
use rusqlite::Connection;

use super::connection;
use crate::error::StorageError;
use crate::sql;
use crate::view::View;

/// The pool of one file.
pub(crate) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    pepper: Pepper,
    idle_max: usize,
}

impl Readers {
    pub(crate) fn new(path: PathBuf, pepper: Pepper, idle_max: usize) -> Self {
        Self { path, idle: Mutex::default(), pepper, idle_max }
    }

    /// Connections that wait for work.
    pub(crate) fn idle(&self) -> usize {
        self.idle.lock().len()
    }

    pub(crate) fn run<T, E, F>(&self, read: F) -> Result<T, E>
    where
        E: From<StorageError>,
        F: FnOnce(&View<'_>) -> Result<T, E>,
    {
        let idle = self.idle.lock().pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => connection::open_reader(&self.path)?,
        };
        // One transaction: all queries of a read see the same moment.
        let result = {
            let snapshot = connection.transaction().map_err(StorageError::from)?;
            read(&View { connection: sql::Connection::Sqlite(&snapshot), pepper: &self.pepper })
        };
        let mut idle = self.idle.lock();
        if idle.len() < self.idle_max {
            idle.push(connection);
        }
        result
    }
}

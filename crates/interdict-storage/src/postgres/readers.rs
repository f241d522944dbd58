//! Connections that read side by side, each read from one snapshot.

use interdict_domain::identifier::Pepper;
use parking_lot::Mutex;

use super::server::{PostgresServer, Purpose, SchemaName};
use super::session::Session;
use crate::error::StorageError;
use crate::sql::Connection;
use crate::view::View;

/// The pool of one store on one node. Its callers see to it that no more are used than there may be.
pub(crate) struct Readers {
    server: PostgresServer,
    schema: SchemaName,
    pepper: Pepper,
    idle: Mutex<Vec<Session>>,
}

impl Readers {
    pub(crate) fn new(server: PostgresServer, schema: SchemaName, pepper: Pepper) -> Self {
        Self { server, schema, pepper, idle: Mutex::default() }
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
        let session = self.begin().map_err(E::from)?;
        let result = read(&View { connection: Connection::Postgres(&session), pepper: &self.pepper });
        // A session that cannot even end its snapshot is of no more use.
        if !session.is_closed() && session.run_script("COMMIT").is_ok() {
            self.idle.lock().push(session);
        }
        result
    }

    /// A session in a snapshot. One that has waited may have lost its server meanwhile.
    fn begin(&self) -> Result<Session, StorageError> {
        const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        loop {
            let idle = self.idle.lock().pop();
            let Some(session) = idle else { break };
            if session.run_script(BEGIN).is_ok() {
                return Ok(session);
            }
        }
        let session = self.server.connect(self.schema.as_str(), Purpose::Read)?;
        session.run_script(BEGIN)?;
        Ok(session)
    }

    /// The same on a connection of its own that may take its time.
    pub(crate) fn walk<T, E, F>(&self, walk: F) -> Result<T, E>
    where
        E: From<StorageError>,
        F: FnOnce(&View<'_>) -> Result<T, E>,
    {
        let session = self.server.connect(self.schema.as_str(), Purpose::Maintain)?;
        session.run_script("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
        walk(&View { connection: Connection::Postgres(&session), pepper: &self.pepper })
    }
}

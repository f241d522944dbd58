//! Connections that read side by side, each read from one snapshot, of which nothing is answered before it is on
//! the disk.

use interdict_domain::identifier::Pepper;
use parking_lot::Mutex;

use super::server::{PostgresServer, Purpose};
use super::session::{COMMIT, Session};
use crate::error::StorageError;
use crate::sql::Connection;
use crate::view::View;

const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// Whether something of the snapshot may not be on the disk yet. It is read in the statement that takes it.
const MAY_BE_LOST: &str =
    "SELECT CASE WHEN pg_current_wal_insert_lsn() > pg_current_wal_flush_lsn() THEN 1 ELSE 0 END";

/// The pool of one store on one node. Its callers see to it that no more are used than there may be.
pub(crate) struct Readers {
    server: PostgresServer,
    schema: &'static str,
    pepper: Pepper,
    idle: Mutex<Vec<Session>>,
}

impl Readers {
    pub(crate) fn new(server: PostgresServer, schema: &'static str, pepper: Pepper) -> Self {
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
        let (session, may_be_lost) = self.begin().map_err(E::from)?;
        let result = read(&View { connection: Connection::Postgres(&session), pepper: &self.pepper });
        // A session that cannot even end its snapshot is of no more use.
        if session.is_closed() || session.run_script(COMMIT).is_err() {
            return result;
        }
        if may_be_lost && result.is_ok() {
            session.make_durable().map_err(E::from)?;
        }
        self.idle.lock().push(session);
        result
    }

    /// A session in a snapshot. One that has waited may have lost its server meanwhile.
    fn begin(&self) -> Result<(Session, bool), StorageError> {
        let begin = |session: &Session| {
            session.defer(BEGIN, &[])?;
            Connection::Postgres(session).query_one(MAY_BE_LOST, &[], |row| row.get(0))
        };
        loop {
            let idle = self.idle.lock().pop();
            let Some(session) = idle else { break };
            if let Ok(may_be_lost) = begin(&session) {
                return Ok((session, may_be_lost));
            }
        }
        let session = self.server.connect(self.schema, Purpose::Read)?;
        let may_be_lost = begin(&session)?;
        Ok((session, may_be_lost))
    }

    /// The same on a connection of its own that may take its time.
    pub(crate) fn walk<T, E, F>(&self, walk: F) -> Result<T, E>
    where
        E: From<StorageError>,
        F: FnOnce(&View<'_>) -> Result<T, E>,
    {
        let session = self.server.connect(self.schema, Purpose::Maintain)?;
        session.run_script(BEGIN)?;
        walk(&View { connection: Connection::Postgres(&session), pepper: &self.pepper })
    }
}

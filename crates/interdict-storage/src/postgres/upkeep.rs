//! What a store on PostgreSQL needs from time to time, on a thread of its own: the search's indexes in order, and
//! statistics that the planner can go by.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use super::search;
use super::server::{PostgresServer, Purpose, SchemaName};
use super::session::Session;
use crate::aside::spawn_aside;
use crate::error::StorageError;
use crate::sql::Connection;

const PAUSE: Duration = Duration::from_secs(2);
/// Tables that have become three times as large since they were last looked at. The server's own round comes once a
/// minute; until then an import into a new store would be planned as if its tables were empty, and each look at an
/// identifier read the whole list.
const SELECT_GROWN: &str = "SELECT CAST(quote_ident(c.relname) AS TEXT) FROM pg_stat_user_tables s
                            JOIN pg_class c ON c.oid = s.relid
                            WHERE s.schemaname = current_schema()
                                AND s.n_mod_since_analyze > 1000 + 2 * GREATEST(c.reltuples, 0)";

/// The thread. It ends with its handle.
pub(crate) struct Upkeep {
    _end: Sender<()>,
}

impl Upkeep {
    pub(crate) fn start(server: PostgresServer, schema: SchemaName) -> Result<Self, StorageError> {
        let (end, ended) = channel();
        spawn_aside(format!("upkeep-{}", schema.as_str()), move || keep_up(&server, schema, &ended))?;
        Ok(Self { _end: end })
    }
}

fn keep_up(server: &PostgresServer, schema: SchemaName, ended: &Receiver<()>) {
    let mut session = None;
    let mut may_build = true;
    while ended.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
        if session.as_ref().is_none_or(Session::is_closed) {
            // Whoever cannot reach the server says so elsewhere.
            session = server.connect(schema.as_str(), Purpose::Maintain).ok();
        }
        let Some(open) = &session else { continue };
        let planned = look_at_grown(open);
        let searched = search::keep_up(open, &mut may_build);
        if open.is_closed() || [&planned, &searched].iter().any(|done| is_away(done)) {
            session = None;
            continue;
        }
        if let Err(error) = planned {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the planner's statistics stay as they are"
            );
        }
        if let Err(error) = searched {
            search::say_missing(&error);
        }
    }
}

fn is_away(done: &Result<(), StorageError>) -> bool {
    done.as_ref().is_err_and(StorageError::is_away)
}

fn look_at_grown(session: &Session) -> Result<(), StorageError> {
    let connection = Connection::Postgres(session);
    let grown: Vec<String> = connection.query(SELECT_GROWN, &[], |row| row.get(0))?;
    for table in grown {
        session.run_script(&format!("ANALYZE {table}"))?;
    }
    Ok(())
}

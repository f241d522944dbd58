//! How far a rotation is: under which pepper each store stands, and whether its end is still to come.

use interdict_domain::identifier::Pepper;

use crate::error::StorageError;
use crate::meta;
use crate::migrations::Schema;
use crate::postgres::{PostgresServer, Purpose, SchemaName, Session};
use crate::sql::Connection;
use crate::sqlite;
use crate::store::Place;

/// Held by the session as long as the rotation runs: a number of our own, "IROTATES" in ASCII.
const TAKE_ROTATION: &str =
    "SELECT CASE WHEN pg_try_advisory_lock(5283381279105336659) THEN CAST(1 AS BIGINT) ELSE 0 END";
/// Every connection of ours says what it is.
const COUNT_OTHERS: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM pg_stat_activity
                            WHERE datname = current_database() AND application_name LIKE 'interdict %'
                                AND pid <> pg_backend_pid()";
/// Connections that were just closed are there for a moment.
const LOOKS: u32 = 40;
const LOOK_EVERY: std::time::Duration = std::time::Duration::from_millis(50);

/// Under which pepper a store stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreStanding {
    /// Under the one in front; false when the end of the rotation is still to come.
    Current(bool),
    /// Under one of before: a rotation was cut.
    Former,
    /// There is nothing yet.
    Empty,
}

/// A database that nobody else uses, as far as it says.
pub struct ServerAlone(#[allow(dead_code, reason = "its lock ends with it")] Session);

impl PostgresServer {
    /// Takes the database for a rotation; nothing when somebody else is connected to it, or rotates.
    pub fn take_for_rotation(&self) -> Result<Option<ServerAlone>, StorageError> {
        let session = self.connect(SchemaName::Core.as_str(), Purpose::Maintain)?;
        let connection = Connection::Postgres(&session);
        let is_taken: bool = connection.query_one(TAKE_ROTATION, &[], |row| row.get(0))?;
        if !is_taken {
            return Ok(None);
        }
        for _ in 0..LOOKS {
            let others: i64 = connection.query_one(COUNT_OTHERS, &[], |row| row.get(0))?;
            if others == 0 {
                return Ok(Some(ServerAlone(session)));
            }
            std::thread::sleep(LOOK_EVERY);
        }
        Ok(None)
    }
}

/// Says under which pepper a store stands, without touching it.
pub fn standing(place: &Place, pepper: &Pepper) -> Result<StoreStanding, StorageError> {
    match place {
        Place::Sqlite(path) => {
            let connection = sqlite::connection::open_reader(path)?;
            let sql = "SELECT COUNT(*) FROM sqlite_schema WHERE name = 'meta'";
            let tables: i64 = connection.query_row(sql, [], |row| row.get(0))?;
            if tables == 0 {
                return Ok(StoreStanding::Empty);
            }
            standing_of(Connection::Sqlite(&connection), pepper)
        }
        Place::Postgres(server, name) => {
            let session = server.connect(name.as_str(), Purpose::Maintain)?;
            standing_of(Connection::Postgres(&session), pepper)
        }
    }
}

fn standing_of(connection: Connection<'_>, pepper: &Pepper) -> Result<StoreStanding, StorageError> {
    let Some(stored) = meta::pepper_of(connection)? else { return Ok(StoreStanding::Empty) };
    let is_stored = |pepper: &Pepper| meta::fingerprint(pepper) == stored;
    if is_stored(pepper) {
        meta::require_former(connection, pepper)?;
        return Ok(StoreStanding::Current(!meta::is_ending(connection)?));
    }
    if pepper.former().any(is_stored) { Ok(StoreStanding::Former) } else { Err(StorageError::WrongPepper) }
}

/// Notes that nothing of a rotation is left to do.
pub fn finish_rotation(core: &Place) -> Result<(), StorageError> {
    match core {
        Place::Sqlite(path) => {
            let connection = sqlite::connection::open_writer(path, crate::store::Durability::Full)?;
            meta::end_ending(Connection::Sqlite(&connection))
        }
        Place::Postgres(server, name) => {
            let session = server.connect(name.as_str(), Purpose::Maintain)?;
            meta::end_ending(Connection::Postgres(&session))?;
            session.flush()
        }
    }
}

/// In which kind of store a name stands.
impl SchemaName {
    /// What kind of store it is.
    pub const fn schema(self) -> Schema {
        match self {
            Self::Core => Schema::Core,
            Self::Test | Self::Live => Schema::Mode,
        }
    }
}

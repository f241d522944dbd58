//! What is done once, before a schema is used: is the server to be trusted, are the tables there and up to
//! date, and are they ours.

use interdict_domain::clock::Random;
use interdict_domain::identifier::Pepper;

use super::search;
use super::server::{PostgresServer, Purpose, SchemaName};
use super::session::Session;
use crate::error::StorageError;
use crate::meta::prepare_meta;
use crate::migrations::{Dialect, Schema, migrate};
use crate::sql::{Connection, params};
use crate::{counter, departure};

/// One at a time over all nodes: a number of our own, "INTERDIC" in ASCII.
pub(crate) const TAKE_TURN: &str = "SELECT CAST(1 AS BIGINT) FROM pg_advisory_xact_lock(5282230459374324035)";
const HOLD_HEAD: &str = "SELECT sequence FROM head WHERE id = 1 FOR UPDATE";
const SELECT_SCHEMA: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM pg_namespace WHERE nspname = $1";
const SETTINGS: [(&str, &str); 3] = [
    ("fsync", "SELECT current_setting('fsync')"),
    ("full_page_writes", "SELECT current_setting('full_page_writes')"),
    ("synchronous_commit", "SELECT reset_val FROM pg_settings WHERE name = 'synchronous_commit'"),
];

/// Brings a schema up to date, by whichever node comes first.
pub(crate) fn prepare(
    server: &PostgresServer,
    name: SchemaName,
    schema: Schema,
    must_be_durable: bool,
    pepper: &Pepper,
    random: &dyn Random,
) -> Result<(), StorageError> {
    let session = server.connect(name.as_str(), Purpose::Maintain)?;
    let connection = Connection::Postgres(&session);
    if must_be_durable {
        require_durable(connection)?;
    }
    begin(&session, name.as_str(), schema)?;
    prepare_meta(connection, pepper, random)?;
    if schema == Schema::Mode {
        let (is_counted, is_noted) = (counter::are_true(connection)?, departure::are_noted(connection)?);
        if !is_counted || !is_noted {
            // No other node's commit comes in between.
            connection.query_one(HOLD_HEAD, &[], |row| row.get::<i64>(0))?;
        }
        if !is_counted {
            counter::count_anew(connection)?;
        }
        if !is_noted {
            departure::begin_anew(connection)?;
        }
    }
    if schema == Schema::Mode {
        search::prepare(&session)?;
    }
    session.run_script("COMMIT")
}

/// The same for a schema that has no feed, and in which nothing was ever acknowledged.
pub(crate) fn prepare_schema(
    server: &PostgresServer,
    name: &str,
    schema: Schema,
) -> Result<(), StorageError> {
    let session = server.connect(name, Purpose::Maintain)?;
    begin(&session, name, schema)?;
    session.run_script("COMMIT")
}

/// Begins a transaction in which a schema is there and up to date.
pub(crate) fn begin(session: &Session, name: &str, schema: Schema) -> Result<(), StorageError> {
    let connection = Connection::Postgres(session);
    session.run_script("BEGIN")?;
    connection.query_one(TAKE_TURN, &[], |row| row.get::<i64>(0))?;
    let is_there: bool = connection.query_one(SELECT_SCHEMA, params![name], |row| row.get(0))?;
    if !is_there {
        session.run_script(&format!("CREATE SCHEMA {name}"))?;
    }
    migrate(connection, schema, Dialect::Postgres)
}

/// Refuses a server that may lose what it has acknowledged.
pub(crate) fn require_durable(connection: Connection<'_>) -> Result<(), StorageError> {
    for (setting, sql) in SETTINGS {
        let value: String = connection.query_one(sql, &[], |row| row.get(0))?;
        if value == "off" {
            return Err(StorageError::NotDurable(setting));
        }
    }
    Ok(())
}

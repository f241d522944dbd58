//! Search by a part, on PostgreSQL: indexes by three letters, of the extension `pg_trgm`, which ships with the
//! server and which the owner of a database may add. Where it cannot be added, rows are looked at one by one:
//! slower, and never wrong.
//!
//! An empty store gets its indexes before it is used. A full one gets them behind its back, because that takes a
//! minute for a million rows, and writes go on meanwhile. New rows queue in the index and are sorted in by the
//! same thread ([`super::upkeep`]): a commit, whose turn others wait for, should not have to.

use super::session::Session;
use crate::error::StorageError;
use crate::sql::{Connection, params};

/// With as many rows the indexes are made before the store is used: it takes no time.
const FEW: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT 1 FROM customer LIMIT 2001) few";
const FEW_MAX: i64 = 2_000;
const COUNT_VALID: &str =
    "SELECT CAST(COUNT(*) AS BIGINT) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
                           JOIN pg_namespace n ON n.oid = c.relnamespace
                           WHERE n.nspname = current_schema() AND i.indisvalid
                               AND c.relname IN ('customer_text', 'entry_text')";
const INDEXES: i64 = 2;
/// Where the extension's own names stand.
const SELECT_HOME: &str = "SELECT CAST(quote_ident(n.nspname) AS TEXT) FROM pg_extension e
                           JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_trgm'";
const ADD_EXTENSION: &str = "CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public";
/// One at a time over all nodes: a number of our own, "ISEA" in ASCII, and the schema's.
const TAKE_BUILD: &str = "SELECT CASE WHEN pg_try_advisory_lock(1230194753, hashtext(current_schema())) THEN
                          CAST(1 AS BIGINT) ELSE 0 END";
const SORT_IN: [&str; 2] = [
    "SELECT gin_clean_pending_list('customer_text') FROM head WHERE id = 1",
    "SELECT gin_clean_pending_list('entry_text') FROM head WHERE id = 1",
];

/// Whether both indexes are there and whole.
pub(crate) fn is_indexed(connection: Connection<'_>) -> Result<bool, StorageError> {
    let found: i64 = connection.query_one(COUNT_VALID, &[], |row| row.get(0))?;
    Ok(found == INDEXES)
}

/// Makes the indexes of a store that has few rows, inside of the transaction of its migrations.
pub(super) fn prepare(session: &Session) -> Result<(), StorageError> {
    let connection = Connection::Postgres(session);
    if is_indexed(connection)? || connection.query_one(FEW, &[], |row| row.get::<i64>(0))? > FEW_MAX {
        return Ok(());
    }
    session.run_script("SAVEPOINT search")?;
    match build(session, "") {
        Ok(()) => session.run_script("RELEASE SAVEPOINT search"),
        Err(error) if session.is_closed() => Err(error),
        Err(error) => {
            session.run_script("ROLLBACK TO SAVEPOINT search")?;
            say_missing(&error);
            Ok(())
        }
    }
}

pub(super) fn say_missing(error: &StorageError) {
    tracing::warn!(
        error = error as &dyn std::error::Error,
        "searches look at one row after the other: let the database's owner run CREATE EXTENSION pg_trgm, and start again"
    );
}

/// Makes the indexes, `how` being empty or CONCURRENTLY.
fn build(session: &Session, how: &str) -> Result<(), StorageError> {
    let connection = Connection::Postgres(session);
    let home = || connection.query_optional(SELECT_HOME, &[], |row| row.get::<String>(0));
    if home()?.is_none() {
        session.run_script(ADD_EXTENSION)?;
    }
    let home = home()?.ok_or(StorageError::Corrupt("the extension pg_trgm"))?;
    // What one that was cut short left is no index.
    for (name, on) in [
        ("customer_text", "customer USING gin (search {ops}, phone {ops})"),
        (
            "entry_text",
            "entry USING gin (LOWER(COALESCE(value, '')) {ops}, LOWER(COALESCE(reason, '')) {ops})",
        ),
    ] {
        let on = on.replace("{ops}", &format!("{home}.gin_trgm_ops"));
        session.run_script(&format!("DROP INDEX {how} IF EXISTS {name}"))?;
        session.run_script(&format!(
            "CREATE INDEX {how} {name} ON {on} WITH (gin_pending_list_limit = 32768)"
        ))?;
    }
    Ok(())
}

/// Sorts in what is new, or makes the indexes of a store that was full before it had any.
pub(super) fn keep_up(session: &Session, may_build: &mut bool) -> Result<(), StorageError> {
    let connection = Connection::Postgres(session);
    if is_indexed(connection)? {
        for sql in SORT_IN {
            connection.query_one(sql, params![], |row| row.get::<i64>(0))?;
        }
        return Ok(());
    }
    // Another node may be at it; what fails fails until somebody changed something, and started again.
    if *may_build && connection.query_one(TAKE_BUILD, &[], |row| row.get::<bool>(0))? {
        *may_build = false;
        session.run_script("SET lock_timeout = 0")?;
        let built = build(session, "CONCURRENTLY");
        session.run_script("SELECT pg_advisory_unlock_all()")?;
        built?;
        session.run_script("ANALYZE customer; ANALYZE entry")?;
        tracing::info!("searches go through an index now");
    }
    Ok(())
}

//! Migrations: texts in a fixed order, each in one transaction with the row that says it ran, so
//! that a kill in the middle leaves the store before or after it, never in between.

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::error::StorageError;

/// The two kinds of store. PostgreSQL keeps them in schemas `core`, `test`, `live`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// Merchants and credentials.
    Core,
    /// Customers, lists, payments and subscriptions of one mode.
    Mode,
}

/// The engines' SQL, as far as it differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// The embedded engine.
    Sqlite,
    /// Many nodes over one server.
    Postgres,
}

const FEED: &str = include_str!("../migrations/feed_0001.sql");
const CORE: &str = include_str!("../migrations/core_0001_merchants_and_credentials.sql");
const MODE: &str = include_str!("../migrations/mode_0001_customers_and_entries.sql");
const PAYMENTS: &str = include_str!("../migrations/mode_0002_payments.sql");
const SUBSCRIPTIONS: &str = include_str!("../migrations/mode_0003_subscriptions.sql");
const CHECKOUTS: &str = include_str!("../migrations/mode_0004_checkouts.sql");
const CHARGEBACKS: &str = include_str!("../migrations/mode_0005_chargebacks.sql");
const GATEWAYS: &str = include_str!("../migrations/mode_0006_gateways.sql");
const SCORES: &str = include_str!("../migrations/mode_0007_scores.sql");
const PUBLISHABLE_KEYS: &str = include_str!("../migrations/mode_0008_publishable_keys.sql");

/// The migrations of a schema in order, in an engine's own words.
pub fn migration_texts(schema: Schema, dialect: Dialect) -> Vec<String> {
    let texts: &[&str] = match schema {
        Schema::Core => &[FEED, CORE],
        Schema::Mode => {
            &[FEED, MODE, PAYMENTS, SUBSCRIPTIONS, CHECKOUTS, CHARGEBACKS, GATEWAYS, SCORES, PUBLISHABLE_KEYS]
        }
    };
    texts.iter().map(|text| translate(text, dialect)).collect()
}

fn translate(text: &str, dialect: Dialect) -> String {
    let (bytes, sequence_key, clustered) = match dialect {
        Dialect::Sqlite => ("BLOB", "INTEGER PRIMARY KEY", ") WITHOUT ROWID;"),
        Dialect::Postgres => ("BYTEA", "BIGINT PRIMARY KEY", ");"),
    };
    text.replace(" BYTES", &format!(" {bytes}"))
        .replace("SEQUENCE_KEY", sequence_key)
        .replace(") CLUSTERED;", clustered)
}

/// Brings a SQLite store up to date.
pub(crate) fn migrate(connection: &mut Connection, schema: Schema) -> Result<(), StorageError> {
    let texts = migration_texts(schema, Dialect::Sqlite);
    let known = i64::try_from(texts.len()).unwrap_or(i64::MAX);
    // An exclusive lock from the start: two processes that start at once take turns.
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    transaction.execute_batch(
        "CREATE TABLE IF NOT EXISTS migration (version BIGINT PRIMARY KEY, digest BLOB NOT NULL)",
    )?;
    let found: i64 =
        transaction.query_row("SELECT COALESCE(MAX(version), 0) FROM migration", [], |row| row.get(0))?;
    if found > known {
        return Err(StorageError::TooNew { found, known });
    }
    for (version, text) in (1_i64..).zip(&texts) {
        let digest = *blake3::hash(text.as_bytes()).as_bytes();
        let ran: Option<Vec<u8>> = transaction
            .query_row("SELECT digest FROM migration WHERE version = ?1", [version], |row| row.get(0))
            .optional()?;
        match ran {
            Some(ran) if ran == digest => {}
            Some(_) => return Err(StorageError::AlteredMigration(version)),
            None => {
                transaction.execute_batch(text)?;
                transaction.execute(
                    "INSERT INTO migration (version, digest) VALUES (?1, ?2)",
                    params![version, digest],
                )?;
            }
        }
    }
    transaction.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_run_once_and_again_to_no_effect() {
        for schema in [Schema::Core, Schema::Mode] {
            let mut connection = Connection::open_in_memory().unwrap();
            migrate(&mut connection, schema).unwrap();
            migrate(&mut connection, schema).unwrap();
        }
    }

    #[test]
    fn a_store_of_a_newer_version_is_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, Schema::Core).unwrap();
        connection.execute("INSERT INTO migration VALUES (99, x'00')", []).unwrap();
        assert!(matches!(
            migrate(&mut connection, Schema::Core),
            Err(StorageError::TooNew { found: 99, .. })
        ));
    }
}

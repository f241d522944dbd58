//! Migrations: texts in a fixed order, each in one transaction with the row that says it ran, so
//! that a kill in the middle leaves the store before or after it, never in between.

use crate::error::StorageError;
use crate::sql::{Connection, params};

const SELECT_RAN: &str = "SELECT version, digest FROM migration ORDER BY version";
const INSERT_RAN: &str = "INSERT INTO migration (version, digest) VALUES ($1, $2)";
const SELECT_FLOOR: &str = "SELECT value FROM meta WHERE name = 'migration_floor'";

/// The kinds of store. PostgreSQL keeps them in schemas `core`, `test`, `live`, `test_decisions`, `live_decisions`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// Merchants, credentials, and people who sign in.
    Core,
    /// Customers, lists, payments and subscriptions of one mode.
    Mode,
    /// The log of one mode's decisions, which has no feed.
    Decisions,
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
/// What PostgreSQL needs before it.
const FEED_POSTGRES: &str = include_str!("../migrations/feed_0001_postgres.sql");
const CORE: &str = include_str!("../migrations/core_0001_merchants_and_credentials.sql");
const USERS: &str = include_str!("../migrations/core_0002_users_and_sessions.sql");
const MODE: &str = include_str!("../migrations/mode_0001_customers_and_entries.sql");
const PAYMENTS: &str = include_str!("../migrations/mode_0002_payments.sql");
const SUBSCRIPTIONS: &str = include_str!("../migrations/mode_0003_subscriptions.sql");
const CHECKOUTS: &str = include_str!("../migrations/mode_0004_checkouts.sql");
const CHARGEBACKS: &str = include_str!("../migrations/mode_0005_chargebacks.sql");
const GATEWAYS: &str = include_str!("../migrations/mode_0006_gateways.sql");
const SCORES: &str = include_str!("../migrations/mode_0007_scores.sql");
const PUBLISHABLE_KEYS: &str = include_str!("../migrations/mode_0008_publishable_keys.sql");

const LEASES: &str = include_str!("../migrations/mode_0009_leases.sql");
const ANCHOR: &str = include_str!("../migrations/feed_0002_anchor.sql");
const AUDIT: &str = include_str!("../migrations/feed_0003_audit.sql");
const FORMER_IDENTIFIERS: &str = include_str!("../migrations/mode_0010_former_identifiers.sql");
const ATTEMPT_COUNTS: &str = include_str!("../migrations/mode_0012_attempt_counts.sql");
const SEARCH: &str = include_str!("../migrations/mode_0013_search_and_counters.sql");
const WINDOW_ENDS: &str = include_str!("../migrations/mode_0015_window_ends.sql");
const ENTRY_MATCHING: &str = include_str!("../migrations/mode_0016_entry_matching.sql");
const ENTRY_LIMITS: &str = include_str!("../migrations/mode_0020_entry_limits.sql");
const NOTES: &str = include_str!("../migrations/mode_0021_notes.sql");
const FORMER_PEPPERS: &str = include_str!("../migrations/mode_0022_former_peppers.sql");
const CHANGES_OF_MANY: &str = include_str!("../migrations/mode_0023_changes_of_many.sql");
const IMPORT_LEFT: &str = include_str!("../migrations/mode_0024_import_left.sql");
const PROVIDER_LISTS: &str = include_str!("../migrations/mode_0025_provider_lists.sql");
const PROVIDER_MIRROR_NODE: &str = include_str!("../migrations/mode_0026_provider_mirror_node.sql");
const SEARCH_FORGETS: &str = include_str!("../migrations/mode_0027_search_forgets.sql");
const PERSONS: &str = include_str!("../migrations/mode_0017_persons.sql");
const IMPORTS: &str = include_str!("../migrations/mode_0014_imports.sql");
const DEPARTURES: &str = include_str!("../migrations/mode_0019_departures.sql");
const PROPOSALS: &str = include_str!("../migrations/mode_0018_proposals.sql");
/// What SQLite has besides, and behind which text. PostgreSQL's part depends on an extension: see `postgres/search.rs`.
const SQLITES_OWN: [(&str, &str); 2] = [
    (SEARCH, include_str!("../migrations/mode_0013_search_sqlite.sql")),
    (SEARCH_FORGETS, include_str!("../migrations/mode_0027_search_forgets_sqlite.sql")),
];
const DECISIONS: &str = include_str!("../migrations/decisions_0001.sql");
const WIDER_KEYS: &str = include_str!("../migrations/decisions_0002_wider_keys.sql");

/// The migrations of a schema in order, in an engine's own words.
pub fn migration_texts(schema: Schema, dialect: Dialect) -> Vec<String> {
    let texts: &[&str] = match schema {
        Schema::Core => &[FEED, CORE, ANCHOR, USERS, AUDIT],
        Schema::Mode => &[
            FEED,
            MODE,
            PAYMENTS,
            SUBSCRIPTIONS,
            CHECKOUTS,
            CHARGEBACKS,
            GATEWAYS,
            SCORES,
            PUBLISHABLE_KEYS,
            LEASES,
            ANCHOR,
            FORMER_IDENTIFIERS,
            ATTEMPT_COUNTS,
            SEARCH,
            WINDOW_ENDS,
            ENTRY_MATCHING,
            IMPORTS,
            ENTRY_LIMITS,
            NOTES,
            PERSONS,
            DEPARTURES,
            PROPOSALS,
            AUDIT,
            FORMER_PEPPERS,
            CHANGES_OF_MANY,
            IMPORT_LEFT,
            PROVIDER_LISTS,
            PROVIDER_MIRROR_NODE,
            SEARCH_FORGETS,
        ],
        Schema::Decisions => &[DECISIONS, WIDER_KEYS],
    };
    let complete = |text: &&str| {
        let own = SQLITES_OWN.iter().find(|(behind, _)| dialect == Dialect::Sqlite && behind == text);
        translate(text, dialect) + &own.map_or_else(String::new, |(_, own)| translate(own, dialect))
    };
    let mut texts: Vec<String> = texts.iter().map(complete).collect();
    if let (Dialect::Postgres, Some(first)) = (dialect, texts.first_mut())
        && schema != Schema::Decisions
    {
        first.insert_str(0, FEED_POSTGRES);
    }
    texts
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

/// How many migrations this binary knows.
pub(crate) fn known(schema: Schema, dialect: Dialect) -> i64 {
    i64::try_from(migration_texts(schema, dialect).len()).unwrap_or(i64::MAX)
}

/// The newest migration that ran on a store, of which those that this binary knows are what it knows.
pub(crate) fn found(
    connection: Connection<'_>,
    schema: Schema,
    dialect: Dialect,
) -> Result<i64, StorageError> {
    let ran: Vec<(i64, Vec<u8>)> = connection.query(SELECT_RAN, &[], |row| Ok((row.get(0)?, row.get(1)?)))?;
    for ((version, digest), text) in ran.iter().zip(migration_texts(schema, dialect)) {
        if digest != blake3::hash(text.as_bytes()).as_bytes() {
            return Err(StorageError::AlteredMigration(*version));
        }
    }
    Ok(ran.last().map_or(0, |(version, _)| *version))
}

/// Brings a store up to date, inside of a transaction that no other migration runs beside.
///
/// Nodes are upgraded one after the other, so that for a while an older binary runs on, or starts again, over
/// what a newer one has migrated. Migrations therefore only add (expand). One that takes something away
/// (contract) comes a release later, and says from which migration on a binary can live with it: that is
/// `migration_floor` in `meta`, which older binaries respect.
pub(crate) fn migrate(
    connection: Connection<'_>,
    schema: Schema,
    dialect: Dialect,
) -> Result<(), StorageError> {
    let texts = migration_texts(schema, dialect);
    let known = i64::try_from(texts.len()).unwrap_or(i64::MAX);
    connection.run_script(&translate(
        "CREATE TABLE IF NOT EXISTS migration (version BIGINT PRIMARY KEY, digest BYTES NOT NULL)",
        dialect,
    ))?;
    let ran: Vec<(i64, Vec<u8>)> = connection.query(SELECT_RAN, &[], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let found = ran.last().map_or(0, |(version, _)| *version);
    if found > known {
        let floor: Option<String> = connection.query_optional(SELECT_FLOOR, &[], |row| row.get(0))?;
        if floor.and_then(|floor| floor.parse().ok()).is_some_and(|floor: i64| floor > known) {
            return Err(StorageError::TooNew { found, known });
        }
    }
    for (version, text) in (1_i64..).zip(&texts) {
        let digest = *blake3::hash(text.as_bytes()).as_bytes();
        match ran.iter().find(|(other, _)| *other == version) {
            Some((_, ran)) if *ran == digest => {}
            Some(_) => return Err(StorageError::AlteredMigration(version)),
            None => {
                connection.run_script(text)?;
                connection.execute(INSERT_RAN, params![version, digest])?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(connection: &rusqlite::Connection) -> Result<(), StorageError> {
        migrate(Connection::Sqlite(connection), Schema::Core, Dialect::Sqlite)
    }

    #[test]
    fn migrations_run_once_and_again_to_no_effect() {
        for schema in [Schema::Core, Schema::Mode, Schema::Decisions] {
            let connection = rusqlite::Connection::open_in_memory().unwrap();
            migrate(Connection::Sqlite(&connection), schema, Dialect::Sqlite).unwrap();
            migrate(Connection::Sqlite(&connection), schema, Dialect::Sqlite).unwrap();
        }
    }

    #[test]
    fn a_newer_store_is_refused_only_when_it_says_that_an_older_binary_cannot_live_with_it() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        run(&connection).unwrap();
        connection.execute("INSERT INTO migration VALUES (99, x'00')", []).unwrap();
        run(&connection).unwrap();
        connection.execute("INSERT INTO meta VALUES ('migration_floor', '98')", []).unwrap();
        assert!(matches!(run(&connection), Err(StorageError::TooNew { found: 99, .. })));
    }
}

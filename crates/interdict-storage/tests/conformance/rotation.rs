//! Rotating the pepper: that no column that holds a key was forgotten.

use std::collections::BTreeSet;

use interdict_storage::{DecisionStore, KEYED_COLUMNS, Place, Schema};

use crate::support::pepper;

/// Whoever adds a column that is made of the pepper has to say what a rotation makes of it.
#[test]
fn every_column_that_holds_a_key_has_a_fate() {
    let folder = tempfile::tempdir().unwrap();
    for (schema, name) in [(Schema::Core, "core"), (Schema::Mode, "test"), (Schema::Decisions, "log")] {
        let connection = rusqlite::Connection::open(folder.path().join(name)).unwrap();
        for text in interdict_storage::migration_texts(schema, interdict_storage::Dialect::Sqlite) {
            connection.execute_batch(&text).unwrap();
        }
        let found: BTreeSet<(String, String)> = connection
            .prepare(
                "SELECT m.name, c.name FROM sqlite_schema m, pragma_table_info(m.name) c
                 WHERE m.type = 'table' AND c.type <> 'BIGINT' AND (c.name LIKE '%!_key' ESCAPE '!' OR c.name LIKE '%secret'
                     OR c.name LIKE '%factor')",
            )
            .unwrap()
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let known: BTreeSet<(String, String)> = KEYED_COLUMNS
            .iter()
            .filter(|column| column.schema == schema)
            .map(|column| (column.table.to_owned(), column.column.to_owned()))
            .collect();
        assert_eq!(found, known, "{name}: src/rotation/columns.rs says what becomes of each column");
    }
}

/// What the log keeps is found under the pepper of then, for as long as it is kept.
#[test]
fn a_log_without_decisions_needs_no_former_pepper() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::Sqlite(folder.path().join("test.db"));
    let second = pepper().rotated([8; 32]);
    let log = DecisionStore::open(&place, &second).unwrap();
    assert!(log.note_rotation(&second, crate::support::now(), false).unwrap().is_empty());
}

//! Opening a store: migrations that a kill in the middle does not break, several processes at once, and
//! the pepper.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use std::sync::Barrier;
use std::time::Duration;

use interdict_domain::identifier::Pepper;
use interdict_storage::{Dialect, Schema, StorageError, migration_texts};
use interdict_test_support::wait_until;
use rusqlite::Connection;
use support::{Deterministic, open, pepper, put_one, try_open};
use tempfile::tempdir;

#[test]
fn a_kill_in_the_middle_of_the_migrations_leaves_nothing_that_stops_the_next_start() {
    let texts = migration_texts(Schema::Mode, Dialect::Sqlite);
    let statements: Vec<&str> =
        texts.iter().flat_map(|text| text.split_inclusive(';')).filter(|text| text.contains(';')).collect();
    for done in 0..statements.len() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("test.db");
        {
            let killed = Connection::open(&path).unwrap();
            killed.pragma_update(None, "journal_mode", "wal").unwrap();
            killed.execute_batch("BEGIN IMMEDIATE; CREATE TABLE migration (version, digest)").unwrap();
            for statement in &statements[..done] {
                killed.execute_batch(statement).unwrap();
            }
            // Dropped without a commit: what a kill leaves.
        }
        let store = open(&path, 1, None);
        assert_eq!(put_one(&store, 1, &Deterministic::new(1)), 1);
    }
}

#[test]
fn a_migration_that_was_altered_after_it_ran_is_refused() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("test.db");
    drop(open(&path, 1, None));
    let beside = Connection::open(&path).unwrap();
    beside.execute("UPDATE migration SET digest = x'00' WHERE version = 2", []).unwrap();
    assert!(matches!(try_open(&path, 1, pepper(), None), Err(StorageError::AlteredMigration(2))));
}

#[test]
fn processes_that_start_at_once_on_a_new_file_all_come_up() {
    for round in 0..10 {
        let folder = tempdir().unwrap();
        let path = folder.path().join("test.db");
        let together = Barrier::new(6);
        let stores: Vec<_> = std::thread::scope(|scope| {
            let openers: Vec<_> = (0..6)
                .map(|seed| {
                    let (path, together) = (&path, &together);
                    scope.spawn(move || {
                        together.wait();
                        try_open(path, seed, pepper(), None)
                    })
                })
                .collect();
            openers.into_iter().map(|opener| opener.join().unwrap()).collect()
        });
        for (number, store) in (0..).zip(stores) {
            let store = store.unwrap_or_else(|error| panic!("round {round}: {error:?}"));
            put_one(&store, number, &Deterministic::new(number));
        }
        assert_eq!(open(&path, 9, None).verify_chain(&mut |_| {}).unwrap().changes, 6);
    }
}

#[test]
fn another_pepper_is_refused() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("test.db");
    put_one(&open(&path, 1, None), 1, &Deterministic::new(1));
    let other = Pepper::from_bytes([8; 32]);
    assert!(matches!(try_open(&path, 1, other, None), Err(StorageError::WrongPepper)));
    assert_eq!(open(&path, 1, None).verify_chain(&mut |_| {}).unwrap().changes, 1);
}

#[test]
fn an_erasure_that_was_cut_short_is_finished_at_the_next_start() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("test.db");
    put_one(&open(&path, 1, None), 1, &Deterministic::new(1));
    let beside = Connection::open(&path).unwrap();
    beside.execute("INSERT INTO meta (name, value) VALUES ('scrub', 'due')", []).unwrap();
    let _store = open(&path, 1, None);
    let is_due = || -> bool {
        let read = "SELECT COUNT(*) FROM meta WHERE name = 'scrub'";
        beside.query_row(read, [], |row| row.get(0)).unwrap()
    };
    wait_until(|| !is_due(), Duration::from_secs(20)).unwrap();
    let log = path.with_extension("db-wal");
    let is_cut = || std::fs::metadata(&log).unwrap().len() == 0;
    wait_until(is_cut, Duration::from_secs(20)).unwrap();
}

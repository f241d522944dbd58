//! What does not move, and where nothing moves to.

use std::ops::ControlFlow;

use interdict_domain::identifier::Pepper;
use interdict_storage::{ChainError, MoveError, MoveStep, Schema, SchemaName, StorageError};

use super::filled::{Database, STORES, Source};

/// Moves, and does something to the target at the first look at a step of a store.
fn move_and(
    source: &Source,
    database: &Database,
    at: (SchemaName, MoveStep),
    mut act: impl FnMut(),
) -> Result<(), MoveError> {
    let mut acted = false;
    source
        .move_with(&database.url, None, &mut |step| {
            if (step.store, step.step) == at && !acted {
                acted = true;
                act();
            }
            ControlFlow::Continue(())
        })
        .map(drop)
}

fn assert_half(database: &Database) {
    for (name, schema) in STORES {
        let opened = database.try_open(name, schema).map(drop);
        assert!(matches!(opened, Err(StorageError::MoveUnfinished)), "{opened:?}");
    }
}

#[test]
fn a_database_that_was_used_is_refused() {
    let source = Source::filled(3);
    let database = Database::new("used");
    drop(database.try_open(SchemaName::Live, Schema::Mode).unwrap());
    assert!(matches!(source.move_to(&database.url), Err(MoveError::TargetUsed)));
    let foreign = Database::new("foreign");
    foreign.run("CREATE SCHEMA test; CREATE TABLE test.somebodys (id BIGINT)");
    assert!(matches!(source.move_to(&foreign.url), Err(MoveError::TargetUsed)));
    let moved = Database::new("moved");
    source.move_to(&moved.url).unwrap();
    assert!(matches!(source.move_to(&moved.url), Err(MoveError::TargetUsed)), "whole is used");
    // Schemas that an administrator has made, and what is elsewhere, are none of our business.
    let prepared = Database::new("prepared");
    prepared.run("CREATE SCHEMA core; CREATE SCHEMA live; CREATE TABLE public.notes (id BIGINT)");
    source.move_to(&prepared.url).unwrap();
}

#[test]
fn half_a_move_of_other_data_is_refused() {
    let (source, database) = (Source::filled(3), Database::new("others"));
    let cut = source.move_with(&database.url, None, &mut |step| {
        if step.step == MoveStep::Copy { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(matches!(cut, Err(MoveError::Stopped)));
    assert_half(&database);
    let other = Source::filled(3);
    // The epochs of the tests' stores come from a generator that begins anew each time.
    other.run(SchemaName::Test, "UPDATE meta SET value = 'other' WHERE name = 'epoch'");
    assert!(matches!(other.move_to(&database.url), Err(MoveError::OtherSource)));
    source.move_to(&database.url).unwrap();
}

#[test]
fn two_moves_into_one_database_do_not_meet() {
    let (source, database) = (Source::filled(3), Database::new("twice"));
    let mut second = None;
    let at = (SchemaName::Test, MoveStep::Copy);
    move_and(&source, &database, at, || second = Some(source.move_to(&database.url))).unwrap();
    assert!(matches!(second, Some(Err(MoveError::UnderWay))), "{second:?}");
}

#[test]
fn a_source_that_is_written_to_meanwhile_is_refused() {
    let (source, database) = (Source::filled(3), Database::new("written"));
    let at = (SchemaName::Live, MoveStep::CheckChain);
    let moved = move_and(&source, &database, at, || {
        source.run(SchemaName::Core, "UPDATE credential SET name = 'x'");
    });
    assert!(matches!(moved, Err(MoveError::SourceChanged { store: "core" })), "{moved:?}");
    assert_half(&database);
    source.move_to(&database.url).unwrap();
}

#[test]
fn a_copy_that_differs_serves_nobody_and_heals_with_the_next_run() {
    let (source, database) = (Source::filled(20), Database::new("differs"));
    for (tampering, table) in [
        ("UPDATE test.score SET currency = currency || ' ' WHERE merchant = 3", "score"),
        ("DELETE FROM test.plan WHERE merchant = 3", "plan"),
        ("INSERT INTO test.test_clock VALUES (999, 1)", "test_clock"),
        ("UPDATE test.customer SET email = '' WHERE email IS NULL", "customer"),
    ] {
        let at = (SchemaName::Test, MoveStep::Compare);
        // What an earlier run had copied is copied again: only rows of this run can fail it.
        database.run("DROP SCHEMA IF EXISTS core, test, live CASCADE");
        let moved = move_and(&source, &database, at, || database.run(tampering));
        match moved {
            Err(MoveError::Differs { store: "test", table: found, .. }) => assert_eq!(found, table),
            other => panic!("{tampering}: {other:?}"),
        }
        assert_half(&database);
    }
    source.move_to(&database.url).unwrap();
}

#[test]
fn a_broken_chain_does_not_move() {
    for (tampering, wanted) in [
        ("UPDATE change SET at = at + 1 WHERE sequence = 2", ChainError::Altered(2)),
        ("UPDATE head SET sequence = 2", ChainError::Head(2)),
    ] {
        let (source, database) = (Source::filled(3), Database::new(&format!("broken_{}", tampering.len())));
        source.run(SchemaName::Live, tampering);
        match source.move_to(&database.url) {
            Err(MoveError::SourceBroken { store: "live", fault }) => assert_eq!(fault, wanted),
            other => panic!("{other:?}"),
        }
        // Nothing was begun.
        drop(database.try_open(SchemaName::Core, Schema::Core).unwrap());
    }
}

#[test]
fn another_pepper_and_other_versions_are_refused() {
    let (source, database) = (Source::filled(3), Database::new("versions"));
    let go = &mut |_| ControlFlow::Continue(());
    let refused = source.move_under(&Pepper::from_bytes([8; 32]), &database.url, None, go);
    assert!(matches!(refused, Err(MoveError::Storage(StorageError::WrongPepper))));
    let change = |script| {
        source.run(SchemaName::Test, script);
        source.move_to(&database.url)
    };
    let refused = change("INSERT INTO migration VALUES (99, x'00')");
    assert!(
        matches!(refused, Err(MoveError::Storage(StorageError::TooNew { found: 99, .. }))),
        "{refused:?}"
    );
    let refused = change("DELETE FROM migration WHERE version > 5");
    assert!(matches!(refused, Err(MoveError::SourceBehind { store: "test", found: 5, .. })), "{refused:?}");
    let refused = change("UPDATE migration SET digest = x'00' WHERE version = 2");
    assert!(matches!(refused, Err(MoveError::Storage(StorageError::AlteredMigration(2)))), "{refused:?}");
    std::fs::write(source.file("live"), "").unwrap();
    std::fs::write(source.file("test"), "").unwrap();
    let refused = source.move_to(&database.url);
    assert!(matches!(refused, Err(MoveError::SourceBehind { store: "test", found: 0, .. })), "{refused:?}");
}

#[test]
fn what_has_no_place_in_the_database_is_named() {
    for (number, (script, table, why)) in [
        ("UPDATE score SET currency = 'a' || char(0) WHERE merchant = 3", "score", "currency"),
        ("UPDATE score SET created_at = 'soon' WHERE merchant = 3", "score", "created_at"),
        ("ALTER TABLE plan ADD COLUMN of_nobody TEXT", "plan", "columns"),
        ("CREATE TABLE of_nobody (id TEXT PRIMARY KEY)", "of_nobody", "columns"),
        ("CREATE TABLE keyless (id TEXT)", "keyless", "primary key"),
        ("CREATE TABLE odd (id REAL PRIMARY KEY)", "odd", "id"),
    ]
    .into_iter()
    .enumerate()
    {
        let (source, database) = (Source::filled(3), Database::new(&format!("unfit_{number}")));
        source.run(SchemaName::Test, script);
        match source.move_to(&database.url) {
            Err(MoveError::Unfit { store: "test", table: found, why: said }) => {
                assert_eq!(found, table);
                assert!(said.contains(why), "{said}");
            }
            other => panic!("{script}: {other:?}"),
        }
    }
}

#[test]
fn an_import_that_has_not_ended_is_ended_first() {
    let source = Source::filled(3);
    source.run(SchemaName::Live, "UPDATE import SET state = 'ready' WHERE id = (SELECT MIN(id) FROM import)");
    let database = Database::new("importing");
    let moved = source.move_to(&database.url);
    assert!(matches!(moved, Err(MoveError::ImportsUnderWay { store: "live", imports: 1 })), "{moved:?}");
    source.run(SchemaName::Live, "UPDATE import SET state = 'cancelled'");
    source.move_to(&database.url).unwrap();
}

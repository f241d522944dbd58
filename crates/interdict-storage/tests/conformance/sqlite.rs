//! What only a file has: other processes that tear at it, copies, and bytes that must go.

use std::sync::Arc;
use std::time::Duration;

use interdict_domain::actor::Actor;
use interdict_domain::change::Action;
use interdict_domain::entry::{Entry, List};
use interdict_domain::text::Reason;
use interdict_storage::{
    Authorship, Dialect, EntryFilter, MerchantTransaction, PageRequest, Schema, StorageError, Store,
    Transaction, WriteError, migration_texts,
};
use interdict_test_support::wait_until;
use rusqlite::Connection;

use crate::support::{Deterministic, MERCHANT, Observer, World, entry, now, put, put_one};
use crate::trim;

const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn a_kill_in_the_middle_of_the_migrations_leaves_nothing_that_stops_the_next_start() {
    let texts = migration_texts(Schema::Mode, Dialect::Sqlite);
    let statements: Vec<&str> =
        texts.iter().flat_map(|text| text.split_inclusive(';')).filter(|text| text.contains(';')).collect();
    for done in 0..statements.len() {
        let world = World::sqlite();
        let path = world.path();
        {
            let killed = Connection::open(&path).unwrap();
            killed.pragma_update(None, "journal_mode", "wal").unwrap();
            killed.execute_batch("BEGIN IMMEDIATE; CREATE TABLE migration (version, digest)").unwrap();
            for statement in &statements[..done] {
                killed.execute_batch(statement).unwrap();
            }
            // Dropped without a commit: what a kill leaves.
        }
        let store = world.open(1, None);
        assert_eq!(put_one(&store, 1, &Deterministic::new(1)), 1);
    }
}

#[test]
fn an_erasure_that_was_cut_short_is_finished_at_the_next_start() {
    let world = World::sqlite();
    let store = world.open(1, None);
    put_one(&store, 1, &Deterministic::new(1));
    // Nothing but the cut is left to be done.
    world.wait_for_search();
    drop(store);
    world.run(DUE);
    let _store = world.open(1, None);
    wait_until_clean(&world);
}

/// A command erases beside a server, and does not wait for the end of a large file.
#[test]
fn an_erasure_that_another_process_leaves_unfinished_is_finished_by_who_serves() {
    let world = World::sqlite();
    let store = world.open(1, None);
    put_one(&store, 1, &Deterministic::new(1));
    world.wait_for_search();
    world.run(DUE);
    wait_until_clean(&world);
}

const DUE: &str = "INSERT INTO meta (name, value) VALUES ('scrub', 'due')";

fn wait_until_clean(world: &World) {
    let path = world.path();
    let beside = Connection::open(&path).unwrap();
    let is_due = || -> bool {
        let read = "SELECT COUNT(*) FROM meta WHERE name = 'scrub'";
        beside.query_row(read, [], |row| row.get(0)).unwrap()
    };
    wait_until(|| !is_due(), PATIENCE).unwrap();
    let log = path.with_extension("db-wal");
    let is_cut = || std::fs::metadata(&log).unwrap().len() == 0;
    wait_until(is_cut, PATIENCE).unwrap();
}

/// What was deleted before is hidden in the search's index, and goes with the next erasure of anybody.
#[test]
fn an_erasure_takes_from_the_searched_index_what_was_forgotten_before_it() {
    let world = World::sqlite();
    let random = Deterministic::new(1);
    let store = world.open(1, None);
    put_one(&store, 1, &random);
    let mut rare = entry(2, random.as_ref());
    rare.reason = Some(Reason::from_stored("zqx".to_owned()));
    let write = |work: fn(&mut MerchantTransaction<'_, '_>, &Authorship<'_>, &Entry)| {
        let (random, rare) = (Arc::clone(&random), rare.clone());
        let work = move |transaction: &mut Transaction<'_>| {
            let actor = Actor::system();
            let by = Authorship::new(&actor, now(), random.as_ref());
            work(&mut transaction.merchant(MERCHANT), &by, &rare);
            Ok(())
        };
        store.write_blocking::<_, StorageError, _>(work).unwrap();
        world.wait_for_search();
    };
    let beside = Connection::open(world.path()).unwrap();
    let is_there = || -> bool {
        let read = "SELECT COUNT(*) > 0 FROM search_entry_data WHERE INSTR(block, CAST('zqx' AS BLOB)) > 0";
        beside.query_row(read, [], |row| row.get(0)).unwrap()
    };
    write(|transaction, by, rare| {
        transaction.put_entry(by, Action::EntryCreated, None, rare).unwrap();
    });
    write(|transaction, by, rare| transaction.delete_entry(by, rare).unwrap());
    assert!(is_there());
    write(|transaction, by, _| {
        transaction.erase_identifiers(by, &[]).unwrap();
    });
    assert!(!is_there());
}

#[test]
fn a_copy_made_while_serving_is_sound_and_another_life() {
    let world = World::sqlite();
    let path = world.path();
    let random = Deterministic::new(1);
    let store = world.open(1, None);
    for number in 0..50 {
        put_one(&store, number, &random);
    }
    let copy = path.with_file_name("copy.db");
    let epoch = |path: &std::path::Path| -> String {
        let read = "SELECT value FROM meta WHERE name = 'epoch'";
        Connection::open(path).unwrap().query_row(read, [], |row| row.get(0)).unwrap()
    };
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| (50..150).map(|number| put_one(&store, number, &random)).max());
        interdict_storage::backup(&path, &copy, &mut |_, _| {}).unwrap();
        writer.join().unwrap();
    });
    let restored = path.with_file_name("restored.db");
    interdict_storage::restore(&copy, &restored, random.as_ref(), &mut |_, _| {}).unwrap();
    assert_eq!(epoch(&copy), epoch(&path));
    assert_ne!(epoch(&restored), epoch(&path));
    let store = World::open_file(&restored, 3);
    let report = store.verify_chain(&mut |_| {}).unwrap();
    assert_eq!(report.fault, None);
    assert!(report.changes >= 50);
}

#[test]
fn a_writer_that_dies_says_that_nothing_is_fresh() {
    let world = World::sqlite();
    let (observer, random) = (Observer::default(), Deterministic::new(1));
    let store = world.open(1, Some(&observer));
    put_one(&store, 1, &random);
    observer.0.lock().panics = true;
    let work = move |transaction: &mut Transaction<'_>| put(transaction, 2, random.as_ref());
    assert!(matches!(store.write_blocking::<_, StorageError, _>(work), Err(WriteError::Stopped)));
    wait_until(|| observer.0.lock().lost > 0, Duration::from_secs(10)).unwrap();
    assert!(matches!(store.write_blocking::<_, StorageError, _>(|_| Ok(())), Err(WriteError::Stopped)));
}

#[test]
fn nothing_is_heard_while_the_feed_cannot_be_read() {
    let world = World::sqlite();
    let (observer, random) = (Observer::default(), Deterministic::new(1));
    let store = world.open(1, Some(&observer));
    put_one(&store, 1, &random);
    world.run("UPDATE meta SET name = 'hidden' WHERE name = 'epoch'");
    wait_until(|| observer.0.lock().lost > 0, PATIENCE).unwrap();
    let heard = observer.0.lock().heard.len();
    assert_eq!(put_one(&store, 2, &random), 2);
    let lost = observer.0.lock().lost;
    wait_until(|| observer.0.lock().lost > lost + 2, PATIENCE).unwrap();
    assert_eq!(observer.0.lock().heard.len(), heard);
    world.run("UPDATE meta SET name = 'epoch' WHERE name = 'hidden'");
    wait_until(|| observer.0.lock().heard.len() > heard, PATIENCE).unwrap();
    assert_eq!(observer.revision(), 2);
}

/// The index follows the feed. One that was behind when the feed was trimmed cannot: it is filled anew.
#[test]
fn an_index_behind_a_trimmed_feed_is_filled_anew() {
    let (world, random) = (World::sqlite(), Deterministic::new(1));
    let found = |store: &Store| {
        let filter = EntryFilter { query: Some("mebod".to_owned()), ..EntryFilter::of(List::Block, now()) };
        let page = PageRequest::After { position: None, limit: 50 };
        store.read_blocking(|view| view.merchant(MERCHANT).entries(&filter, page)).unwrap().len()
    };
    let store = world.open(1, None);
    for number in 0..10 {
        put_one(&store, number, &random);
    }
    world.wait_for_search();
    while trim::trim(&store, &random, trim::small()).is_some() {}
    assert_eq!(found(&store), 10);
    drop(store);
    // As if it had been away since the second change.
    world.run(
        "INSERT INTO search_entry (search_entry) VALUES ('delete-all'); DELETE FROM search_entry_row;
         UPDATE meta SET value = '1' WHERE name = 'search_mark'",
    );
    let store = world.open(2, None);
    assert_eq!(found(&store), 10);
    world.wait_for_search();
    assert_eq!(found(&store), 10);
    assert!(is_indexed(&world, 10));
}

fn is_indexed(world: &World, rows: i64) -> bool {
    let beside = Connection::open(world.path()).unwrap();
    beside.query_row("SELECT COUNT(*) = ?1 FROM search_entry_row", [rows], |row| row.get(0)).unwrap()
}

//! Two processes on one file, as a server and a command line beside it: the feed tells the one what the
//! other wrote. And what makes everything be loaded anew.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use interdict_domain::change::Change;
use interdict_domain::clock::Clock as _;
use interdict_storage::{FeedObserver, StorageError, View};
use interdict_test_support::wait_until;
use parking_lot::Mutex;
use rusqlite::Connection;
use support::{Deterministic, Observer, Ticking, open, open_on, pepper, put, put_one, try_open};
use tempfile::tempdir;

const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn what_another_process_wrote_is_noticed_within_a_second() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("test.db");
    let observer = Observer::default();
    let _server = open(&path, 1, Some(&observer));
    let command = open(&path, 2, None);
    let random = Deterministic::new(2);
    wait_until(|| observer.0.lock().loads > 0, PATIENCE).unwrap();
    for number in 1..=5 {
        let revision = put_one(&command, number, &random);
        let waited = wait_until(|| observer.revision() == revision, PATIENCE).unwrap();
        assert!(waited < Duration::from_secs(1), "{waited:?}");
    }
    let told = observer.0.lock();
    assert_eq!((told.loads, told.lost), (1, 0), "followed, not loaded anew");
    assert_eq!(told.applied.concat(), [1, 2, 3, 4, 5]);
}

#[test]
fn two_processes_that_write_at_once_make_one_sequence() {
    const EACH: u64 = 400;
    let folder = tempdir().unwrap();
    let path = folder.path().join("test.db");
    let observers = [Observer::default(), Observer::default()];
    let stores = [open(&path, 1, Some(&observers[0])), open(&path, 2, Some(&observers[1]))];
    let mut sequences: Vec<i64> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..4_usize)
            .map(|writer| {
                let (store, observer) = (&stores[writer % 2], &observers[writer % 2]);
                let random = Deterministic::new(100 + writer as u64);
                scope.spawn(move || {
                    let mut sequences = Vec::new();
                    for number in 0..EACH {
                        let random = Arc::clone(&random);
                        let number = writer as u64 * EACH + number;
                        let committed = store
                            .write_blocking(move |transaction| put(transaction, number, random.as_ref()))
                            .map_err(|error: interdict_storage::WriteError<StorageError>| error)
                            .unwrap();
                        assert!(observer.revision() >= committed.revision, "read your writes");
                        sequences.push(committed.value);
                    }
                    sequences
                })
            })
            .collect();
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
    });
    sequences.sort_unstable();
    let all: Vec<i64> = (1..=i64::try_from(4 * EACH).unwrap()).collect();
    assert_eq!(sequences, all, "each sequence was given once");
    for observer in &observers {
        wait_until(|| Some(&observer.revision()) == all.last(), PATIENCE).unwrap();
        let told = observer.0.lock();
        let seen = told.applied.concat();
        assert!(seen.windows(2).all(|pair| pair[1] == pair[0] + 1), "no hole, in order");
        assert_eq!(told.lost, 0);
    }
    assert_eq!(stores[0].verify_chain(&mut |_| {}).unwrap().fault, None);
}

#[test]
fn another_life_of_the_file_is_loaded_anew() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("test.db");
    let (observer, random) = (Observer::default(), Deterministic::new(1));
    let store = open(&path, 1, Some(&observer));
    put_one(&store, 1, &random);
    let loads = || observer.0.lock().loads;
    assert_eq!(loads(), 1);
    // As a restore in place: the same head, another epoch.
    let beside = Connection::open(&path).unwrap();
    beside.execute("UPDATE meta SET value = 'another' WHERE name = 'epoch'", []).unwrap();
    wait_until(|| loads() == 2, PATIENCE).unwrap();
    // A head behind what was applied. The chain is broken by it, but nobody goes on as if nothing were.
    put_one(&store, 2, &random);
    beside
        .execute_batch("BEGIN; DELETE FROM change WHERE sequence = 2; UPDATE head SET sequence = 1; COMMIT")
        .unwrap();
    wait_until(|| loads() == 3, PATIENCE).unwrap();
    assert_eq!(observer.revision(), 1);
}

#[test]
fn another_life_is_noticed_while_writes_leave_no_quiet_moment() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("test.db");
    let (observer, random) = (Observer::default(), Deterministic::new(1));
    let store = open(&path, 1, Some(&observer));
    put_one(&store, 1, &random);
    let beside = Connection::open(&path).unwrap();
    beside.execute("UPDATE meta SET value = 'another' WHERE name = 'epoch'", []).unwrap();
    put_one(&store, 2, &random);
    assert_eq!(observer.0.lock().loads, 2, "before the next commit, not after it");
    assert_eq!(observer.revision(), 2);
}

#[test]
fn a_hole_is_a_fault_that_is_loaded_over() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("test.db");
    let (observer, random) = (Observer::default(), Deterministic::new(1));
    let store = open(&path, 1, Some(&observer));
    put_one(&store, 1, &random);
    let beside = Connection::open(&path).unwrap();
    beside.execute("UPDATE head SET sequence = 3", []).unwrap();
    wait_until(|| observer.revision() == 3, PATIENCE).unwrap();
    let told = observer.0.lock();
    assert_eq!((told.lost, told.loads), (1, 2));
}

#[test]
fn a_reader_of_the_feed_that_cannot_read_is_told_and_recovers() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("test.db");
    let (observer, random) = (Observer::default(), Deterministic::new(1));
    let store = open(&path, 1, Some(&observer));
    put_one(&store, 1, &random);
    let beside = Connection::open(&path).unwrap();
    beside.execute_batch("ALTER TABLE meta RENAME TO hidden").unwrap();
    wait_until(|| observer.0.lock().lost > 0, PATIENCE).unwrap();
    beside.execute_batch("ALTER TABLE hidden RENAME TO meta").unwrap();
    wait_until(|| observer.0.lock().loads == 2, PATIENCE).unwrap();
    assert_eq!(put_one(&store, 2, &random), 2);
    assert_eq!(observer.revision(), 2);
}

#[test]
fn a_copy_made_while_serving_is_sound_and_another_life() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("test.db");
    let random = Deterministic::new(1);
    let store = open(&path, 1, None);
    for number in 0..50 {
        put_one(&store, number, &random);
    }
    let copy = folder.path().join("copy.db");
    let epoch = |path: &std::path::Path| -> String {
        let read = "SELECT value FROM meta WHERE name = 'epoch'";
        Connection::open(path).unwrap().query_row(read, [], |row| row.get(0)).unwrap()
    };
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| (50..150).map(|number| put_one(&store, number, &random)).max());
        interdict_storage::backup(&path, &copy, &mut |_, _| {}).unwrap();
        writer.join().unwrap();
    });
    let restored = folder.path().join("restored.db");
    interdict_storage::restore(&copy, &restored, random.as_ref(), &mut |_, _| {}).unwrap();
    assert_eq!(epoch(&copy), epoch(&path));
    assert_ne!(epoch(&restored), epoch(&path));
    let store = try_open(&restored, 3, pepper(), None).unwrap();
    let report = store.verify_chain(&mut |_| {}).unwrap();
    assert_eq!(report.fault, None);
    assert!(report.changes >= 50);
}

/// Looks at the clock whenever it is told something.
#[derive(Clone, Default)]
struct Watching {
    clock: Arc<Ticking>,
    /// When something was read, and up to when everything is said to be known, in order.
    told: Arc<Mutex<Vec<(&'static str, Duration)>>>,
}

impl Watching {
    fn note(&self, what: &'static str) {
        self.told.lock().push((what, self.clock.uptime()));
    }
}

impl FeedObserver for Watching {
    fn load(&mut self, _: &View<'_>) -> Result<(), StorageError> {
        self.note("read");
        Ok(())
    }

    fn apply(&mut self, _: &[Change], _: &View<'_>) {
        self.note("read");
    }

    fn heard(&mut self, as_of: Duration) {
        self.told.lock().push(("heard", as_of));
    }

    fn lost(&mut self) {}
}

#[test]
fn what_was_heard_is_as_old_as_the_moment_before_the_head_was_read() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("test.db");
    let watching = Watching::default();
    let observer: Box<dyn FeedObserver> = Box::new(watching.clone());
    let _server = open_on(&path, 1, pepper(), Arc::clone(&watching.clock), Some(observer)).unwrap();
    let command = open(&path, 2, None);
    let told = || watching.told.lock().clone();
    let reads = || told().iter().filter(|(what, _)| *what == "read").count();
    wait_until(|| reads() == 1, PATIENCE).unwrap();
    put_one(&command, 1, &Deterministic::new(2));
    wait_until(|| reads() == 2, PATIENCE).unwrap();
    let so_far = told().len();
    wait_until(|| told().len() > so_far + 2, PATIENCE).unwrap();
    let told = told();
    for (at, (_, read_at)) in told.iter().enumerate().filter(|(_, (what, _))| *what == "read") {
        assert_eq!(told[at + 1].0, "heard", "{told:?}");
        assert!(told[at + 1].1 < *read_at, "the moment before, not after: {told:?}");
    }
    let heard: Vec<Duration> = told.iter().filter(|(what, _)| *what == "heard").map(|(_, at)| *at).collect();
    assert!(heard.is_sorted_by(|a, b| a < b) && heard.len() > 3, "nothing new is heard as well: {told:?}");
}

#[test]
fn each_commit_hears_when_there_is_no_quiet_moment() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("test.db");
    let (observer, random) = (Observer::default(), Deterministic::new(1));
    let store = open(&path, 1, Some(&observer));
    for number in 1..=20 {
        let revision = put_one(&store, number, &random);
        let told = observer.0.lock();
        assert!(told.heard.iter().any(|(_, known)| *known == revision - 1), "{:?}", told.heard);
    }
}

#[test]
fn nothing_is_heard_while_the_feed_cannot_be_read() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("test.db");
    let (observer, random) = (Observer::default(), Deterministic::new(1));
    let store = open(&path, 1, Some(&observer));
    put_one(&store, 1, &random);
    let beside = Connection::open(&path).unwrap();
    beside.execute_batch("ALTER TABLE meta RENAME TO hidden").unwrap();
    wait_until(|| observer.0.lock().lost > 0, PATIENCE).unwrap();
    let heard = observer.0.lock().heard.len();
    assert_eq!(put_one(&store, 2, &random), 2);
    let lost = observer.0.lock().lost;
    wait_until(|| observer.0.lock().lost > lost + 2, PATIENCE).unwrap();
    assert_eq!(observer.0.lock().heard.len(), heard);
    beside.execute_batch("ALTER TABLE hidden RENAME TO meta").unwrap();
    wait_until(|| observer.0.lock().heard.len() > heard, PATIENCE).unwrap();
    assert_eq!(observer.revision(), 2);
}

//! Two processes over one store, as a server and a command line beside it, or two nodes: the feed tells the
//! one what the other wrote. And what makes everything be loaded anew.

use std::sync::Arc;
use std::time::Duration;

use interdict_domain::change::Change;
use interdict_domain::clock::Clock as _;
use interdict_storage::{FeedObserver, StorageError, View};
use interdict_test_support::wait_until;
use parking_lot::Mutex;

use crate::support::{Deterministic, Observer, Ticking, World, pepper, put, put_one};

on_both_engines!(
    what_another_process_wrote_is_noticed_within_a_second,
    incident_15_two_processes_that_write_at_once_make_one_sequence,
    another_life_of_the_file_is_loaded_anew,
    another_life_is_noticed_while_writes_leave_no_quiet_moment,
    incident_15_a_hole_is_a_fault_that_is_loaded_over,
    a_reader_of_the_feed_that_cannot_read_is_told_and_recovers,
    an_observer_that_fails_is_loaded_anew,
    what_was_heard_is_as_old_as_the_moment_before_the_head_was_read,
    each_commit_hears_when_there_is_no_quiet_moment,
);

const PATIENCE: Duration = Duration::from_secs(20);

fn what_another_process_wrote_is_noticed_within_a_second(world: &World) {
    let observer = Observer::default();
    let _server = world.open(1, Some(&observer));
    let command = world.open(2, None);
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

/// Of its own commits and of those of others.
fn an_observer_that_fails_is_loaded_anew(world: &World) {
    let observer = Observer::default();
    let (store, random) = (world.open(1, Some(&observer)), Deterministic::new(1));
    let command = world.open(2, None);
    wait_until(|| observer.0.lock().loads > 0, PATIENCE).unwrap();
    for (writer, number) in [(&store, 1), (&command, 2), (&store, 3)] {
        let loads = observer.0.lock().loads;
        observer.0.lock().fails = true;
        let revision = put_one(writer, number, &random);
        wait_until(|| observer.revision() == revision, PATIENCE).unwrap();
        let told = observer.0.lock();
        assert!(told.loads > loads && !told.fails, "{number}: {} loads", told.loads);
    }
}

fn incident_15_two_processes_that_write_at_once_make_one_sequence(world: &World) {
    const EACH: u64 = 400;
    let observers = [Observer::default(), Observer::default()];
    let stores = [world.open(1, Some(&observers[0])), world.open(2, Some(&observers[1]))];
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

fn another_life_of_the_file_is_loaded_anew(world: &World) {
    let (observer, random) = (Observer::default(), Deterministic::new(1));
    let store = world.open(1, Some(&observer));
    put_one(&store, 1, &random);
    let loads = || observer.0.lock().loads;
    assert_eq!(loads(), 1);
    // As a restore in place: the same head, another epoch.
    world.run("UPDATE meta SET value = 'another' WHERE name = 'epoch'");
    wait_until(|| loads() == 2, PATIENCE).unwrap();
    // A head behind what was applied. The chain is broken by it, but nobody goes on as if nothing were.
    put_one(&store, 2, &random);
    world.run("BEGIN; DELETE FROM change WHERE sequence = 2; UPDATE head SET sequence = 1; COMMIT");
    wait_until(|| loads() == 3, PATIENCE).unwrap();
    assert_eq!(observer.revision(), 1);
}

fn another_life_is_noticed_while_writes_leave_no_quiet_moment(world: &World) {
    let (observer, random) = (Observer::default(), Deterministic::new(1));
    let store = world.open(1, Some(&observer));
    put_one(&store, 1, &random);
    world.run("UPDATE meta SET value = 'another' WHERE name = 'epoch'");
    put_one(&store, 2, &random);
    assert_eq!(observer.0.lock().loads, 2, "before the next commit, not after it");
    assert_eq!(observer.revision(), 2);
}

fn incident_15_a_hole_is_a_fault_that_is_loaded_over(world: &World) {
    let (observer, random) = (Observer::default(), Deterministic::new(1));
    let store = world.open(1, Some(&observer));
    put_one(&store, 1, &random);
    world.run("UPDATE head SET sequence = 3");
    wait_until(|| observer.revision() == 3, PATIENCE).unwrap();
    let told = observer.0.lock();
    assert_eq!((told.lost, told.loads), (1, 2));
}

fn a_reader_of_the_feed_that_cannot_read_is_told_and_recovers(world: &World) {
    let (observer, random) = (Observer::default(), Deterministic::new(1));
    let store = world.open(1, Some(&observer));
    put_one(&store, 1, &random);
    world.run("ALTER TABLE meta RENAME TO hidden");
    wait_until(|| observer.0.lock().lost > 0, PATIENCE).unwrap();
    world.run("ALTER TABLE hidden RENAME TO meta");
    wait_until(|| observer.0.lock().loads == 2, PATIENCE).unwrap();
    assert_eq!(put_one(&store, 2, &random), 2);
    assert_eq!(observer.revision(), 2);
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

    fn apply(&mut self, _: &[Change], _: &View<'_>) -> Result<(), StorageError> {
        self.note("read");
        Ok(())
    }

    fn heard(&mut self, as_of: Duration) {
        self.told.lock().push(("heard", as_of));
    }

    fn lost(&mut self) {}
}

fn what_was_heard_is_as_old_as_the_moment_before_the_head_was_read(world: &World) {
    let watching = Watching::default();
    let observer: Box<dyn FeedObserver> = Box::new(watching.clone());
    let _server = world.open_on(1, pepper(), Arc::clone(&watching.clock), Some(observer)).unwrap();
    let command = world.open(2, None);
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

fn each_commit_hears_when_there_is_no_quiet_moment(world: &World) {
    let (observer, random) = (Observer::default(), Deterministic::new(1));
    let store = world.open(1, Some(&observer));
    // Opening does not wait for the first load, which would find the first commit in what it reads.
    wait_until(|| !observer.0.lock().heard.is_empty(), PATIENCE).unwrap();
    for number in 1..=20 {
        let revision = put_one(&store, number, &random);
        let told = observer.0.lock();
        assert!(told.heard.iter().any(|(_, known)| *known == revision - 1), "{:?}", told.heard);
    }
}

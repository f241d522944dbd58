//! Who follows a feed that is trimmed: whoever is close follows on, whoever was away loads everything anew, and nobody
//! goes on over the hole.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use interdict_domain::change::Change;
use interdict_storage::{FeedObserver, StorageError, Store, Trimming, View};
use interdict_test_support::wait_until;
use parking_lot::Mutex;

use crate::support::{Deterministic, Observer, World, pepper, put_one};
use crate::trim::{later, trim};

on_both_engines!(
    who_is_close_follows_on_without_a_load,
    who_was_away_loads_everything_anew,
    who_comes_later_loads_what_the_tables_hold,
    who_trims_hears_of_it_as_everybody_does,
);

const PATIENCE: Duration = Duration::from_secs(20);

/// An observer that is away for as long as somebody else holds its gate.
#[derive(Clone, Default)]
struct Away {
    observer: Observer,
    gate: Arc<Mutex<()>>,
    is_at_the_gate: Arc<AtomicBool>,
}

impl FeedObserver for Away {
    fn load(&mut self, view: &View<'_>) -> Result<(), StorageError> {
        self.observer.load(view)
    }

    fn apply(&mut self, changes: &[Change], view: &View<'_>) -> Result<(), StorageError> {
        self.is_at_the_gate.store(true, Ordering::SeqCst);
        let _gate = self.gate.lock();
        self.observer.apply(changes, view)
    }

    fn heard(&mut self, as_of: Duration) {
        self.observer.heard(as_of);
    }

    fn lost(&mut self) {
        self.observer.lost();
    }
}

/// A follower is away at change 11 while the feed grows to 20 and is trimmed up to `20 - kept`. It comes back.
fn come_back(world: &World, kept: i64) -> (Observer, Store) {
    let away = Away::default();
    let boxed: Box<dyn FeedObserver> = Box::new(away.clone());
    let server = world.open_on(1, pepper(), Arc::default(), Some(boxed)).unwrap();
    wait_until(|| away.observer.0.lock().loads == 1, PATIENCE).unwrap();
    let (command, random) = (world.open(2, None), Deterministic::new(2));
    for number in 1..=10 {
        put_one(&command, number, &random);
    }
    wait_until(|| away.observer.revision() == 10, PATIENCE).unwrap();
    let gate = away.gate.lock();
    away.is_at_the_gate.store(false, Ordering::SeqCst);
    put_one(&command, 11, &random);
    wait_until(|| away.is_at_the_gate.load(Ordering::SeqCst), PATIENCE).unwrap();
    for number in 12..=20 {
        put_one(&command, number, &random);
    }
    let what = Trimming { kept, least: 1, ..Trimming::before(later()) };
    assert_eq!(trim(&command, &random, what).unwrap().through, 20 - kept);
    drop(gate);
    wait_until(|| away.observer.revision() == 21, PATIENCE).unwrap();
    assert_eq!(put_one(&command, 22, &random), 22);
    wait_until(|| away.observer.revision() == 22, PATIENCE).unwrap();
    assert_eq!(server.status().trimmed_through, 20 - kept);
    (away.observer, server)
}

fn who_is_close_follows_on_without_a_load(world: &World) {
    let (observer, _server) = come_back(world, 10);
    let told = observer.0.lock();
    assert_eq!((told.loads, told.lost), (1, 0), "change 11 was there to go on from");
    assert_eq!(told.applied.concat(), (1..=22).collect::<Vec<i64>>());
}

fn who_was_away_loads_everything_anew(world: &World) {
    let (observer, _server) = come_back(world, 9);
    let told = observer.0.lock();
    assert_eq!((told.loads, told.lost), (2, 1), "change 11 was gone");
    let applied = told.applied.concat();
    assert!(!applied.contains(&12) && applied.contains(&22), "nothing over the hole: {applied:?}");
}

fn who_comes_later_loads_what_the_tables_hold(world: &World) {
    let (store, random) = (world.open(1, None), Deterministic::new(1));
    for number in 1..=20 {
        put_one(&store, number, &random);
    }
    trim(&store, &random, Trimming { kept: 2, least: 1, ..Trimming::before(later()) }).unwrap();
    let observer = Observer::default();
    let fresh = world.open(2, Some(&observer));
    // The last thing that a load sets.
    wait_until(|| fresh.status().loads == 1, PATIENCE).unwrap();
    assert_eq!((observer.revision(), fresh.status().trimmed_through), (21, 18));
    let counts = fresh.read_blocking(|view| -> Result<_, StorageError> { view.counts() });
    assert_eq!(counts.unwrap(), (0, 20));
    put_one(&store, 22, &random);
    wait_until(|| observer.revision() == 22, PATIENCE).unwrap();
    assert_eq!(observer.sequences(), [22]);
    assert_eq!(observer.0.lock().loads, 1);
}

fn who_trims_hears_of_it_as_everybody_does(world: &World) {
    let (observer, random) = (Observer::default(), Deterministic::new(1));
    let store = world.open(1, Some(&observer));
    for number in 1..=20 {
        put_one(&store, number, &random);
    }
    assert_eq!(store.status().trimmed_through, 0);
    trim(&store, &random, Trimming { kept: 2, least: 1, ..Trimming::before(later()) }).unwrap();
    assert_eq!((observer.revision(), store.status().trimmed_through), (21, 18));
    assert_eq!(observer.0.lock().lost, 0);
}

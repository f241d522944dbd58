//! What a store says of itself, for those who watch it: counts that move with what is done.

use std::time::Duration;

use interdict_storage::{StorageError, Store, StoreStatus, WriteError};
use interdict_test_support::wait_until;

use crate::support::{Deterministic, Observer, Refused, World, put_one};

on_both_engines!(
    what_is_written_and_read_is_counted,
    a_command_beside_is_seen_and_a_rebuild_counts,
    a_feed_that_is_lost_counts_once_until_it_is_heard_again,
    connections_that_read_are_in_use_and_then_idle,
);

const PATIENCE: Duration = Duration::from_secs(20);

fn until(store: &Store, holds: impl Fn(&StoreStatus) -> bool) -> StoreStatus {
    let waited = wait_until(|| holds(&store.status()), PATIENCE);
    assert!(waited.is_ok(), "{:?}", store.status());
    store.status()
}

fn what_is_written_and_read_is_counted(world: &World) {
    let (observer, random) = (Observer::default(), Deterministic::new(1));
    let store = world.open(1, Some(&observer));
    let fresh = until(&store, |status| status.loads == 1);
    assert_eq!((fresh.applied, fresh.head, fresh.rebuilds(), fresh.feed_lost), (0, 0, 0, 0));
    assert_eq!((fresh.writer.jobs, fresh.writer.commits, fresh.writer.failed), (0, 0, 0));

    for number in 1..=3 {
        put_one(&store, number, &random);
    }
    let refused = store.write_blocking::<(), _, _>(|_| Err(Refused::OnPurpose));
    assert!(matches!(refused, Err(WriteError::Refused(Refused::OnPurpose))));
    let written = store.status();
    assert_eq!((written.applied, written.head), (3, 3));
    assert!(written.last_applied_at.is_some() && written.heard_ago.is_some());
    // Whoever is refused was served all the same.
    assert_eq!((written.writer.jobs, written.writer.commits, written.writer.failed), (4, 4, 0));
    assert_eq!(written.writer.durations.iter().sum::<u64>(), 4);
    assert!(written.writer.duration_sum > Duration::ZERO);
    assert_eq!(written.writer.queued, 0);

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    #[allow(clippy::redundant_closure_for_method_calls, reason = "the method has one lifetime too few")]
    let read = store.read_all(|view| view.revision());
    let revision: Result<i64, StorageError> = runtime.block_on(read);
    assert_eq!((revision.unwrap(), store.status().readers.reads), (3, 1));
}

fn a_command_beside_is_seen_and_a_rebuild_counts(world: &World) {
    let (observer, random) = (Observer::default(), Deterministic::new(1));
    let store = world.open(1, Some(&observer));
    until(&store, |status| status.loads == 1);
    put_one(&world.open(2, None), 1, &random);
    let followed = until(&store, |status| status.applied == 1);
    assert_eq!((followed.head, followed.rebuilds(), followed.writer.commits), (1, 0, 0));
    world.run("UPDATE meta SET value = 'another' WHERE name = 'epoch'");
    until(&store, |status| status.rebuilds() == 1);
}

fn a_feed_that_is_lost_counts_once_until_it_is_heard_again(world: &World) {
    let (observer, random) = (Observer::default(), Deterministic::new(1));
    let store = world.open(1, Some(&observer));
    put_one(&store, 1, &random);
    for outages in 1..=2 {
        let loads = store.status().loads;
        world.run("ALTER TABLE meta RENAME TO hidden");
        let lost = observer.0.lock().lost;
        wait_until(|| observer.0.lock().lost > lost + 4, PATIENCE).unwrap();
        assert_eq!(store.status().feed_lost, outages, "one outage, however often it is looked");
        world.run("ALTER TABLE hidden RENAME TO meta");
        until(&store, |status| status.loads > loads);
        let heard = observer.0.lock().heard.len();
        wait_until(|| observer.0.lock().heard.len() > heard, PATIENCE).unwrap();
    }
}

fn connections_that_read_are_in_use_and_then_idle(world: &World) {
    let store = world.open(1, None);
    let counts = || {
        let readers = store.status().readers;
        (readers.in_use, readers.idle)
    };
    assert_eq!(counts(), (0, 0));
    let within = store.read_blocking(|view| -> Result<_, StorageError> {
        view.revision()?;
        Ok(counts())
    });
    assert_eq!(within.unwrap(), (1, 0));
    assert_eq!(counts(), (0, 1));
    assert_eq!(store.status().readers.most, 4);
}

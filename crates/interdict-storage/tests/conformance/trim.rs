//! Trimming the feed: in steps, each with a record of itself; what is left is sound, and nobody cuts off a beginning
//! otherwise. Who follows stands in `trim_followed.rs`.

use std::sync::Arc;

use interdict_domain::actor::Actor;
use interdict_domain::change::{Action, Change, Subject};
use interdict_domain::clock::Timestamp;
use interdict_domain::merchant::MerchantNumber;
use interdict_storage::{
    Authorship, ChainError, ChainReport, StorageError, Store, Transaction, Trimmed, Trimming, WriteError,
};

use crate::support::{Deterministic, MERCHANT, World, entry, now, put, put_one};

on_both_engines!(
    changes_go_in_steps_and_what_is_left_is_sound,
    what_is_young_stays_and_so_does_what_comes_behind_it,
    a_feed_in_which_nothing_happens_comes_to_rest,
    nothing_old_leaves_no_record,
    an_anchor_that_was_moved_is_found,
    a_beginning_that_nobody_recorded_is_found,
    what_is_not_sound_is_not_trimmed,
    two_who_trim_at_once_do_each_step_once,
);

/// Later than any change of these tests.
pub fn later() -> Timestamp {
    now().plus_seconds(3_600)
}

/// Small steps over a small feed.
pub fn small() -> Trimming {
    Trimming { kept: 3, least: 2, most: 4, ..Trimming::before(later()) }
}

pub fn try_trim(
    store: &Store,
    random: &Arc<Deterministic>,
    what: Trimming,
) -> Result<Option<Trimmed>, WriteError<StorageError>> {
    let random = Arc::clone(random);
    let step = move |transaction: &mut Transaction<'_>| {
        let actor = Actor::system();
        transaction.trim_feed(&Authorship::new(&actor, now(), random.as_ref()), &what)
    };
    store.write_blocking(step).map(|committed| committed.value)
}

pub fn trim(store: &Store, random: &Arc<Deterministic>, what: Trimming) -> Option<Trimmed> {
    try_trim(store, random, what).unwrap()
}

fn changes(store: &Store) -> Vec<Change> {
    let mut changes = Vec::new();
    let read = store.read_blocking(|view| view.for_each_change(&mut |change| changes.push(change)));
    read.unwrap();
    changes
}

fn sequences(store: &Store) -> Vec<i64> {
    changes(store).iter().map(|change| change.sequence).collect()
}

fn verify(store: &Store) -> ChainReport {
    store.verify_chain(&mut |_| {}).unwrap()
}

/// Ten changes, of which eight are trimmed in two steps.
fn trimmed(world: &World) -> Store {
    let (store, random) = (world.open(1, None), Deterministic::new(1));
    for number in 0..10 {
        put_one(&store, number, &random);
    }
    while trim(&store, &random, small()).is_some() {}
    store
}

fn changes_go_in_steps_and_what_is_left_is_sound(world: &World) {
    let (store, random) = (world.open(1, None), Deterministic::new(1));
    for number in 0..10 {
        put_one(&store, number, &random);
    }
    assert_eq!(trim(&store, &random, small()), Some(Trimmed { changes: 4, through: 4 }));
    let report = ChainReport { trimmed: 4, changes: 7, personal: 6, erased: 0, fault: None };
    assert_eq!(verify(&store), report);
    assert_eq!(trim(&store, &random, small()), Some(Trimmed { changes: 4, through: 8 }));
    assert_eq!(trim(&store, &random, small()), None, "one more would not be worth a record");
    assert_eq!(sequences(&store), [9, 10, 11, 12]);
    let report = ChainReport { trimmed: 8, changes: 4, personal: 2, erased: 0, fault: None };
    assert_eq!(verify(&store), report);
    // What was said of people went, too.
    world.run(
        "CREATE TABLE witness (kept BIGINT CHECK (kept = 2)); INSERT INTO witness SELECT COUNT(*) FROM personal;
         DROP TABLE witness",
    );
    let record = changes(&store).pop().unwrap();
    assert_eq!((record.action, record.subject), (Action::FeedTrimmed, Subject::Feed(8)));
    assert_eq!((record.merchant, record.actor), (MerchantNumber(0), Actor::system()));
    let own = store.read_blocking(|view| view.merchant(MERCHANT).changes_after(8, 100)).unwrap();
    assert_eq!(own.len(), 2, "no merchant meets the record in its feed");
    assert_eq!(put_one(&store, 11, &random), 13);
    drop(store);
    let reopened = world.open(2, None);
    assert_eq!((verify(&reopened).changes, verify(&reopened).fault), (5, None));
    let through = reopened.read_blocking(|view| -> Result<_, StorageError> { view.trimmed_through() });
    assert_eq!(through.unwrap(), 8);
}

fn put_at(store: &Store, number: u64, at: Timestamp, random: &Arc<Deterministic>) {
    let random = Arc::clone(random);
    let put = move |transaction: &mut Transaction<'_>| {
        let (actor, entry) = (Actor::system(), entry(number, random.as_ref()));
        let by = Authorship::new(&actor, at, random.as_ref());
        transaction.merchant(MERCHANT).put_entry(&by, Action::EntryCreated, None, &entry)
    };
    store.write_blocking::<_, StorageError, _>(put).unwrap();
}

fn what_is_young_stays_and_so_does_what_comes_behind_it(world: &World) {
    let (store, random) = (world.open(1, None), Deterministic::new(1));
    // The fourth node's clock was ahead.
    for (number, seconds) in (0..).zip([1, 2, 3, 90, 5, 6, 7, 8]) {
        put_at(&store, number, now().plus_seconds(seconds), &random);
    }
    let what = Trimming { kept: 1, least: 1, ..Trimming::before(now().plus_seconds(50)) };
    assert_eq!(trim(&store, &random, what), Some(Trimmed { changes: 3, through: 3 }));
    assert_eq!(trim(&store, &random, what), None);
    let exactly = Trimming { before: now().plus_seconds(90), ..what };
    assert_eq!(trim(&store, &random, exactly), None, "as old as the limit is not older");
    assert_eq!(verify(&store).fault, None);
}

fn a_feed_in_which_nothing_happens_comes_to_rest(world: &World) {
    let (store, random) = (world.open(1, None), Deterministic::new(1));
    let own = Arc::clone(&random);
    let fill = move |transaction: &mut Transaction<'_>| {
        (0..2_300).try_for_each(|number| put(transaction, number, own.as_ref()).map(drop))
    };
    store.write_blocking::<_, StorageError, _>(fill).unwrap();
    let what = Trimming::before(later());
    assert_eq!(trim(&store, &random, what), Some(Trimmed { changes: 1_000, through: 1_000 }));
    assert_eq!(trim(&store, &random, what), Some(Trimmed { changes: 301, through: 1_301 }));
    for _ in 0..3 {
        assert_eq!(trim(&store, &random, what), None);
    }
    let report = verify(&store);
    assert_eq!((report.trimmed, report.changes, report.fault), (1_301, 1_001, None));
}

fn nothing_old_leaves_no_record(world: &World) {
    let (store, random) = (world.open(1, None), Deterministic::new(1));
    assert_eq!(trim(&store, &random, small()), None, "of an empty feed");
    for number in 0..10 {
        put_one(&store, number, &random);
    }
    assert_eq!(trim(&store, &random, Trimming { before: now(), ..small() }), None);
    assert_eq!(trim(&store, &random, Trimming { kept: 10, ..small() }), None);
    assert_eq!(verify(&store), ChainReport { changes: 10, personal: 10, ..ChainReport::default() });
}

fn an_anchor_that_was_moved_is_found(world: &World) {
    let store = trimmed(world);
    for (number, (tampering, fault)) in [
        ("UPDATE anchor SET sequence = 9", ChainError::Before(9)),
        ("UPDATE anchor SET sequence = 7", ChainError::Hole(8)),
        ("UPDATE anchor SET sequence = 0", ChainError::Hole(1)),
        ("UPDATE anchor SET hash = zeroblob(32)", ChainError::Altered(9)),
        ("DELETE FROM anchor", ChainError::Hole(1)),
        ("UPDATE change SET subject = 'feed/7' WHERE sequence = 12", ChainError::Altered(12)),
        ("UPDATE change SET action = 'entry.created' WHERE sequence = 12", ChainError::Altered(12)),
    ]
    .into_iter()
    .enumerate()
    {
        let other = world.another(number as u64);
        let store = trimmed(&other);
        other.run(tampering);
        assert_eq!(verify(&store).fault, Some(fault), "{tampering}");
    }
    assert_eq!(verify(&store).fault, None);
}

fn a_beginning_that_nobody_recorded_is_found(world: &World) {
    let store = trimmed(world);
    world.run(
        "UPDATE anchor SET sequence = 9, hash = (SELECT hash FROM change WHERE sequence = 9);
         DELETE FROM change WHERE sequence = 9",
    );
    assert_eq!(verify(&store).fault, Some(ChainError::Unrecorded(9)));
    let whole = world.another(1);
    let (store, random) = (whole.open(1, None), Deterministic::new(1));
    for number in 0..10 {
        put_one(&store, number, &random);
    }
    whole.run(
        "INSERT INTO anchor (id, sequence, hash) SELECT 1, sequence, hash FROM change WHERE sequence = 5;
         DELETE FROM change WHERE sequence <= 5",
    );
    let report = verify(&store);
    assert_eq!((report.trimmed, report.fault), (5, Some(ChainError::Unrecorded(5))));
    let said = ChainError::Unrecorded(5).to_string();
    assert_eq!(said, "the feed begins behind change 5, which no record of a trimming names");
}

fn what_is_not_sound_is_not_trimmed(world: &World) {
    for (number, (tampering, wanted)) in [
        ("UPDATE change SET actor_id = 'nobody' WHERE sequence = 2", ChainError::Altered(2)),
        ("DELETE FROM change WHERE sequence = 1", ChainError::Hole(1)),
        ("DELETE FROM change WHERE sequence = 3", ChainError::Hole(3)),
        ("UPDATE personal SET body = '{}' WHERE sequence = 4", ChainError::AlteredPersonal(4)),
    ]
    .into_iter()
    .enumerate()
    {
        let world = world.another(number as u64);
        let (store, random) = (world.open(1, None), Deterministic::new(1));
        for number in 0..10 {
            put_one(&store, number, &random);
        }
        world.run(tampering);
        let before = sequences(&store);
        match try_trim(&store, &random, small()) {
            Err(WriteError::Refused(StorageError::BrokenChain(fault))) => assert_eq!(fault, wanted),
            other => panic!("{tampering}: {other:?}"),
        }
        assert_eq!(sequences(&store), before);
        assert_eq!(verify(&store).fault, Some(wanted));
    }
}

fn two_who_trim_at_once_do_each_step_once(world: &World) {
    let stores = [world.open(1, None), world.open(2, None)];
    let random = Deterministic::new(1);
    for number in 0..60 {
        put_one(&stores[0], number, &random);
    }
    let steps: Vec<Trimmed> = std::thread::scope(|scope| {
        let trimming: Vec<_> = stores
            .iter()
            .map(|store| {
                let random = Arc::clone(&random);
                scope.spawn(move || {
                    let mut steps = Vec::new();
                    loop {
                        match try_trim(store, &random, small()) {
                            Ok(Some(step)) => steps.push(step),
                            Ok(None) => return steps,
                            // Two processes on one file may starve one another: it comes back.
                            Err(WriteError::CommitFailed) => {}
                            Err(error) => panic!("{error:?}"),
                        }
                    }
                })
            })
            .collect();
        trimming.into_iter().flat_map(|steps| steps.join().unwrap()).collect()
    });
    let report = verify(&stores[0]);
    assert_eq!(report.fault, None);
    assert_eq!(report.trimmed, steps.iter().map(|step| step.changes).sum::<i64>(), "none twice");
    assert_eq!(report.trimmed + report.changes, 60 + i64::try_from(steps.len()).unwrap());
}

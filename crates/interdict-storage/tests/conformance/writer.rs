//! The group-commit writer: many in one commit, none harmed by another, in a sequence without holes.

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use interdict_domain::entry::List;
use interdict_domain::identifier::{Identifier, Kind};
use interdict_storage::{Foreseen, StorageError, Store, Transaction, WriteError};
use interdict_test_support::wait_until;
use tokio::task::JoinSet;

use crate::support::{Deterministic, MERCHANT, Observer, Refused, World, email, put, put_one};

on_both_engines!(
    one_commit_serves_all_who_waited,
    a_piece_that_fails_leaves_the_others_and_nothing_of_itself,
    a_piece_that_panics_harms_nobody,
    an_attempt_that_fails_keeps_what_was_written_before_it,
    sixteen_writers_make_no_hole_and_each_sees_its_own_write,
    who_comes_when_too_many_wait_is_told_so,
    a_caller_who_goes_away_does_not_stop_the_write,
);

/// Holds the writer's thread, so that what comes meanwhile waits for one commit together.
fn hold(store: &Store) -> Sender<()> {
    let (release, released) = channel::<()>();
    let (entered, has_entered) = channel::<()>();
    let store = store.clone();
    std::thread::spawn(move || {
        let work = move |_: &mut Transaction<'_>| {
            entered.send(()).unwrap();
            let _ = released.recv();
            Ok::<_, StorageError>(())
        };
        store.write_blocking(work).unwrap();
    });
    has_entered.recv().unwrap();
    release
}

fn is_listed(store: &Store, number: u64) -> bool {
    let identifier = Identifier::parse(Kind::Email, &email(number)).unwrap();
    let found = store.read_blocking(|view| view.merchant(MERCHANT).entry_of(List::Block, &identifier));
    Result::<_, StorageError>::unwrap(found).is_some()
}

fn assert_sound(store: &Store, changes: i64) {
    let report = store.verify_chain(&mut |_| {}).unwrap();
    assert_eq!((report.changes, report.fault), (changes, None));
}

fn one_commit_serves_all_who_waited(world: &World) {
    let observer = Observer::default();
    let store = world.open(1, Some(&observer));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let sequences = runtime.block_on(write_at_once(&store, 64));
    assert_eq!(sequences, (1..=64).collect::<Vec<_>>());
    assert_eq!(observer.sequences(), sequences);
    let commits = observer.0.lock().applied.len();
    assert!(commits < 64, "{commits} commits for 64 writes");
    assert_sound(&store, 64);
}

/// The sequences of so many writes that wait for the same commit.
async fn write_at_once(store: &Store, count: u64) -> Vec<i64> {
    let random = Deterministic::new(1);
    let release = hold(store);
    let mut writes = JoinSet::new();
    for number in 0..count {
        let (store, random) = (store.clone(), Arc::clone(&random));
        writes.spawn(async move {
            store.write(move |transaction| put(transaction, number, random.as_ref())).await.unwrap()
        });
    }
    // On this runtime each of them has to be polled once before it waits: let them.
    tokio::task::yield_now().await;
    drop(release);
    let mut sequences: Vec<i64> =
        writes.join_all().await.into_iter().map(|committed| committed.value).collect();
    sequences.sort_unstable();
    sequences
}

pub type Work = Box<dyn FnOnce(&mut Transaction<'_>) -> Result<i64, Refused> + Send>;

/// Pieces of work that wait for the same commit.
pub fn commit_together(
    store: &Store,
    works: Vec<(Vec<Foreseen>, Work)>,
) -> Vec<Result<i64, WriteError<Refused>>> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let release = hold(store);
        let local = tokio::task::LocalSet::new();
        let writes: Vec<_> = works
            .into_iter()
            .map(|(foreseen, work)| {
                let store = store.clone();
                let write = async move { store.write_foreseeing(foreseen, work).await };
                local.spawn_local(async { write.await.map(|committed| committed.value) })
            })
            .collect();
        local
            .run_until(async {
                // On one thread, in turn: when this is polled again, all of them have queued.
                tokio::task::yield_now().await;
                drop(release);
                let mut answers = Vec::new();
                for write in writes {
                    answers.push(write.await.unwrap());
                }
                answers
            })
            .await
    })
}

fn a_piece_that_fails_leaves_the_others_and_nothing_of_itself(world: &World) {
    let (observer, random) = (Observer::default(), Deterministic::new(1));
    let store = world.open(1, Some(&observer));
    let mut works: Vec<(Vec<Foreseen>, Work)> = Vec::new();
    for number in 0..12 {
        let random = Arc::clone(&random);
        works.push((
            Vec::new(),
            Box::new(move |transaction| {
                let sequence = put(transaction, number, random.as_ref())?;
                if number % 3 == 1 { Err(Refused::OnPurpose) } else { Ok(sequence) }
            }),
        ));
    }
    let answers = commit_together(&store, works);
    assert_eq!(observer.0.lock().applied, [(1..=8).collect::<Vec<i64>>()], "one commit");
    for (number, answer) in (0..).zip(&answers) {
        assert_eq!(is_listed(&store, number), number % 3 != 1);
        assert_eq!(matches!(answer, Err(WriteError::Refused(Refused::OnPurpose))), number % 3 == 1);
    }
    assert_sound(&store, 8);
}

fn a_piece_that_panics_harms_nobody(world: &World) {
    let (observer, random) = (Observer::default(), Deterministic::new(1));
    let store = world.open(1, Some(&observer));
    let mut works: Vec<(Vec<Foreseen>, Work)> = Vec::new();
    for number in 0..9 {
        let random = Arc::clone(&random);
        works.push((
            Vec::new(),
            Box::new(move |transaction| {
                let sequence = put(transaction, number, random.as_ref())?;
                match number {
                    2 => panic!("on purpose"),
                    // Two writes, the second inside an attempt that panics: both must go.
                    5 => transaction.attempt(|inner| -> Result<i64, Refused> {
                        put(inner, 100, random.as_ref())?;
                        panic!("on purpose, deeper")
                    }),
                    _ => Ok(sequence),
                }
            }),
        ));
    }
    let answers = commit_together(&store, works);
    for (number, answer) in (0..).zip(&answers) {
        let panicked = matches!(number, 2 | 5);
        assert_eq!(is_listed(&store, number), !panicked, "{number}");
        let refused = matches!(answer, Err(WriteError::Refused(Refused::Storage(StorageError::Corrupt(_)))));
        assert_eq!(refused, panicked, "{number}: {answer:?}");
    }
    assert!(!is_listed(&store, 100));
    assert_eq!(put_one(&store, 50, &random), 8, "the writer goes on");
    assert_sound(&store, 8);
}

fn an_attempt_that_fails_keeps_what_was_written_before_it(world: &World) {
    let random = Deterministic::new(1);
    let store = world.open(1, None);
    let work = {
        let random = Arc::clone(&random);
        move |transaction: &mut Transaction<'_>| -> Result<i64, Refused> {
            put(transaction, 1, random.as_ref())?;
            let failed = transaction.attempt(|inner| -> Result<i64, Refused> {
                put(inner, 2, random.as_ref())?;
                inner.attempt(|innermost| put(innermost, 3, random.as_ref()))?;
                Err(Refused::OnPurpose)
            });
            assert!(matches!(failed, Err(Refused::OnPurpose)));
            Ok(put(transaction, 4, random.as_ref())?)
        }
    };
    assert_eq!(store.write_blocking(work).unwrap().value, 2);
    assert_eq!([1, 2, 3, 4].map(|number| is_listed(&store, number)), [true, false, false, true]);
    assert_sound(&store, 2);
}

fn sixteen_writers_make_no_hole_and_each_sees_its_own_write(world: &World) {
    const WRITERS: u64 = 16;
    const EACH: u64 = 750;
    let (observer, random) = (Observer::default(), Deterministic::new(1));
    let store = world.open(1, Some(&observer));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let mut sequences = runtime.block_on(async {
        let mut writers = JoinSet::new();
        for writer in 0..WRITERS {
            let (store, random, observer) = (store.clone(), Arc::clone(&random), observer.clone());
            writers.spawn(async move {
                let mut sequences = Vec::new();
                for number in 0..EACH {
                    let random = Arc::clone(&random);
                    let answer = store
                        .write(move |transaction| {
                            let sequence = put(transaction, writer * EACH + number, random.as_ref())?;
                            if number % 6 == 5 { Err(Refused::OnPurpose) } else { Ok(sequence) }
                        })
                        .await;
                    match answer {
                        Ok(committed) => {
                            assert!(committed.value <= committed.revision);
                            assert!(observer.revision() >= committed.revision, "read your writes");
                            sequences.push(committed.value);
                        }
                        Err(WriteError::Refused(Refused::OnPurpose)) => assert_eq!(number % 6, 5),
                        Err(error) => panic!("{error:?}"),
                    }
                }
                assert!(sequences.is_sorted(), "a writer's own writes are in order");
                sequences
            });
        }
        writers.join_all().await.concat()
    });
    sequences.sort_unstable();
    assert_eq!(sequences, (1..=10_000).collect::<Vec<i64>>());
    assert_eq!(observer.sequences(), sequences, "told in commit order, each once");
    assert_sound(&store, 10_000);
}

fn who_comes_when_too_many_wait_is_told_so(world: &World) {
    let store = world.open(1, None);
    let release = hold(&store);
    let mut context = Context::from_waker(Waker::noop());
    let mut overloaded = 0;
    let mut waiting = Vec::new();
    for _ in 0..9_000 {
        let mut write = Box::pin(store.write::<_, StorageError, _>(|_| Ok(())));
        match write.as_mut().poll(&mut context) {
            Poll::Pending => waiting.push(write),
            Poll::Ready(answer) => {
                assert!(matches!(answer, Err(WriteError::Overloaded)));
                overloaded += 1;
            }
        }
    }
    assert_eq!((waiting.len(), overloaded), (8_192, 9_000 - 8_192));
    drop(release);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for write in waiting {
        assert!(runtime.block_on(write).is_ok(), "whoever waits is served");
    }
}

fn a_caller_who_goes_away_does_not_stop_the_write(world: &World) {
    let random = Deterministic::new(1);
    let store = world.open(1, None);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let release = hold(&store);
        let random = Arc::clone(&random);
        let write = store.write(move |transaction| put(transaction, 1, random.as_ref()));
        assert!(tokio::time::timeout(Duration::ZERO, write).await.is_err());
        drop(release);
    });
    wait_until(|| is_listed(&store, 1), Duration::from_secs(10)).unwrap();
}

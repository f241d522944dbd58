//! Readers beside the applying thread: no block may vanish for a moment.

use std::sync::atomic::{AtomicBool, Ordering};

use interdict_domain::change::{CustomerFact, Fact};
use interdict_domain::entry::List;
use interdict_domain::identifier::Kind;

use super::world::*;
use crate::{Attempt, Index, Outcome, decide};

const MOVES: usize = 20_000;

/// Applies while two readers ask, each sure of what it must be told.
fn beside(index: &Index, apply: impl Fn(usize), always: impl Fn() -> bool + Sync) {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let mut asked = 0_u64;
                    // At least once, however the threads are scheduled.
                    while asked == 0 || !stop.load(Ordering::Relaxed) {
                        if !always() {
                            return Err(asked);
                        }
                        asked += 1;
                    }
                    Ok(asked)
                })
            })
            .collect();
        for turn in 0..MOVES {
            apply(turn);
            if readers.iter().any(std::thread::ScopedJoinHandle::is_finished) {
                break;
            }
        }
        stop.store(true, Ordering::Relaxed);
        for reader in readers {
            assert!(reader.join().unwrap().is_ok(), "a block vanished at {:?}", index.moments);
        }
    });
}

#[test]
fn a_blocked_customer_whose_email_moves_back_and_forth_is_never_seen_allowed() {
    let with = |email| {
        let blocked = CustomerFact { restrict_cit: true, ..customer(1) };
        Fact::CustomerPut(CustomerFact { email: linked(Kind::Email, email), ..blocked })
    };
    let index = index(&[with("a")]);
    // Others in between give the email time to move while a reader is on its way from one to the other.
    let others: Vec<String> = (0..60).map(|number| number.to_string()).collect();
    let mut lookups: Vec<_> = others.iter().map(|other| typed(Kind::Device, other)).collect();
    lookups.insert(0, typed(Kind::Email, "a"));
    lookups.push(typed(Kind::Email, "b"));
    let attempt = Attempt { explain: false, ..attempt(None, &lookups) };
    beside(
        &index,
        |turn| index.apply(&[with(if turn % 2 == 0 { "b" } else { "a" })]),
        || decide(&index, &attempt).unwrap().outcome == Outcome::Block,
    );
}

#[test]
fn a_person_erased_whose_blocks_stay_is_never_seen_allowed() {
    let person = CustomerFact { email: linked(Kind::Email, "a"), restrict_cit: true, ..customer(1) };
    let tombstone = entry(List::Block, 1, Kind::Email, "a");
    let erased = [Fact::CustomerRemoved(person.id), put(tombstone.clone())];
    let back =
        [Fact::EntryRemoved { id: tombstone.id, key: tombstone.key }, Fact::CustomerPut(person.clone())];
    let index = index(&[Fact::CustomerPut(person)]);
    let lookups = [typed(Kind::Email, "a")];
    let attempt = Attempt { explain: false, ..attempt(None, &lookups) };
    beside(
        &index,
        |turn| index.apply(if turn % 2 == 0 { &erased } else { &back }),
        || decide(&index, &attempt).unwrap().outcome == Outcome::Block,
    );
}

#[test]
fn a_block_that_moves_from_the_flags_to_the_status_is_never_seen_allowed() {
    use interdict_domain::customer::ListStatus::{Blacklisted, Normal};
    let state = |restrict_cit, list_status| {
        let email = linked(Kind::Email, "a");
        Fact::CustomerPut(CustomerFact { email, restrict_cit, list_status, ..customer(1) })
    };
    let index = index(&[state(true, Normal)]);
    let lookups = [typed(Kind::Email, "a")];
    let attempt = Attempt { explain: false, ..attempt(None, &lookups) };
    beside(
        &index,
        |turn| {
            index.apply(&[if turn % 2 == 0 { state(false, Blacklisted) } else { state(true, Normal) }]);
        },
        || decide(&index, &attempt).unwrap().outcome == Outcome::Block,
    );
}

#[test]
fn an_entry_is_never_missed_while_the_table_grows_and_shrinks() {
    let held: Vec<String> = (0..200).map(|number| format!("held {number}")).collect();
    let facts = held.iter().zip(1..).map(|(value, id)| put(entry(List::Block, id, Kind::Email, value)));
    let index = index(&facts.collect::<Vec<_>>());
    let lookups: Vec<_> = held.iter().map(|value| typed(Kind::Email, value)).collect();
    let at = |turn: usize| entry(List::Block, 250, Kind::Email, &format!("passing {turn}"));
    beside(
        &index,
        |turn| {
            index.apply(&[put(at(turn))]);
            // Most of them go again, so that lines are used for one thing after another.
            if !turn.is_multiple_of(8) {
                let gone = at(turn);
                index.apply(&[Fact::EntryRemoved { id: gone.id, key: gone.key }]);
            }
        },
        || {
            lookups.iter().all(|lookup| {
                let attempt = Attempt { explain: false, ..attempt(None, std::slice::from_ref(lookup)) };
                let decision = decide(&index, &attempt).unwrap();
                decision.outcome == Outcome::Block && decision.sources.len() == 1
            })
        },
    );
}

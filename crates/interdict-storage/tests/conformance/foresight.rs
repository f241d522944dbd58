//! What work foresees changes nothing but the time it takes: pieces of work that share a commit see each other's
//! writes, in order, whether their reads were fetched before or not.

use std::collections::BTreeMap;
use std::sync::Arc;

use interdict_domain::change::Action;
use interdict_domain::entry::{Entry, List};
use interdict_domain::identifier::{Identifier, Kind};
use interdict_domain::settings::Settings;
use interdict_domain::text::Reason;
use interdict_storage::{Authorship, Foreseen, MerchantTransaction};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use crate::support::{Deterministic, MERCHANT, Refused, World, email, entry, now, pepper};
use crate::writer::{Work, commit_together};

on_both_engines!(work_sees_what_came_before_it_however_it_was_fetched);

/// Few identifiers, so that pieces of work meet.
const EMAILS: u64 = 4;
/// Commits.
const CASES: usize = 60;

#[derive(Clone, Copy, Debug)]
enum Step {
    /// Puts a reason to an email's entry, or makes one.
    Put(u64, u64),
    Delete(u64),
    /// Lets the settings say how many origins there are.
    Settle(usize),
    /// Looks at everything, and does nothing.
    Look,
}

#[derive(Clone, Debug)]
struct Piece {
    steps: Vec<Step>,
    foresees: bool,
    refuses: bool,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..EMAILS, 0_u64..1_000).prop_map(|(email, reason)| Step::Put(email, reason)),
        2 => (0..EMAILS).prop_map(Step::Delete),
        1 => (0_usize..5).prop_map(Step::Settle),
        2 => Just(Step::Look),
    ]
}

fn piece() -> impl Strategy<Value = Piece> {
    (prop::collection::vec(step(), 1..4), any::<bool>(), prop::bool::weighted(0.2))
        .prop_map(|(steps, foresees, refuses)| Piece { steps, foresees, refuses })
}

/// What there is: the reasons by email, and the settings.
type State = (BTreeMap<u64, String>, usize);

fn identifier(number: u64) -> Identifier {
    Identifier::parse(Kind::Email, &email(number)).unwrap()
}

fn look(transaction: &MerchantTransaction<'_, '_>) -> Result<State, Refused> {
    let view = transaction.view();
    let mut reasons = BTreeMap::new();
    for number in 0..EMAILS {
        if let Some(entry) = view.entry_of(List::Block, &identifier(number))? {
            reasons.insert(number, entry.reason.unwrap().as_str().to_owned());
        }
    }
    Ok((reasons, view.settings()?.allowed_origins.len()))
}

fn act(
    transaction: &mut MerchantTransaction<'_, '_>,
    step: Step,
    state: &mut State,
    random: &Deterministic,
) -> Result<(), Refused> {
    let actor = interdict_domain::actor::Actor::system();
    let by = Authorship::new(&actor, now(), random);
    match step {
        Step::Put(number, reason) => {
            let before = transaction.view().entry_of(List::Block, &identifier(number))?;
            assert_eq!(before.is_some(), state.0.contains_key(&number));
            let fresh = entry(number, random);
            let after = Entry {
                reason: Some(Reason::from_stored(format!("reason {reason}"))),
                ..before.clone().unwrap_or(fresh)
            };
            transaction.put_entry(&by, Action::EntryUpdated, before.as_ref(), &after)?;
            state.0.insert(number, format!("reason {reason}"));
        }
        Step::Delete(number) => {
            let found = transaction.view().entry_of(List::Block, &identifier(number))?;
            assert_eq!(found.is_some(), state.0.contains_key(&number));
            if let Some(entry) = found {
                transaction.delete_entry(&by, &entry)?;
            }
            state.0.remove(&number);
        }
        Step::Settle(origins) => {
            let allowed_origins = vec!["https://shop.example".to_owned(); origins];
            transaction.put_settings(&by, &Settings { allowed_origins, ..Settings::default() })?;
            state.1 = origins;
        }
        Step::Look => {}
    }
    assert_eq!(look(transaction)?, *state, "after {step:?}");
    Ok(())
}

fn foreseen() -> Vec<Foreseen> {
    let entries =
        (0..EMAILS).map(|number| Foreseen::entry_of(&pepper(), MERCHANT, List::Block, &identifier(number)));
    entries.chain([Foreseen::settings(MERCHANT)]).collect()
}

fn work_sees_what_came_before_it_however_it_was_fetched(world: &World) {
    let store = world.open(1, None);
    let random = Deterministic::new(1);
    let mut state = State::default();
    let mut runner = TestRunner::deterministic();
    let batches = prop::collection::vec(piece(), 1..12);
    for _ in 0..CASES {
        let batch = batches.new_tree(&mut runner).unwrap().current();
        let mut works: Vec<(Vec<Foreseen>, Work)> = Vec::new();
        for piece in &batch {
            let (piece, random, mut seen) = (piece.clone(), Arc::clone(&random), state.clone());
            let foreseen = if piece.foresees { foreseen() } else { Vec::new() };
            let mut after = state.clone();
            for step in &piece.steps {
                match *step {
                    Step::Put(number, reason) => drop(after.0.insert(number, format!("reason {reason}"))),
                    Step::Delete(number) => drop(after.0.remove(&number)),
                    Step::Settle(origins) => after.1 = origins,
                    Step::Look => {}
                }
            }
            if !piece.refuses {
                state = after;
            }
            works.push((
                foreseen,
                Box::new(move |transaction| {
                    let mut merchant = transaction.merchant(MERCHANT);
                    for step in &piece.steps {
                        act(&mut merchant, *step, &mut seen, &random)?;
                    }
                    if piece.refuses { Err(Refused::OnPurpose) } else { Ok(merchant.revision()) }
                }),
            ));
        }
        for (piece, answer) in batch.iter().zip(commit_together(&store, works)) {
            assert_eq!(answer.is_ok(), !piece.refuses, "{piece:?}: {answer:?}");
        }
    }
    assert_eq!(store.verify_chain(&mut |_| {}).unwrap().fault, None);
}

//! A rotation of the pepper changes no answer: what has plain text is found under the new one, what an erasure has left
//! under the one that made its key.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

#[path = "../support/mod.rs"]
mod support;

mod erased;
mod going_on;
mod listed;
mod world;

use interdict_app::store::StorageError;
use interdict_app::{Erasable, Presented, ReplayError};
use interdict_domain::identifier::{Generation, Identifier, Kind};
use interdict_domain::mode::Mode;

use erased::{a_replay_behind_it_counts_whoever_was_erased_since, an_erasure_reaches_what_was_said_before};
use going_on::{
    a_replayed_request_is_answered_as_the_first_time, a_rotation_that_was_cut_goes_on,
    whoever_goes_on_under_the_old_pepper_is_stopped,
};
use listed::{what_was_done_before_is_undone, what_was_erased_is_listed_again_imported_and_lifted};
use support::peppers::pepper;
use support::place::{Place, on_both_engines};
use support::{MERCHANT, block_on};
use world::{answers, assert_sound, entry_of, fill, key};

on_both_engines!("rotation":
    every_attempt_is_answered_as_before_twice,
    what_was_erased_is_listed_again_imported_and_lifted,
    what_was_done_before_is_undone,
    an_erasure_reaches_what_was_said_before,
    a_replay_behind_it_counts_whoever_was_erased_since,
    a_rotation_that_was_cut_goes_on,
    whoever_goes_on_under_the_old_pepper_is_stopped,
    a_replayed_request_is_answered_as_the_first_time,
);

fn every_attempt_is_answered_as_before_twice(place: &Place) {
    let shop = &place.shop;
    let customers = fill(shop);
    let before = answers(&shop.app, shop, &customers);
    let blocked = before.iter().filter(|answer| answer.blocks()).count();
    assert!(blocked > 30, "{blocked}");
    let first = pepper();
    let second = first.rotated([8; 32]);
    let rotated = shop.rotation_to(&second).run(&mut |_, _| {}).unwrap();
    assert_eq!(rotated.needed, [Generation(1)]);
    let test = &rotated.stores[0].1;
    let tombstones = test.tombstones[&Generation(1)];
    assert!(tombstones >= 4, "three of a customer, one device: {test:?}");
    assert!(matches!(shop.reopened_under(&first), Err(error) if is(&error.source, "does not belong")));
    let alone = second.keeping(|_| false);
    assert!(matches!(shop.reopened_under(&alone), Err(error) if is(&error.source, "generation 1")));

    let app = shop.reopened_under(&second).unwrap();
    assert_eq!(answers(&app, shop, &customers), before);
    assert_sound(&app);
    let live = entry_of(&app, Kind::Device, "device-1").unwrap();
    assert_eq!((live.key, live.generation), (key(&second, Kind::Device, "device-1"), None));
    let left = entry_of(&app, Kind::Device, "forgotten-device").unwrap();
    assert_eq!(left.key, key(&first, Kind::Device, "forgotten-device"));
    assert_eq!((left.generation, left.value), (Some(Generation(1)), None));

    // Somebody else is erased, under the second one.
    let device = Identifier::parse(Kind::Device, "device-1").unwrap();
    let plan = block_on(app.service(Mode::Test).plan_erasure(MERCHANT, Erasable::Identifier(device)));
    block_on(app.service(Mode::Test).erase_planned(MERCHANT, &plan.unwrap())).unwrap();
    let before = answers(&app, shop, &customers);
    drop(app);
    let third = second.rotated([9; 32]);
    let rotated = shop.rotation_to(&third).run(&mut |_, _| {}).unwrap();
    assert_eq!(rotated.needed, [Generation(1), Generation(2)]);
    assert_eq!(rotated.stores[0].1.tombstones[&Generation(1)], tombstones);
    assert_eq!(rotated.stores[0].1.tombstones[&Generation(2)], 1);
    let app = shop.reopened_under(&third).unwrap();
    assert_eq!(answers(&app, shop, &customers), before);
    assert_sound(&app);
    // Memory over the same tables, loaded or followed, is the same.
    let beside = shop.reopened_under(&third).unwrap();
    assert_eq!(
        beside.service(Mode::Test).fingerprint(),
        app.service(Mode::Test).fingerprint(),
        "loaded and loaded"
    );
    // What stood before the rotation is told no more.
    let asked = [Presented { kind: Kind::Email, value: "gone@example.com".into(), verified: true }];
    let attempt = interdict_app::PaymentAttempt {
        initiator: interdict_domain::scopes::Initiator::Customer,
        customer: None,
        identifiers: &asked,
        money: None,
        explain: true,
        dry_run: true,
    };
    let revision = app.service(Mode::Test).readiness().revision;
    let replay = |revision| {
        block_on(
            app.service(Mode::Test).replay(MERCHANT, revision, None, &attempt, |decision, _| decision.code),
        )
    };
    assert!(matches!(replay(revision - 1), Err(ReplayError::NotRetained(_))));
    assert_eq!(replay(revision).unwrap(), interdict_app::decision::Code::IdentifierBlacklisted);
}

fn is(error: &StorageError, words: &str) -> bool {
    error.to_string().contains(words)
}

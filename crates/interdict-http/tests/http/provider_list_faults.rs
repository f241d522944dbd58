//! `/v1/gateway/lists` where a step is cut between a call and its note, or meets another one: nothing is put there twice, and all
//! that is there is known to be ours.

use std::collections::BTreeMap;
use std::time::Duration;

use interdict_domain::ids::EntryId;
use interdict_domain::mode::Mode;
use interdict_domain::provider_list::ItemState;
use serde_json::json;

use crate::provider_lists::{
    ADA, BEN, EMAILS, block, mirror, on_both_engines, open, settle, status, step, unlist,
};
use crate::radar::ListFault;
use crate::shop::{Engine, FIRST};

/// The value is at Stripe, and the process was killed before it was noted.
async fn a_kill_between_the_call_and_the_note_puts_nothing_there_twice(engine: Engine) {
    let (shop, fake) = open(engine).await;
    block(&shop.live(), ADA).await;
    mirror(&shop, "block").await;
    fake.fails_with([ListFault::After(500)]);
    step(&shop).await;
    assert_eq!(fake.values(EMAILS), [ADA]);
    let unsure = status(&shop).await;
    assert_eq!((&unsure["state"], &unsure["counts"]["adding"]), (&json!("failing"), &json!(1)), "{unsure}");
    let shop = shop.restart().await;
    shop.clock.advance(10);
    let sure = settle(&shop).await;
    assert_eq!((&sure["counts"]["inStep"], &sure["counts"]["alreadyThere"]), (&json!(1), &json!(0)));
    assert_eq!(
        (fake.values(EMAILS), fake.asked("POST").await),
        (vec![ADA.to_owned()], 2),
        "the list, and it"
    );
    // It is known to be ours.
    mirror(&shop, "emptied").await;
    settle(&shop).await;
    assert_eq!(fake.values(EMAILS), Vec::<String>::new());
}

/// The same, and before anybody looks the entry is deleted: nobody knows the value any more.
async fn what_was_put_there_before_a_kill_and_deleted_after_it_is_found_by_its_mark(engine: Engine) {
    let (shop, fake) = open(engine).await;
    let ada = block(&shop.live(), ADA).await;
    fake.puts_by_hand(EMAILS, "email", BEN);
    mirror(&shop, "block").await;
    fake.fails_with([ListFault::After(500)]);
    step(&shop).await;
    let shop = shop.restart().await;
    unlist(&shop.live(), &ada).await;
    shop.clock.advance(10);
    let status = settle(&shop).await;
    assert_eq!(fake.values(EMAILS), [BEN]);
    assert_eq!((&status["counts"]["adding"], &status["strangers"]), (&json!(0), &json!(1)));
}

/// What a node that is late would note of it: the row stands as it saw it no more.
async fn who_was_at_a_value_before_notes_nothing_any_more(engine: Engine) {
    let (shop, fake) = open(engine).await;
    let ada: EntryId = block(&shop.live(), ADA).await.parse().unwrap();
    mirror(&shop, "block").await;
    let mut seen = Vec::new();
    for _ in 0..2 {
        fake.fails_with([ListFault::Instead(500)]);
        step(&shop).await;
        shop.clock.advance(10);
        let store = shop.app.service(Mode::Live).store();
        let row = store.read(FIRST, move |view| view.provider_item(ada)).await.unwrap().unwrap();
        assert_eq!(row.state, ItemState::Adding);
        seen.push(row);
    }
    assert_ne!(seen[0], seen[1]);
    settle(&shop).await;
    assert_eq!(fake.values(EMAILS), [ADA]);
}

/// As two nodes are of which each is the first for a moment, while entries come and go.
async fn two_that_are_at_it_at_once_put_nothing_there_twice_and_leave_nothing_there(engine: Engine) {
    let (shop, fake) = open(engine).await;
    let api = shop.live();
    mirror(&shop, "block").await;
    fake.pauses(Duration::from_millis(3));
    let mut blocked: BTreeMap<String, String> = BTreeMap::new();
    for round in 0..8 {
        for number in 0..6 {
            let email = format!("round{round}-{number}@example.com");
            blocked.insert(email.clone(), block(&api, &email).await);
        }
        // One that each of them may have on its way.
        let (_, entry) = blocked.pop_last().unwrap();
        tokio::join!(step(&shop), step(&shop), unlist(&api, &entry));
        shop.clock.advance(1);
    }
    fake.pauses(Duration::ZERO);
    let done = settle(&shop).await;
    assert_eq!(fake.values(EMAILS), blocked.keys().cloned().collect::<Vec<_>>());
    let counts = &done["counts"];
    assert_eq!((&counts["inStep"], &counts["adding"]), (&json!(blocked.len()), &json!(0)), "{done}");
    assert_eq!((&counts["alreadyThere"], &done["strangers"]), (&json!(0), &json!(0)), "all of it is ours");
    mirror(&shop, "emptied").await;
    settle(&shop).await;
    assert_eq!(fake.values(EMAILS), Vec::<String>::new());
}

on_both_engines!(
    who_was_at_a_value_before_notes_nothing_any_more,
    a_kill_between_the_call_and_the_note_puts_nothing_there_twice,
    what_was_put_there_before_a_kill_and_deleted_after_it_is_found_by_its_mark,
    two_that_are_at_it_at_once_put_nothing_there_twice_and_leave_nothing_there,
);

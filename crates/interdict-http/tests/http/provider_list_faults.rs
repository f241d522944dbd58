//! `/v1/gateway/lists` where a step is cut between a call and its note, or another node is at it: nothing is put there twice, and all
//! that is there is known to be ours.

use std::collections::BTreeMap;
use std::time::Duration;

use interdict_domain::mode::Mode;
use serde_json::{Value, json};

use crate::provider_lists::{
    ADA, BEN, EMAILS, block, mirror, on_both_engines, open, settle, settle_by, status, step, step_of, unlist,
};
use crate::radar::ListFault;
use crate::shop::Engine;

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

/// Entries come and go while both are at it, and Stripe is slow.
#[tokio::test]
async fn of_two_nodes_one_is_at_the_lists_and_the_other_once_it_is_gone() {
    let (shop, fake) = open(Engine::Postgres).await;
    let api = shop.live();
    let [first, second] = [shop.another_node().await, shop.another_node().await];
    mirror(&shop, "block").await;
    step_of(&first).await;
    fake.pauses(Duration::from_millis(3));
    let mut blocked: BTreeMap<String, String> = BTreeMap::new();
    for round in 0..8 {
        for number in 0..6 {
            let email = format!("round{round}-{number}@example.com");
            blocked.insert(email.clone(), block(&api, &email).await);
        }
        // One that may be on its way.
        let (_, entry) = blocked.pop_last().unwrap();
        tokio::join!(step_of(&first), step_of(&second), unlist(&api, &entry));
        shop.clock.advance(1);
    }
    assert_eq!(second.service(Mode::Live).mirror_counts().all()[0], ("added", 0));
    assert!(first.service(Mode::Live).mirror_counts().all()[0].1 > 0);
    drop(first);
    fake.pauses(Duration::ZERO);
    block(&api, ADA).await;
    blocked.insert(ADA.to_owned(), String::new());
    let done = settle_by(&shop, &second).await;
    assert_eq!(fake.values(EMAILS), sorted(blocked.into_keys()));
    let counts = &done["counts"];
    assert_eq!(
        (&counts["adding"], &counts["alreadyThere"], &done["strangers"]),
        (&json!(0), &json!(0), &json!(0))
    );
    mirror(&shop, "emptied").await;
    settle_by(&shop, &second).await;
    assert_eq!(fake.values(EMAILS), Vec::<String>::new(), "all of it was known to be ours");
}

/// It stood still in the middle of a step, and the others took it for gone.
#[tokio::test]
async fn a_node_that_was_taken_for_gone_notes_nothing_any_more() {
    let (shop, fake) = open(Engine::Postgres).await;
    // Without a lease it is as good as gone.
    let (late, node) = (shop.beside(), shop.another_node().await);
    block(&shop.live(), ADA).await;
    mirror(&shop, "block").await;
    fake.pauses(Duration::from_millis(200));
    fake.fails_with([ListFault::After(500)]);
    let meanwhile = async {
        while fake.values(EMAILS).is_empty() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        fake.pauses(Duration::ZERO);
        settle_by(&shop, &node).await
    };
    let ((), done) = tokio::join!(step_of(&late), meanwhile);
    assert_eq!((&done["counts"]["inStep"], &done["problem"]), (&json!(1), &Value::Null), "{done}");
    assert_eq!(status(&shop).await, done, "not even its failure");
    let asked = fake.asked("GET").await + fake.asked("POST").await;
    block(&shop.live(), BEN).await;
    step_of(&late).await;
    assert_eq!(fake.asked("GET").await + fake.asked("POST").await, asked, "and it asks for nothing");
}

fn sorted(values: impl Iterator<Item = String>) -> Vec<String> {
    let mut values: Vec<String> = values.collect();
    values.sort();
    values
}

on_both_engines!(
    a_kill_between_the_call_and_the_note_puts_nothing_there_twice,
    what_was_put_there_before_a_kill_and_deleted_after_it_is_found_by_its_mark,
);

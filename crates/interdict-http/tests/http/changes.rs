//! `GET /v1/changes`: in order, no hole, and a wait for what is to come.

use std::sync::Arc;

use interdict_app::store::{Authorship, StorageError, Trimming, WriteError};
use interdict_domain::actor::Actor;
use interdict_domain::clock::Clock as _;
use interdict_domain::mode::Mode;
use serde_json::{Value, json};

use crate::shop::Shop;

#[tokio::test]
async fn the_feed_has_every_change_in_order() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let id = api.customer(json!({"email": "a@example.com"})).await;
    let entry = api.entry(json!({"list": "block", "kind": "email", "value": "a@example.com"})).await;
    api.delete(&format!("/v1/entries/{entry}")).await.expect(204);
    let feed = api.get("/v1/changes").await;
    let page = feed.expect(200);
    assert_eq!(feed.revision(), 3);
    let items = page["items"].as_array().unwrap();
    let sequences: Vec<i64> = items.iter().map(|item| item["sequence"].as_i64().unwrap()).collect();
    assert_eq!(sequences, [1, 2, 3]);
    let actions: Vec<&str> = items.iter().map(|item| item["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["customer.created", "entry.created", "entry.deleted"]);
    assert_eq!((&items[0]["subjectType"], &items[0]["subject"]), (&json!("customer"), &json!(id)));
    assert_eq!((&items[1]["subjectType"], &items[1]["subject"]), (&json!("entry"), &json!(entry)));
    assert_eq!((&items[2]["before"]["value"], &items[2]["after"]), (&json!("a@example.com"), &Value::Null));
    assert_eq!(items[0]["actor"]["label"], "first secret key");
    let some = api.get("/v1/changes?after=1&limit=1").await.expect(200);
    assert_eq!((&some["items"], &some["hasMore"]), (&json!([items[1]]), &json!(true)));
    let none = api.get("/v1/changes?after=3").await.expect(200);
    assert_eq!((&none["items"], &none["hasMore"]), (&json!([]), &json!(false)));
    let beyond = api.get(&format!("/v1/changes?after={}", i64::MAX)).await.expect(200);
    assert_eq!(beyond["items"], json!([]));
    for bad in [
        "after=-1",
        "after=x",
        "after=9223372036854775808",
        "limit=0",
        "limit=1001",
        "wait_ms=x",
        "wait_ms=60001",
    ] {
        let name = bad.split_once('=').unwrap().0;
        assert_eq!(api.get(&format!("/v1/changes?{bad}")).await.paths(), [name], "{bad}");
    }
}

#[tokio::test]
async fn another_merchants_changes_are_not_in_it() {
    let shop = Shop::open().await;
    let other = shop.bearer(&shop.another_merchant("Second").test.secret.secret);
    other.customer(json!({})).await;
    shop.secret().customer(json!({})).await;
    other.customer(json!({})).await;
    let own = shop.secret().get("/v1/changes").await.expect(200);
    assert_eq!(own["items"].as_array().unwrap().len(), 1);
    let others = other.get("/v1/changes?after=1").await.expect(200);
    assert_eq!(others["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_wait_ends_with_the_change_or_with_the_time() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let nothing = api.get("/v1/changes?wait_ms=20").await.expect(200);
    assert_eq!(nothing["items"], json!([]));
    let waiting = tokio::spawn({
        let api = api.clone();
        async move { api.get("/v1/changes?after=0&wait_ms=15000").await.expect(200) }
    });
    let id = api.customer(json!({})).await;
    let woken = waiting.await.unwrap();
    assert_eq!(woken["items"][0]["subject"], id.as_str());
}

/// Trims all but the newest changes of test mode, and says up to where.
async fn trim(shop: &Shop, kept: i64) -> i64 {
    let (now, random) = (shop.clock.now(), Arc::clone(&shop.random));
    let what = Trimming { kept, least: 1, ..Trimming::before(now.plus_seconds(1)) };
    let step = shop.app.service(Mode::Test).store().write(move |transaction| {
        let actor = Actor::system();
        transaction.trim_feed(&Authorship::new(&actor, now, random.as_ref()), &what)
    });
    step.await.map_err(|error: WriteError<StorageError>| error).unwrap().value.unwrap().through
}

#[tokio::test]
async fn who_asks_for_changes_that_were_trimmed_is_told_where_to_go_on() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let id = api.customer(json!({"email": "a@example.com"})).await;
    for name in ["b", "c", "d"] {
        api.customer(json!({"email": format!("{name}@example.com")})).await;
    }
    api.patch(&format!("/v1/customers/{id}"), json!({"name": "Ada"})).await.expect(200);
    assert_eq!(trim(&shop, 2).await, 3);
    for after in ["", "?after=0", "?after=2", "?after=2&wait_ms=15000"] {
        let refused = api.get(&format!("/v1/changes{after}")).await.expect(410);
        let error = &refused["error"];
        assert_eq!(
            (&error["code"], &error["trimmedThrough"]),
            (&json!("not_retained"), &json!(3)),
            "{after}"
        );
        assert_eq!(error["details"][0]["path"], "after");
        let said = error["message"].as_str().unwrap();
        assert!(said.contains("up to 3") && said.contains("after=3"), "{said}");
    }
    let rest = api.get("/v1/changes?after=3").await.expect(200);
    let sequences: Vec<i64> =
        rest["items"].as_array().unwrap().iter().map(|item| item["sequence"].as_i64().unwrap()).collect();
    assert_eq!(sequences, [4, 5], "and no record of the trimming, which is nobody's");
    assert_eq!(rest["nextCursor"], "6");
    let history = api.get(&format!("/v1/customers/{id}/history")).await.expect(200);
    assert_eq!(history["items"].as_array().unwrap().len(), 1, "what is kept: {history}");
    assert_eq!(api.get(&format!("/v1/customers/{id}")).await.expect(200)["name"], "Ada");
    // Another merchant is told the same, and nothing of whose changes they were.
    let other = shop.bearer(&shop.another_merchant("Second").test.secret.secret);
    assert_eq!(other.get("/v1/changes").await.expect(410)["error"]["trimmedThrough"], 3);
    assert_eq!(other.get("/v1/changes?after=3").await.expect(200)["items"], json!([]));
}

#[tokio::test]
async fn who_waits_while_the_feed_is_trimmed_is_told_so() {
    let shop = Shop::open().await;
    let api = shop.secret();
    api.customer(json!({})).await;
    let waiting = tokio::spawn({
        let api = api.clone();
        async move { api.get("/v1/changes?after=1&wait_ms=15000").await }
    });
    // Changes of another merchant, among which nothing is for the one that waits.
    let other = shop.bearer(&shop.another_merchant("Second").test.secret.secret);
    for _ in 0..3 {
        other.customer(json!({})).await;
    }
    assert_eq!(trim(&shop, 1).await, 3);
    waiting.await.unwrap().expect(410);
}

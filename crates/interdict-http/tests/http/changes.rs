//! `GET /v1/changes`: in order, no hole, and a wait for what is to come.

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

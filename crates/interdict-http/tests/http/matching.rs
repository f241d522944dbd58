//! For which addresses a listed email stands: as the merchant chose when it was listed.

use serde_json::{Value, json};

use crate::api::Api;
use crate::shop::Shop;

async fn choose(api: &Api, matching: &str) {
    api.patch("/v1/settings", json!({"emailMatching": matching})).await.expect(200);
}

async fn rule(api: &Api, email: &str) -> Value {
    let decision = api.decide(json!({"initiator": "customer", "email": email, "explain": true})).await;
    let lookups = decision["explanation"]["lookups"].as_array().unwrap();
    lookups.iter().find(|lookup| lookup["hit"] == true).map_or(Value::Null, |lookup| lookup["rule"].clone())
}

#[tokio::test]
async fn an_entry_keeps_the_rule_that_held_when_it_was_made() {
    let shop = Shop::open().await;
    let api = shop.secret();
    assert_eq!(api.get("/v1/settings").await.json()["emailMatching"], "exact");
    let exact = api.post("/blacklist", json!({"email": "ann+a@shop.example"})).await.expect(201);
    choose(&api, "plus_alias").await;
    let plus = api.post("/blacklist", json!({"email": "Bob+A@shop.example"})).await.expect(201);
    assert_eq!(plus["email"], "bob@shop.example");
    choose(&api, "provider").await;
    let mailbox = json!({"list": "block", "kind": "email", "value": "c.y+a@gmail.com"});
    let provider = api.post("/v1/entries", mailbox).await.expect(201);
    assert_eq!((&provider["value"], &provider["matching"]), (&json!("cy@gmail.com"), &json!("provider")));
    for (email, wanted) in [
        ("ann+a@shop.example", json!("exact")),
        ("ann@shop.example", Value::Null),
        ("bob+other@shop.example", json!("plus_alias")),
        ("b.ob@shop.example", Value::Null),
        ("c.y@googlemail.com", json!("provider")),
        ("c.y@shop.example", Value::Null),
    ] {
        assert_eq!(rule(&api, email).await, wanted, "{email}");
    }
    // The same again is the same entry, whatever its tag, and one that stood for itself goes on to.
    let again = api.post("/v1/entries", json!({"list": "block", "kind": "email", "value": "cy+b@gmail.com"}));
    assert_eq!(again.await.expect(200)["id"], provider["id"]);
    let again = api.post("/blacklist", json!({"email": "ann+a@shop.example", "reason": "again"})).await;
    assert_eq!(again.expect(200)["id"], exact["id"]);
    let shown = api.get(&format!("/v1/entries/{}", exact["id"].as_str().unwrap())).await.expect(200);
    assert_eq!(shown.get("matching"), None);
    // Lifted as one.
    api.delete(&format!("/blacklist/{}", plus["id"].as_str().unwrap())).await;
    assert_eq!(rule(&api, "bob+other@shop.example").await, Value::Null);
}

#[tokio::test]
async fn whoever_is_erased_stays_blocked_under_every_address() {
    let shop = Shop::open().await;
    let api = shop.secret();
    choose(&api, "plus_alias").await;
    let id = api.customer(json!({"email": "ann+shop@shop.example"})).await;
    let entry = api.entry(
        json!({"list": "block", "kind": "email", "value": "ann+x@shop.example", "reason": "Ann's own"}),
    );
    let entry = entry.await;
    let erased = api.delete(&format!("/v1/customers/{id}")).await.expect(200);
    assert_eq!(erased["blocksKept"], 1);
    assert_eq!(rule(&api, "ann+new@shop.example").await, "plus_alias");
    let tombstone = api.get(&format!("/v1/entries/{entry}")).await.expect(200);
    assert_eq!((&tombstone["value"], &tombstone["reason"]), (&Value::Null, &Value::Null));
    // A start loads it like everything else.
    let again = shop.restart().await;
    assert_eq!(rule(&again.secret(), "ann+newer@shop.example").await, "plus_alias");
}

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

#[tokio::test]
async fn a_reason_says_by_which_rule_an_email_matched_where_it_is_not_exact() {
    let shop = Shop::open().await;
    let api = shop.secret();
    api.entry(json!({"list": "block", "kind": "email", "value": "ann@shop.example"})).await;
    choose(&api, "provider").await;
    api.entry(json!({"list": "block", "kind": "email", "value": "c.y@gmail.com"})).await;
    let reason = async |attempt: Value| api.decide(attempt).await["reasons"][0].clone();
    let found = reason(json!({"initiator": "customer", "email": "cy+tag@googlemail.com"})).await;
    assert_eq!((&found["matching"], &found["value"]), (&json!("provider"), &json!("cy@gmail.com")));
    let exact = reason(json!({"initiator": "customer", "email": "ann@shop.example"})).await;
    assert_eq!(exact.get("matching"), None);
    // So it is in the log, in a batch and in a customer's standing.
    let id = api.decide(json!({"initiator": "customer", "email": "c.y@gmail.com"})).await["id"].clone();
    let kept = api.get(&format!("/v1/decisions/{}", id.as_str().unwrap())).await.expect(200);
    assert_eq!(kept["reasons"][0]["matching"], "provider");
    let batch = json!({"decisions": [{"initiator": "customer", "email": "c.y@gmail.com"}]});
    let results = api.post("/v1/decisions/batch", batch).await.expect(200)["results"].clone();
    assert_eq!(results[0]["reasons"][0]["matching"], "provider");
    let customer = api.customer(json!({"email": "cy+shop@gmail.com"})).await;
    let standing = api.get(&format!("/v1/customers/{customer}/standing")).await.expect(200);
    assert_eq!(standing["cit"]["sources"][0]["matching"], "provider");
}

#[tokio::test]
async fn an_address_listed_exactly_beside_its_mailbox_is_an_entry_of_its_own() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let john = json!({"list": "block", "kind": "email", "value": "john@gmail.com"});
    choose(&api, "provider").await;
    let mailbox = api.post("/v1/entries", john.clone()).await.expect(201);
    choose(&api, "exact").await;
    let exact = api.post("/v1/entries", john.clone()).await.expect(201);
    assert_eq!((&exact["value"], exact.get("matching")), (&mailbox["value"], None));
    // Each is changed and deleted by itself, and the address alone is found by both.
    assert_eq!(api.post("/v1/entries", john).await.expect(200)["id"], exact["id"]);
    let decision = api.decide(json!({"initiator": "customer", "email": "john@gmail.com"})).await;
    assert_eq!(decision["reasons"].as_array().unwrap().len(), 2);
    assert_eq!(rule(&api, "jo.hn+tag@gmail.com").await, "provider");
    api.delete(&format!("/v1/entries/{}", mailbox["id"].as_str().unwrap())).await;
    assert_eq!(rule(&api, "john@gmail.com").await, "exact");
    assert_eq!(rule(&api, "jo.hn@gmail.com").await, Value::Null);
}

//! `POST /v1/lookup`: who it is, what stands for or against them, and what was done.

use serde_json::{Value, json};

use crate::shop::Shop;

fn texts<'a>(items: &'a Value, name: &str) -> Vec<&'a str> {
    items.as_array().unwrap().iter().map(|item| item[name].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_person_is_found_by_anything_and_every_entry_says_why() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let ada = api.customer(json!({"email": "ada@shop.example", "merchantRef": "r-1"})).await;
    let twin = api.customer(json!({"email": "ada@shop.example"})).await;
    api.post(&format!("/v1/customers/{twin}/blacklist"), json!({"reason": "lied"})).await.expect(200);
    let exact = api
        .entry(json!({"list": "allow", "kind": "email", "value": "ada@shop.example", "reason": "known"}))
        .await;
    let domain = api.entry(json!({"list": "block", "kind": "emailDomain", "value": "shop.example"})).await;
    let range = json!({"list": "block", "kind": "ip", "value": "203.0.113.0/24",
        "startsAt": shop.clock.in_seconds(60)});
    let range = api.entry(range).await;
    let reply = api.post("/v1/lookup", json!({"email": " ADA@shop.example", "ip": "203.0.113.7"})).await;
    let found = reply.expect(200);

    let (mut ids, mut both) = (texts(&found["customers"], "id"), [ada.as_str(), twin.as_str()]);
    ids.sort_unstable();
    both.sort_unstable();
    assert_eq!(ids, both);
    assert_eq!(texts(&found["customers"], "foundBy"), ["email", "email"]);
    let customers = found["customers"].as_array().unwrap();
    let listed = customers.iter().find(|customer| customer["id"] == twin.as_str()).unwrap();
    assert_eq!(listed["cit"]["code"], "customer_blacklisted");
    let standing = api.get(&format!("/v1/customers/{twin}/standing")).await.expect(200);
    assert_eq!((&listed["cit"], &listed["mit"]), (&standing["cit"], &standing["mit"]));
    assert_eq!(found["hasMoreCustomers"], false);

    let email = &found["identifiers"][0];
    assert_eq!((&email["kind"], &email["value"]), (&json!("email"), &json!("ada@shop.example")));
    let matches = email["matches"].as_array().unwrap();
    assert_eq!(matches[0]["entry"], api.get(&format!("/v1/entries/{exact}")).await.expect(200));
    assert_eq!((&matches[0]["rule"], &matches[0]["inForce"]), (&json!("exact"), &json!(true)));
    assert_eq!((&matches[1]["entry"]["id"], &matches[1]["rule"]), (&json!(domain), &json!("domain")));
    assert_eq!(texts(&email["history"], "action"), ["entry.created"]);
    let address = &found["identifiers"][1]["matches"][0];
    assert_eq!((&address["entry"]["id"], &address["rule"]), (&json!(range), &json!("range")));
    assert_eq!((&address["inForce"], &address["outOfForce"]), (&json!(false), &json!("not_begun")));

    // All of it together, as a decision says it.
    let decided =
        api.decide(json!({"initiator": "customer", "email": "ada@shop.example", "dryRun": true})).await;
    assert_eq!(found["standing"]["cit"]["code"], decided["code"]);
    assert_eq!(found["standing"]["cit"]["sources"], decided["reasons"]);
    assert_eq!(found["revision"], reply.revision());
    // Looking counts no hit, and is not kept.
    assert_eq!(api.get(&format!("/v1/entries/{domain}")).await.expect(200)["hitCount"], 0);
    assert_eq!(api.get("/v1/decisions").await.expect(200)["items"], json!([]));
}

#[tokio::test]
async fn what_was_deleted_stands_in_the_history_with_who_did_it() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let entry = json!({"list": "block", "kind": "device", "value": "d-1", "reason": "ring 7"});
    let id = api.entry(entry).await;
    api.patch(&format!("/v1/entries/{id}"), json!({"reason": "ring 8"})).await.expect(200);
    api.delete(&format!("/v1/entries/{id}")).await.expect(204);
    let found = api.post("/v1/lookup", json!({"device": "d-1"})).await.expect(200);
    let device = &found["identifiers"][0];
    assert_eq!(device["matches"], json!([]));
    assert_eq!(texts(&device["history"], "action"), ["entry.deleted", "entry.updated", "entry.created"]);
    let deleted = &device["history"][0];
    assert_eq!((&deleted["before"]["reason"], &deleted["after"]), (&json!("ring 8"), &Value::Null));
    assert_eq!(deleted["actor"]["label"], shop.merchant.test.secret.credential.name.as_str());
    assert_eq!(found["standing"]["mit"]["code"], "default");
    // Another merchant's is not there, and neither is the other mode's.
    let other = shop.bearer(&shop.another_merchant("Second").test.secret.secret);
    for stranger in [shop.live(), other] {
        let found = stranger.post("/v1/lookup", json!({"device": "d-1"})).await.expect(200);
        assert_eq!(found["identifiers"][0]["history"], json!([]));
    }
}

#[tokio::test]
async fn a_question_that_names_nobody_is_refused() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let id = api.customer(json!({"merchantRef": "r-1"})).await;
    for nothing in [json!({}), json!({"email": null})] {
        assert_eq!(api.post("/v1/lookup", nothing).await.paths(), [""]);
    }
    assert_eq!(
        api.post("/v1/lookup", json!({"email": "nonsense", "who": 1})).await.paths(),
        ["email", "who"]
    );
    let disagree = json!({"customer": id, "merchantRef": "r-2"});
    assert_eq!(api.post("/v1/lookup", disagree).await.paths(), ["merchantRef"]);
    for nobody in ["cus_2R0uWz4tu9wxTMBXxj9CJfSE9vV", "cus_1"] {
        assert_eq!(api.post("/v1/lookup", json!({"customer": nobody})).await.refused(404), "not_found");
    }
    // A ref that nobody has is an answer, too.
    let found = api.post("/v1/lookup", json!({"merchantRef": "r-2"})).await.expect(200);
    assert_eq!(found["customers"], json!([]));
}

//! `POST /v1/decisions/replay`: what an attempt would have got at an earlier revision.

use serde_json::{Value, json};

use crate::api::Api;
use crate::shop::Shop;

async fn judged(api: &Api, mut attempt: Value, revision: i64) -> Value {
    attempt["revision"] = json!(revision);
    api.post("/v1/decisions/replay", attempt).await.expect(200)
}

#[tokio::test]
async fn every_revision_says_what_was_said_then() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let attempt = || json!({"initiator": "customer", "email": "ada@shop.example", "explain": true});
    let mut said = Vec::new();
    // Answers differ in their id alone.
    let kept = |mut answer: Value| {
        answer.as_object_mut().unwrap().remove("id");
        answer.as_object_mut().unwrap().remove("explanation");
        answer
    };
    let id = api.customer(json!({"email": "ada@shop.example"})).await;
    said.push(kept(api.decide(attempt()).await));
    shop.clock.advance(1);
    api.post(&format!("/v1/customers/{id}/blacklist"), json!({"reason": "lied"})).await.expect(200);
    said.push(kept(api.decide(attempt()).await));
    shop.clock.advance(1);
    let entry = api
        .entry(json!({"list": "block", "kind": "emailDomain", "value": "shop.example", "reason": "ring"}))
        .await;
    said.push(kept(api.decide(attempt()).await));
    shop.clock.advance(1);
    api.patch(&format!("/v1/customers/{id}"), json!({"email": "new@shop.example"})).await.expect(200);
    said.push(kept(api.decide(attempt()).await));
    shop.clock.advance(1);
    api.delete(&format!("/v1/entries/{entry}")).await.expect(204);
    said.push(kept(api.decide(attempt()).await));

    let codes: Vec<&str> = said.iter().map(|said| said["code"].as_str().unwrap()).collect();
    assert_eq!(
        codes,
        ["default", "customer_blacklisted", "customer_blacklisted", "identifier_blacklisted", "default"]
    );
    for (revision, mut said) in (1..).zip(said) {
        said["erased"] = json!(false);
        let again = judged(&api, attempt(), revision).await;
        assert!(again["explanation"]["tiers"].is_array());
        assert_eq!(kept(again), said, "at {revision}");
    }
    let logged = api.get("/v1/decisions?email=ada@shop.example").await.expect(200);
    assert_eq!(logged["items"].as_array().unwrap().len(), 5, "a replay is not kept");
}

#[tokio::test]
async fn windows_are_judged_at_the_moment_of_the_revision_or_at_another() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let entry = json!({"list": "block", "kind": "email", "value": "a@example.com",
        "expiresAt": shop.clock.in_seconds(60)});
    api.entry(entry).await;
    api.post("/v1/test-clock/advance", json!({"seconds": 3_600})).await.expect(200);
    let attempt = |at: Value| json!({"initiator": "customer", "email": "a@example.com", "at": at});
    assert_eq!(judged(&api, attempt(Value::Null), 1).await["outcome"], "block");
    // The test clock was ahead by then.
    assert_eq!(judged(&api, attempt(Value::Null), 2).await["outcome"], "allow");
    let (before, after) = (shop.clock.in_seconds(59), shop.clock.in_seconds(60));
    for (at, outcome) in [(before, "block"), (after, "allow")] {
        let judged = judged(&api, attempt(json!(at)), 1).await;
        assert_eq!((&judged["outcome"], &judged["decidedAt"]), (&json!(outcome), &json!(at)));
    }
}

#[tokio::test]
async fn of_who_was_erased_the_blocks_are_left_without_words() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let id = api.customer(json!({"email": "erasee@example.com", "merchantRef": "r-1"})).await;
    api.post(&format!("/v1/customers/{id}/blacklist"), json!({"reason": "internal words"})).await.expect(200);
    api.delete(&format!("/v1/customers/{id}")).await.expect(200);
    for revision in [2, 3] {
        let again =
            judged(&api, json!({"initiator": "customer", "email": "erasee@example.com"}), revision).await;
        assert_eq!((&again["outcome"], &again["erased"]), (&json!("block"), &json!(true)), "{again}");
        assert!(!again.to_string().contains("internal words"), "{again}");
    }
    let before = judged(&api, json!({"initiator": "customer", "email": "erasee@example.com"}), 1).await;
    assert_eq!((&before["code"], &before["erased"]), (&json!("default"), &json!(true)));
}

#[tokio::test]
async fn a_revision_that_is_not_there_is_refused() {
    let shop = Shop::open().await;
    let api = shop.secret();
    api.customer(json!({"email": "a@example.com"})).await;
    let attempt =
        |revision: Value| json!({"initiator": "customer", "email": "a@example.com", "revision": revision});
    let replay = async |body: Value| api.post("/v1/decisions/replay", body).await;
    for revision in [json!(2), json!(0), json!(-1), json!("1"), Value::Null] {
        assert_eq!(replay(attempt(revision.clone())).await.paths(), ["revision"], "{revision}");
    }
    let missing = json!({"initiator": "customer", "email": "a@example.com"});
    assert_eq!(replay(missing).await.paths(), ["revision"]);
    for (name, value) in [("email", json!("nonsense")), ("at", json!("soon")), ("who", json!(1))] {
        let mut bad = attempt(json!(1));
        bad[name] = value;
        assert_eq!(replay(bad).await.paths(), [name]);
    }
    // Who came later was nobody then.
    let late = api.customer(json!({})).await;
    let early = json!({"initiator": "customer", "customer": late, "revision": 1});
    assert_eq!(replay(early).await.refused(404), "not_found");
    let reading = shop.key(interdict_domain::credential::CredentialKind::Secret, "customers:read", None);
    let refused = shop.bearer(&reading.secret).post("/v1/decisions/replay", attempt(json!(1))).await;
    assert_eq!(refused.refused(403), "forbidden");
}

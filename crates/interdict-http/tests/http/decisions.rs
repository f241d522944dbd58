//! `POST /v1/decisions`: which customers count, the order, the message, what is refused.

use serde_json::{Value, json};

use crate::shop::Shop;

#[tokio::test]
async fn a_decision_has_every_field() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let id = api.customer(json!({"email": "a@example.com", "merchantRef": "r-1"})).await;
    api.post(&format!("/v1/customers/{id}/blacklist"), json!({"reason": "internal words"})).await.expect(200);
    let reply = api
        .post(
            "/v1/decisions",
            json!({"initiator": "customer", "merchantRef": "r-1", "amount": 500, "currency": "ngn"}),
        )
        .await;
    let decision = reply.expect(200);
    assert!(decision["id"].as_str().unwrap().starts_with("dec_"), "{decision}");
    assert!(decision["message"].is_string());
    assert!(!decision["message"].as_str().unwrap().contains("internal"));
    let expected = json!({"id": decision["id"], "outcome": "block", "code": "customer_blacklisted",
        "message": decision["message"], "initiator": "customer", "customer": id,
        "reasons": [{"tier": 2, "code": "customer_blacklisted", "source": "listStatus", "entry": null,
            "customer": id, "kind": null, "value": null, "reason": "internal words"}],
        "revision": 2, "degraded": false, "decidedAt": shop.clock.in_seconds(0)});
    assert_eq!(decision, expected);
    assert_eq!(reply.revision(), 2);
    let allowed = api.decide(json!({"initiator": "merchant", "email": "nobody@example.com"})).await;
    assert_eq!((&allowed["outcome"], &allowed["code"]), (&json!("allow"), &json!("default")));
    assert_eq!((&allowed["customer"], &allowed["reasons"]), (&Value::Null, &json!([])));
}

#[tokio::test]
async fn the_payer_is_told_the_public_message_only() {
    let shop = Shop::open().await;
    let api = shop.secret();
    api.entry(json!({"list": "block", "kind": "email", "value": "a@example.com", "reason": "ring 7",
        "publicMessage": "Call 0800 1."}))
        .await;
    let decision = api.decide(json!({"initiator": "customer", "email": "a@example.com"})).await;
    assert_eq!(decision["message"], "Call 0800 1.");
    assert_eq!(decision["reasons"][0]["reason"], "ring 7");
}

#[tokio::test]
async fn blocks_of_everyone_who_shares_an_email_or_phone_count() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let black = api.customer(json!({"email": "a@example.com", "phone": "+2348012345678"})).await;
    let same_email = api.customer(json!({"email": "a@example.com"})).await;
    let same_phone = api.customer(json!({"phone": "+2348012345678"})).await;
    api.post(&format!("/v1/customers/{black}/blacklist"), json!({})).await.expect(200);
    for attempt in [
        json!({"customer": black}),
        json!({"customer": same_email}),
        json!({"customer": same_phone}),
        json!({"email": "a@example.com"}),
        json!({"phone": "2348012345678"}),
    ] {
        let mut body = attempt.clone();
        body["initiator"] = json!("customer");
        assert_eq!(api.decide(body).await["code"], "customer_blacklisted", "{attempt}");
    }
    // A whitelist counts only for the customer that is named.
    api.post(&format!("/v1/customers/{black}/whitelist"), json!({})).await.expect(200);
    assert_eq!(api.code_for("a@example.com").await, "default");
    let named = api.decide(json!({"initiator": "customer", "customer": black})).await;
    assert_eq!(named["code"], "customer_whitelisted");
    let shared = api.decide(json!({"initiator": "customer", "customer": same_email})).await;
    assert_eq!(shared["code"], "default");
}

#[tokio::test]
async fn every_source_is_listed_and_the_first_tier_decides() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let id = api.customer(json!({"email": "a@example.com", "merchantRef": "r"})).await;
    let entry = api.entry(json!({"list": "block", "kind": "email", "value": "a@example.com"})).await;
    api.entry(json!({"list": "allow", "kind": "email", "value": "a@example.com"})).await;
    api.post(&format!("/v1/customers/{id}/blacklist"), json!({})).await.expect(200);
    api.post(&format!("/customers/{id}/restrictions"), json!({"restrictCit": true})).await.expect(200);
    let attempt = json!({"initiator": "customer", "merchantRef": "r"});
    let tiers = async || {
        let decision = api.decide(attempt.clone()).await;
        let tiers =
            decision["reasons"].as_array().unwrap().iter().map(|reason| reason["tier"].as_u64().unwrap());
        (decision["code"].as_str().unwrap().to_owned(), tiers.collect::<Vec<_>>())
    };
    assert_eq!(tiers().await, ("customer_restricted".to_owned(), vec![1, 2, 3, 5]));
    api.post(&format!("/customers/{id}/restrictions"), json!({"restrictCit": false})).await.expect(200);
    assert_eq!(tiers().await, ("customer_blacklisted".to_owned(), vec![2, 3, 5]));
    api.post(&format!("/v1/customers/{id}/whitelist"), json!({})).await.expect(200);
    assert_eq!(tiers().await, ("identifier_blacklisted".to_owned(), vec![3, 4, 5]));
    api.patch(&format!("/v1/entries/{entry}"), json!({"strength": "soft"})).await.expect(200);
    assert_eq!(tiers().await, ("customer_whitelisted".to_owned(), vec![4, 5, 6]));
    api.delete(&format!("/v1/customers/{id}/whitelist")).await.expect(200);
    assert_eq!(tiers().await, ("identifier_whitelisted".to_owned(), vec![5, 6]));
}

#[tokio::test]
async fn what_a_payer_typed_matches_blocks_only() {
    let shop = Shop::open().await;
    let api = shop.secret();
    api.entry(json!({"list": "allow", "kind": "email", "value": "vip@example.com"})).await;
    let mut attempt = json!({"initiator": "customer", "email": "vip@example.com"});
    assert_eq!(api.decide(attempt.clone()).await["code"], "identifier_whitelisted");
    attempt["unverified"] = json!(["email"]);
    assert_eq!(api.decide(attempt.clone()).await["code"], "default");
    api.entry(json!({"list": "block", "kind": "email", "value": "vip@example.com"})).await;
    assert_eq!(api.decide(attempt).await["code"], "identifier_blacklisted");
}

#[tokio::test]
async fn who_is_not_known_is_told_apart() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let id = api.customer(json!({"merchantRef": "r-1"})).await;
    let nobody = "cus_2R0uWz4tu9wxTMBXxj9CJfSE9vV";
    let post = async |mut body: Value| {
        body["initiator"] = json!("customer");
        api.post("/v1/decisions", body).await
    };
    for nobody in [nobody, "cus_", "cus_nobody", "cus_does_not_exist", "cus_é"] {
        assert_eq!(post(json!({"customer": nobody})).await.refused(404), "not_found", "{nobody}");
    }
    assert_eq!(post(json!({"merchantRef": "r-2"})).await.expect(200)["customer"], Value::Null);
    assert_eq!(post(json!({"customer": id, "merchantRef": "r-1"})).await.expect(200)["customer"], json!(id));
    assert_eq!(post(json!({"customer": id, "merchantRef": "r-2"})).await.paths(), ["merchantRef"]);
    assert_eq!(post(json!({})).await.refused(422), "validation_error");
    assert_eq!(post(json!({"amount": 1})).await.refused(422), "validation_error");
}

#[tokio::test]
async fn what_is_wrong_with_an_attempt_is_named() {
    let shop = Shop::open().await;
    let api = shop.secret();
    for (field, value) in [
        ("initiator", json!("shop")),
        ("initiator", json!(null)),
        ("customer", json!("nobody")),
        ("customer", json!(5)),
        ("email", json!("not an email")),
        ("email", json!(["a@example.com"])),
        ("phone", json!("12")),
        ("ip", json!("300.1.1.1")),
        ("country", json!("Nigeria")),
        ("iban", json!("DE00")),
        ("bin", json!("42")),
        ("amount", json!("500")),
        ("amount", json!(1.5)),
        ("currency", json!("naira")),
        ("explain", json!("yes")),
        ("dryRun", json!(1)),
        ("unverified", json!("email")),
        ("unverified", json!(["email", "email"])),
        ("colour", json!("red")),
    ] {
        let mut body = json!({"initiator": "customer", "email": "a@example.com"});
        body[field] = value.clone();
        assert_eq!(api.post("/v1/decisions", body).await.paths(), [field], "{field}: {value}");
    }
    let unverified =
        json!({"initiator": "customer", "email": "a@example.com", "unverified": ["email", "mail"]});
    assert_eq!(api.post("/v1/decisions", unverified).await.paths(), ["unverified.1"]);
    let twice = r#"{"initiator":"customer","email":"a@example.com","email":"b@example.com"}"#;
    assert_eq!(api.post_text("/v1/decisions", twice).await.paths(), ["email"]);
    assert_eq!(api.post_empty("/v1/decisions").await.paths(), ["initiator"]);
}

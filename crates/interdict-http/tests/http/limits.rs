//! Exemptions with limits: by amount, in the decision and in each way to be charged, and ended by a chargeback.

use serde_json::{Value, json};

use crate::imports::import;
use crate::shop::{Api, Shop};

const ADA: &str = "ada@example.com";

/// Softly blocked, and exempt up to an amount.
async fn exempt(api: &Api, limits: Value) -> String {
    api.entry(json!({"list": "block", "kind": "email", "value": ADA, "strength": "soft"})).await;
    api.entry(json!({"list": "allow", "kind": "email", "value": ADA, "limits": limits})).await
}

async fn code(api: &Api, mut attempt: Value) -> Value {
    attempt["initiator"] = json!("customer");
    attempt["email"] = json!(ADA);
    api.decide(attempt).await["code"].clone()
}

#[tokio::test]
async fn an_exemption_holds_up_to_its_amount_in_its_currency() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let id = exempt(&api, json!({"maxAmount": 5_000, "currency": "eur"})).await;
    let entry = api.get(&format!("/v1/entries/{id}")).await.expect(200);
    let limits = json!({"maxAmount": 5_000, "currency": "EUR", "lapsesOnChargeback": false});
    assert_eq!(entry["limits"], limits);
    let exempt = json!("identifier_whitelisted");
    assert_eq!(code(&api, json!({"amount": 5_000, "currency": "EUR"})).await, exempt);
    for attempt in [
        json!({}),
        json!({"amount": 5_001, "currency": "EUR"}),
        // Naira, when nothing is said.
        json!({"amount": 1}),
    ] {
        assert_eq!(code(&api, attempt.clone()).await, json!("identifier_blacklisted"), "{attempt}");
    }
    // In a batch as by itself.
    let attempt =
        |amount: u32| json!({"initiator": "customer", "email": ADA, "amount": amount, "currency": "EUR"});
    let batch = json!({"decisions": [attempt(5_000), attempt(5_001)]});
    let results = api.post("/v1/decisions/batch", batch).await.expect(200)["results"].clone();
    assert_eq!((&results[0]["outcome"], &results[1]["outcome"]), (&json!("allow"), &json!("block")));
    // Without limits again.
    let path = format!("/v1/entries/{id}");
    let lifted = api.patch(&path, json!({"limits": null})).await.expect(200);
    assert_eq!(lifted.get("limits"), None);
    assert_eq!(code(&api, json!({})).await, exempt);
}

#[tokio::test]
async fn a_payment_is_exempt_by_what_it_is_for() {
    let shop = Shop::open().await;
    let api = shop.secret();
    exempt(&api, json!({"maxAmount": 5_000, "currency": "NGN"})).await;
    let pays = async |amount: u32| {
        let body = json!({"amount": amount, "currency": "NGN", "email": ADA, "initiator": "customer"});
        api.post("/payments", body).await
    };
    pays(5_000).await.expect(201);
    let refused = pays(5_001).await.expect(403);
    assert_eq!(refused["error"]["code"], "identifier_blacklisted");
}

#[tokio::test]
async fn a_chargeback_ends_an_exemption_that_says_so_and_a_reversal_does_not_bring_it_back() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let kept = api.entry(json!({"list": "allow", "kind": "email", "value": "kept@example.com"})).await;
    let lapsing = exempt(&api, json!({"lapsesOnChargeback": true})).await;
    let ada = api.customer(json!({"email": ADA})).await;
    let kept_payment = api.paid(json!({"email": "kept@example.com"})).await;
    let payment = api.paid(json!({"customer": ada})).await;
    shop.clock.advance(60);
    for payment in [&kept_payment, &payment] {
        api.charge_back(payment, json!({})).await.expect(200);
    }
    assert_eq!(code(&api, json!({})).await, json!("identifier_blacklisted"));
    let ended = api.get(&format!("/v1/entries/{lapsing}")).await.expect(200);
    assert_eq!(ended["expiresAt"], shop.clock.in_seconds(0));
    assert_eq!(api.get(&format!("/v1/entries/{kept}")).await.expect(200)["expiresAt"], Value::Null);
    let csv = api.get("/v1/entries/export?list=allow&format=csv").await.text();
    let again = import(&shop, "list=allow", &csv).await;
    assert_eq!((&again["unchanged"], &again["bad"]), (&json!(2), &json!(0)), "{again}");
    let actions: Vec<Value> = api.get("/v1/changes").await.expect(200)["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| change["action"].clone())
        .collect();
    assert_eq!(actions.iter().filter(|action| **action == "entry.lapsed").count(), 1);
}

#[tokio::test]
async fn a_chargeback_ends_an_exemption_of_the_domain_and_of_the_domains_above_it() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let lapsing = json!({"lapsesOnChargeback": true});
    let mut listed = Vec::new();
    for domain in ["pay.example.com", "example.com", "example.org"] {
        listed.push(
            api.entry(json!({"list": "allow", "kind": "emailDomain", "value": domain, "limits": lapsing}))
                .await,
        );
    }
    let payment = api.paid(json!({"email": "ada@pay.example.com"})).await;
    shop.clock.advance(60);
    api.charge_back(&payment, json!({})).await.expect(200);
    for (id, ends) in
        listed.iter().zip([json!(shop.clock.in_seconds(0)), json!(shop.clock.in_seconds(0)), Value::Null])
    {
        assert_eq!(api.get(&format!("/v1/entries/{id}")).await.expect(200)["expiresAt"], ends);
    }
}

#[tokio::test]
async fn an_exemption_of_which_no_chargeback_says_whose_it_is_cannot_lapse_with_one() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let lapsing = json!({"maxAmount": 5_000, "lapsesOnChargeback": true});
    for (kind, value) in [
        ("ip", "203.0.113.0/24"),
        ("device", "d"),
        ("cardFingerprint", "f"),
        ("bin", "424242"),
        ("iban", "DE89370400440532013000"),
        ("country", "NG"),
    ] {
        let body = json!({"list": "allow", "kind": kind, "value": value, "limits": lapsing});
        for path in ["/v1/entries", "/v1/entries/preview"] {
            assert_eq!(
                api.post(path, body.clone()).await.paths(),
                ["limits.lapsesOnChargeback"],
                "{kind} {path}"
            );
        }
        let id = api.entry(json!({"list": "allow", "kind": kind, "value": value})).await;
        let path = format!("/v1/entries/{id}");
        assert_eq!(
            api.patch(&path, json!({"limits": lapsing})).await.paths(),
            ["limits.lapsesOnChargeback"],
            "{kind}"
        );
        api.patch(&path, json!({"limits": {"maxAmount": 5_000}})).await.expect(200);
    }
    for (kind, value) in
        [("email", ADA), ("emailDomain", "example.com"), ("phone", "+2348012345678"), ("merchantRef", "r-1")]
    {
        api.entry(json!({"list": "allow", "kind": kind, "value": value, "limits": lapsing})).await;
    }
}

#[tokio::test]
async fn limits_that_mean_nothing_are_refused() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let refused = async |list: &str, limits: Value| -> Value {
        let body = json!({"list": list, "kind": "email", "value": ADA, "limits": limits});
        let reply = api.post("/v1/entries", body).await.expect(422);
        reply["error"]["details"][0]["path"].clone()
    };
    assert_eq!(refused("block", json!({"maxAmount": 5_000})).await, "limits");
    assert_eq!(refused("allow", json!({"maxAmount": 0})).await, "limits.maxAmount");
    assert_eq!(refused("allow", json!({"currency": "EUR"})).await, "limits.currency");
    assert_eq!(refused("allow", json!({"maxAmount": 1, "currency": "XXX"})).await, "limits.currency");
    assert_eq!(refused("allow", json!({"lapsesOnChargeback": "yes"})).await, "limits.lapsesOnChargeback");
    assert_eq!(refused("allow", json!({"most": 5_000})).await, "limits.most");
    let block = api.entry(json!({"list": "block", "kind": "email", "value": ADA})).await;
    let path = format!("/v1/entries/{block}");
    let reply = api.patch(&path, json!({"limits": {"maxAmount": 5_000}})).await.expect(422);
    assert_eq!(reply["error"]["details"][0]["path"], "limits");
}

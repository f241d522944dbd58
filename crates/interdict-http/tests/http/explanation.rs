//! `explain: true`: which customers counted, every lookup once, all seven tiers.

use serde_json::{Value, json};

use crate::shop::Shop;

fn tiers(decision: &Value) -> Vec<(u64, bool, Value)> {
    let tiers = decision["explanation"]["tiers"].as_array().unwrap();
    tiers
        .iter()
        .map(|tier| {
            (tier["tier"].as_u64().unwrap(), tier["reached"].as_bool().unwrap(), tier["outcome"].clone())
        })
        .collect()
}

#[tokio::test]
async fn an_explanation_has_all_seven_tiers_always() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let nothing =
        api.decide(json!({"initiator": "customer", "email": "a@example.com", "explain": true})).await;
    let none = Value::Null;
    let mut expected: Vec<_> = (1..=6).map(|tier| (tier, true, none.clone())).collect();
    expected.push((7, true, json!("allow")));
    assert_eq!(tiers(&nothing), expected);
    let entry = api.entry(json!({"list": "block", "kind": "email", "value": "a@example.com"})).await;
    let blocked =
        api.decide(json!({"initiator": "customer", "email": "a@example.com", "explain": true})).await;
    let reached: Vec<bool> = tiers(&blocked).into_iter().map(|(_, reached, _)| reached).collect();
    assert_eq!(reached, [true, true, true, false, false, false, false]);
    assert_eq!(tiers(&blocked)[2].2, "block");
    let lookups = blocked["explanation"]["lookups"].as_array().unwrap();
    let email = lookups.iter().find(|lookup| lookup["kind"] == "email").unwrap();
    assert_eq!(
        (&email["value"], &email["hit"], &email["entry"]),
        (&json!("a@example.com"), &json!(true), &json!(entry))
    );
    assert!(email["rule"].is_string());
    let plain =
        api.decide(json!({"initiator": "customer", "email": "a@example.com", "explain": false})).await;
    assert_eq!(plain.get("explanation"), None);
}

#[tokio::test]
async fn every_lookup_is_there_once() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let id =
        api.customer(json!({"email": "a@example.com", "phone": "+2348012345678", "merchantRef": "r"})).await;
    let other = api.customer(json!({"email": "a@example.com"})).await;
    let decision = api
        .decide(json!({"initiator": "customer", "customer": id, "email": "a@example.com", "merchantRef": "r",
            "device": "d-1", "ip": "192.0.2.1", "country": "ng", "explain": true}))
        .await;
    let lookups = decision["explanation"]["lookups"].as_array().unwrap();
    let mut seen: Vec<(String, String)> =
        lookups.iter().map(|lookup| (lookup["kind"].to_string(), lookup["value"].to_string())).collect();
    let all = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), all, "{lookups:#?}");
    for kind in ["email", "phone", "merchantRef", "device", "ip", "country"] {
        assert!(lookups.iter().any(|lookup| lookup["kind"] == kind), "{kind}");
    }
    let customers = decision["explanation"]["customers"].as_array().unwrap();
    let ids: Vec<&Value> = customers.iter().map(|customer| &customer["id"]).collect();
    assert_eq!(ids, [&json!(id), &json!(other)]);
    assert_eq!(
        (&customers[0]["whitelistApplies"], &customers[1]["whitelistApplies"]),
        (&json!(true), &json!(false))
    );
}

#[tokio::test]
async fn entries_that_are_there_and_do_not_count_are_named_with_why() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let (before, after) = (shop.clock.in_seconds(60), shop.clock.in_seconds(120));
    let mut listed = Vec::new();
    for (list, kind, value, terms) in [
        ("allow", "email", "a@example.com", json!({"limits": {"maxAmount": 5_000}})),
        ("block", "device", "d-1", json!({"scopes": ["mit"]})),
        ("block", "phone", "+2348012345678", json!({"startsAt": after})),
        ("block", "merchantRef", "r", json!({"expiresAt": before})),
        ("allow", "ip", "192.0.2.0/24", json!({})),
    ] {
        let mut entry = json!({"list": list, "kind": kind, "value": value});
        entry.as_object_mut().unwrap().extend(terms.as_object().unwrap().clone());
        listed.push(api.entry(entry).await);
    }
    shop.clock.advance(60);
    let attempt = json!({"initiator": "customer", "email": "a@example.com", "device": "d-1", "phone": "+2348012345678",
        "merchantRef": "r", "ip": "192.0.2.7", "unverified": ["ip"], "amount": 9_000, "explain": true});
    let decision = api.decide(attempt.clone()).await;
    assert_eq!(decision["code"], "default");
    let passed = |decision: &Value| {
        let lookups = decision["explanation"]["lookups"].as_array().unwrap();
        assert!(lookups.iter().all(|lookup| lookup["hit"] == false && lookup["entry"] == Value::Null));
        let mut passed: Vec<(String, String)> = lookups
            .iter()
            .filter_map(|lookup| lookup["passedOver"].as_array())
            .flatten()
            .map(|one| (one["entry"].as_str().unwrap().to_owned(), one["why"].as_str().unwrap().to_owned()))
            .collect();
        passed.sort();
        passed
    };
    let whys = ["beyond_limits", "out_of_scope", "not_begun", "ended", "unverified"];
    let mut expected: Vec<(String, String)> = listed.iter().cloned().zip(whys.map(str::to_owned)).collect();
    expected.sort();
    assert_eq!(passed(&decision), expected);
    // As the log keeps it, and as it is judged again.
    api.entry(json!({"list": "block", "kind": "country", "value": "NG"})).await;
    let mut blocked = attempt.clone();
    blocked["country"] = json!("NG");
    let id = api.decide(blocked).await["id"].clone();
    let kept = api.get(&format!("/v1/decisions/{}", id.as_str().unwrap())).await.expect(200);
    let of_email = |decision: &Value| {
        let lookups = decision["explanation"]["lookups"].as_array().unwrap();
        lookups.iter().find(|lookup| lookup["kind"] == "email").unwrap()["passedOver"].clone()
    };
    assert_eq!(of_email(&kept), json!([{"entry": listed[0], "why": "beyond_limits"}]));
    // What nobody listed shows nothing.
    let plain = api.decide(json!({"initiator": "customer", "device": "other", "explain": true})).await;
    assert_eq!(plain["explanation"]["lookups"][0].get("passedOver"), None);
}

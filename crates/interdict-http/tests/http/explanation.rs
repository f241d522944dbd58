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

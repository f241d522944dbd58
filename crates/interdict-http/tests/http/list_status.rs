//! `/v1/customers/{id}/blacklist` and `/whitelist`: one exclusive status, with scopes and an end.

use serde_json::{Value, json};

use crate::shop::{Api, Shop};

async fn code(api: &Api, initiator: &str, customer: &str) -> Value {
    api.decide(json!({"initiator": initiator, "customer": customer})).await["code"].clone()
}

#[tokio::test]
async fn a_customer_is_on_one_list_at_most() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let id = api.customer(json!({"email": "a@example.com"})).await;
    let (black, white) = (format!("/v1/customers/{id}/blacklist"), format!("/v1/customers/{id}/whitelist"));
    let customer = api.post(&black, json!({"reason": "fraud"})).await.expect(200);
    assert_eq!(
        (&customer["listStatus"], &customer["listStatusReason"]),
        (&json!("blacklisted"), &json!("fraud"))
    );
    assert_eq!(code(&api, "customer", &id).await, "customer_blacklisted");
    let customer = api.post(&white, json!({"reason": "known"})).await.expect(200);
    assert_eq!((&customer["blacklisted"], &customer["blacklistReason"]), (&json!(false), &Value::Null));
    assert_eq!(
        (&customer["listStatus"], &customer["listStatusReason"]),
        (&json!("whitelisted"), &json!("known"))
    );
    assert_eq!(code(&api, "customer", &id).await, "customer_whitelisted");
    // Lifting a block that is not there lifts no trust that is.
    assert_eq!(api.delete(&black).await.expect(200)["listStatus"], "whitelisted");
    assert_eq!(api.delete(&white).await.expect(200)["listStatus"], "normal");
    assert_eq!(code(&api, "customer", &id).await, "default");
    assert_eq!(api.delete(&white).await.expect(200)["listStatus"], "normal");
}

#[tokio::test]
async fn a_status_counts_in_its_scopes_only() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let id = api.customer(json!({"email": "a@example.com"})).await;
    let path = format!("/v1/customers/{id}/blacklist");
    api.post(&path, json!({"scopes": ["mit"]})).await.expect(200);
    assert_eq!(code(&api, "customer", &id).await, "default");
    assert_eq!(code(&api, "merchant", &id).await, "customer_blacklisted");
    for bad in [json!([]), json!(["cit", "cit"]), json!(["all"]), json!("cit"), json!([1])] {
        let paths = api.post(&path, json!({"scopes": bad})).await.paths();
        assert!(paths[0] == "scopes" || paths[0].starts_with("scopes."), "{paths:?}");
    }
}

#[tokio::test]
async fn a_status_ends_by_itself() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let id = api.customer(json!({"email": "a@example.com"})).await;
    let path = format!("/v1/customers/{id}/blacklist");
    let until = shop.clock.in_seconds(60);
    api.post(&path, json!({"reason": "cooling off", "expiresAt": until})).await.expect(200);
    shop.clock.advance(59);
    assert_eq!(code(&api, "customer", &id).await, "customer_blacklisted");
    shop.clock.advance(1);
    assert_eq!(code(&api, "customer", &id).await, "default");
    let customer = api.get(&format!("/v1/customers/{id}")).await.expect(200);
    assert_eq!((&customer["listStatus"], &customer["blacklistReason"]), (&json!("normal"), &Value::Null));
    assert_eq!(api.get("/v1/customers?listStatus=blacklisted").await.expect(200)["items"], json!([]));
    // An end that is over would be a block that never counts.
    let over = api.post(&path, json!({"expiresAt": shop.clock.in_seconds(0)})).await;
    assert_eq!(over.paths(), ["expiresAt"]);
    assert_eq!(api.post(&path, json!({"expiresAt": "tomorrow"})).await.paths(), ["expiresAt"]);
}

//! After a restart on the same folder everything still decides the same.

use serde_json::{Value, json};

use crate::shop::Shop;

async fn everything(shop: &Shop, ids: &[String]) -> Vec<Value> {
    let api = shop.secret();
    let mut seen = Vec::new();
    let mut attempts = vec![json!({"email": "listed@example.com"}), json!({"email": "trusted@example.com"})];
    attempts.extend(ids.iter().map(|id| json!({"customer": id})));
    attempts.push(json!({"email": "erased@example.com"}));
    for attempt in attempts {
        for initiator in ["customer", "merchant"] {
            let mut body = attempt.clone();
            body["initiator"] = json!(initiator);
            body["explain"] = json!(true);
            let mut decision = api.decide(body).await;
            decision.as_object_mut().unwrap().remove("id");
            seen.push(decision);
        }
    }
    for id in ids {
        seen.push(api.get(&format!("/v1/customers/{id}")).await.expect(200));
        seen.push(api.get(&format!("/v1/customers/{id}/history")).await.expect(200));
        seen.push(api.get(&format!("/v1/customers/{id}/standing")).await.expect(200));
    }
    seen.push(api.get("/v1/changes").await.expect(200));
    seen
}

#[tokio::test]
async fn everything_decides_the_same_after_a_restart() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let mut ids = Vec::new();
    for number in 0..4 {
        ids.push(api.customer(json!({"email": format!("c{number}@example.com")})).await);
    }
    api.post(&format!("/v1/customers/{}/blacklist", ids[0]), json!({"reason": "r"})).await.expect(200);
    api.post(&format!("/v1/customers/{}/whitelist", ids[1]), json!({"scopes": ["cit"]})).await.expect(200);
    api.post(&format!("/customers/{}/restrictions", ids[2]), json!({"restrictMit": true})).await.expect(200);
    api.entry(json!({"list": "block", "kind": "email", "value": "listed@example.com", "strength": "soft"}))
        .await;
    api.entry(json!({"list": "allow", "kind": "email", "value": "trusted@example.com", "scopes": ["mit"]}))
        .await;
    let erased = api.customer(json!({"email": "erased@example.com"})).await;
    api.post(&format!("/v1/customers/{erased}/blacklist"), json!({})).await.expect(200);
    api.delete(&format!("/v1/customers/{erased}")).await.expect(200);
    let once = api.with("idempotency-key", "k1").post("/blacklist", json!({"email": "k@example.com"})).await;
    let before = everything(&shop, &ids).await;
    let revision = shop.revision().await;

    let shop = shop.restart().await;
    assert_eq!(everything(&shop, &ids).await, before);
    assert_eq!(shop.revision().await, revision);
    // A replay is known to the new process, too.
    let replayed = shop
        .secret()
        .with("idempotency-key", "k1")
        .post("/blacklist", json!({"email": "k@example.com"}))
        .await;
    assert_eq!(replayed.header("idempotency-replayed"), Some("true"));
    assert_eq!((replayed.status, replayed.body), (once.status, once.body));
}

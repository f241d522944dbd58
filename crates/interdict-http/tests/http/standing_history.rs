//! `/v1/customers/{id}/standing` and `/history`: what follows, and how it came to be.

use serde_json::{Value, json};

use crate::shop::Shop;

#[tokio::test]
async fn the_standing_says_what_follows_from_every_source() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let id = api.customer(json!({"email": "a@example.com"})).await;
    let path = format!("/v1/customers/{id}/standing");
    let clear = api.get(&path).await.expect(200);
    let nothing = json!({"outcome": "allow", "code": "default", "sources": []});
    assert_eq!(clear, json!({"cit": nothing, "mit": nothing, "revision": 1}));
    api.post(&format!("/customers/{id}/restrictions"), json!({"restrictMit": true, "restrictReason": "rr"}))
        .await
        .expect(200);
    api.post(&format!("/v1/customers/{id}/blacklist"), json!({"scopes": ["cit"], "reason": "lr"}))
        .await
        .expect(200);
    let entry =
        api.entry(json!({"list": "block", "kind": "email", "value": "a@example.com", "reason": "er"})).await;
    let reply = api.get(&path).await;
    let standing = reply.expect(200);
    assert_eq!(
        (&standing["cit"]["outcome"], &standing["cit"]["code"]),
        (&json!("block"), &json!("customer_blacklisted"))
    );
    assert_eq!(
        (&standing["mit"]["outcome"], &standing["mit"]["code"]),
        (&json!("block"), &json!("customer_restricted"))
    );
    let reasons = |side: &str| -> Vec<Value> {
        standing[side]["sources"].as_array().unwrap().iter().map(|source| source["reason"].clone()).collect()
    };
    assert_eq!(
        (reasons("cit"), reasons("mit")),
        (vec![json!("lr"), json!("er")], vec![json!("rr"), json!("er")])
    );
    assert_eq!(standing["cit"]["sources"][1]["entry"], entry.as_str());
    assert_eq!(standing["revision"], reply.revision());
    // Looking counts no hit.
    assert_eq!(api.get(&format!("/v1/entries/{entry}")).await.expect(200)["hitCount"], 0);
    let nobody = api.get("/v1/customers/cus_2R0uWz4tu9wxTMBXxj9CJfSE9vV/standing").await;
    assert_eq!(nobody.refused(404), "not_found");
}

#[tokio::test]
async fn the_history_has_every_change_with_its_actor() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let id = api.customer(json!({"email": "a@example.com"})).await;
    shop.clock.advance(1);
    api.post(&format!("/v1/customers/{id}/blacklist"), json!({"reason": "fraud"})).await.expect(200);
    api.post(&format!("/customers/{id}/restrictions"), json!({"restrictCit": true})).await.expect(200);
    api.delete(&format!("/v1/customers/{id}/blacklist")).await.expect(200);
    let path = format!("/v1/customers/{id}/history");
    let history = api.get(&path).await.expect(200);
    let items = history["items"].as_array().unwrap();
    let actions: Vec<&str> = items.iter().map(|item| item["action"].as_str().unwrap()).collect();
    assert_eq!(
        actions,
        ["customer.list_status_cleared", "customer.restricted", "customer.blacklisted", "customer.created"]
    );
    let blacklisted = &items[2];
    assert_eq!((&blacklisted["sequence"], &blacklisted["at"]), (&json!(2), &json!(shop.clock.in_seconds(0))));
    let key = &shop.merchant.test.secret.credential;
    let actor = json!({"type": "api_key", "id": key.id.to_string(), "label": key.name});
    assert_eq!(blacklisted["actor"], actor);
    assert_eq!(
        (&blacklisted["before"]["blacklisted"], &blacklisted["after"]["blacklistReason"]),
        (&json!(false), &json!("fraud"))
    );
    assert_eq!((&items[3]["before"], &items[3]["after"]["email"]), (&Value::Null, &json!("a@example.com")));
    // Pages.
    let first = api.get(&format!("{path}?limit=3")).await.expect(200);
    assert_eq!(first["hasMore"], true);
    let cursor = first["nextCursor"].as_str().unwrap();
    let last = api.get(&format!("{path}?limit=3&cursor={cursor}")).await.expect(200);
    assert_eq!((&last["items"], &last["hasMore"]), (&json!([items[3]]), &json!(false)));
    assert_eq!(api.get(&format!("{path}?cursor=x")).await.paths(), ["cursor"]);
    let nobody = api.get("/v1/customers/cus_2R0uWz4tu9wxTMBXxj9CJfSE9vV/history").await;
    assert_eq!(nobody.refused(404), "not_found");
}

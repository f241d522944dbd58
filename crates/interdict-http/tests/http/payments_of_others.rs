//! Who may not touch a merchant's payments: other merchants, other modes, keys without the permission; and
//! who is not there at all.

use interdict_domain::credential::CredentialKind;
use serde_json::json;

use crate::bad_payments::{World, with};
use crate::shop::Shop;

#[tokio::test]
async fn what_belongs_to_others_is_not_there() {
    let world = World::open().await;
    let second = world.shop.another_merchant("Second");
    for stranger in [world.shop.bearer(&second.test.secret.secret), world.shop.live()] {
        let plan = stranger.plan(json!({})).await;
        let customer = stranger.customer(json!({})).await;
        let before = world.trace().await;
        for (method, path, body) in world.mutations() {
            let names = path.contains('_') || ["/payments", "/v1/subscriptions"].contains(&path.as_str());
            if !names {
                continue;
            }
            let reply = stranger.send(method, &path, Some(body.to_string().into_bytes())).await;
            assert_eq!(reply.refused(404), "not_found", "{method} {path}");
        }
        for path in world.reads().iter().filter(|path| path.contains('_')) {
            assert_eq!(stranger.get(path).await.refused(404), "not_found", "{path}");
        }
        let theirs = json!({"customerId": customer, "planId": world.plan});
        assert_eq!(stranger.post("/v1/subscriptions", theirs).await.refused(404), "not_found");
        let theirs = json!({"customerId": world.customer, "planId": plan});
        assert_eq!(stranger.post("/v1/subscriptions", theirs).await.refused(404), "not_found");
        assert_eq!(stranger.get("/payments").await.expect(200)["data"], json!([]), "nothing is kept of it");
        assert_eq!(world.trace().await, before);
    }
}

#[tokio::test]
async fn who_is_not_there_is_404_and_who_is_not_named_is_422() {
    let world = World::open().await;
    let before = world.trace().await;
    let nobody = "2R0uWz4tu9wxTMBXxj9CJfSE9vV";
    for customer in [format!("cus_{nobody}"), "cus_ada".to_owned(), "cus_' OR 1=1".to_owned()] {
        let body = with(&world.payment(), "customer", &json!(customer));
        assert_eq!(world.api.post("/payments", body).await.refused(404), "not_found", "{customer}");
        let body = with(&world.sign_up(), "customerId", &json!(customer));
        assert_eq!(world.api.post("/v1/subscriptions", body).await.refused(404), "not_found", "{customer}");
    }
    for customer in [format!("pay_{nobody}"), "ada".to_owned()] {
        let body = with(&world.payment(), "customer", &json!(customer));
        assert_eq!(world.api.post("/payments", body).await.paths(), ["customer"]);
        let body = with(&world.sign_up(), "customerId", &json!(customer));
        assert_eq!(world.api.post("/v1/subscriptions", body).await.paths(), ["customerId"]);
    }
    for plan in [format!("plan_{nobody}"), "gold".to_owned()] {
        let body = with(&world.sign_up(), "planId", &json!(plan));
        assert_eq!(world.api.post("/v1/subscriptions", body).await.refused(404), "not_found", "{plan}");
    }
    for path in ["/payments/pay_", "/v1/plans/plan_", "/v1/subscriptions/sub_"] {
        assert_eq!(world.api.get(&format!("{path}{nobody}")).await.refused(404), "not_found", "{path}");
        assert_eq!(world.api.get(&format!("{path}x")).await.refused(404), "not_found", "{path}");
    }
    let unnamed = json!({"amount": 100, "currency": "NGN"});
    assert_eq!(world.api.post("/payments", unnamed).await.refused(422), "validation_error");
    assert_eq!(world.api.post_empty("/payments").await.paths(), ["amount", "currency"]);
    assert_eq!(world.api.post_empty("/v1/subscriptions").await.paths(), ["customerId", "planId"]);
    assert_eq!(world.api.post_empty("/v1/plans").await.paths(), ["name", "amount", "interval"]);
    assert_eq!(world.trace().await, before);
}

#[tokio::test]
async fn keys_that_may_not_pay_are_refused() {
    let world = World::open().await;
    let key =
        |permissions| world.shop.bearer(&world.shop.key(CredentialKind::Secret, permissions, None).secret);
    let reader = key("payments:read,customers:read,customers:write,decisions");
    let writer = key("payments:write,customers:read,customers:write,decisions");
    let before = world.trace().await;
    for api in [world.shop.publishable(), reader] {
        for (method, path, body) in world.mutations() {
            let reply = api.send(method, &path, Some(body.to_string().into_bytes())).await;
            assert_eq!(reply.refused(403), "forbidden", "{method} {path}");
        }
    }
    for api in [world.shop.publishable(), writer] {
        for path in world.reads() {
            assert_eq!(api.get(&path).await.refused(403), "forbidden", "{path}");
        }
    }
    assert_eq!(world.trace().await, before);
}

/// No gateway is set up for live mode: an attempt to charge says so, and leaves nothing behind.
#[tokio::test]
async fn without_a_gateway_nothing_is_charged() {
    let shop = Shop::open().await;
    let live = shop.live();
    let customer = live.customer(json!({})).await;
    let plan = live.plan(json!({})).await;
    let revision = live.get("/v1/changes").await.revision();
    let attempts = [
        live.pay(json!({"customer": customer})).await,
        live.pay(json!({"customer": customer, "paymentMethod": "pm_test_success"})).await,
        live.post("/v1/subscriptions", json!({"customerId": customer, "planId": plan})).await,
    ];
    for attempt in &attempts {
        assert_eq!(attempt.refused(409), "conflict");
    }
    assert_eq!(live.get("/payments").await.expect(200)["data"], json!([]));
    assert_eq!(live.get("/v1/changes").await.revision(), revision);
    // A block is told all the same, and kept.
    live.blacklist(&customer).await;
    let blocked = live.pay(json!({"customer": customer})).await;
    assert_eq!(blocked.refused(403), "customer_blacklisted");
}

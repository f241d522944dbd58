//! `/v1/settings`: what a merchant has chosen, in each mode by itself.

use serde_json::json;

use crate::shop::Shop;

#[tokio::test]
async fn everything_has_a_default() {
    let shop = Shop::open().await;
    let settings = shop.secret().get("/v1/settings").await.expect(200);
    let expected = json!({"onLift": "resume_from_now", "onBlacklist": "hold", "onDispute": "block",
        "onFraudWarning": "report", "outage": {"customer": "index", "merchant": "index"}, "emailMatching": "exact", "phoneRegion": null, "personPolicy": "suggest", "allowedOrigins": [],
        "decisionLog": {"allowedPerSecond": 10}, "secondApprover": null});
    assert_eq!(settings, expected);
}

#[tokio::test]
async fn a_change_changes_only_what_is_sent_and_only_here() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let other = shop.bearer(&shop.another_merchant("Second").test.secret.secret);
    let defaults = api.get("/v1/settings").await.expect(200);
    let all = json!({"onLift": "collect_arrears", "onBlacklist": "cancel", "onDispute": "record",
        "onFraudWarning": "block", "outage": {"customer": "block", "merchant": "retry_later"}, "emailMatching": "exact", "phoneRegion": "NG", "personPolicy": "add", "allowedOrigins": ["https://shop.example", "http://localhost:3000"],
        "decisionLog": {"allowedPerSecond": 0}, "secondApprover": {"threshold": 7}});
    let mut expected = defaults.clone();
    for (field, value) in all.as_object().unwrap() {
        expected[field] = value.clone();
        assert_eq!(api.patch("/v1/settings", json!({ field: value })).await.expect(200), expected);
        assert_eq!(api.get("/v1/settings").await.expect(200), expected);
    }
    assert_eq!(expected, all);
    for stranger in [shop.live(), other] {
        assert_eq!(stranger.get("/v1/settings").await.expect(200), defaults);
    }
    // What changes nothing is no change.
    let revision = shop.revision().await;
    assert_eq!(api.patch("/v1/settings", all.clone()).await.expect(200), all);
    assert_eq!(api.patch("/v1/settings", json!({})).await.expect(200), all);
    assert_eq!(shop.revision().await, revision);
    let shop = shop.restart().await;
    assert_eq!(shop.secret().get("/v1/settings").await.expect(200), all);
}

/// A subscription that says nothing itself shows what the settings say now.
#[tokio::test]
async fn a_subscription_shows_what_the_settings_say() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let customer = api.customer(json!({})).await;
    let plan = api.plan(json!({})).await;
    let subscription = api.subscribe(&customer, &plan).await;
    assert_eq!(subscription["onLift"], "resume_from_now");
    api.patch("/v1/settings", json!({"onLift": "collect_arrears"})).await.expect(200);
    assert_eq!(api.subscription(&subscription).await["onLift"], "collect_arrears");
}

#[tokio::test]
async fn an_outage_policy_is_changed_for_one_initiator_alone() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let outage = async |sent: serde_json::Value| {
        api.patch("/v1/settings", json!({ "outage": sent })).await.expect(200)["outage"].clone()
    };
    let expected = json!({"customer": "block", "merchant": "index"});
    assert_eq!(outage(json!({"customer": "block"})).await, expected);
    let expected = json!({"customer": "block", "merchant": "retry_later"});
    assert_eq!(outage(json!({"merchant": "retry_later"})).await, expected);
    assert_eq!(outage(json!({})).await, expected);
    for (sent, path) in [
        (json!({"customer": "allow"}), "outage.customer"),
        (json!({"merchant": null}), "outage.merchant"),
        (json!({"payer": "block"}), "outage.payer"),
        (json!("block"), "outage"),
        (json!(null), "outage"),
    ] {
        let refused = api.patch("/v1/settings", json!({ "outage": sent })).await;
        assert_eq!(refused.paths(), [path], "{sent}");
    }
}

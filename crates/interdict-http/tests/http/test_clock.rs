//! `POST /v1/test-clock/advance`: time that passes at once, for windows and renewals and nothing else.

use serde_json::{Value, json};

use crate::billing::DAY_S;
use crate::shop::Shop;

const ADVANCE: &str = "/v1/test-clock/advance";

#[tokio::test]
async fn the_clock_says_how_far_it_is_ahead() {
    let shop = Shop::open().await;
    let api = shop.secret();
    for (seconds, ahead) in [(60, 60), (1, 61), (DAY_S, DAY_S + 61)] {
        let clock = api.post(ADVANCE, json!({ "seconds": seconds })).await.expect(200);
        assert_eq!(clock, json!({"now": shop.clock.in_seconds(ahead), "aheadSeconds": ahead}));
    }
    // The server's time goes on beneath it.
    shop.clock.advance(5);
    let clock = api.post(ADVANCE, json!({"seconds": 1})).await.expect(200);
    assert_eq!(clock["now"], shop.clock.in_seconds(DAY_S + 62).as_str());
}

#[tokio::test]
async fn windows_begin_and_end_on_it() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let (from, until) = (shop.clock.in_seconds(10), shop.clock.in_seconds(20));
    let id = api.customer(json!({})).await;
    api.post(&format!("/v1/customers/{id}/blacklist"), json!({"expiresAt": until})).await.expect(200);
    let entry = json!({"list": "block", "kind": "email", "value": "a@example.com", "startsAt": from,
        "expiresAt": until});
    api.entry(entry).await;
    for (second, listed, status) in [
        (9, "default", "customer_blacklisted"),
        (1, "identifier_blacklisted", "customer_blacklisted"),
        (9, "identifier_blacklisted", "customer_blacklisted"),
        (1, "default", "default"),
    ] {
        shop.pass(second).await;
        assert_eq!(api.code_for("a@example.com").await, listed);
        assert_eq!(api.decide(json!({"initiator": "merchant", "customer": id})).await["code"], status);
        let active = api.get("/v1/entries?active=true").await.expect(200);
        assert_eq!(active["items"].as_array().unwrap().is_empty(), listed == "default");
        let paid = api.pay(json!({"email": "a@example.com"})).await;
        assert_eq!(paid.status, if listed == "default" { 201 } else { 403 });
    }
    assert_eq!(api.get(&format!("/v1/customers/{id}")).await.expect(200)["listStatus"], "normal");
    // A window that is over on this clock is refused as one that is over.
    let late = json!({"list": "block", "kind": "email", "value": "b@example.com", "expiresAt": until});
    assert_eq!(api.post("/v1/entries", late).await.paths(), ["expiresAt"]);
}

#[tokio::test]
async fn what_is_written_down_keeps_the_servers_time() {
    let shop = Shop::open().await;
    let api = shop.secret();
    shop.pass(1_000 * DAY_S).await;
    let now = json!(shop.clock.in_seconds(0));
    let customer = api.post("/v1/customers", json!({"email": "a@example.com"})).await.expect(201);
    let entry = json!({"list": "block", "kind": "email", "value": "b@example.com"});
    let entry = api.post("/v1/entries", entry).await.expect(201);
    let plan = json!({"name": "Gold", "amount": 1, "interval": "day"});
    let plan = api.post("/v1/plans", plan).await.expect(201);
    let payment = api.pay(json!({"email": "a@example.com"})).await.expect(201);
    let subscription = json!({"customerId": customer["id"], "planId": plan["id"]});
    let subscription = api.post("/v1/subscriptions", subscription).await.expect(201);
    for made in [&customer, &entry, &plan, &payment, &subscription] {
        assert_eq!((&made["createdAt"], &made["updatedAt"]), (&now, &now), "{made}");
    }
    assert_eq!(subscription["currentPeriodStart"], shop.clock.in_seconds(1_000 * DAY_S).as_str());
    let changes = api.get("/v1/changes").await.expect(200);
    for change in changes["items"].as_array().unwrap() {
        assert_eq!(change["at"], now, "{change}");
    }
}

#[tokio::test]
async fn keys_and_replays_do_not_age_on_it() {
    let shop = Shop::open().await;
    let expiring =
        shop.key(interdict_domain::credential::CredentialKind::Secret, "customers:write", Some(60));
    let api = shop.bearer(&expiring.secret).with("idempotency-key", "one");
    let first = api.post("/v1/customers", json!({})).await;
    shop.pass(2 * DAY_S).await;
    shop.app.do_chores(true).await;
    let again = api.post("/v1/customers", json!({})).await;
    assert_eq!((again.header("idempotency-replayed"), &again.body), (Some("true"), &first.body));
    // The same call moves the clock once.
    let api = shop.secret().with("idempotency-key", "two");
    let moved = api.post(ADVANCE, json!({"seconds": 5})).await;
    assert_eq!(api.post(ADVANCE, json!({"seconds": 5})).await.body, moved.body);
    assert_eq!(moved.expect(200)["aheadSeconds"], 2 * DAY_S + 5);
}

/// Each merchant has a clock of its own, and it outlives the process.
#[tokio::test]
async fn nobody_elses_clock_moves() {
    let shop = Shop::open().await;
    let other = shop.bearer(&shop.another_merchant("Second").test.secret.secret);
    let until = shop.clock.in_seconds(60);
    let entry = json!({"list": "block", "kind": "email", "value": "a@example.com", "expiresAt": until});
    for api in [shop.secret(), other.clone(), shop.live()] {
        api.entry(entry.clone()).await;
    }
    shop.pass(60).await;
    assert_eq!(shop.secret().code_for("a@example.com").await, "default");
    for api in [other, shop.live()] {
        assert_eq!(api.code_for("a@example.com").await, "identifier_blacklisted");
    }
    let shop = shop.restart().await;
    assert_eq!(shop.secret().code_for("a@example.com").await, "default");
    let clock = shop.secret().post(ADVANCE, json!({"seconds": 1})).await.expect(200);
    assert_eq!(clock["aheadSeconds"], 61);
}

#[tokio::test]
async fn live_mode_has_no_such_clock() {
    let shop = Shop::open().await;
    for body in [json!({"seconds": 60}), json!({}), json!({"seconds": "x"})] {
        assert_eq!(shop.live().post(ADVANCE, body).await.refused(404), "not_found");
    }
}

#[tokio::test]
async fn seconds_are_whole_and_lead_ahead() {
    let shop = Shop::open().await;
    let api = shop.secret();
    for seconds in [json!(0), json!(-1), json!(1.5), json!("60"), Value::Null, json!(315_360_001), json!([1])]
    {
        let revision = shop.revision().await;
        assert_eq!(api.post(ADVANCE, json!({ "seconds": seconds })).await.paths(), ["seconds"], "{seconds}");
        assert_eq!(shop.revision().await, revision, "nothing changed");
    }
    assert_eq!(api.post_empty(ADVANCE).await.paths(), ["seconds"]);
    assert_eq!(api.post(ADVANCE, json!({"seconds": 1, "minutes": 1})).await.paths(), ["minutes"]);
    // No more than a hundred years in all.
    for _ in 0..10 {
        shop.pass(315_360_000).await;
    }
    assert_eq!(api.post(ADVANCE, json!({"seconds": 1})).await.paths(), ["seconds"]);
    assert_eq!(api.code_for("a@example.com").await, "default");
}

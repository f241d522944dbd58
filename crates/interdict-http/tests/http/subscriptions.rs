//! `/v1/subscriptions`: signing up, pausing, resuming, ending.
//!
//! Deliberately not here: plans (`plans.rs`), and what renewals do (`renewals.rs`).

use serde_json::{Value, json};

use crate::billing::{DAY_S, PRICE};
use crate::shop::{Api, Reply, Shop};

async fn act(api: &Api, subscription: &Value, what: &str, body: Value) -> Reply {
    let id = subscription["id"].as_str().unwrap();
    api.post(&format!("/v1/subscriptions/{id}/{what}"), body).await
}

/// A shop with one subscription to a plan of a day.
async fn subscribed(terms: Value) -> (Shop, Api, String, Value) {
    let shop = Shop::open().await;
    let api = shop.secret();
    let customer = api.customer(json!({"email": "ada@example.com"})).await;
    let plan = api.plan(terms).await;
    let subscription = api.subscribe(&customer, &plan).await;
    (shop, api, customer, subscription)
}

#[tokio::test]
async fn a_sign_up_charges_the_first_period_in_the_same_call() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let customer = api.customer(json!({})).await;
    let plan = api.plan(json!({})).await;
    let body = json!({"customerId": customer, "planId": plan, "paymentMethodId": "pm_test_success",
        "metadata": {"seat": "1"}});
    let subscription = api.post("/v1/subscriptions", body).await.expect(201);
    let now = shop.clock.in_seconds(0);
    let payment = api.payments(&format!("customer[eq]={customer}")).await.remove(0);
    let expected = json!({"id": subscription["id"], "status": "active", "customerId": customer,
        "planId": plan, "amount": PRICE, "currency": "NGN", "currentPeriodStart": now,
        "currentPeriodEnd": shop.clock.in_seconds(DAY_S), "cyclesCompleted": 1, "cancelAtPeriodEnd": false,
        "autoBillingEnabled": true, "autoBillingDisabledReason": null, "onLift": "resume_from_now",
        "paymentMethodId": "pm_test_success", "latestPayment": payment["id"], "metadata": {"seat": "1"},
        "endedAt": null, "createdAt": now, "updatedAt": now});
    assert_eq!(subscription, expected);
    assert!(subscription["id"].as_str().unwrap().starts_with("sub_"));
    assert_eq!(api.subscription(&subscription).await, subscription);
    assert_eq!(shop.ledger_of(&payment).await, [(PRICE, "succeeded".to_owned())]);
    let listed = api.get(&format!("/v1/customers/{customer}/subscriptions")).await.expect(200);
    assert_eq!(listed, json!({"items": [subscription], "nextCursor": null, "hasMore": false}));
}

#[tokio::test]
async fn a_declined_sign_up_is_incomplete_and_never_charged_again() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let customer = api.customer(json!({})).await;
    let plan = api.plan(json!({})).await;
    let with = |method: &str| json!({"customerId": customer, "planId": plan, "paymentMethodId": method});
    let declined = api.post("/v1/subscriptions", with("pm_test_declined")).await.expect(201);
    assert_eq!((&declined["status"], &declined["cyclesCompleted"]), (&json!("incomplete"), &json!(0)));
    assert_eq!(declined["autoBillingDisabledReason"], "recurring_payment_errored");
    let waits = api.post("/v1/subscriptions", with("pm_test_requires_action")).await.expect(201);
    assert_eq!(waits["status"], "incomplete");
    for _ in 0..3 {
        shop.next_day().await;
    }
    assert_eq!((shop.ledger().await.len(), shop.charged().await.len()), (2, 0));
    for subscription in [&declined, &waits] {
        assert_eq!(act(&api, subscription, "pause", json!({})).await.refused(409), "conflict");
        assert_eq!(act(&api, subscription, "resume", json!({})).await.refused(409), "conflict");
        // Nothing runs that could end with its period.
        let ended = act(&api, subscription, "cancel", json!({"atPeriodEnd": true})).await.expect(200);
        assert_eq!(ended["status"], "canceled");
    }
}

#[tokio::test]
async fn the_same_key_signs_up_once() {
    let shop = Shop::open().await;
    let customer = shop.secret().customer(json!({})).await;
    let plan = shop.secret().plan(json!({})).await;
    let trial = shop.secret().plan(json!({"trialDays": 3})).await;
    for (plan, key) in [(&plan, "one"), (&trial, "two")] {
        let api = shop.secret().with("idempotency-key", key);
        let body = json!({"customerId": customer, "planId": plan});
        let first = api.post("/v1/subscriptions", body.clone()).await;
        let again = api.post("/v1/subscriptions", body).await;
        assert_eq!((first.status, &first.body), (201, &again.body), "{}", first.text());
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        let other = api.post("/v1/subscriptions", json!({"customerId": customer})).await;
        assert_eq!(other.refused(409), "idempotency_conflict");
    }
    let listed = shop.secret().get(&format!("/v1/customers/{customer}/subscriptions")).await.expect(200);
    assert_eq!((listed["items"].as_array().unwrap().len(), shop.ledger().await.len()), (2, 1));
}

#[tokio::test]
async fn a_trial_is_charged_when_it_ends() {
    let (shop, api, customer, trial) = subscribed(json!({"trialDays": 3, "interval": "week"})).await;
    assert_eq!((&trial["status"], &trial["latestPayment"]), (&json!("trialing"), &Value::Null));
    assert_eq!(trial["currentPeriodEnd"], shop.clock.in_seconds(3 * DAY_S));
    shop.pass(3 * DAY_S - 1).await;
    shop.sweep().await;
    assert_eq!(shop.ledger().await, []);
    shop.pass(1).await;
    shop.sweep().await;
    let now = api.subscription(&trial).await;
    assert_eq!((&now["status"], &now["cyclesCompleted"]), (&json!("active"), &json!(1)));
    assert_eq!(now["currentPeriodStart"], trial["currentPeriodEnd"]);
    assert_eq!(now["currentPeriodEnd"], shop.clock.in_seconds(10 * DAY_S));
    assert_eq!(shop.charged().await, [PRICE]);
    let payment = api.payments(&format!("customer[eq]={customer}")).await.remove(0);
    assert_eq!((&payment["origin"], &payment["initiator"]), (&json!("renewal"), &json!("merchant")));
}

#[tokio::test]
async fn a_pause_skips_what_falls_into_it() {
    let (shop, api, _, subscription) = subscribed(json!({})).await;
    let paused = act(&api, &subscription, "pause", json!({})).await.expect(200);
    assert_eq!((&paused["status"], &paused["endedAt"]), (&json!("paused"), &Value::Null));
    assert_eq!(act(&api, &subscription, "pause", json!({})).await.refused(409), "conflict");
    for _ in 0..3 {
        shop.next_day().await;
    }
    shop.pass(DAY_S / 2).await;
    let resumed = act(&api, &subscription, "resume", json!({})).await.expect(200);
    assert_eq!((&resumed["status"], &resumed["cyclesCompleted"]), (&json!("active"), &json!(1)));
    // The anchor stays: the next boundary is a whole number of days after the sign-up.
    assert_eq!(resumed["currentPeriodEnd"], shop.clock.in_seconds(4 * DAY_S));
    shop.sweep().await;
    assert_eq!(shop.charged().await, [PRICE], "nothing is charged for the pause");
    shop.pass(DAY_S / 2).await;
    shop.sweep().await;
    assert_eq!(shop.charged().await, [PRICE; 2]);
}

#[tokio::test]
async fn a_pause_within_a_period_or_a_trial_changes_nothing_else() {
    for (terms, status) in [(json!({}), "active"), (json!({"trialDays": 1}), "trialing")] {
        let (shop, api, _, subscription) = subscribed(terms).await;
        act(&api, &subscription, "pause", json!({})).await.expect(200);
        shop.pass(60).await;
        let resumed = act(&api, &subscription, "resume", json!({})).await.expect(200);
        assert_eq!(resumed["status"], status);
        assert_eq!(resumed["currentPeriodEnd"], subscription["currentPeriodEnd"]);
    }
}

#[tokio::test]
async fn a_cancelled_subscription_is_over() {
    let (shop, api, _, subscription) = subscribed(json!({})).await;
    shop.pass(60).await;
    let ended = act(&api, &subscription, "cancel", json!({})).await.expect(200);
    assert_eq!((&ended["status"], &ended["autoBillingEnabled"]), (&json!("canceled"), &json!(false)));
    assert_eq!(ended["autoBillingDisabledReason"], "subscription_cancelled");
    assert_eq!(ended["endedAt"], shop.clock.in_seconds(60).as_str());
    let revision = shop.revision().await;
    for (what, to) in [("cancel", "canceled"), ("pause", "paused"), ("resume", "resumed")] {
        let refused = act(&api, &subscription, what, json!({})).await;
        assert_eq!(refused.refused(409), "conflict");
        let expected = format!("This subscription is canceled: it cannot be {to}.");
        assert_eq!(refused.json()["error"]["message"], expected);
    }
    assert_eq!(shop.revision().await, revision);
    shop.next_day().await;
    assert_eq!(shop.charged().await, [PRICE]);
}

#[tokio::test]
async fn a_subscription_can_end_with_its_period() {
    for (terms, charged) in [(json!({}), 1), (json!({"trialDays": 1}), 0)] {
        let (shop, api, _, subscription) = subscribed(terms).await;
        let asked = act(&api, &subscription, "cancel", json!({"atPeriodEnd": true})).await.expect(200);
        assert_eq!((&asked["status"], &asked["cancelAtPeriodEnd"]), (&subscription["status"], &json!(true)));
        shop.pass(DAY_S - 1).await;
        shop.sweep().await;
        assert_eq!(api.subscription(&subscription).await["status"], subscription["status"]);
        shop.pass(1).await;
        shop.sweep().await;
        let ended = api.subscription(&subscription).await;
        assert_eq!((&ended["status"], &ended["endedAt"]), (&json!("canceled"), &ended["currentPeriodEnd"]));
        shop.next_day().await;
        assert_eq!(shop.charged().await.len(), charged);
    }
}

#[tokio::test]
async fn a_subscription_expires_after_its_last_period() {
    let (shop, api, _, subscription) = subscribed(json!({"maxCycles": 3})).await;
    for (day, status, cycles) in [(1, "active", 2), (2, "active", 3), (3, "expired", 3), (4, "expired", 3)] {
        shop.next_day().await;
        let now = api.subscription(&subscription).await;
        assert_eq!((&now["status"], &now["cyclesCompleted"]), (&json!(status), &json!(cycles)), "{day}");
    }
    assert_eq!(shop.charged().await, [PRICE; 3]);
    let refused = act(&api, &subscription, "resume", json!({})).await;
    assert_eq!(refused.refused(409), "conflict");
}

/// A renewal that the gateway declines is tried again only when somebody says so.
#[tokio::test]
async fn a_declined_renewal_waits_for_somebody() {
    let (shop, api, _, subscription) = declined().await;
    for _ in 0..3 {
        shop.next_day().await;
    }
    assert_eq!(shop.ledger().await.len(), 1, "asked once");
    let resumed = act(&api, &subscription, "resume", json!({})).await.expect(200);
    assert_eq!((&resumed["status"], &resumed["autoBillingEnabled"]), (&json!("past_due"), &json!(true)));
    shop.sweep().await;
    assert_eq!((shop.ledger().await.len(), shop.charged().await.len()), (2, 0), "declined again");
}

/// One whose first renewal was declined, after a trial.
async fn declined() -> (Shop, Api, String, Value) {
    let shop = Shop::open().await;
    let api = shop.secret();
    let customer = api.customer(json!({})).await;
    let plan = api.plan(json!({"trialDays": 1})).await;
    let body = json!({"customerId": customer, "planId": plan, "paymentMethodId": "pm_test_declined"});
    let subscription = api.post("/v1/subscriptions", body).await.expect(201);
    shop.next_day().await;
    let now = api.subscription(&subscription).await;
    assert_eq!((&now["status"], &now["cyclesCompleted"]), (&json!("past_due"), &json!(0)));
    assert_eq!(now["autoBillingDisabledReason"], "recurring_payment_errored");
    (shop, api, customer, subscription)
}

/// What is past due can be asked to end with its period, which is over already.
#[tokio::test]
async fn what_is_past_due_ends_when_it_is_asked_to() {
    let (shop, api, _, subscription) = declined().await;
    act(&api, &subscription, "cancel", json!({"atPeriodEnd": true})).await.expect(200);
    shop.sweep().await;
    assert_eq!(api.subscription(&subscription).await["status"], "canceled");
    assert_eq!(shop.ledger().await.len(), 1);
}

/// Past due, resumed, and then blocked: when the block is lifted, it goes on like any other.
#[tokio::test]
async fn what_is_past_due_and_held_is_released() {
    let (shop, api, customer, subscription) = declined().await;
    api.blacklist(&customer).await;
    act(&api, &subscription, "resume", json!({})).await.expect(200);
    shop.sweep().await;
    let held = api.subscription(&subscription).await;
    assert_eq!(held["autoBillingDisabledReason"], "customer_blacklisted");
    api.unblacklist(&customer).await;
    shop.sweep().await;
    let released = api.subscription(&subscription).await;
    assert_eq!((&released["status"], &released["autoBillingEnabled"]), (&json!("active"), &json!(true)));
    assert_eq!(shop.ledger().await.len(), 1, "nothing was charged at the lifting");
}

/// A pause does not stretch the period with which a subscription was to end.
#[tokio::test]
async fn a_pause_before_the_end_does_not_put_it_off() {
    let (shop, api, _, subscription) = subscribed(json!({})).await;
    act(&api, &subscription, "cancel", json!({"atPeriodEnd": true})).await.expect(200);
    act(&api, &subscription, "pause", json!({})).await.expect(200);
    shop.next_day().await;
    act(&api, &subscription, "resume", json!({})).await.expect(200);
    shop.sweep().await;
    assert_eq!(api.subscription(&subscription).await["status"], "canceled");
    assert_eq!(shop.charged().await, [PRICE]);
}

//! Renewals: charged once a period, held by a block, released when it is lifted.
//!
//! Deliberately not here: which blocks hold one (`payments_obey.rs`), and a thousand at once
//! (`incidents_of_payments.rs`).

use std::time::Duration;

use interdict_domain::mode::Mode;
use serde_json::{Value, json};

use crate::billing::{DAY_S, PRICE};
use crate::shop::{Api, Shop};

/// A shop with one subscription to a plan of a day.
async fn subscribed() -> (Shop, Api, String, Value) {
    let shop = Shop::open().await;
    let api = shop.secret();
    let customer = api.customer(json!({"email": "ada@example.com"})).await;
    let plan = api.plan(json!({})).await;
    let subscription = api.subscribe(&customer, &plan).await;
    (shop, api, customer, subscription)
}

#[tokio::test]
async fn a_period_is_charged_once_however_often_anybody_looks() {
    let (shop, api, _, subscription) = subscribed().await;
    for cycles in 2..=4 {
        shop.pass(DAY_S).await;
        for _ in 0..5 {
            shop.sweep().await;
        }
        sweeps_at_once(&shop).await;
        let now = api.subscription(&subscription).await;
        assert_eq!((&now["status"], &now["cyclesCompleted"]), (&json!("active"), &json!(cycles)));
        assert_eq!(shop.ledger().await.len(), cycles);
    }
}

/// Eight sweeps at the same moment.
async fn sweeps_at_once(shop: &Shop) {
    let sweeps: Vec<_> = (0..8)
        .map(|_| {
            let service = shop.service().clone();
            tokio::spawn(async move { service.renew_subscriptions().await })
        })
        .collect();
    for sweep in sweeps {
        sweep.await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nodes_that_sweep_at_the_same_moment_charge_everybody_once() {
    const CUSTOMERS: usize = 30;
    let shop = Shop::open().await;
    let api = shop.secret();
    let plan = api.plan(json!({})).await;
    for _ in 0..CUSTOMERS {
        let customer = api.customer(json!({})).await;
        api.subscribe(&customer, &plan).await;
    }
    let others = [shop.another_node().await, shop.another_node().await];
    for cycles in 2..=3 {
        shop.pass(DAY_S).await;
        let revision = shop.revision().await;
        let nodes =
            others.iter().map(|node| node.service(Mode::Test).clone()).chain([shop.service().clone()]);
        let sweeps: Vec<_> = nodes
            .map(|service| {
                tokio::spawn(async move {
                    // Each of them knows what time it is for the merchant.
                    assert!(service.wait_for_revision(revision, Duration::from_secs(20)).await);
                    service.renew_subscriptions().await
                })
            })
            .collect();
        for sweep in sweeps {
            sweep.await.unwrap().unwrap();
        }
        assert_eq!(shop.charged().await.len(), cycles * CUSTOMERS);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sweeps_at_the_same_moment_charge_and_hold_everybody_once() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let plan = api.plan(json!({})).await;
    for number in 0..40 {
        let customer = api.customer(json!({})).await;
        api.subscribe(&customer, &plan).await;
        if number < 20 {
            let restriction = json!({"restrictMit": true});
            api.post(&format!("/customers/{customer}/restrictions"), restriction).await.expect(200);
        }
    }
    for renewed in [20, 40] {
        shop.pass(DAY_S).await;
        sweeps_at_once(&shop).await;
        assert_eq!(shop.ledger().await.len(), 40 + renewed);
        assert_eq!(api.payments("initiator[eq]=merchant&status[eq]=succeeded").await.len(), renewed);
        assert_eq!(api.payments("status[eq]=cancelled").await.len(), 20, "one attempt for each hold");
    }
}

/// Everybody who was missed is charged for it, one period after the other, each once.
#[tokio::test]
async fn what_nobody_looked_for_is_charged_later() {
    let (shop, api, _, subscription) = subscribed().await;
    shop.pass(3 * DAY_S).await;
    for _ in 0..5 {
        shop.sweep().await;
    }
    let now = api.subscription(&subscription).await;
    assert_eq!(now["currentPeriodEnd"], shop.clock.in_seconds(4 * DAY_S).as_str());
    let rows = api.payments("").await;
    let mut starts: Vec<&str> = rows.iter().map(|row| row["periodStart"].as_str().unwrap()).collect();
    starts.sort_unstable();
    let expected: Vec<String> = (0..4).map(|days| shop.clock.in_seconds(days * DAY_S)).collect();
    assert_eq!(starts, expected);
    assert_eq!(shop.charged().await, [PRICE; 4]);
}

#[tokio::test]
async fn a_renewal_that_needs_the_customer_is_declined_at_once() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let customer = api.customer(json!({})).await;
    let plan = api.plan(json!({"trialDays": 1})).await;
    let body = json!({"customerId": customer, "planId": plan, "paymentMethodId": "pm_test_requires_action"});
    let subscription = api.post("/v1/subscriptions", body).await.expect(201);
    shop.next_day().await;
    let now = api.subscription(&subscription).await;
    assert_eq!((&now["status"], &now["autoBillingEnabled"]), (&json!("past_due"), &json!(false)));
    let payment = api.payments("").await.remove(0);
    assert_eq!(payment["outcome"]["errorCode"], "customer_action_required");
    assert_eq!(shop.charged().await.len(), 0);
}

async fn held(shop: &Shop, api: &Api, customer: &str, subscription: &Value) {
    api.blacklist(customer).await;
    shop.next_day().await;
    let now = api.subscription(subscription).await;
    assert_eq!((&now["status"], &now["autoBillingEnabled"]), (&json!("active"), &json!(false)));
    assert_eq!(now["autoBillingDisabledReason"], "customer_blacklisted");
}

#[tokio::test]
async fn a_held_renewal_costs_one_attempt_and_no_more() {
    let (shop, api, customer, subscription) = subscribed().await;
    held(&shop, &api, &customer, &subscription).await;
    let revision = shop.revision().await;
    for _ in 0..5 {
        shop.sweep().await;
    }
    assert_eq!(shop.revision().await, revision, "a hold that stays is no change");
    let attempts = api.payments("initiator[eq]=merchant").await;
    assert_eq!(attempts.len(), 1);
    assert_eq!(attempts[0]["outcome"]["errorCode"], "customer_blacklisted");
    assert_eq!(shop.charged().await, [PRICE], "the sign-up alone");
}

#[tokio::test]
async fn a_lifted_block_skips_what_was_missed() {
    let (shop, api, customer, subscription) = subscribed().await;
    held(&shop, &api, &customer, &subscription).await;
    shop.next_day().await;
    shop.next_day().await;
    shop.pass(DAY_S / 2).await;
    api.unblacklist(&customer).await;
    for _ in 0..3 {
        shop.sweep().await;
    }
    let now = api.subscription(&subscription).await;
    assert_eq!((&now["autoBillingEnabled"], &now["autoBillingDisabledReason"]), (&json!(true), &Value::Null));
    // Days are counted from the sign-up as before.
    assert_eq!(now["currentPeriodStart"], shop.clock.in_seconds(3 * DAY_S).as_str());
    assert_eq!(now["currentPeriodEnd"], shop.clock.in_seconds(4 * DAY_S).as_str());
    assert_eq!(shop.charged().await, [PRICE], "no charge fires at the lifting");
    shop.pass(DAY_S / 2 - 1).await;
    shop.sweep().await;
    assert_eq!(shop.charged().await, [PRICE], "nor before the next boundary");
    shop.pass(1).await;
    shop.sweep().await;
    assert_eq!(shop.charged().await, [PRICE; 2]);
    let newest = api.payments("sortDirection=desc&status[eq]=succeeded&initiator[eq]=merchant").await;
    assert_eq!(newest[0]["periodStart"], now["currentPeriodEnd"]);
    assert_eq!(api.subscription(&subscription).await["cyclesCompleted"], 2);
}

/// Each way to say that arrears are to be collected: on the sign-up, and in the settings.
#[tokio::test]
async fn a_lifted_block_collects_what_was_missed_when_asked_to() {
    for in_settings in [false, true] {
        let shop = Shop::open().await;
        let api = shop.secret();
        let customer = api.customer(json!({})).await;
        let plan = api.plan(json!({})).await;
        let mut body = json!({"customerId": customer, "planId": plan});
        if in_settings {
            let settings = api.patch("/v1/settings", json!({"onLift": "collect_arrears"})).await.expect(200);
            assert_eq!(settings["onLift"], "collect_arrears");
        } else {
            body["onLift"] = json!("collect_arrears");
        }
        let subscription = api.post("/v1/subscriptions", body).await.expect(201);
        assert_eq!(subscription["onLift"], "collect_arrears");
        held(&shop, &api, &customer, &subscription).await;
        shop.next_day().await;
        shop.next_day().await;
        api.unblacklist(&customer).await;
        for _ in 0..5 {
            shop.sweep().await;
        }
        // The sign-up and the three days that were missed, each once.
        assert_eq!(shop.charged().await, [PRICE; 4]);
        let now = api.subscription(&subscription).await;
        assert_eq!((&now["cyclesCompleted"], &now["autoBillingEnabled"]), (&json!(4), &json!(true)));
        assert_eq!(now["currentPeriodEnd"], shop.clock.in_seconds(4 * DAY_S).as_str());
        shop.next_day().await;
        assert_eq!(shop.charged().await, [PRICE; 5]);
    }
}

/// What is said on the sign-up wins over the settings.
#[tokio::test]
async fn a_subscriptions_own_word_wins() {
    let shop = Shop::open().await;
    let api = shop.secret();
    api.patch("/v1/settings", json!({"onLift": "collect_arrears"})).await.expect(200);
    let customer = api.customer(json!({})).await;
    let plan = api.plan(json!({})).await;
    let body = json!({"customerId": customer, "planId": plan, "onLift": "resume_from_now"});
    let subscription = api.post("/v1/subscriptions", body).await.expect(201);
    held(&shop, &api, &customer, &subscription).await;
    api.unblacklist(&customer).await;
    for _ in 0..3 {
        shop.sweep().await;
    }
    assert_eq!(shop.charged().await, [PRICE]);
}

/// A block that ends by itself lifts itself.
#[tokio::test]
async fn a_block_that_expires_releases_as_well() {
    let (shop, api, _, subscription) = subscribed().await;
    let until = shop.clock.in_seconds(2 * DAY_S);
    api.entry(json!({"list": "block", "kind": "email", "value": "ada@example.com", "expiresAt": until}))
        .await;
    shop.next_day().await;
    assert_eq!(api.subscription(&subscription).await["autoBillingDisabledReason"], "identifier_blacklisted");
    shop.pass(DAY_S - 1).await;
    shop.sweep().await;
    assert_eq!(api.subscription(&subscription).await["autoBillingEnabled"], false);
    shop.pass(1).await;
    shop.sweep().await;
    assert_eq!(api.subscription(&subscription).await["autoBillingEnabled"], true);
    assert_eq!(shop.charged().await, [PRICE]);
    shop.next_day().await;
    assert_eq!(shop.charged().await, [PRICE; 2]);
}

/// One block is lifted, another still stands: it stays held.
#[tokio::test]
async fn a_second_block_goes_on_holding() {
    let (shop, api, customer, subscription) = subscribed().await;
    held(&shop, &api, &customer, &subscription).await;
    api.post(&format!("/customers/{customer}/restrictions"), json!({"restrictMit": true})).await.expect(200);
    api.unblacklist(&customer).await;
    shop.next_day().await;
    assert_eq!(api.subscription(&subscription).await["autoBillingEnabled"], false);
    assert_eq!(shop.charged().await, [PRICE]);
}

#[tokio::test]
async fn what_is_held_can_be_paused_and_ended() {
    for (what, body, status) in [
        ("pause", json!({}), "paused"),
        ("cancel", json!({}), "canceled"),
        ("cancel", json!({"atPeriodEnd": true}), "canceled"),
    ] {
        let (shop, api, customer, subscription) = subscribed().await;
        held(&shop, &api, &customer, &subscription).await;
        let path = format!("/v1/subscriptions/{}/{what}", subscription["id"].as_str().unwrap());
        api.post(&path, body).await.expect(200);
        shop.sweep().await;
        api.unblacklist(&customer).await;
        shop.next_day().await;
        assert_eq!(api.subscription(&subscription).await["status"], status);
        assert_eq!(shop.charged().await, [PRICE]);
    }
}

/// The end of a trial that is held is skipped like any other period.
#[tokio::test]
async fn a_trial_that_ends_under_a_block_is_held() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let customer = api.customer(json!({})).await;
    let plan = api.plan(json!({"trialDays": 1})).await;
    let trial = api.subscribe(&customer, &plan).await;
    api.blacklist(&customer).await;
    shop.next_day().await;
    let now = api.subscription(&trial).await;
    assert_eq!(now["autoBillingDisabledReason"], "customer_blacklisted");
    shop.pass(DAY_S / 2).await;
    api.unblacklist(&customer).await;
    shop.sweep().await;
    let now = api.subscription(&trial).await;
    assert_eq!((&now["status"], &now["cyclesCompleted"]), (&json!("active"), &json!(0)));
    assert_eq!(now["currentPeriodEnd"], shop.clock.in_seconds(2 * DAY_S).as_str());
    assert_eq!(shop.ledger().await, []);
    shop.pass(DAY_S / 2).await;
    shop.sweep().await;
    assert_eq!(shop.charged().await, [PRICE]);
}

/// What was due, held and charged is so after a restart.
#[tokio::test]
async fn a_restart_charges_nobody_twice_and_releases_nobody() {
    let (shop, api, customer, subscription) = subscribed().await;
    let other = api.customer(json!({})).await;
    let plan = subscription["planId"].as_str().unwrap();
    let good = api.subscribe(&other, plan).await;
    held(&shop, &api, &customer, &subscription).await;
    let charged = shop.ledger().await;
    let shop = shop.restart().await;
    shop.app.recover_payments().await;
    shop.sweep().await;
    assert_eq!(shop.ledger().await, charged);
    let api = shop.secret();
    assert_eq!(api.subscription(&subscription).await["autoBillingEnabled"], false);
    shop.next_day().await;
    assert_eq!(api.subscription(&good).await["cyclesCompleted"], 3);
    assert_eq!(api.subscription(&subscription).await["cyclesCompleted"], 1);
    assert_eq!(shop.ledger().await.len(), charged.len() + 1);
}

/// The feed tells what happened, in order, and each thing once.
#[tokio::test]
async fn the_feed_tells_what_happened() {
    let (shop, api, customer, subscription) = subscribed().await;
    shop.next_day().await;
    held(&shop, &api, &customer, &subscription).await;
    api.unblacklist(&customer).await;
    for _ in 0..3 {
        shop.sweep().await;
    }
    let changes = api.get("/v1/changes").await.expect(200);
    let changes = changes["items"].as_array().unwrap().iter();
    let told: Vec<&str> = changes.map(|change| change["action"].as_str().unwrap()).collect();
    let parts = [
        ["customer.created", "plan.created"].as_slice(),
        &["subscription.created", "payment.succeeded", "subscription.activated"],
        &["clock.advanced", "payment.succeeded", "subscription.renewed"],
        &["customer.blacklisted", "clock.advanced", "payment.blocked", "subscription.held"],
        &["customer.list_status_cleared", "subscription.released"],
    ];
    assert_eq!(told, parts.concat());
}

//! While the lists may be stale: payments, sign-ups, checkouts and renewals. The witness is the sandbox's
//! ledger.
//!
//! Deliberately not here: decisions alone (`outage.rs`).

use interdict_app::Renewed;
use serde_json::{Value, json};

use crate::billing::{DAY_S, PRICE};
use crate::outage::{BLOCKED, STRANGER, TRUSTED};
use crate::shop::{Api, Reply, Shop};

fn payer(initiator: &str, email: &str) -> Value {
    json!({"initiator": initiator, "email": email})
}

#[tokio::test]
async fn a_payment_is_charged_blocked_or_sent_back_as_the_policy_says() {
    for initiator in ["customer", "merchant"] {
        let shop = Shop::with_lists().await;
        let api = shop.secret();
        shop.clock.outrun_the_feed();
        for email in [STRANGER, TRUSTED] {
            let before = shop.charged().await.len();
            api.on_outage(initiator, "index").await;
            api.pay(payer(initiator, email)).await.expect(201);
            assert_eq!(shop.charged().await.len(), before + 1);

            api.on_outage(initiator, "block").await;
            let blocked = api.pay(payer(initiator, email)).await;
            assert_eq!(blocked.refused(403), "degraded_blocked");
            let id = blocked.json()["error"]["paymentId"].as_str().unwrap().to_owned();
            let kept = api.get(&format!("/payments/{id}")).await.expect(200);
            assert_eq!(
                (&kept["status"], &kept["outcome"]["errorCode"]),
                (&json!("cancelled"), &json!("degraded_blocked"))
            );
            assert_eq!(kept["outcome"]["declineType"], "soft_decline");

            let rows = api.payments("").await.len();
            api.on_outage(initiator, "retry_later").await;
            let later = api.pay(payer(initiator, email)).await;
            assert_eq!(
                (later.refused(503).as_str(), later.header("retry-after")),
                ("index_stale", Some("1"))
            );
            assert_eq!(api.payments("").await.len(), rows, "nothing is kept of what was not decided");
            assert_eq!(shop.charged().await.len(), before + 1);
        }
        for policy in ["index", "block", "retry_later"] {
            api.on_outage(initiator, policy).await;
            assert_eq!(api.pay(payer(initiator, BLOCKED)).await.refused(403), "identifier_blacklisted");
        }
    }
}

#[tokio::test]
async fn the_same_request_goes_through_once_the_feed_is_heard() {
    let shop = Shop::with_lists().await;
    let api = shop.secret();
    api.on_outage("customer", "retry_later").await;
    let keyed = api.with("idempotency-key", "k-1");
    shop.clock.outrun_the_feed();
    for _ in 0..2 {
        assert_eq!(keyed.pay(payer("customer", STRANGER)).await.refused(503), "index_stale");
    }
    shop.recovered().await;
    let paid = keyed.pay(payer("customer", STRANGER)).await.expect(201);
    assert_eq!(keyed.pay(payer("customer", STRANGER)).await.expect(201)["id"], paid["id"]);
    assert_eq!(shop.charged().await, [100]);
}

#[tokio::test]
async fn an_open_payment_stays_open_until_it_can_be_decided() {
    let shop = Shop::with_lists().await;
    let api = shop.secret();
    let open = async || {
        let body = json!({"amount": 100, "currency": "NGN", "email": STRANGER});
        let payment = api.post("/payments", body).await.expect(201);
        format!("/payments/{}", payment["id"].as_str().unwrap())
    };
    let (first, second) = (open().await, open().await);
    api.on_outage("customer", "retry_later").await;
    shop.clock.outrun_the_feed();
    let authorize = async |path: &str| api.post(&format!("{path}/authorize"), json!({})).await;
    assert_eq!(authorize(&first).await.refused(503), "index_stale");
    let kept = api.get(&first).await.expect(200);
    assert_eq!((&kept["status"], &kept["isPending"]), (&json!("open"), &json!(false)));
    api.on_outage("customer", "block").await;
    assert_eq!(authorize(&second).await.refused(403), "degraded_blocked");
    shop.recovered().await;
    assert_eq!(authorize(&first).await.expect(200)["status"], "succeeded");
    assert_eq!(shop.charged().await, [100]);
}

#[tokio::test]
async fn a_checkout_is_decided_at_creation_and_at_pay() {
    let shop = Shop::with_lists().await;
    let (api, payer) = (shop.secret(), shop.anonymous());
    let terms = json!({"amount": 100, "customerEmail": STRANGER});
    let session = api.session(terms.clone()).await;
    let browser = payer.with("content-type", "application/x-www-form-urlencoded");
    let page = format!("/pay/{}", session["token"].as_str().unwrap());
    let press = async || browser.post_text(&page, "paymentMethod=pm_test_success").await;
    shop.clock.outrun_the_feed();

    api.on_outage("customer", "retry_later").await;
    let make = async |api: Api| api.post("/v1/checkout/sessions", terms.clone()).await;
    assert_eq!(make(shop.secret()).await.refused(503), "index_stale");
    assert_eq!(payer.pay_session(&session, json!({})).await.refused(503), "index_stale");
    let shown = press().await.text();
    assert!(shown.contains("Please try again in a moment.") && !shown.contains("stale"), "{shown}");
    assert_eq!(payer.progress(&session).await, "pending");

    api.on_outage("customer", "block").await;
    assert_eq!(make(shop.secret()).await.refused(403), "degraded_blocked");
    assert_eq!(make(shop.publishable()).await.refused(403), "payment_not_permitted");
    let refused = payer.pay_session(&session, json!({})).await;
    assert_eq!(refused.refused(403), "payment_not_permitted");
    assert!(!refused.text().contains("degraded"), "{}", refused.text());
    assert_eq!(shop.charged().await.len(), 0);

    shop.recovered().await;
    assert_eq!(payer.pay_session(&session, json!({})).await.expect(200)["status"], "succeeded");
}

#[tokio::test]
async fn a_sign_up_is_the_customers_doing() {
    let shop = Shop::with_lists().await;
    let api = shop.secret();
    let (customer, plan) = (api.customer(json!({"email": STRANGER})).await, api.plan(json!({})).await);
    let sign_up = async || -> Reply {
        api.post("/v1/subscriptions", json!({"customerId": customer, "planId": plan})).await
    };
    shop.clock.outrun_the_feed();
    api.on_outage("customer", "retry_later").await;
    assert_eq!(sign_up().await.refused(503), "index_stale");
    api.on_outage("customer", "block").await;
    assert_eq!(sign_up().await.refused(403), "degraded_blocked");
    assert_eq!(shop.charged().await.len(), 0);
    // The other initiator's policy has no say.
    api.on_outage("merchant", "block").await;
    assert_eq!(sign_up().await.expect(201)["status"], "active");
    assert_eq!(shop.charged().await, [PRICE]);
}

/// A shop with a subscription of a day that is due for its first renewal.
async fn due() -> (Shop, Api, String, Value) {
    let shop = Shop::with_lists().await;
    let api = shop.secret();
    let customer = api.customer(json!({"email": STRANGER})).await;
    let plan = api.plan(json!({})).await;
    let subscription = api.subscribe(&customer, &plan).await;
    shop.pass(DAY_S).await;
    (shop, api, customer, subscription)
}

/// Nobody's subscription is held for seconds of an outage: lifting it would skip the period.
#[tokio::test]
async fn a_renewal_that_cannot_be_judged_waits_for_a_later_sweep() {
    for policy in ["block", "retry_later"] {
        let (shop, api, _, subscription) = due().await;
        api.on_outage("merchant", policy).await;
        let (before, revision) = (api.subscription(&subscription).await, shop.revision().await);
        shop.clock.outrun_the_feed();
        for _ in 0..3 {
            shop.sweep().await;
        }
        assert_eq!(api.subscription(&subscription).await, before, "{policy}: nothing is disabled");
        assert_eq!(shop.revision().await, revision, "{policy}: nothing is written");
        assert_eq!(shop.charged().await, [PRICE]);
        assert_eq!(shop.service().renewals().of(Renewed::Waiting), 3);
        shop.recovered().await;
        shop.sweep().await;
        let after = api.subscription(&subscription).await;
        assert_eq!((&after["cyclesCompleted"], &after["autoBillingEnabled"]), (&json!(2), &json!(true)));
        assert_eq!(shop.charged().await, [PRICE; 2]);
    }
}

#[tokio::test]
async fn a_renewal_goes_on_by_the_lists_when_the_merchant_wants_that() {
    let (shop, api, _, subscription) = due().await;
    api.on_outage("customer", "block").await;
    shop.clock.outrun_the_feed();
    shop.sweep().await;
    assert_eq!(api.subscription(&subscription).await["cyclesCompleted"], 2);
    assert_eq!(shop.charged().await, [PRICE; 2]);
}

#[tokio::test]
async fn a_block_that_the_lists_hold_holds_a_renewal_and_is_not_lifted_meanwhile() {
    for policy in ["block", "retry_later"] {
        let (shop, api, customer, subscription) = due().await;
        api.blacklist(&customer).await;
        api.on_outage("merchant", policy).await;
        shop.clock.outrun_the_feed();
        shop.sweep().await;
        let held = api.subscription(&subscription).await;
        assert_eq!(held["autoBillingDisabledReason"], "customer_blacklisted", "{policy}");
        shop.sweep().await;
        assert_eq!(shop.service().renewals().of(Renewed::StillHeld), 1);
        // Lifted, as far as the lists are known here: that is not enough to go on.
        api.unblacklist(&customer).await;
        shop.sweep().await;
        assert_eq!(api.subscription(&subscription).await, held, "{policy}");
        shop.recovered().await;
        shop.sweep().await;
        assert_eq!(api.subscription(&subscription).await["autoBillingEnabled"], true, "{policy}");
        assert_eq!(shop.charged().await, [PRICE]);
    }
}

/// Who signed up by a typed email is not known by memory alone: the claim finds out.
#[tokio::test]
async fn a_renewal_of_somebody_who_typed_an_email_waits_as_well() {
    let shop = Shop::with_lists().await;
    let api = shop.secret();
    let plan = api.plan(json!({})).await;
    let session = api.session(json!({"planId": plan})).await;
    let paid = shop.anonymous().pay_session(&session, json!({"email": STRANGER})).await.expect(200);
    let subscription = json!({"id": paid["subscriptionId"]});
    shop.pass(DAY_S).await;
    api.on_outage("merchant", "block").await;
    let before = api.subscription(&subscription).await;
    shop.clock.outrun_the_feed();
    shop.sweep().await;
    assert_eq!(api.subscription(&subscription).await, before);
    assert_eq!(shop.service().renewals().of(Renewed::Waiting), 1);
    shop.recovered().await;
    shop.sweep().await;
    assert_eq!(shop.charged().await, [PRICE; 2]);
}

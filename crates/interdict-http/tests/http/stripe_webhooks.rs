//! What Stripe tells by itself: heard when it is signed and fresh, once, and the same in every order.
//!
//! Deliberately not here: what a reversal may not lift (`incidents_of_chargebacks.rs`).

use interdict_domain::clock::Clock as _;
use serde_json::{Value, json};

use crate::shop::{Api, Shop};
use crate::signed::{PATH, SIGNING_SECRET, dispute, signature, warning};

const ADA: &str = "ada@example.com";
const CREATED: &str = "charge.dispute.created";
const UPDATED: &str = "charge.dispute.updated";
const CLOSED: &str = "charge.dispute.closed";
const WARNED: &str = "radar.early_fraud_warning.created";

/// A shop that hears Stripe, with a customer who has paid once.
struct Sale {
    shop: Shop,
    api: Api,
    ada: String,
    payment: String,
}

impl Sale {
    async fn open() -> Self {
        let shop = Shop::open().await;
        shop.expect_webhooks().await;
        let api = shop.secret();
        let ada = api.customer(json!({"email": ADA})).await;
        let payment = api.paid(json!({"customer": ada})).await;
        Self { shop, api, ada, payment }
    }

    fn dispute(&self, reason: &str, status: &str) -> Value {
        dispute("du_1", &self.payment, reason, status)
    }

    /// Whether the payment counts as charged back, the flags, and how many emails are blacklisted.
    async fn state(&self) -> (bool, (bool, bool), usize) {
        let payment = self.api.get(&format!("/payments/{}", self.payment)).await.expect(200);
        let listed = self.api.blacklisted_emails().await.len();
        (payment["isChargebacked"].as_bool().unwrap(), self.api.flags(&self.ada).await, listed)
    }
}

const UNTOUCHED: (bool, (bool, bool), usize) = (false, (false, false), 0);
const MARKED: (bool, (bool, bool), usize) = (true, (false, false), 0);
const BLOCKED: (bool, (bool, bool), usize) = (true, (true, true), 1);

/// Every order of three.
const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

#[tokio::test]
async fn a_dispute_that_is_won_ends_the_same_in_every_order_and_twice() {
    for order in ORDERS {
        let sale = Sale::open().await;
        let told = [
            ("evt_1", CREATED, sale.dispute("fraudulent", "needs_response")),
            ("evt_2", UPDATED, sale.dispute("fraudulent", "under_review")),
            ("evt_3", CLOSED, sale.dispute("fraudulent", "won")),
        ];
        for _ in 0..2 {
            for (id, kind, object) in order.map(|index| &told[index]) {
                sale.shop.hear(id, kind, object).await;
            }
        }
        assert_eq!(sale.state().await, UNTOUCHED, "{order:?}");
        assert_eq!(sale.shop.provider_events().await.len(), 3, "{order:?}");
        let chargebacks = sale.api.chargebacks().await;
        assert_eq!(chargebacks.len(), 1, "{order:?}");
        assert!(chargebacks[0]["reversedAt"].is_string(), "{order:?}");
        sale.api.paid(json!({"customer": sale.ada})).await;
    }
}

#[tokio::test]
async fn a_dispute_that_is_lost_ends_the_same_in_every_order_and_twice() {
    for order in ORDERS {
        let sale = Sale::open().await;
        let told = [
            ("evt_1", CREATED, sale.dispute("fraudulent", "needs_response")),
            ("evt_2", UPDATED, sale.dispute("fraudulent", "under_review")),
            ("evt_3", CLOSED, sale.dispute("fraudulent", "lost")),
        ];
        for _ in 0..2 {
            for (id, kind, object) in order.map(|index| &told[index]) {
                assert_eq!(sale.shop.hear(id, kind, object).await.0, "blocked");
            }
        }
        assert_eq!(sale.state().await, BLOCKED, "{order:?}");
        assert_eq!(sale.api.chargebacks().await.len(), 1, "{order:?}");
    }
}

/// Incident 8: `dispute.created` fires for inquiries too.
#[tokio::test]
async fn incident_8_an_inquiry_is_no_chargeback_until_it_becomes_one() {
    let sale = Sale::open().await;
    for (id, status) in [("evt_1", "warning_needs_response"), ("evt_2", "warning_closed")] {
        let heard = sale.shop.hear(id, CREATED, &sale.dispute("fraudulent", status)).await;
        assert_eq!(heard.0, "inquiry");
    }
    assert_eq!((sale.state().await, sale.api.chargebacks().await), (UNTOUCHED, Vec::<Value>::new()));
    let open = sale.dispute("fraudulent", "needs_response");
    assert_eq!(sale.shop.hear("evt_3", UPDATED, &open).await.0, "blocked");
    assert_eq!(sale.state().await, BLOCKED);
}

/// Incident 8: only strong reasons block by themselves.
#[tokio::test]
async fn incident_8_only_a_strong_reason_blocks() {
    for reason in ["product_not_received", "duplicate", "subscription_canceled", "general", "a_new_one"] {
        let sale = Sale::open().await;
        let open = sale.dispute(reason, "needs_response");
        assert_eq!(sale.shop.hear("evt_1", CREATED, &open).await.0, "recorded", "{reason}");
        assert_eq!(sale.state().await, MARKED, "{reason}");
        assert_eq!(sale.api.chargebacks().await[0]["providerReason"], reason);
    }
}

#[tokio::test]
async fn the_settings_say_what_a_dispute_does() {
    for (policy, outcome, state) in
        [("report", "reported", UNTOUCHED), ("record", "recorded", MARKED), ("block", "blocked", BLOCKED)]
    {
        let sale = Sale::open().await;
        sale.api.patch("/v1/settings", json!({ "onDispute": policy })).await.expect(200);
        let open = sale.dispute("fraudulent", "needs_response");
        assert_eq!(sale.shop.hear("evt_1", CREATED, &open).await.0, outcome);
        assert_eq!(sale.state().await, state, "{policy}");
        let listed = sale.shop.provider_events().await;
        assert_eq!((&listed[0]["payment"], &listed[0]["reference"]), (&json!(sale.payment), &json!("du_1")));
    }
}

#[tokio::test]
async fn the_settings_say_what_a_fraud_warning_does() {
    for (policy, outcome, state) in
        [("report", "reported", UNTOUCHED), ("record", "recorded", MARKED), ("block", "blocked", BLOCKED)]
    {
        let sale = Sale::open().await;
        sale.api.patch("/v1/settings", json!({ "onFraudWarning": policy })).await.expect(200);
        let told = warning("issfr_1", &sale.payment, "made_with_stolen_card");
        assert_eq!(sale.shop.hear("evt_1", WARNED, &told).await.0, outcome);
        assert_eq!(sale.state().await, state, "{policy}");
    }
}

/// Incident 12: manual beats automatic, and the refusal is reported.
#[tokio::test]
async fn incident_12_a_whitelisted_customer_is_not_blocked_and_that_is_reported() {
    let sale = Sale::open().await;
    sale.api.post(&format!("/v1/customers/{}/whitelist", sale.ada), json!({})).await.expect(200);
    let open = sale.dispute("fraudulent", "needs_response");
    let (outcome, note) = sale.shop.hear("evt_1", CREATED, &open).await;
    assert_eq!(outcome, "recorded");
    assert_eq!(note.as_deref(), Some("not blocked: somebody has whitelisted this customer"));
    assert_eq!(sale.state().await, MARKED);
}

/// Sends bytes with a header; the answer must refuse them.
async fn refuse(sale: &Sale, header: Option<&str>, body: &[u8]) {
    let stripe = sale.shop.anonymous();
    let stripe = header.map_or(stripe.clone(), |header| stripe.with("stripe-signature", header));
    let reply = stripe.send("POST", PATH, Some(body.to_vec())).await;
    assert_eq!(reply.refused(400), "bad_webhook", "{header:?}");
}

#[tokio::test]
async fn what_is_forged_altered_old_or_garbage_changes_nothing() {
    let sale = Sale::open().await;
    let now = sale.shop.clock.now().seconds();
    let open = sale.dispute("fraudulent", "needs_response");
    let body = sale.shop.event("evt_1", CREATED, &open).to_string().into_bytes();
    let altered = String::from_utf8(body.clone()).unwrap().replace("du_1", "du_2").into_bytes();
    let revision = sale.shop.revision().await;
    let good = signature(SIGNING_SECRET, now, &body);
    refuse(&sale, None, &body).await;
    refuse(&sale, Some(""), &body).await;
    refuse(&sale, Some("t=now,v1=zz"), &body).await;
    refuse(&sale, Some(&signature("whsec_another", now, &body)), &body).await;
    refuse(&sale, Some(&good), &altered).await;
    refuse(&sale, Some(&good.replace("v1=", "v0=")), &body).await;
    refuse(&sale, Some(&good.replace(&now.to_string(), &(now + 1).to_string())), &body).await;
    for garbage in [b"".as_slice(), b"{}", b"\xff\xfe\x00", b"[[[["] {
        refuse(&sale, Some(&signature(SIGNING_SECRET, now, garbage)), garbage).await;
    }
    for seconds in [now - 301, now + 301] {
        refuse(&sale, Some(&signature(SIGNING_SECRET, seconds, &body)), &body).await;
    }
    assert_eq!((sale.state().await, sale.shop.revision().await), (UNTOUCHED, revision));
    assert_eq!(sale.shop.provider_events().await, Vec::<Value>::new());
    // At the edge it is still heard; played again later, it is old.
    let edge = signature(SIGNING_SECRET, now - 300, &body);
    let stripe = sale.shop.anonymous().with("stripe-signature", &edge);
    stripe.send("POST", PATH, Some(body.clone())).await.expect(200);
    assert_eq!(sale.state().await, BLOCKED);
    sale.shop.clock.advance(1);
    refuse(&sale, Some(&edge), &body).await;
}

#[tokio::test]
async fn a_merchant_who_is_not_there_or_expects_nothing_is_404() {
    let sale = Sale::open().await;
    sale.shop.another_merchant("Second");
    let body = sale.shop.event("evt_1", CREATED, &sale.dispute("fraudulent", "lost")).to_string();
    let stripe = sale.shop.stripe(sale.shop.clock.now().seconds(), body.as_bytes());
    for path in ["test/2", "test/99", "live/1", "test/ada", "test/-1", "neither/1"] {
        let reply = stripe.post_text(&format!("/webhooks/stripe/{path}"), &body).await;
        assert_eq!(reply.refused(404), "not_found", "{path}");
    }
    assert_eq!(sale.state().await, UNTOUCHED);
}

#[tokio::test]
async fn an_event_of_the_other_mode_or_about_something_else_is_ignored() {
    let sale = Sale::open().await;
    let open = sale.dispute("fraudulent", "needs_response");
    let mut live = sale.shop.event("evt_1", CREATED, &open);
    live["livemode"] = json!(true);
    sale.shop.send_event(&live).await.expect(200);
    assert_eq!(sale.shop.provider_events().await[0]["outcome"], "ignored");
    let heard = sale.shop.hear("evt_2", "invoice.paid", &json!({"id": "in_1"})).await;
    assert_eq!(heard.0, "ignored");
    let stranger = dispute("du_9", "pi_of_another_shop", "fraudulent", "lost");
    assert_eq!(sale.shop.hear("evt_3", CREATED, &stranger).await.0, "unknown_payment");
    assert_eq!((sale.state().await, sale.api.chargebacks().await), (UNTOUCHED, Vec::<Value>::new()));
}

//! Checkout sessions (Duro): made by a server or a page, decided twice, paid by whoever has the token.
//!
//! Deliberately not here: the hosted page (`hosted_page.rs`).

use serde_json::{Value, json};

use crate::billing::{DAY_S, PRICE};
use crate::shop::{Api, Reply, Shop};

const ADA: &str = "ada@example.com";

impl Api {
    /// A session for an amount, but for what is said.
    pub async fn session(&self, terms: Value) -> Value {
        self.post("/v1/checkout/sessions", terms).await.expect(201)
    }

    /// Pays a session with a card.
    pub async fn pay_session(&self, session: &Value, terms: Value) -> Reply {
        let mut body = json!({"rail": "card"});
        body.as_object_mut().unwrap().extend(terms.as_object().unwrap().clone());
        self.post(&format!("/checkout/{}/pay", session["token"].as_str().unwrap()), body).await
    }

    /// Where a session stands.
    pub async fn progress(&self, session: &Value) -> Value {
        let path = format!("/checkout/{}/status", session["token"].as_str().unwrap());
        self.get(&path).await.expect(200)["status"].clone()
    }
}

fn amount() -> Value {
    json!({"amount": 100, "customerEmail": ADA})
}

async fn block(api: &Api) {
    let body = json!({"list": "block", "kind": "email", "value": ADA, "reason": "Lost in March"});
    api.entry(body).await;
}

#[tokio::test]
async fn a_server_and_a_page_can_make_a_session_and_the_payer_pays_it_once() {
    let shop = Shop::open().await;
    let payer = shop.anonymous();
    for maker in [shop.secret(), shop.publishable()] {
        let session = maker.session(amount()).await;
        assert_eq!((&session["status"], &session["kind"]), (&json!("pending"), &json!("one_time")));
        let token = session["token"].as_str().unwrap();
        assert!(token.starts_with("cs_test_") && session["url"].as_str().unwrap().ends_with(token));
        let seen = payer.get(&format!("/checkout/{token}")).await.expect(200);
        assert_eq!((&seen["merchant"], &seen["emailRequired"]), (&json!("First"), &json!(false)));
        let paid = payer.pay_session(&session, json!({})).await.expect(200);
        assert_eq!((&paid["status"], &paid["subscriptionId"]), (&json!("succeeded"), &Value::Null));
        assert_eq!(payer.progress(&session).await, "succeeded");
        assert_eq!(payer.pay_session(&session, json!({})).await.refused(409), "conflict");
    }
    assert_eq!(shop.charged().await, [100, 100]);
    assert_eq!(shop.secret().payments("status[eq]=succeeded").await.len(), 2);
}

#[tokio::test]
async fn a_blocked_payer_gets_no_session_and_a_page_never_the_reason() {
    let shop = Shop::open().await;
    block(&shop.secret()).await;
    let refused = shop.secret().post("/v1/checkout/sessions", amount()).await;
    assert_eq!(refused.refused(403), "identifier_blacklisted");
    let refused = shop.publishable().post("/v1/checkout/sessions", amount()).await;
    assert_eq!(refused.refused(403), "payment_not_permitted");
    assert!(!refused.text().contains("Lost") && !refused.text().contains("blacklist"), "{}", refused.text());
    assert_eq!(shop.ledger().await.len(), 0);
}

#[tokio::test]
async fn a_payer_who_is_blocked_in_between_is_refused_without_the_reason() {
    let shop = Shop::open().await;
    let session = shop.secret().session(amount()).await;
    block(&shop.secret()).await;
    let refused = shop.anonymous().pay_session(&session, json!({})).await;
    assert_eq!(refused.refused(403), "payment_not_permitted");
    assert!(!refused.text().contains("Lost") && !refused.text().contains("blacklist"), "{}", refused.text());
    assert_eq!(shop.ledger().await.len(), 0);
    let kept = shop.secret().payments("status[eq]=cancelled").await;
    assert_eq!(kept[0]["outcome"]["errorCode"], "identifier_blacklisted");
}

#[tokio::test]
async fn a_declined_payer_may_try_again() {
    let shop = Shop::open().await;
    let (payer, session) = (shop.anonymous(), shop.secret().session(amount()).await);
    for _ in 0..2 {
        let declined = payer.pay_session(&session, json!({"paymentMethod": "pm_test_declined"})).await;
        let declined = declined.expect(200);
        assert_eq!((&declined["status"], declined["message"].is_string()), (&json!("failed"), true));
        assert_eq!(payer.progress(&session).await, "pending");
    }
    assert_eq!(payer.pay_session(&session, json!({})).await.expect(200)["status"], "succeeded");
    assert_eq!(shop.charged().await, [100]);
}

#[tokio::test]
async fn a_payer_confirms_at_the_step_or_refuses_it() {
    let shop = Shop::open().await;
    let payer = shop.anonymous();
    let form = payer.with("content-type", "application/x-www-form-urlencoded");
    for (result, status, charged) in [("refuse", "pending", 0), ("approve", "succeeded", 1)] {
        let session = shop.secret().session(amount()).await;
        let method = json!({"paymentMethod": "pm_test_requires_action"});
        let waits = payer.pay_session(&session, method.clone()).await.expect(200);
        assert_eq!(waits["status"], "requires_action");
        assert_eq!(payer.progress(&session).await, "requires_action");
        assert_eq!(payer.pay_session(&session, method).await.refused(409), "conflict");
        let url = waits["nextAction"]["url"].as_str().unwrap();
        let (_, step) = url.split_at(url.find("/pay/step/").unwrap());
        assert!(payer.get(step).await.text().contains("Approve"));
        assert_eq!(form.post_text(step, "result=perhaps").await.status, 422);
        form.post_text(step, &format!("result={result}")).await;
        assert_eq!(payer.progress(&session).await, status);
        assert_eq!(shop.charged().await.len(), charged);
    }
}

#[tokio::test]
async fn a_plan_is_subscribed_to_and_renewed() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let plan = api.plan(json!({})).await;
    let session = api.session(json!({"planId": plan, "customerEmail": ADA})).await;
    assert_eq!((&session["kind"], &session["planId"]), (&json!("subscription"), &json!(plan)));
    let paid = shop.anonymous().pay_session(&session, json!({})).await.expect(200);
    let subscription = api.subscription(&json!({"id": paid["subscriptionId"]})).await;
    let customer = subscription["customerId"].as_str().unwrap();
    assert_eq!(api.get(&format!("/v1/customers/{customer}")).await.expect(200)["email"], ADA);
    shop.next_day().await;
    assert_eq!(shop.charged().await, [PRICE, PRICE]);
}

#[tokio::test]
async fn a_session_ends_a_day_later_on_the_merchants_clock() {
    let shop = Shop::open().await;
    let session = shop.secret().session(amount()).await;
    shop.pass(DAY_S - 1).await;
    assert_eq!(shop.anonymous().progress(&session).await, "pending");
    shop.pass(1).await;
    assert_eq!(shop.anonymous().progress(&session).await, "expired");
    assert_eq!(shop.anonymous().pay_session(&session, json!({})).await.refused(409), "conflict");
    assert_eq!(shop.ledger().await.len(), 0);
}

/// Incident 7: an exemption keyed on a typed email could be claimed by anyone who typed it.
#[tokio::test]
async fn incident_7_a_typed_email_matches_blocks_and_never_an_exemption() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let ada = api.customer(json!({"email": ADA})).await;
    api.entry(json!({"list": "block", "kind": "email", "value": ADA, "strength": "soft"})).await;
    api.entry(json!({"list": "allow", "kind": "email", "value": ADA})).await;
    api.post(&format!("/v1/customers/{ada}/whitelist"), json!({})).await.expect(200);
    // The merchant's word counts for the allow entry; the payer's does not.
    api.session(amount()).await;
    let refused = shop.publishable().post("/v1/checkout/sessions", amount()).await;
    assert_eq!(refused.refused(403), "payment_not_permitted");
    for maker in [shop.secret(), shop.publishable()] {
        let session = maker.session(json!({"amount": 100})).await;
        let refused = shop.anonymous().pay_session(&session, json!({"email": ADA})).await;
        assert_eq!(refused.refused(403), "payment_not_permitted");
    }
    assert_eq!(shop.ledger().await.len(), 0);
}

/// Incident 7, at the renewals: whoever typed an email is never renewed on its owner's exemption.
#[tokio::test]
async fn incident_7_a_renewal_of_a_typed_email_rests_on_no_exemption() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let ada = api.customer(json!({"email": ADA})).await;
    let plan = api.plan(json!({})).await;
    let session = shop.publishable().session(json!({"planId": plan, "customerEmail": ADA})).await;
    let paid = shop.anonymous().pay_session(&session, json!({})).await.expect(200);
    let subscription = json!({"id": paid["subscriptionId"]});
    assert_ne!(
        api.subscription(&subscription).await["customerId"],
        json!(ada),
        "a stranger is a new customer"
    );
    api.entry(json!({"list": "block", "kind": "email", "value": ADA, "strength": "soft"})).await;
    api.entry(json!({"list": "allow", "kind": "email", "value": ADA})).await;
    api.post(&format!("/v1/customers/{ada}/whitelist"), json!({})).await.expect(200);
    shop.next_day().await;
    let held = api.subscription(&subscription).await;
    assert_eq!(held["autoBillingDisabledReason"], "identifier_blacklisted");
    assert_eq!(shop.charged().await, [PRICE]);
}

#[tokio::test]
async fn payers_are_sent_to_allowed_origins_only() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let origins = json!({"allowedOrigins": ["https://shop.example"]});
    api.patch("/v1/settings", origins).await.expect(200);
    for url in [
        "https://evil.example/",
        "https://shop.example.evil.example/",
        "https://shop.example@evil.example/",
        "https://shop.example:8443/",
        "http://shop.example/",
        "//shop.example/",
        "/thanks",
        "javascript:alert(1)",
        "https://evil.example\\@shop.example/",
    ] {
        let body = json!({"amount": 100, "successUrl": url});
        assert_eq!(api.post("/v1/checkout/sessions", body).await.paths(), ["successUrl"], "{url}");
    }
    api.session(json!({"amount": 100, "successUrl": "https://shop.example/thanks?order=1"})).await;
}

#[tokio::test]
async fn a_wrong_token_opens_nothing() {
    let shop = Shop::open().await;
    let session = shop.secret().session(amount()).await;
    let token = session["token"].as_str().unwrap();
    let id = session["id"].as_str().unwrap();
    let (shorter, _) = token.split_at(token.len() - 1);
    for wrong in [shorter, &token.replace("test", "live"), id, "cs_test_", "cs", "ada"] {
        for path in
            [format!("/checkout/{wrong}"), format!("/checkout/{wrong}/status"), format!("/pay/{wrong}")]
        {
            assert_eq!(shop.anonymous().get(&path).await.status, 404, "{path}");
        }
        let pay = shop.anonymous().pay_session(&json!({ "token": wrong }), json!({})).await;
        assert_eq!(pay.refused(404), "not_found");
    }
    assert_eq!(shop.ledger().await.len(), 0);
}

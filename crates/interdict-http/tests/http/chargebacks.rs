//! Recording a chargeback by hand (Odus): what it marks, whom it blocks, and who may not do it.
//!
//! Deliberately not here: what Stripe tells by itself (`stripe_webhooks.rs`), and what a reversal may not
//! lift (`incidents_of_chargebacks.rs`).

use interdict_domain::credential::CredentialKind;
use serde_json::{Value, json};

use crate::shop::Shop;

const ADA: &str = "ada@example.com";

fn both() -> Value {
    json!({"blacklistCustomer": true})
}

#[tokio::test]
async fn an_empty_body_marks_the_payment_and_blocks_nobody() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let ada = api.customer(json!({"email": ADA})).await;
    let payment = api.paid(json!({"customer": ada})).await;
    let before = api.get(&format!("/payments/{payment}")).await.expect(200);
    assert_eq!((&before["isChargebacked"], &before["chargebackRecordedAt"]), (&json!(false), &Value::Null));
    shop.clock.advance(60);
    let recorded = api.charge_back(&payment, json!({})).await.expect(200);
    assert_eq!((&recorded["id"], &recorded["status"]), (&json!(payment), &json!("succeeded")));
    assert_eq!(recorded["isChargebacked"], true);
    assert_eq!(recorded["chargebackRecordedAt"], "2026-11-21T03:01:00.000Z");
    let after = api.get(&format!("/payments/{payment}")).await.expect(200);
    assert_eq!(after["chargebackRecordedAt"], recorded["chargebackRecordedAt"]);
    assert_eq!(api.flags(&ada).await, (false, false));
    assert_eq!(api.blacklisted_emails().await, Vec::<String>::new());
    api.paid(json!({"customer": ada})).await;
    api.paid(json!({"customer": ada, "initiator": "merchant"})).await;
}

#[tokio::test]
async fn no_body_at_all_is_an_empty_body() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let payment = api.paid(json!({"email": ADA})).await;
    let recorded = api.post_empty(&format!("/payments/{payment}/record-chargeback")).await.expect(200);
    assert_eq!(recorded["isChargebacked"], true);
}

#[tokio::test]
async fn a_blacklisted_customer_is_refused_from_the_next_attempt_on() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let ada = api.customer(json!({"email": "Ada@Example.com"})).await;
    let payment = api.paid(json!({"customer": ada})).await;
    let reply = api.charge_back(&payment, both()).await;
    let recorded = reply.expect(200);
    let chargeback = &recorded["chargeback"];
    assert_eq!(chargeback["note"], Value::Null);
    for hold in ["blacklist", "restrictCit", "restrictMit"] {
        assert_eq!(chargeback[hold], "owns", "{hold}");
    }
    assert_eq!(api.flags(&ada).await, (true, true));
    assert_eq!(api.blacklisted_emails().await, [ADA]);
    for initiator in ["customer", "merchant"] {
        let refused = api.pay(json!({"customer": ada, "initiator": initiator})).await;
        assert_eq!(refused.refused(403), "customer_restricted");
    }
    // The email is held by itself: whoever comes with it is refused, when the flags are gone, too.
    api.restrict(&ada, json!({"restrictCit": false, "restrictMit": false})).await;
    for initiator in ["customer", "merchant"] {
        let refused = api.pay(json!({"email": ADA, "initiator": initiator})).await;
        assert_eq!(refused.refused(403), "identifier_blacklisted");
    }
    assert_eq!(shop.charged().await, [100]);
}

#[tokio::test]
async fn a_subscription_is_not_renewed_after_a_chargeback() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let ada = api.customer(json!({"email": ADA})).await;
    let plan = api.plan(json!({})).await;
    let subscription = api.subscribe(&ada, &plan).await;
    let payments = api.payments(&format!("customer[eq]={ada}")).await;
    api.charge_back(payments[0]["id"].as_str().unwrap(), both()).await.expect(200);
    shop.next_day().await;
    let held = api.subscription(&subscription).await;
    assert_eq!((&held["status"], &held["autoBillingEnabled"]), (&json!("active"), &json!(false)));
    assert_eq!(held["autoBillingDisabledReason"], "customer_restricted");
    assert_eq!(shop.charged().await.len(), 1);
}

#[tokio::test]
async fn a_customer_without_an_email_gets_the_flags_and_the_answer_says_so() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let ada = api.customer(json!({"name": "Ada"})).await;
    let payment = api.paid(json!({"customer": ada})).await;
    let recorded = api.charge_back(&payment, both()).await.expect(200);
    let chargeback = &recorded["chargeback"];
    assert_eq!(chargeback["note"], "the customer has no email to blacklist: only the flags were set");
    assert_eq!((&chargeback["blacklist"], &chargeback["entry"]), (&json!("none"), &Value::Null));
    assert_eq!(api.flags(&ada).await, (true, true));
    assert_eq!(api.blacklisted_emails().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_payment_without_a_customer_gets_its_email_blacklisted_and_the_answer_says_so() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let payment = api.paid(json!({"email": ADA})).await;
    let recorded = api.charge_back(&payment, both()).await.expect(200);
    let note = "the payment has no customer: only its email was blacklisted";
    assert_eq!(recorded["chargeback"]["note"], note);
    assert_eq!(api.code_for(ADA).await, "identifier_blacklisted");
    let flags = json!({"customerRestrictions": {"restrictCit": true}});
    assert_eq!(api.charge_back(&payment, flags).await.paths(), ["customerRestrictions"]);
}

#[tokio::test]
async fn restrictions_are_set_as_they_are_sent() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let ada = api.customer(json!({"email": ADA})).await;
    let payment = api.paid(json!({"customer": ada})).await;
    let body = json!({"customerRestrictions": {"restrictMit": true, "restrictReason": "Lost in March"}});
    api.charge_back(&payment, body).await.expect(200);
    assert_eq!(api.flags(&ada).await, (false, true));
    let customer = api.get(&format!("/v1/customers/{ada}")).await.expect(200);
    assert_eq!(customer["restrictReason"], "Lost in March");
    assert_eq!(api.blacklisted_emails().await, Vec::<String>::new());
    api.paid(json!({"customer": ada})).await;
    let refused = api.pay(json!({"customer": ada, "initiator": "merchant"})).await;
    assert_eq!(refused.refused(403), "customer_restricted");
    // Both may be sent together: the flags of the list are the stronger wish.
    let body = json!({"blacklistCustomer": true, "customerRestrictions": {"restrictReason": "Lost twice"}});
    api.charge_back(&payment, body).await.expect(200);
    assert_eq!((api.flags(&ada).await, api.blacklisted_emails().await), ((true, true), vec![ADA.to_owned()]));
    let customer = api.get(&format!("/v1/customers/{ada}")).await.expect(200);
    assert_eq!(customer["restrictReason"], "Lost twice");
}

#[tokio::test]
async fn recording_twice_is_recording_once() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let ada = api.customer(json!({"email": ADA})).await;
    let payment = api.paid(json!({"customer": ada})).await;
    let first = api.charge_back(&payment, both()).await.expect(200);
    let revision = shop.revision().await;
    shop.clock.advance(3_600);
    for body in [both(), json!({})] {
        assert_eq!(api.charge_back(&payment, body).await.expect(200), first);
    }
    assert_eq!(shop.revision().await, revision, "what changes nothing is no change");
    assert_eq!(api.chargebacks().await.len(), 1);
    // And under one key, the answer is the stored one.
    let keyed = api.with("idempotency-key", "once");
    let other = api.paid(json!({"email": "bob@example.com"})).await;
    let first = keyed.charge_back(&other, json!({})).await;
    let again = keyed.charge_back(&other, json!({})).await;
    assert_eq!((again.header("idempotency-replayed"), &again.body), (Some("true"), &first.body));
}

#[tokio::test]
async fn what_took_no_money_cannot_be_charged_back() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let ada = api.customer(json!({"email": ADA})).await;
    for (body, status) in [
        (json!({"customer": ada, "confirm": false}), "open"),
        (json!({"customer": ada, "paymentMethod": "pm_test_declined"}), "cancelled"),
        (json!({"customer": ada, "paymentMethod": "pm_test_requires_action"}), "requires_action"),
    ] {
        let payment = api.pay(body).await.expect(201);
        assert_eq!(payment["status"], status);
        let refused = api.charge_back(payment["id"].as_str().unwrap(), both()).await;
        assert_eq!(refused.refused(409), "conflict", "{status}");
    }
    assert_eq!((api.flags(&ada).await, api.chargebacks().await), ((false, false), Vec::<Value>::new()));
    assert_eq!(api.blacklisted_emails().await, Vec::<String>::new());
}

#[tokio::test]
async fn others_do_not_see_the_payment_nor_the_chargeback() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let payment = api.paid(json!({"email": ADA})).await;
    let nobody = "/payments/pay_2R0uWz4tu9wxTMBXxj9CJfSE9vV/record-chargeback";
    assert_eq!(api.post(nobody, json!({})).await.refused(404), "not_found");
    let second = shop.another_merchant("Second");
    let strangers = [shop.bearer(&second.test.secret.secret), shop.live()];
    for stranger in &strangers {
        assert_eq!(stranger.charge_back(&payment, both()).await.refused(404), "not_found");
    }
    assert_eq!(api.chargebacks().await, Vec::<Value>::new());
    let recorded = api.charge_back(&payment, both()).await.expect(200);
    let reverse = format!("/v1/chargebacks/{}/reverse", recorded["chargeback"]["id"].as_str().unwrap());
    for stranger in &strangers {
        assert_eq!(stranger.post_empty(&reverse).await.refused(404), "not_found");
        assert_eq!(stranger.chargebacks().await, Vec::<Value>::new());
        assert_eq!(stranger.code_for(ADA).await, "default");
    }
    assert_eq!(api.code_for(ADA).await, "identifier_blacklisted");
}

/// Who may only touch payments cannot block, nor unblock, a customer by the way of a chargeback.
#[tokio::test]
async fn a_key_for_payments_alone_marks_the_payment_and_leaves_the_customer() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let ada = api.customer(json!({"email": ADA})).await;
    let payment = api.paid(json!({"customer": ada})).await;
    let key = shop.key(CredentialKind::Secret, "payments:read,payments:write", None);
    let clerk = shop.bearer(&key.secret);
    let revision = shop.revision().await;
    for body in [both(), json!({"customerRestrictions": {"restrictCit": true}})] {
        assert_eq!(clerk.charge_back(&payment, body).await.refused(403), "forbidden");
    }
    assert_eq!(shop.revision().await, revision);
    assert_eq!((api.flags(&ada).await, api.chargebacks().await), ((false, false), Vec::<Value>::new()));
    assert_eq!(clerk.charge_back(&payment, json!({})).await.expect(200)["isChargebacked"], true);
    // What the owner's key has blocked, this key cannot lift.
    api.charge_back(&payment, both()).await.expect(200);
    let id = api.chargebacks().await[0]["id"].as_str().unwrap().to_owned();
    let refused = clerk.post_empty(&format!("/v1/chargebacks/{id}/reverse")).await;
    assert_eq!(refused.refused(403), "forbidden");
    assert_eq!(
        (api.flags(&ada).await, api.code_for(ADA).await),
        ((true, true), "customer_restricted".to_owned())
    );
}

#[tokio::test]
async fn the_payment_can_still_be_reversed_afterwards() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let payment = api.paid(json!({"email": ADA})).await;
    api.charge_back(&payment, both()).await.expect(200);
    let part = api.post(&format!("/payments/{payment}/reverse"), json!({"amount": 40})).await.expect(200);
    assert_eq!((&part["amountReversed"], &part["isFullyReversed"]), (&json!(40), &json!(false)));
    let rest = api.post(&format!("/payments/{payment}/reverse"), json!({})).await.expect(200);
    assert_eq!((&rest["isFullyReversed"], &rest["isChargebacked"]), (&json!(true), &json!(true)));
    let recorded = api.charge_back(&payment, json!({})).await.expect(200);
    assert_eq!(recorded["amountReversed"], 100);
}

#[tokio::test]
async fn a_bad_body_names_its_paths_and_records_nothing() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let payment = api.paid(json!({"email": ADA})).await;
    for (body, path) in [
        (json!({"blacklistCustomer": "yes"}), "blacklistCustomer"),
        (json!({"customerRestrictions": true}), "customerRestrictions"),
        (json!({"customerRestrictions": {"restrictCit": 1}}), "customerRestrictions.restrictCit"),
        (json!({"customerRestrictions": {"until": "never"}}), "customerRestrictions.until"),
        (json!({"amount": 40}), "amount"),
    ] {
        assert_eq!(api.charge_back(&payment, body).await.paths(), [path]);
    }
    assert_eq!(api.chargebacks().await, Vec::<Value>::new());
}

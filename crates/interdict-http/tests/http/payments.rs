//! `/payments`: decided, charged on the sandbox, given back, listed.
//!
//! Deliberately not here: which blocks a payment obeys (`payments_obey.rs`), and bad input
//! (`bad_payments.rs`).

use serde_json::{Value, json};

use crate::shop::{Reply, Shop};

const ADA: &str = "ada@example.com";

fn new(method: &str) -> Value {
    json!({"amount": 500_000, "currency": "ngn", "email": ADA, "paymentMethod": method})
}

fn path(payment: &Value, what: &str) -> String {
    format!("/payments/{}/{what}", payment["id"].as_str().unwrap())
}

/// 409, and the message says from what to what.
#[track_caller]
fn conflict(reply: &Reply, from: &str, to: &str) {
    assert_eq!(reply.refused(409), "conflict");
    let message = reply.json()["error"]["message"].clone();
    assert_eq!(message, format!("This payment is {from}: it cannot be {to}."));
}

fn succeeded(amount: i64) -> (i64, String) {
    (amount, "succeeded".to_owned())
}

#[tokio::test]
async fn a_payment_is_open_until_it_is_authorized() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let customer = api.customer(json!({"email": ADA})).await;
    let body = json!({"amount": 500_000, "currency": "ngn", "customer": customer, "metadata": {"order": "1"},
        "paymentMethod": "pm_test_success"});
    let open = api.post("/payments", body).await.expect(201);
    let (id, now) = (open["id"].as_str().unwrap(), shop.clock.in_seconds(0));
    assert!(id.starts_with("pay_"), "{id}");
    let expected = json!({"id": id, "amount": 500_000, "currency": "NGN", "status": "open",
        "initiator": "customer", "origin": "api", "customer": customer, "email": null,
        "paymentMethod": "pm_test_success", "subscription": null, "periodStart": null, "isCaptured": false,
        "isFullyReversed": false, "amountCaptured": 0, "amountReversed": 0, "isChargebacked": false,
        "chargebackRecordedAt": null, "outcome": null, "nextAction": null, "isPending": false,
        "metadata": {"order": "1"}, "createdAt": now, "updatedAt": now});
    assert_eq!(open, expected);
    assert_eq!(shop.ledger().await, [], "nothing is charged yet");
    shop.clock.advance(1);
    let paid = api.post_empty(&path(&open, "authorize")).await.expect(200);
    assert_eq!((&paid["status"], &paid["isCaptured"]), (&json!("succeeded"), &json!(true)));
    assert_eq!((&paid["amountCaptured"], &paid["createdAt"]), (&json!(500_000), &open["createdAt"]));
    assert_eq!(paid["updatedAt"], shop.clock.in_seconds(0).as_str());
    assert_eq!(paid["outcome"]["status"], "success");
    assert_eq!(shop.ledger_of(&paid).await, [succeeded(500_000)]);
    assert_eq!(api.get(&format!("/payments/{id}")).await.expect(200), paid);
    conflict(&api.post_empty(&path(&open, "authorize")).await, "succeeded", "authorized");
    assert_eq!(shop.ledger().await.len(), 1, "charged once");
}

#[tokio::test]
async fn confirm_charges_in_the_same_call() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let paid = api.pay(json!({"email": ADA})).await.expect(201);
    assert_eq!((&paid["status"], &paid["paymentMethod"]), (&json!("succeeded"), &json!("pm_test_success")));
    assert_eq!(shop.ledger_of(&paid).await, [succeeded(100)]);
}

#[tokio::test]
async fn every_token_of_the_sandbox_does_what_it_says() {
    let shop = Shop::open().await;
    let api = shop.secret();
    for (token, status, code, decline) in [
        ("pm_test_success", "succeeded", Value::Null, Value::Null),
        ("pm_test_declined", "cancelled", json!("card_declined"), json!("hard_decline")),
        ("pm_test_insufficient_funds", "cancelled", json!("insufficient_funds"), json!("soft_decline")),
        ("pm_test_requires_action", "requires_action", Value::Null, Value::Null),
    ] {
        // In one call, in two, and with the token sent only with the second.
        let mut confirmed = new(token);
        confirmed["confirm"] = json!(true);
        let open = api.post("/payments", new(token)).await.expect(201);
        let other = api.post("/payments", new("pm_test_success")).await.expect(201);
        let late = json!({"paymentMethod": token});
        for payment in [
            api.post("/payments", confirmed).await.expect(201),
            api.post(&path(&open, "authorize"), json!({})).await.expect(200),
            api.post(&path(&other, "authorize"), late).await.expect(200),
        ] {
            assert_eq!(payment["status"], status, "{token}");
            assert_eq!(payment["paymentMethod"], token);
            assert_eq!(payment["outcome"]["errorCode"], code, "{token}");
            assert_eq!(payment["outcome"]["declineType"], decline, "{token}");
            assert_eq!(payment["isCaptured"], status == "succeeded", "{token}");
            let asked = shop.ledger_of(&payment).await;
            assert_eq!(asked.len(), 1, "{token}");
            if status == "cancelled" {
                let outcome = &payment["outcome"];
                assert_eq!(outcome["status"], "failure");
                assert!(outcome["safeErrorMessage"].is_string() && outcome["errorMessage"].is_string());
                conflict(&api.post_empty(&path(&payment, "authorize")).await, "cancelled", "authorized");
                conflict(&api.post_empty(&path(&payment, "reverse")).await, "cancelled", "reversed");
            }
        }
    }
    assert_eq!(shop.charged().await, [500_000; 3]);
}

#[tokio::test]
async fn what_waits_for_the_customer_says_where_to_go() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let waits = api.post("/payments", new("pm_test_requires_action")).await.expect(201);
    let waits = api.post_empty(&path(&waits, "authorize")).await.expect(200);
    let action = &waits["nextAction"];
    assert_eq!((&waits["status"], &action["type"]), (&json!("requires_action"), &json!("redirect")));
    let id = waits["id"].as_str().unwrap();
    let url = action["url"].as_str().unwrap();
    assert!(url.starts_with("http://") && url.ends_with(id), "{url}");
    // Asking again charges nobody again, and is no change.
    let revision = shop.revision().await;
    assert_eq!(api.post_empty(&path(&waits, "authorize")).await.expect(200)["status"], "requires_action");
    assert_eq!((shop.ledger().await.len(), shop.charged().await.len()), (1, 0));
    assert_eq!(shop.revision().await, revision);
    conflict(&api.post_empty(&path(&waits, "reverse")).await, "requires_action", "reversed");
}

/// Odus: a merchant-initiated payment fails at once if the customer would have to act.
#[tokio::test]
async fn a_merchants_payment_that_needs_the_customer_is_cancelled_at_once() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let who = json!({"email": ADA, "initiator": "merchant", "paymentMethod": "pm_test_requires_action"});
    let payment = api.pay(who).await.expect(201);
    assert_eq!((&payment["status"], &payment["nextAction"]), (&json!("cancelled"), &Value::Null));
    assert_eq!(payment["outcome"]["errorCode"], "customer_action_required");
    assert_eq!(shop.charged().await.len(), 0);
    conflict(&api.post_empty(&path(&payment, "authorize")).await, "cancelled", "authorized");
}

#[tokio::test]
async fn money_is_given_back_in_parts_and_never_more_than_was_taken() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let open = api.post("/payments", new("pm_test_success")).await.expect(201);
    conflict(&api.post_empty(&path(&open, "reverse")).await, "open", "reversed");
    api.post_empty(&path(&open, "authorize")).await.expect(200);
    let reverse = path(&open, "reverse");
    let part = api.post(&reverse, json!({"amount": 100_000})).await.expect(200);
    assert_eq!((&part["status"], &part["amountReversed"]), (&json!("succeeded"), &json!(100_000)));
    assert_eq!((&part["isFullyReversed"], &part["isCaptured"]), (&json!(false), &json!(true)));
    // The same amount again is another reversal, not a replay of the first.
    let twice = api.post(&reverse, json!({"amount": 100_000})).await.expect(200);
    assert_eq!(twice["amountReversed"], 200_000);
    assert_eq!(api.post(&reverse, json!({"amount": 300_001})).await.paths(), ["amount"]);
    let rest = api.post(&reverse, json!({})).await.expect(200);
    assert_eq!((&rest["amountReversed"], &rest["isFullyReversed"]), (&json!(500_000), &json!(true)));
    conflict(&api.post(&reverse, json!({})).await, "fully reversed", "reversed");
    conflict(&api.post(&reverse, json!({"amount": 1})).await, "fully reversed", "reversed");
    let mut moved = shop.ledger_of(&open).await;
    moved.sort();
    assert_eq!(moved, [100_000, 100_000, 300_000, 500_000].map(succeeded));
}

/// The last look before the money moves is for charges: what was taken can be given back to anybody.
#[tokio::test]
async fn somebody_who_is_blocked_gets_the_money_back() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let paid = api.pay(json!({"email": ADA})).await.expect(201);
    api.post("/blacklist", json!({"email": ADA})).await.expect(201);
    let reversed = api.post_empty(&path(&paid, "reverse")).await.expect(200);
    assert_eq!(reversed["isFullyReversed"], true);
}

#[tokio::test]
async fn a_blocked_attempt_is_refused_and_kept() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let entry = json!({"list": "block", "kind": "email", "value": ADA, "reason": "ring of thieves",
        "publicMessage": "Please call us."});
    let entry = api.entry(entry).await;
    for confirm in [false, true] {
        let refused = api.pay(json!({"email": ADA, "confirm": confirm})).await;
        assert_eq!(refused.refused(403), "identifier_blacklisted");
        let error = refused.json()["error"].clone();
        assert_eq!(error["message"], "Please call us.");
        assert!(!refused.text().contains("thieves"), "{}", refused.text());
        let id = error["paymentId"].as_str().unwrap();
        let kept = api.get(&format!("/payments/{id}")).await.expect(200);
        assert_eq!((&kept["status"], &kept["isPending"]), (&json!("cancelled"), &json!(false)));
        let outcome = json!({"status": "failure", "errorCode": "identifier_blacklisted",
            "errorMessage": kept["outcome"]["errorMessage"], "safeErrorMessage": "Please call us.",
            "declineType": "hard_decline"});
        assert_eq!(kept["outcome"], outcome);
        assert!(!kept.to_string().contains("thieves"), "{kept}");
    }
    assert_eq!(shop.ledger().await, []);
    // Each attempt is one hit.
    assert_eq!(api.get(&format!("/v1/entries/{entry}")).await.expect(200)["hitCount"], 2);
}

#[tokio::test]
async fn a_block_between_creation_and_authorization_counts() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let customer = api.customer(json!({"email": ADA})).await;
    let of = |method: &str| json!({"amount": 100, "currency": "NGN", "customer": customer, "paymentMethod": method});
    let open = api.post("/payments", of("pm_test_success")).await.expect(201);
    let waits = api.post("/payments", of("pm_test_requires_action")).await.expect(201);
    api.post_empty(&path(&waits, "authorize")).await.expect(200);
    api.blacklist(&customer).await;
    for payment in [&open, &waits] {
        let refused = api.post_empty(&path(payment, "authorize")).await;
        assert_eq!(refused.refused(403), "customer_blacklisted");
        assert_eq!(refused.json()["error"]["paymentId"], payment["id"]);
        let id = payment["id"].as_str().unwrap();
        let kept = api.get(&format!("/payments/{id}")).await.expect(200);
        assert_eq!((&kept["status"], &kept["nextAction"]), (&json!("cancelled"), &Value::Null));
        assert_eq!(kept["outcome"]["errorCode"], "customer_blacklisted");
    }
    // Lifting the block does not bring back what it ended.
    api.unblacklist(&customer).await;
    conflict(&api.post_empty(&path(&open, "authorize")).await, "cancelled", "authorized");
    assert_eq!(shop.ledger_of(&open).await, []);
    assert_eq!(shop.charged().await.len(), 0);
    assert_eq!(api.pay(json!({"customer": customer})).await.expect(201)["status"], "succeeded");
}

/// Without a token, what the customer last paid with is charged.
#[tokio::test]
async fn what_the_customer_last_paid_with_is_on_file() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let customer = api.customer(json!({})).await;
    let mut payments = Vec::new();
    for method in
        [json!("pm_test_declined"), json!("pm_test_success"), json!("pm_test_declined"), Value::Null]
    {
        shop.clock.advance(1);
        let payment = api.pay(json!({"customer": customer, "paymentMethod": method})).await.expect(201);
        payments.push(payment["status"].as_str().unwrap().to_owned());
    }
    assert_eq!(payments, ["cancelled", "succeeded", "cancelled", "succeeded"]);
}

/// Blocks of everybody who has the email count; trust counts for who is named, and nobody else.
#[tokio::test]
async fn an_email_that_comes_along_brings_its_blocks_and_no_trust() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let bad = api.customer(json!({"email": ADA})).await;
    let good = api.customer(json!({"email": "good@example.com"})).await;
    api.post(&format!("/customers/{bad}/restrictions"), json!({"restrictCit": true})).await.expect(200);
    let both = api.pay(json!({"customer": good, "email": ADA})).await;
    assert_eq!(both.refused(403), "customer_restricted");
    let merchants = json!({"customer": good, "email": ADA, "initiator": "merchant"});
    assert_eq!(api.pay(merchants).await.expect(201)["status"], "succeeded");
    // Whitelisted, and found by an email only: that exempts nobody.
    let trusted = api.customer(json!({"email": "vip@example.com"})).await;
    api.post(&format!("/v1/customers/{trusted}/whitelist"), json!({})).await.expect(200);
    let soft = json!({"list": "block", "kind": "email", "value": "vip@example.com", "strength": "soft"});
    api.entry(soft).await;
    assert_eq!(api.pay(json!({"customer": trusted})).await.expect(201)["status"], "succeeded");
    let typed = api.pay(json!({"email": "vip@example.com"})).await;
    assert_eq!(typed.refused(403), "identifier_blacklisted");
    assert_eq!(shop.ledger().await.len(), 2);
}

//! Subscriptions that end because of who pays them: blacklisted, where the merchant wants that, or erased.

use serde_json::{Value, json};

use crate::billing::{DAY_S, PRICE};
use crate::shop::{Api, Shop};

const ADA: &str = "ada@example.com";

/// A shop that ends the subscriptions of who is blacklisted, with one of each sort.
async fn shop_that_cancels() -> (Shop, Api, String, Vec<Value>) {
    let shop = Shop::open().await;
    let api = shop.secret();
    let settings = api.patch("/v1/settings", json!({"onBlacklist": "cancel"})).await.expect(200);
    assert_eq!(
        (&settings["onBlacklist"], &settings["onLift"]),
        (&json!("cancel"), &json!("resume_from_now"))
    );
    let customer = api.customer(json!({"email": ADA, "merchantRef": "ada"})).await;
    let subscriptions = one_of_each(&api, &customer).await;
    (shop, api, customer, subscriptions)
}

/// An active one, one in its trial, a paused one and one that was declined.
async fn one_of_each(api: &Api, customer: &str) -> Vec<Value> {
    let plan = api.plan(json!({})).await;
    let trial = api.plan(json!({"trialDays": 1})).await;
    let declined = json!({"customerId": customer, "planId": plan, "paymentMethodId": "pm_test_declined"});
    let subscriptions = vec![
        api.subscribe(customer, &plan).await,
        api.subscribe(customer, &trial).await,
        api.subscribe(customer, &plan).await,
        api.post("/v1/subscriptions", declined).await.expect(201),
    ];
    let paused = subscriptions[2]["id"].as_str().unwrap();
    api.post_empty(&format!("/v1/subscriptions/{paused}/pause")).await.expect(200);
    subscriptions
}

async fn all_ended(shop: &Shop, api: &Api, subscriptions: &[Value]) {
    for subscription in subscriptions {
        let now = api.subscription(subscription).await;
        assert_eq!(now["status"], "canceled", "{}", subscription["status"]);
        assert_eq!(now["autoBillingDisabledReason"], "subscription_cancelled");
    }
    let before = shop.ledger().await.len();
    for _ in 0..2 {
        shop.next_day().await;
    }
    assert_eq!(shop.ledger().await.len(), before, "nobody is charged");
}

/// Whichever dialect blacklists, by customer or by email.
#[tokio::test]
async fn a_blacklisting_ends_what_the_merchant_wants_ended() {
    for dialect in ["duro", "odus", "native", "idenza"] {
        let (shop, api, customer, subscriptions) = shop_that_cancels().await;
        let stranger = api.customer(json!({"email": "bob@example.com"})).await;
        let plan = api.plan(json!({"interval": "week"})).await;
        let other = api.subscribe(&stranger, &plan).await;
        match dialect {
            "duro" => api.blacklist(&customer).await,
            "odus" => drop(api.post("/blacklist", json!({"email": "ADA@example.com"})).await.expect(201)),
            "native" => drop(api.entry(json!({"list": "block", "kind": "email", "value": ADA})).await),
            _ => {
                let person = json!({"subscriber_id": 1, "first_name": "Ada", "last_name": "Obi", "email": ADA,
                    "customer_reference_id": "ada", "add_to_blacklist": true});
                shop.idenza().post("/customer/add", person).await.expect(200);
            }
        }
        all_ended(&shop, &api, &subscriptions).await;
        assert_eq!(api.subscription(&other).await["status"], "active", "{dialect}");
        // Lifting the block brings nothing back.
        api.unblacklist(&customer).await;
        all_ended(&shop, &api, &subscriptions).await;
    }
}

/// Restrictions, and the allow side, end nothing.
#[tokio::test]
async fn only_a_blacklisting_ends_anything() {
    let (shop, api, customer, subscriptions) = shop_that_cancels().await;
    api.post(&format!("/customers/{customer}/restrictions"), json!({"restrictMit": true})).await.expect(200);
    api.entry(json!({"list": "allow", "kind": "email", "value": ADA})).await;
    api.post(&format!("/v1/customers/{customer}/whitelist"), json!({})).await.expect(200);
    shop.next_day().await;
    for (subscription, status) in subscriptions.iter().zip(["active", "trialing", "paused", "incomplete"]) {
        assert_eq!(api.subscription(subscription).await["status"], status);
    }
}

/// Nor does a blacklisting that does not count for renewals: not yet, or not for them.
#[tokio::test]
async fn what_does_not_block_renewals_ends_none() {
    let (shop, api, customer, subscriptions) = shop_that_cancels().await;
    let block = json!({"list": "block", "kind": "email", "value": ADA});
    for (term, value) in [("scopes", json!(["cit"])), ("startsAt", json!(shop.clock.in_seconds(2 * DAY_S)))] {
        let mut entry = block.clone();
        entry[term] = value;
        api.post("/v1/entries", entry).await;
        assert_eq!(api.subscription(&subscriptions[0]).await["status"], "active", "{term}");
    }
    let body = json!({"scopes": ["cit"]});
    api.post(&format!("/v1/customers/{customer}/blacklist"), body).await.expect(200);
    shop.next_day().await;
    for (subscription, status) in subscriptions.iter().zip(["active", "active", "paused", "incomplete"]) {
        assert_eq!(api.subscription(subscription).await["status"], status);
    }
    assert_eq!(shop.charged().await, [PRICE; 4], "two sign-ups, a renewal and the end of a trial");
    // Once it begins, it holds.
    shop.next_day().await;
    let held = api.subscription(&subscriptions[0]).await;
    assert_eq!(held["autoBillingDisabledReason"], "identifier_blacklisted");
    assert_eq!(shop.charged().await, [PRICE; 4]);
}

#[tokio::test]
async fn a_blacklisting_holds_unless_the_merchant_says_otherwise() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let customer = api.customer(json!({"email": ADA})).await;
    let subscriptions = one_of_each(&api, &customer).await;
    api.blacklist(&customer).await;
    for (subscription, status) in subscriptions.iter().zip(["active", "trialing", "paused", "incomplete"]) {
        assert_eq!(api.subscription(subscription).await["status"], status);
    }
}

#[tokio::test]
async fn nobody_is_charged_for_somebody_who_is_forgotten() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let customer = api.customer(json!({"email": ADA})).await;
    let subscriptions = one_of_each(&api, &customer).await;
    let who =
        json!({"customer": customer, "email": ADA, "metadata": {"note": "for Zubaida"}, "confirm": false});
    let open = api.pay(who).await.expect(201);
    let paid = api.pay(json!({"customer": customer, "email": ADA})).await.expect(201);
    api.delete(&format!("/v1/customers/{customer}")).await.expect(200);
    all_ended(&shop, &api, &subscriptions).await;
    // What was paid stays paid, without a word about the person.
    for payment in [&open, &paid] {
        let kept = api.get(&format!("/payments/{}", payment["id"].as_str().unwrap())).await;
        assert_eq!((&kept.expect(200)["email"], &kept.json()["metadata"]), (&Value::Null, &json!({})));
    }
    for path in ["/payments", "/v1/changes"] {
        let text = api.get(path).await.text();
        assert!(!text.contains(ADA) && !text.contains("Zubaida"), "{path}: {text}");
    }
    // An open payment of theirs cannot be charged any more, and what was taken can be given back.
    let path = |payment: &Value, what: &str| format!("/payments/{}/{what}", payment["id"].as_str().unwrap());
    let before = shop.ledger().await.len();
    let refused = api.post_empty(&path(&open, "authorize")).await;
    assert!((400..500).contains(&refused.status), "{}", refused.text());
    assert_eq!(shop.ledger().await.len(), before);
    assert_eq!(api.post_empty(&path(&paid, "reverse")).await.expect(200)["isFullyReversed"], true);
    // Nor do they sign up again, under the old id.
    let plan = api.plan(json!({})).await;
    let sign_up = api.post("/v1/subscriptions", json!({"customerId": customer, "planId": plan})).await;
    assert_eq!(sign_up.refused(404), "not_found");
    assert_eq!(api.get(&format!("/v1/customers/{customer}/subscriptions")).await.refused(404), "not_found");
    assert_eq!(shop.charged().await.iter().filter(|amount| **amount == PRICE).count(), 2);
}

/// What was kept for replays of payments goes with the person as well.
#[tokio::test]
async fn no_replay_shows_who_is_forgotten() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let customer = api.customer(json!({"email": ADA})).await;
    let plan = api.plan(json!({})).await;
    let keyed = |key: &str| api.with("idempotency-key", key);
    let by_email = keyed("email").pay(json!({"email": ADA, "metadata": {"note": "Zubaida"}})).await;
    let by_id = keyed("id").pay(json!({"customer": customer, "email": ADA})).await;
    let sign_up = json!({"customerId": customer, "planId": plan, "metadata": {"note": "Zubaida"}});
    let signed_up = keyed("sign-up").post("/v1/subscriptions", sign_up.clone()).await;
    for reply in [&by_email, &by_id, &signed_up] {
        reply.expect(201);
    }
    let authorize = format!("/payments/{}/authorize", by_email.json()["id"].as_str().unwrap());
    let settled = keyed("authorize").post_empty(&authorize).await;
    assert_eq!(settled.refused(409), "conflict");
    api.delete(&format!("/v1/customers/{customer}")).await.expect(200);
    let charged = shop.ledger().await.len();
    for reply in [
        keyed("id").pay(json!({"customer": customer, "email": ADA})).await,
        keyed("sign-up").post("/v1/subscriptions", sign_up).await,
    ] {
        assert_eq!(reply.refused(404), "not_found");
        assert!(!reply.text().contains(ADA) && !reply.text().contains("Zubaida"), "{}", reply.text());
    }
    assert_eq!(shop.ledger().await.len(), charged);
}

/// Somebody takes the step of a sign-up after the subscription was ended: nothing is charged for nothing.
#[tokio::test]
async fn a_sign_up_that_was_ended_is_not_charged_any_more() {
    let shop = Shop::open().await;
    let api = shop.secret();
    let customer = api.customer(json!({})).await;
    let plan = api.plan(json!({})).await;
    let with = json!({"customerId": customer, "planId": plan, "paymentMethodId": "pm_test_requires_action"});
    let mut steps = Vec::new();
    for ended in [false, true] {
        let waits = api.post("/v1/subscriptions", with.clone()).await.expect(201);
        assert_eq!(waits["status"], "incomplete");
        if ended {
            let path = format!("/v1/subscriptions/{}/cancel", waits["id"].as_str().unwrap());
            api.post_empty(&path).await.expect(200);
        }
        let id = waits["latestPayment"].as_str().unwrap();
        pass_the_step(&shop, id).await;
        assert_eq!(shop.service().recover_payments().await.unwrap(), usize::from(ended));
        pass_the_step(&shop, id).await;
        let payment = api.get(&format!("/payments/{id}")).await.expect(200);
        let (code, now) = (&payment["outcome"]["errorCode"], api.subscription(&waits).await);
        steps.push(json!([now["status"], now["autoBillingDisabledReason"], payment["status"], code]));
    }
    let ended = "subscription_cancelled";
    let expected =
        [json!(["active", null, "succeeded", null]), json!(["canceled", ended, "cancelled", ended])];
    assert_eq!(steps, expected);
    assert_eq!(shop.charged().await, [PRICE]);
}

/// The customer passes the step of a payment, on the page of test mode.
async fn pass_the_step(shop: &Shop, payment: &str) {
    let form = shop.anonymous().with("content-type", "application/x-www-form-urlencoded");
    form.post_text(&format!("/pay/step/{payment}"), "result=approve").await;
}

//! Live mode through the whole application, against a Stripe that remembers what it was asked.
//!
//! Deliberately not here: each of Stripe's answers (the tests of `interdict-gateway`).

use std::path::Path;
use std::time::Duration;

use interdict_app::StripeAddress;
use interdict_domain::clock::Clock as _;
use interdict_domain::mode::Mode;
use interdict_test_support::wait_until;
use serde_json::{Value, json};

use crate::billing::DAY_S;
use crate::fake::{FakeStripe, Fault, error};
use crate::shop::{Api, Engine, Reply, Shop};
use crate::signed::{SIGNING_SECRET, dispute};

const KEY: &str = "sk_live_51NeverAtRest0000";

async fn set_key(api: &Api, key: &str) -> Reply {
    let body = json!({ "secretKey": key }).to_string().into_bytes();
    api.send("PUT", "/v1/gateway", Some(body)).await
}

/// A shop whose live payments go to a Stripe of ours.
async fn open() -> (Shop, FakeStripe) {
    let fake = FakeStripe::start().await;
    let shop = Shop::open_with(StripeAddress { base_url: fake.url(), return_url: None }).await;
    keyed(shop, fake).await
}

async fn keyed(shop: Shop, fake: FakeStripe) -> (Shop, FakeStripe) {
    let set = set_key(&shop.live(), KEY).await;
    assert!(!set.text().contains(KEY), "{}", set.text());
    let set = set.expect(200);
    assert_eq!((&set["provider"], &set["keyLastFour"]), (&json!("stripe"), &json!("0000")));
    (shop, fake)
}

fn sale() -> Value {
    json!({"email": "ada@example.com", "amount": 2_000, "currency": "EUR", "paymentMethod": "pm_card_visa"})
}

/// Every byte below a folder.
fn bytes_below(folder: &Path) -> Vec<u8> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { bytes_below(&path) } else { std::fs::read(&path).unwrap() })
        .collect()
}

#[tokio::test]
async fn a_payment_is_charged_and_reversed_at_stripe() {
    let (shop, fake) = open().await;
    let api = shop.live();
    let paid = api.paid(sale()).await;
    assert_eq!(fake.charges(), 1);
    assert_eq!(fake.seen().await[0].authorization, Some(format!("Bearer {KEY}")));
    let reversed = api.post_empty(&format!("/payments/{paid}/reverse")).await.expect(200);
    assert_eq!((&reversed["isFullyReversed"], fake.refunds()), (&json!(true), 1));
    // After a restart the key is read again from the disk.
    let shop = shop.restart().await;
    shop.live().paid(sale()).await;
    assert_eq!(fake.charges(), 2);
}

#[tokio::test]
async fn a_card_that_stripe_declines_is_not_charged() {
    let (shop, fake) = open().await;
    let fields =
        json!({"code": "card_declined", "decline_code": "insufficient_funds", "message": "No money."});
    fake.confirms_as(402, fields);
    let declined = shop.live().pay(sale()).await.expect(201);
    assert_eq!(declined["status"], "cancelled");
    assert_eq!(declined["outcome"]["errorCode"], "insufficient_funds");
    assert_eq!(fake.charges(), 0);
}

#[tokio::test]
async fn a_blocked_payer_never_reaches_stripe() {
    let (shop, fake) = open().await;
    let api = shop.live();
    api.entry(json!({"list": "block", "kind": "email", "value": "ada@example.com"})).await;
    assert_eq!(api.pay(sale()).await.refused(403), "identifier_blacklisted");
    assert_eq!(fake.seen().await.len(), 0);
}

#[tokio::test]
async fn what_stripe_did_not_answer_is_settled_without_a_second_charge() {
    let (shop, fake) = open().await;
    let api = shop.live();
    let open = api.post("/payments", sale()).await.expect(201);
    let path = format!("/payments/{}", open["id"].as_str().unwrap());
    // The intent is made as usual; then the money is taken, and the answer to that is lost.
    let intent = json!({"id": "pi_1", "object": "payment_intent", "status": "requires_confirmation",
        "amount": 2_000, "last_payment_error": null, "next_action": null, "livemode": true});
    let lost = error("api_error", json!({"message": "An unknown error occurred"}));
    fake.fails_with([Fault::After(200, intent), Fault::After(500, lost)]);
    let unknown = api.post_empty(&format!("{path}/authorize")).await;
    assert!(unknown.status >= 500, "{}: {}", unknown.status, unknown.text());
    shop.clock.advance(3_600);
    shop.app.service(Mode::Live).recover_payments().await.unwrap();
    assert_eq!(api.get(&path).await.expect(200)["status"], "succeeded");
    assert_eq!(fake.charges(), 1);
    shop.app.service(Mode::Live).recover_payments().await.unwrap();
    assert_eq!(fake.charges(), 1);
}

/// Whoever asks first after a start opens the merchant's account, on a thread that must not wait for a database.
#[tokio::test]
async fn a_payment_is_settled_by_a_process_that_has_not_asked_stripe_yet() {
    let fake = FakeStripe::start().await;
    let address = StripeAddress { base_url: fake.url(), return_url: None };
    let (shop, fake) = keyed(Shop::open_on(Engine::Postgres, address).await, fake).await;
    let open = shop.live().post("/payments", sale()).await.expect(201);
    let path = format!("/payments/{}", open["id"].as_str().unwrap());
    let intent = json!({"id": "pi_1", "object": "payment_intent", "status": "requires_confirmation",
        "amount": 2_000, "last_payment_error": null, "next_action": null, "livemode": true});
    let lost = error("api_error", json!({"message": "An unknown error occurred"}));
    fake.fails_with([Fault::After(200, intent), Fault::After(500, lost)]);
    assert!(shop.live().post_empty(&format!("{path}/authorize")).await.status >= 500);
    let shop = shop.restart().await;
    shop.clock.advance(3_600);
    shop.app.service(Mode::Live).recover_payments().await.unwrap();
    assert_eq!(shop.live().get(&path).await.expect(200)["status"], "succeeded");
    assert_eq!(fake.charges(), 1);
}

/// In live mode no method is the gateway's own default: a charge without one would be to what is on file.
#[tokio::test]
async fn a_typed_email_is_never_charged_to_what_its_owner_has_on_file() {
    let (shop, fake) = open().await;
    let api = shop.live();
    let ada = api.customer(json!({"email": "ada@example.com"})).await;
    let on_file = json!({"customer": ada, "amount": 2_000, "currency": "EUR"});
    let mut first = on_file.clone();
    first["paymentMethod"] = json!("pm_card_visa");
    api.paid(first).await;
    api.paid(on_file).await;
    assert_eq!(fake.charges(), 2, "it is on file");
    let plan = api.plan(json!({"currency": "EUR"})).await;
    let page = shop.bearer(&shop.merchant.live.publishable.secret);
    for what in [json!({"amount": 2_000, "currency": "EUR"}), json!({ "planId": plan })] {
        let session = page.session(what).await;
        let typed = json!({"email": "ada@example.com"});
        let refused = shop.anonymous().pay_session(&session, typed).await;
        assert_eq!(refused.paths(), ["paymentMethod"]);
    }
    assert_eq!(fake.charges(), 2);
}

#[tokio::test]
async fn the_key_is_nowhere_on_the_disk() {
    let (shop, _fake) = open().await;
    shop.live().paid(sale()).await;
    let holds = |all: &[u8], text: &str| all.windows(text.len()).any(|bytes| bytes == text.as_bytes());
    let mut all = Vec::new();
    let finds_what_is_there = || {
        all = bytes_below(&shop.folder());
        holds(&all, "pm_card_visa")
    };
    // A server that does not flush writes a moment later.
    wait_until(finds_what_is_there, Duration::from_secs(20)).unwrap();
    assert!(!holds(&all, KEY) && !holds(&all, &hex::encode(KEY)));
}

/// A sign-up that waits for the payer's bank; the subscription and its payment.
async fn waiting_sign_up(fake: &FakeStripe, api: &Api) -> (String, Value) {
    let action =
        json!({"type": "redirect_to_url", "redirect_to_url": {"url": "https://hooks.stripe.com/3d"}});
    fake.confirms_as(200, json!({"status": "requires_action", "next_action": action}));
    let customer = api.customer(json!({"email": "ada@example.com"})).await;
    let plan = api.plan(json!({"currency": "EUR"})).await;
    let sign_up = json!({"customerId": customer, "planId": plan, "paymentMethodId": "pm_card_visa"});
    (customer, api.post("/v1/subscriptions", sign_up).await.expect(201))
}

async fn recover(shop: &Shop) {
    shop.app.service(Mode::Live).recover_payments().await.unwrap();
}

async fn given_up(fake: &FakeStripe) -> bool {
    fake.seen().await.iter().any(|seen| seen.path == "/v1/payment_intents/pi_1/cancel")
}

async fn first_payment(api: &Api, subscription: &Value) -> Value {
    api.get(&format!("/payments/{}", subscription["latestPayment"].as_str().unwrap())).await.expect(200)
}

async fn cancel(api: &Api, subscription: &Value) {
    api.post_empty(&format!("/v1/subscriptions/{}/cancel", subscription["id"].as_str().unwrap()))
        .await
        .expect(200);
}

/// The payer may be on the bank's page, where nobody asks us again.
#[tokio::test]
async fn a_sign_up_that_is_ended_is_given_up_at_stripe() {
    let (shop, fake) = open().await;
    let api = shop.live();
    let (_, waits) = waiting_sign_up(&fake, &api).await;
    recover(&shop).await;
    assert!(!given_up(&fake).await, "as long as somebody wants it");
    cancel(&api, &waits).await;
    recover(&shop).await;
    assert!(given_up(&fake).await);
    let payment = first_payment(&api, &waits).await;
    assert_eq!((&payment["status"], &payment["nextAction"]), (&json!("cancelled"), &json!(null)));
    assert_eq!(fake.charges(), 0);
}

#[tokio::test]
async fn erasing_the_payer_gives_the_charge_up_too() {
    let (shop, fake) = open().await;
    let api = shop.live();
    let (customer, waits) = waiting_sign_up(&fake, &api).await;
    api.delete(&format!("/v1/customers/{customer}")).await.expect(200);
    recover(&shop).await;
    assert!(given_up(&fake).await);
    assert_eq!(first_payment(&api, &waits).await["outcome"]["errorCode"], "subscription_cancelled");
}

#[tokio::test]
async fn whoever_was_faster_than_the_withdrawal_gets_the_money_back() {
    let (shop, fake) = open().await;
    let api = shop.live();
    let (_, waits) = waiting_sign_up(&fake, &api).await;
    cancel(&api, &waits).await;
    fake.sets_intent("pi_1", &json!({"status": "succeeded", "next_action": null}));
    for _ in 0..2 {
        recover(&shop).await;
    }
    let payment = first_payment(&api, &waits).await;
    assert_eq!((&payment["status"], &payment["isFullyReversed"]), (&json!("succeeded"), &json!(true)));
    let ended = api.subscription(&waits).await;
    assert_eq!((&ended["status"], &ended["cyclesCompleted"]), (&json!("canceled"), &json!(0)));
    assert_eq!(fake.refunds(), 1);
}

#[tokio::test]
async fn a_renewal_that_stripe_will_never_take_is_past_due_and_not_tried_for_ever() {
    let (shop, fake) = open().await;
    let api = shop.live();
    let customer = api.customer(json!({"email": "ada@example.com"})).await;
    let plan = api.plan(json!({"currency": "EUR"})).await;
    let sign_up = json!({"customerId": customer, "planId": plan, "paymentMethodId": "pm_1Ada"});
    let bought = api.post("/v1/subscriptions", sign_up).await.expect(201);
    let renew = async || {
        shop.clock.advance(DAY_S);
        shop.app.service(Mode::Live).renew_subscriptions().await.unwrap();
        api.subscription(&bought).await["status"].clone()
    };
    // A key that was revoked says nothing about the card.
    let revoked = error("invalid_request_error", json!({"message": "Invalid API Key provided"}));
    fake.fails_with([Fault::Instead(401, revoked)]);
    assert_eq!(renew().await, "active");
    let detached = error("invalid_request_error", json!({"message": "The PaymentMethod was detached."}));
    fake.fails_with([Fault::Instead(400, detached)]);
    assert_eq!(renew().await, "past_due");
    let asked = fake.seen().await.len();
    assert_eq!((renew().await, fake.seen().await.len()), (json!("past_due"), asked));
}

/// A token that belongs to nobody can be charged once at Stripe.
#[tokio::test]
async fn a_subscription_is_renewed_with_the_card_it_was_bought_with() {
    for trial_days in [0, 1] {
        let (shop, fake) = open().await;
        let api = shop.live();
        let customer = api.customer(json!({"email": "ada@example.com"})).await;
        let plan = api.plan(json!({"currency": "EUR", "trialDays": trial_days})).await;
        let sign_up = json!({"customerId": customer, "planId": plan, "paymentMethodId": "pm_1Ada"});
        let bought = api.post("/v1/subscriptions", sign_up).await.expect(201);
        for _ in 0..3 {
            shop.clock.advance(DAY_S);
            shop.app.service(Mode::Live).renew_subscriptions().await.unwrap();
        }
        assert_eq!(api.subscription(&bought).await["status"], "active", "with {trial_days} days of trial");
        assert_eq!(fake.charges(), if trial_days == 0 { 4 } else { 3 });
        let made = fake.seen().await.iter().filter(|seen| seen.path == "/v1/customers").count();
        assert_eq!(made, 1, "one customer at Stripe for one card");
    }
}

/// Stripe names its own intent, and never our payment.
#[tokio::test]
async fn a_dispute_at_stripe_blocks_whoever_paid_that_intent() {
    let (shop, fake) = open().await;
    let api = shop.live();
    let secret = json!({ "webhookSecret": SIGNING_SECRET }).to_string().into_bytes();
    api.send("PUT", "/v1/gateway", Some(secret)).await.expect(200);
    let ada = api.customer(json!({"email": "ada@example.com"})).await;
    let by_ada =
        json!({"customer": ada, "amount": 2_000, "currency": "EUR", "paymentMethod": "pm_card_visa"});
    let paid = api.paid(by_ada).await;
    let other = api.paid(json!({"email": "bob@example.com", "amount": 100, "currency": "EUR",
        "paymentMethod": "pm_card_visa"}));
    let other = other.await;
    let charged_back = async |payment: &str| {
        api.get(&format!("/payments/{payment}")).await.expect(200)["isChargebacked"].clone()
    };
    for (id, intent) in [("evt_1", "pi_nobodys"), ("evt_2", "pi_1")] {
        let mut object = dispute("du_1", intent, "fraudulent", "needs_response");
        object["livemode"] = json!(true);
        let mut event = shop.event(id, "charge.dispute.created", &object);
        event["livemode"] = json!(true);
        let body = event.to_string();
        let stripe = shop.stripe(shop.clock.now().seconds(), body.as_bytes());
        assert_eq!(charged_back(&paid).await, json!(false), "before {id}");
        stripe.post_text("/webhooks/stripe/live/1", &body).await.expect(200);
    }
    assert_eq!((charged_back(&paid).await, charged_back(&other).await), (json!(true), json!(false)));
    assert_eq!(api.flags(&ada).await, (true, true));
    assert_eq!(api.pay(sale()).await.status, 403);
    assert_eq!(fake.charges(), 2);
}

#[tokio::test]
async fn without_a_gateway_nothing_is_taken() {
    let fake = FakeStripe::start().await;
    let shop = Shop::open_with(StripeAddress { base_url: fake.url(), return_url: None }).await;
    let reply = shop.live().pay(sale()).await;
    assert_eq!(reply.status, 409, "{}", reply.text());
    assert_eq!(fake.seen().await.len(), 0);
    // A key of the other mode is none, and neither is any key in test mode.
    for (api, key) in [(shop.live(), "sk_test_51Other0000"), (shop.live(), "ada"), (shop.secret(), KEY)] {
        assert_eq!(set_key(&api, key).await.paths(), ["secretKey"]);
    }
}

//! Live mode through the whole application, against a Stripe that remembers what it was asked.
//!
//! Deliberately not here: each of Stripe's answers (the tests of `interdict-gateway`).

use std::path::Path;

use interdict_app::StripeAddress;
use interdict_domain::mode::Mode;
use serde_json::{Value, json};

use crate::fake::{FakeStripe, Fault, error};
use crate::shop::{Api, Reply, Shop};

const KEY: &str = "sk_live_51NeverAtRest0000";

async fn set_key(api: &Api, key: &str) -> Reply {
    let body = json!({ "secretKey": key }).to_string().into_bytes();
    api.send("PUT", "/v1/gateway", Some(body)).await
}

/// A shop whose live payments go to a Stripe of ours.
async fn open() -> (Shop, FakeStripe) {
    let fake = FakeStripe::start().await;
    let shop = Shop::open_with(StripeAddress { base_url: fake.url(), return_url: None }).await;
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
    let fields = json!({"code": "card_declined", "decline_code": "insufficient_funds", "message": "No money."});
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
    let payment = json!({"email": "ada@example.com", "amount": 2_000, "currency": "EUR",
        "paymentMethod": "pm_card_visa"});
    let open = api.post("/payments", payment).await.expect(201);
    let path = format!("/payments/{}", open["id"].as_str().unwrap());
    // Making the intent is asked for again after the rate limit; taking the money is answered by a fault.
    let busy = error("invalid_request_error", json!({"code": "rate_limit"}));
    let lost = error("api_error", json!({"message": "An unknown error occurred"}));
    fake.fails_with([Fault::Instead(429, busy), Fault::After(500, lost.clone()), Fault::After(500, lost)]);
    let unknown = api.post_empty(&format!("{path}/authorize")).await;
    assert!(unknown.status >= 500, "{}: {}", unknown.status, unknown.text());
    shop.clock.advance(3_600);
    shop.app.service(Mode::Live).recover_payments().await.unwrap();
    assert_eq!(api.get(&path).await.expect(200)["status"], "succeeded");
    assert_eq!(fake.charges(), 1);
    shop.app.service(Mode::Live).recover_payments().await.unwrap();
    assert_eq!(fake.charges(), 1);
}

#[tokio::test]
async fn the_key_is_nowhere_on_the_disk() {
    let (shop, _fake) = open().await;
    shop.live().paid(sale()).await;
    let all = bytes_below(shop.folder());
    let holds = |text: &str| all.windows(text.len()).any(|bytes| bytes == text.as_bytes());
    assert!(holds("pm_card_visa"), "the look finds what is there");
    assert!(!holds(KEY) && !holds(&hex::encode(KEY)));
}

#[tokio::test]
async fn without_a_gateway_nothing_is_taken() {
    let fake = FakeStripe::start().await;
    let shop = Shop::open_with(StripeAddress { base_url: fake.url(), return_url: None }).await;
    let reply = shop.live().pay(sale()).await;
    assert_eq!(reply.status, 409, "{}", reply.text());
    assert_eq!(fake.seen().await.len(), 0);
    // A key of the other mode is none, and neither is any key in test mode.
    for (api, key) in
        [(shop.live(), "sk_test_51Other0000"), (shop.live(), "ada"), (shop.secret(), KEY)]
    {
        assert_eq!(set_key(&api, key).await.paths(), ["secretKey"]);
    }
}

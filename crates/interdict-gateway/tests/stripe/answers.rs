//! What is sent in each step, and what each of Stripe's answers comes to.

use interdict_domain::payment::{DeclineType, NextAction};
use interdict_gateway::stripe::{SecretKey, Stripe};
use interdict_gateway::{Charged, Decline, Gateway as _};
use serde_json::json;

use crate::fake::FakeStripe;
use crate::support::{KEY, PAYMENT, Sale, kind, options, stripe};

const PAGE: &str = "https://hooks.stripe.com/3d_secure_2/hosted?merchant=acct_1";

fn declined(charged: Charged) -> Decline {
    match charged {
        Charged::Declined(decline) => decline,
        other => panic!("{other:?}"),
    }
}

fn with_return_url(fake: &FakeStripe) -> Stripe {
    let mut options = options(&fake.url());
    options.return_url = Some("https://shop.example/paid".to_owned());
    Stripe::new(options).unwrap()
}

#[tokio::test]
async fn each_step_has_its_own_key_and_the_pinned_version() {
    let fake = FakeStripe::start().await;
    let stripe = with_return_url(&fake);
    let mut sale = Sale::by("pm_card_visa");
    sale.prepare(&stripe).await;
    assert_eq!(stripe.charge(sale.charge()).await.unwrap(), Charged::Succeeded);
    stripe.reverse(sale.reversal(0, 500)).await.unwrap();

    let seen = fake.seen().await;
    let keys: Vec<_> = seen.iter().map(|request| request.idempotency_key.clone().unwrap()).collect();
    assert_eq!(
        keys,
        [format!("{PAYMENT}-prepare"), format!("{PAYMENT}-confirm"), format!("{PAYMENT}-reverse-0")]
    );
    for request in &seen {
        assert_eq!(request.version.as_deref(), Some("2025-12-15.clover"));
        assert_eq!(request.authorization, Some(format!("Bearer {KEY}")));
    }
    let [prepared, confirmed, reversed] = &seen[..] else { panic!("{}", seen.len()) };
    for (name, value) in [
        ("amount", "2000"),
        ("currency", "eur"),
        ("payment_method", "pm_card_visa"),
        ("payment_method_types[]", "card"),
        ("capture_method", "automatic"),
        ("confirm", "false"),
        ("metadata[interdict_payment]", PAYMENT),
        ("metadata[interdict_merchant]", "12"),
    ] {
        assert_eq!(prepared.form[name], value);
    }
    assert_eq!(confirmed.path, "/v1/payment_intents/pi_1/confirm");
    assert_eq!(confirmed.form["return_url"], "https://shop.example/paid");
    assert!(!confirmed.form.contains_key("off_session"));
    assert_eq!((reversed.form["payment_intent"].as_str(), reversed.form["amount"].as_str()), ("pi_1", "500"));
}

#[tokio::test]
async fn each_merchant_has_a_key_of_its_own() {
    let fake = FakeStripe::start().await;
    let stripe = stripe(&fake.url()).with_key(SecretKey::parse("rk_test_another").unwrap());
    Sale::by("pm_card_visa").prepare(&stripe).await;
    assert_eq!(fake.seen().await[0].authorization.as_deref(), Some("Bearer rk_test_another"));
}

#[tokio::test]
async fn nobody_is_there_when_the_merchant_charges() {
    let fake = FakeStripe::start().await;
    let stripe = with_return_url(&fake);
    let mut sale = Sale::by_merchant("pm_card_visa");
    sale.prepare(&stripe).await;
    stripe.charge(sale.charge()).await.unwrap();
    let confirmed = &fake.seen().await[1].form;
    assert_eq!(confirmed["off_session"], "true");
    assert!(!confirmed.contains_key("return_url"));
}

#[tokio::test]
async fn a_decline_says_why_and_whether_to_try_again() {
    for (code, decline_code, expected, decline_type) in [
        ("card_declined", Some("insufficient_funds"), "insufficient_funds", DeclineType::Soft),
        ("card_declined", Some("stolen_card"), "stolen_card", DeclineType::Hard),
        ("expired_card", None, "expired_card", DeclineType::Hard),
        (
            "authentication_required",
            Some("authentication_required"),
            "authentication_required",
            DeclineType::Soft,
        ),
    ] {
        let fake = FakeStripe::start().await;
        let fields = json!({"code": code, "decline_code": decline_code, "message": "Your card has a fault."});
        fake.confirms_as(402, fields);
        let stripe = stripe(&fake.url());
        let mut sale = Sale::by_merchant("pm_card_visa");
        sale.prepare(&stripe).await;
        let first = declined(stripe.charge(sale.charge()).await.unwrap());
        assert_eq!((first.code.as_str(), first.decline_type), (expected, decline_type));
        assert_eq!(first.message, "Your card has a fault.");
        // Asked again, and tried again: the same.
        assert_eq!(declined(stripe.find(sale.charge()).await.unwrap().unwrap()), first);
        assert_eq!(declined(stripe.charge(sale.charge()).await.unwrap()), first);
        fake.forgets_keys();
        assert_eq!(declined(stripe.charge(sale.charge()).await.unwrap()), first);
        assert_eq!(fake.charges(), 0);
    }
}

#[tokio::test]
async fn a_customer_goes_to_the_banks_page_and_comes_back() {
    let fake = FakeStripe::start().await;
    let action = json!({"type": "redirect_to_url", "redirect_to_url": {"url": PAGE, "return_url": "https://shop.example/paid"}});
    fake.confirms_as(200, json!({"status": "requires_action", "next_action": action}));
    let stripe = with_return_url(&fake);
    let mut sale = Sale::by("pm_card_threeDSecure2Required");
    sale.prepare(&stripe).await;
    let waits = Charged::RequiresAction(NextAction { url: PAGE.to_owned() });
    assert_eq!(stripe.charge(sale.charge()).await.unwrap(), waits);
    assert_eq!(stripe.find(sale.charge()).await.unwrap(), Some(waits));

    fake.sets_intent("pi_1", &json!({"status": "succeeded", "next_action": null}));
    assert_eq!(stripe.find(sale.charge()).await.unwrap(), Some(Charged::Succeeded));
}

#[tokio::test]
async fn a_customer_who_fails_at_the_banks_page_is_declined() {
    let fake = FakeStripe::start().await;
    let stripe = with_return_url(&fake);
    let mut sale = Sale::by("pm_card_threeDSecure2Required");
    sale.prepare(&stripe).await;
    let failed = json!({"type": "invalid_request_error", "code": "payment_intent_authentication_failure",
        "message": "The provided PaymentMethod has failed authentication."});
    fake.sets_intent("pi_1", &json!({"status": "requires_payment_method", "last_payment_error": failed}));
    let decline = declined(stripe.find(sale.charge()).await.unwrap().unwrap());
    assert_eq!(decline.code, "payment_intent_authentication_failure");
}

#[tokio::test]
async fn whoever_is_given_up_at_the_banks_page_cannot_pay_there_any_more() {
    let fake = FakeStripe::start().await;
    let action = json!({"type": "redirect_to_url", "redirect_to_url": {"url": PAGE}});
    fake.confirms_as(200, json!({"status": "requires_action", "next_action": action}));
    let stripe = with_return_url(&fake);
    let mut sale = Sale::by("pm_card_threeDSecure2Required");
    assert_eq!(stripe.abandon(sale.charge()).await.unwrap(), None);
    sale.prepare(&stripe).await;
    stripe.charge(sale.charge()).await.unwrap();
    assert_eq!(declined(stripe.abandon(sale.charge()).await.unwrap().unwrap()).code, "canceled");
    assert_eq!(declined(stripe.find(sale.charge()).await.unwrap().unwrap()).code, "canceled");
}

#[tokio::test]
async fn a_renewal_that_needs_the_customer_is_called_off() {
    let fake = FakeStripe::start().await;
    let action = json!({"type": "redirect_to_url", "redirect_to_url": {"url": PAGE}});
    fake.confirms_as(200, json!({"status": "requires_action", "next_action": action}));
    let stripe = stripe(&fake.url());
    let mut sale = Sale::by_merchant("pm_card_threeDSecure2Required");
    sale.prepare(&stripe).await;
    assert_eq!(declined(stripe.charge(sale.charge()).await.unwrap()).code, "authentication_required");
    assert!(fake.seen().await.iter().any(|request| request.path == "/v1/payment_intents/pi_1/cancel"));
}

#[tokio::test]
async fn what_is_on_its_way_is_not_known() {
    let fake = FakeStripe::start().await;
    fake.confirms_as(200, json!({"status": "processing"}));
    let stripe = stripe(&fake.url());
    let mut sale = Sale::by("pm_card_visa");
    sale.prepare(&stripe).await;
    assert_eq!(kind(&stripe.charge(sale.charge()).await), "unknown");
    assert_eq!(kind(&stripe.find(sale.charge()).await), "unknown");
    fake.sets_intent("pi_1", &json!({"status": "succeeded"}));
    assert_eq!(stripe.find(sale.charge()).await.unwrap(), Some(Charged::Succeeded));
}

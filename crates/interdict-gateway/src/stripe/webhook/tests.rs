//! Events that are believed, and those that are not.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::stripe::{DisputeReason, DisputeStatus, DisputeStep, FraudType, StripeEventKind};

const NOW_S: i64 = 1_790_000_000;

fn secret() -> WebhookSecret {
    WebhookSecret::parse("whsec_9zR2kQe").unwrap()
}

fn now() -> Timestamp {
    Timestamp::from_micros(NOW_S * 1_000_000)
}

fn sign(secret: &WebhookSecret, seconds: i64, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.0.as_bytes()).unwrap();
    mac.update(format!("{seconds}.").as_bytes());
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}

fn header(seconds: i64, body: &[u8]) -> String {
    format!("t={seconds},v1={}", sign(&secret(), seconds, body))
}

fn event(kind: &str, object: &Value) -> Vec<u8> {
    json!({
        "id": "evt_1", "object": "event", "api_version": "2025-12-15.clover", "created": NOW_S - 7, "livemode": true,
        "pending_webhooks": 1, "request": {"id": null, "idempotency_key": null}, "type": kind,
        "data": {"object": object},
    })
    .to_string()
    .into_bytes()
}

fn dispute(reason: &str, status: &str) -> Value {
    json!({
        "id": "du_1", "object": "dispute", "amount": 2_000, "charge": "ch_1", "currency": "eur", "created": NOW_S - 9,
        "evidence": {"customer_email_address": "jo@example.com"}, "evidence_details": {"due_by": NOW_S},
        "is_charge_refundable": false, "livemode": true, "metadata": {}, "payment_intent": "pi_1",
        "reason": reason, "status": status,
    })
}

fn read(body: &[u8]) -> Result<StripeEvent, WebhookError> {
    verify_webhook(&secret(), &header(NOW_S, body), body, now())
}

fn read_dispute(reason: &str, status: &str) -> (DisputeStep, crate::stripe::Dispute) {
    match read(&event("charge.dispute.created", &dispute(reason, status))).unwrap().kind {
        StripeEventKind::Dispute(step, dispute) => (step, dispute),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_signature_is_the_one_that_stripes_own_libraries_make() {
    // An HMAC made by another program, so that the two halves of this file cannot err together.
    let secret = WebhookSecret::parse("whsec_test_secret").unwrap();
    assert_eq!(
        sign(&secret, 1_700_000_000, br#"{"id":"evt_1"}"#),
        "248a374f50f943a28b0f6ab50faf9a7e7e29b710fa26df9fb1618b9bf8ea9c9a"
    );
}

#[test]
fn a_dispute_comes_with_all_that_is_needed() {
    let event = read(&event("charge.dispute.created", &dispute("fraudulent", "needs_response"))).unwrap();
    assert_eq!(event.id, "evt_1");
    assert_eq!(event.created.seconds(), NOW_S - 7);
    assert!(event.live_mode);
    let StripeEventKind::Dispute(DisputeStep::Created, dispute) = event.kind else { panic!("{event:?}") };
    assert_eq!(dispute.id, "du_1");
    assert_eq!(dispute.charge, "ch_1");
    assert_eq!(dispute.payment_intent.as_deref(), Some("pi_1"));
    assert_eq!(dispute.money.unwrap().to_string(), "20.00 EUR");
    assert_eq!(dispute.reason, DisputeReason::Fraudulent);
    assert!(dispute.is_strong() && !dispute.is_inquiry());
}

#[test]
fn an_inquiry_is_not_held_against_anybody() {
    for status in ["warning_needs_response", "warning_under_review", "warning_closed"] {
        let (_, dispute) = read_dispute("fraudulent", status);
        assert!(dispute.is_inquiry() && !dispute.is_strong(), "{status}");
    }
}

#[test]
fn how_a_dispute_was_closed_is_in_its_status() {
    for (status, expected, strong) in [
        ("won", DisputeStatus::Won, false),
        ("lost", DisputeStatus::Lost, true),
        ("warning_closed", DisputeStatus::InquiryClosed, false),
        ("prevented", DisputeStatus::Prevented, false),
        ("a_status_of_next_year", DisputeStatus::Other("a_status_of_next_year".to_owned()), false),
    ] {
        let body = event("charge.dispute.closed", &dispute("fraudulent", status));
        let StripeEventKind::Dispute(step, dispute) = read(&body).unwrap().kind else { panic!("{status}") };
        assert_eq!((step, &dispute.status, dispute.is_strong()), (DisputeStep::Closed, &expected, strong));
    }
}

#[test]
fn only_fraud_is_strong() {
    for reason in
        ["unrecognized", "duplicate", "product_not_received", "general", "debit_not_authorized", "new_one"]
    {
        assert!(!read_dispute(reason, "needs_response").1.is_strong(), "{reason}");
    }
}

#[test]
fn an_early_fraud_warning_names_its_kind() {
    let warning = |fraud_type: &str| {
        let object = json!({
            "id": "issfr_1", "object": "radar.early_fraud_warning", "actionable": true, "charge": {"id": "ch_1", "object": "charge"},
            "created": NOW_S, "fraud_type": fraud_type, "livemode": true, "payment_intent": null,
        });
        match read(&event("radar.early_fraud_warning.created", &object)).unwrap().kind {
            StripeEventKind::EarlyFraudWarning(warning) => warning,
            other => panic!("{other:?}"),
        }
    };
    let stolen = warning("made_with_stolen_card");
    assert_eq!(
        (stolen.charge.as_str(), stolen.payment_intent.as_deref(), stolen.actionable),
        ("ch_1", None, true)
    );
    assert!(stolen.fraud_type.is_strong());
    assert_eq!(warning("misc").fraud_type, FraudType::Misc);
    assert!(!warning("misc").fraud_type.is_strong());
}

#[test]
fn any_other_event_is_named_and_left_alone() {
    let event = read(&event("charge.refunded", &json!({"anything": [1, 2]}))).unwrap();
    assert_eq!(event.kind, StripeEventKind::Ignored("charge.refunded".to_owned()));
}

#[test]
fn amounts_and_currencies_that_are_none_of_ours_do_not_lose_the_dispute() {
    for (amount, currency) in [(0, "eur"), (100, "usdc"), (-5, "eur")] {
        let mut object = dispute("fraudulent", "lost");
        object["amount"] = json!(amount);
        object["currency"] = json!(currency);
        let StripeEventKind::Dispute(_, dispute) =
            read(&event("charge.dispute.closed", &object)).unwrap().kind
        else {
            panic!("{currency}")
        };
        assert_eq!(dispute.money, None);
    }
}

#[test]
fn what_is_forged_or_altered_is_not_believed() {
    let body = event("charge.dispute.created", &dispute("fraudulent", "won"));
    let good = header(NOW_S, &body);
    let mut altered = body.clone();
    let place = altered.windows(5).position(|bytes| bytes == b"\"won\"").unwrap();
    altered[place + 1..place + 4].copy_from_slice(b"win");
    let verify = |signature: &str, body: &[u8]| verify_webhook(&secret(), signature, body, now());

    assert!(verify(&good, &body).is_ok());
    assert_eq!(verify(&good, &altered), Err(WebhookError::Forged));
    assert_eq!(verify(&good.replace("t=17", "t=18"), &body), Err(WebhookError::Forged));
    let other = WebhookSecret::parse("whsec_other").unwrap();
    assert_eq!(verify_webhook(&other, &good, &body, now()), Err(WebhookError::Forged));
    assert_eq!(verify(&format!("t={NOW_S},v1={}", "0".repeat(64)), &body), Err(WebhookError::Forged));
    // A signature cut short is none, although each of its bytes is right.
    let cut: String = good.chars().take(good.len() - 2).collect();
    assert_eq!(verify(&cut, &body), Err(WebhookError::Forged));
    assert_eq!(verify(&good.replace("v1=", "v0="), &body), Err(WebhookError::Header));
}

#[test]
fn while_a_secret_is_rotated_either_signature_does() {
    let body = event("charge.refunded", &json!({}));
    let (own, other) =
        (sign(&secret(), NOW_S, &body), sign(&WebhookSecret::parse("whsec_b").unwrap(), NOW_S, &body));
    for signatures in [format!("v1={own},v1={other}"), format!("v1={other},v1={own},v0={other}")] {
        assert!(verify_webhook(&secret(), &format!("t={NOW_S},{signatures}"), &body, now()).is_ok());
    }
}

#[test]
fn an_event_counts_for_five_minutes_either_way() {
    let body = event("charge.refunded", &json!({}));
    let at = |seconds: i64| verify_webhook(&secret(), &header(seconds, &body), &body, now()).map(|_| ());
    assert_eq!(at(NOW_S - 300), Ok(()));
    assert_eq!(at(NOW_S + 300), Ok(()));
    assert_eq!(at(NOW_S - 301), Err(WebhookError::TooOld));
    assert_eq!(at(NOW_S + 301), Err(WebhookError::TooNew));
}

#[test]
fn a_header_that_makes_no_sense_is_refused() {
    let body = b"{}";
    let good = sign(&secret(), NOW_S, body);
    for text in [
        String::new(),
        format!("v1={good}"),
        format!("t={NOW_S}"),
        format!("t={NOW_S},v1=zz"),
        format!("t={NOW_S},t={NOW_S},v1={good}"),
        format!("t=-{NOW_S},v1={good}"),
        format!("t=99999999999999999999,v1={good}"),
    ] {
        assert_eq!(verify_webhook(&secret(), &text, body, now()), Err(WebhookError::Header), "{text}");
    }
}

#[test]
fn a_signed_body_that_is_no_event_is_told_apart_from_a_forged_one() {
    for body in ["", "{}", "[]", "null", r#"{"id":"evt_1","type":"charge.dispute.created"}"#] {
        assert_eq!(read(body.as_bytes()), Err(WebhookError::Shape), "{body}");
    }
    let lacking = event("charge.dispute.created", &json!({"id": "du_1"}));
    assert_eq!(read(&lacking), Err(WebhookError::Shape));
}

#[test]
fn a_secret_never_shows() {
    assert_eq!(format!("{:?}", secret()), "WebhookSecret(…)");
    for text in ["", "whsec_", "sk_live_a", "whsec_a b"] {
        assert!(WebhookSecret::parse(text).is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(signature in ".{0,200}", body: Vec<u8>, micros: i64) {
        let _ = verify_webhook(&secret(), &signature, &body, Timestamp::from_micros(micros));
        let _ = parse(&body);
    }

    #[test]
    fn no_signed_bytes_panic(body: Vec<u8>, seconds in 0..i64::MAX / 10) {
        let at = Timestamp::from_micros(seconds.saturating_mul(1_000_000));
        let _ = verify_webhook(&secret(), &header(seconds, &body), &body, at);
    }

    #[test]
    fn no_change_of_a_byte_is_believed(place in 0_usize..400, flip in 1_u8..) {
        let mut body = event("charge.dispute.created", &dispute("fraudulent", "needs_response"));
        let signature = header(NOW_S, &body);
        let place = place % body.len();
        body[place] ^= flip;
        prop_assert_eq!(verify_webhook(&secret(), &signature, &body, now()), Err(WebhookError::Forged));
    }
}

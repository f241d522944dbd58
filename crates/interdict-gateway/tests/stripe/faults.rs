//! What is unknown is asked again, never charged again: timeouts, lost connections, 500, 409, 429, 401, a day's delay.

use std::time::Duration;

use interdict_gateway::stripe::Stripe;
use interdict_gateway::{Charged, Gateway as _};
use interdict_test_support::free_port;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::fake::{FakeStripe, Fault, error};
use crate::support::{Sale, kind, options, stripe};

fn impatient(url: &str) -> Stripe {
    let mut options = options(url);
    options.step_timeout = Duration::from_secs(2);
    Stripe::new(options).unwrap()
}

async fn prepared() -> (FakeStripe, Stripe, Sale) {
    let fake = FakeStripe::start().await;
    let stripe = stripe(&fake.url());
    let mut sale = Sale::by("pm_card_visa");
    sale.prepare(&stripe).await;
    (fake, stripe, sale)
}

fn server_error() -> serde_json::Value {
    error("api_error", json!({"message": "An unknown error occurred"}))
}

#[tokio::test]
async fn after_a_timeout_the_charge_is_found_and_never_made_twice() {
    let (fake, stripe, sale) = prepared().await;
    fake.fails_with([Fault::Late]);
    assert_eq!(kind(&impatient(&fake.url()).charge(sale.charge()).await), "unknown");
    assert_eq!(stripe.find(sale.charge()).await.unwrap(), Some(Charged::Succeeded));
    // Whoever charges all the same is answered by the key, and a day later by the intent.
    assert_eq!(stripe.charge(sale.charge()).await.unwrap(), Charged::Succeeded);
    fake.forgets_keys();
    assert_eq!(stripe.charge(sale.charge()).await.unwrap(), Charged::Succeeded);
    assert_eq!(fake.charges(), 1);
}

#[tokio::test]
async fn a_connection_that_is_cut_after_sending_leaves_the_charge_unknown() {
    let (fake, stripe, sale) = prepared().await;
    let cut = cutting(&fake.url()).await;
    assert_eq!(kind(&self::stripe(&cut).charge(sale.charge()).await), "unknown");
    assert_eq!(kind(&self::stripe(&cut).find(sale.charge()).await), "unknown");
    assert_eq!(stripe.find(sale.charge()).await.unwrap(), Some(Charged::Succeeded));
    assert_eq!(kind(&self::stripe(&cut).reverse(sale.reversal(0, 500)).await), "unknown");
    assert_eq!(fake.charges(), 1);
}

#[tokio::test]
async fn where_nobody_listens_nothing_is_done() {
    let (_fake, _, sale) = prepared().await;
    let stripe = stripe(&format!("http://127.0.0.1:{}", free_port().unwrap()));
    assert_eq!(kind(&stripe.prepare(sale.charge()).await), "nothing done");
    assert_eq!(kind(&stripe.charge(sale.charge()).await), "nothing done");
    assert_eq!(kind(&stripe.reverse(sale.reversal(0, 500)).await), "nothing done");
    // Whether the charge was made is another question.
    assert_eq!(kind(&stripe.find(sale.charge()).await), "unknown");
}

#[tokio::test]
async fn a_fault_of_stripes_says_nothing_about_the_money() {
    for taken in [true, false] {
        let (fake, stripe, sale) = prepared().await;
        let fault =
            if taken { Fault::After(500, server_error()) } else { Fault::Instead(500, server_error()) };
        fake.fails_with([fault]);
        assert_eq!(kind(&stripe.charge(sale.charge()).await), "unknown");
        let found = stripe.find(sale.charge()).await.unwrap();
        assert_eq!(found, taken.then_some(Charged::Succeeded));
        assert_eq!(fake.charges(), u32::from(taken));
    }
}

#[tokio::test]
async fn a_key_or_an_intent_in_use_leaves_the_charge_unknown() {
    for (status, code) in [(409, "idempotency_key_in_use"), (429, "lock_timeout")] {
        let (fake, stripe, sale) = prepared().await;
        fake.fails_with([Fault::Instead(status, error("invalid_request_error", json!({"code": code})))]);
        assert_eq!(kind(&stripe.charge(sale.charge()).await), "unknown");
        assert_eq!(stripe.find(sale.charge()).await.unwrap(), None);
        assert_eq!(stripe.charge(sale.charge()).await.unwrap(), Charged::Succeeded);
        assert_eq!(fake.charges(), 1);
    }
}

#[tokio::test]
async fn the_rate_limit_is_waited_for_but_not_for_ever() {
    let limited = Fault::Instead(429, error("invalid_request_error", json!({"code": "rate_limit"})));
    let (fake, stripe, sale) = prepared().await;
    fake.fails_with([limited.clone(), limited.clone()]);
    assert_eq!(stripe.charge(sale.charge()).await.unwrap(), Charged::Succeeded);

    let (fake, stripe, sale) = prepared().await;
    fake.fails_with(vec![limited; 3]);
    assert_eq!(kind(&stripe.charge(sale.charge()).await), "nothing done");
    assert_eq!(fake.seen().await.len(), 4); // one for the preparation
    assert_eq!(fake.charges(), 0);
}

#[tokio::test]
async fn a_key_that_stripe_does_not_accept_is_a_refusal_without_the_key() {
    let message = json!({"message": "Invalid API Key provided: sk_test_51NeverShown"});
    for status in [401, 403] {
        let (fake, stripe, sale) = prepared().await;
        fake.fails_with([Fault::Instead(status, error("invalid_request_error", message.clone()))]);
        let refused = stripe.charge(sale.charge()).await;
        assert_eq!(kind(&refused), "refused");
        assert!(refused.unwrap_err().to_string().contains("Invalid API Key provided: …"));
    }
}

#[tokio::test]
async fn a_refused_request_is_looked_into_before_it_is_believed() {
    let (fake, stripe, sale) = prepared().await;
    let message = json!({"message": "Received unknown parameter: off_sesion"});
    fake.fails_with([Fault::Instead(400, error("invalid_request_error", message))]);
    let refused = stripe.charge(sale.charge()).await;
    assert_eq!(kind(&refused), "refused");
    assert!(refused.unwrap_err().to_string().ends_with("Received unknown parameter: off_sesion"));
}

#[tokio::test]
async fn an_intent_that_cannot_be_seen_leaves_the_charge_unknown() {
    let (_fake, stripe, mut sale) = prepared().await;
    sale.reference = Some("pi_of_another_account".to_owned());
    assert_eq!(kind(&stripe.find(sale.charge()).await), "unknown");
    // Perhaps another gateway's, from before the merchant came here: that one may have charged.
    sale.reference = Some("pi_1/confirm".to_owned());
    assert_eq!(kind(&stripe.find(sale.charge()).await), "unknown");
    assert_eq!(kind(&stripe.charge(sale.charge()).await), "refused");
}

#[tokio::test]
async fn a_preparation_without_an_answer_costs_nothing() {
    let fake = FakeStripe::start().await;
    let (stripe, mut sale) = (stripe(&fake.url()), Sale::by("pm_card_visa"));
    fake.fails_with([Fault::Instead(500, server_error()), Fault::Late]);
    assert_eq!(kind(&stripe.prepare(sale.charge()).await), "nothing done");
    assert_eq!(kind(&impatient(&fake.url()).prepare(sale.charge()).await), "nothing done");
    sale.prepare(&stripe).await;
    assert_eq!(sale.reference.as_deref(), Some("pi_1"));
}

#[tokio::test]
async fn giving_up_is_tried_again_until_it_is_certain() {
    let (fake, stripe, sale) = prepared().await;
    fake.fails_with([Fault::After(500, server_error())]);
    assert_eq!(kind(&stripe.abandon(sale.charge()).await), "unknown");
    assert!(matches!(stripe.abandon(sale.charge()).await.unwrap(), Some(Charged::Declined(_))));

    let (fake, stripe, sale) = prepared().await;
    stripe.charge(sale.charge()).await.unwrap();
    assert_eq!(stripe.abandon(sale.charge()).await.unwrap(), Some(Charged::Succeeded));
    assert_eq!(fake.charges(), 1);
}

#[tokio::test]
async fn money_is_given_back_once_whatever_happens() {
    let (fake, stripe, sale) = prepared().await;
    stripe.charge(sale.charge()).await.unwrap();
    fake.fails_with([Fault::Late]);
    assert_eq!(kind(&impatient(&fake.url()).reverse(sale.reversal(0, 500)).await), "unknown");
    stripe.reverse(sale.reversal(0, 500)).await.unwrap();
    fake.forgets_keys();
    stripe.reverse(sale.reversal(0, 500)).await.unwrap();
    assert_eq!(fake.refunds(), 1);
    stripe.reverse(sale.reversal(500, 500)).await.unwrap();
    assert_eq!(fake.refunds(), 2);
}

#[tokio::test]
async fn an_answer_without_an_end_is_not_read() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            let _ = client.read(&mut [0; 4096]).await;
            let _ = client.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n").await;
            while client.write_all(&[b' '; 4_096]).await.is_ok() {}
        }
    });
    let (_fake, _, sale) = prepared().await;
    assert_eq!(kind(&stripe(&format!("http://{address}")).charge(sale.charge()).await), "unknown");
}

/// Passes each request on, and hangs up where the answer would come.
async fn cutting(url: &str) -> String {
    let upstream = url.replace("http://", "");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            let mut server = TcpStream::connect(&upstream).await.unwrap();
            let mut request = vec![0; 65_536];
            let mut answer = [0; 1];
            loop {
                tokio::select! {
                    length = client.read(&mut request) => match length {
                        Ok(length) if length > 0 => server.write_all(&request[..length]).await.unwrap(),
                        _ => break,
                    },
                    // The answer has begun, so that the work is done.
                    _ = server.read(&mut answer) => break,
                }
            }
        }
    });
    format!("http://{address}")
}

//! Against localstripe. It refuses parameters that it does not know, and has no idempotency keys: what is done once here
//! is done once by the intent itself.

use std::sync::{Arc, Mutex, Weak};

use interdict_gateway::{Charged, Gateway as _};
use interdict_test_support::LocalStripe;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{KEY, Sale, kind, stripe};

/// One server for all that run at the same time: each test has its own intents. The last one ends it.
fn server() -> Arc<LocalStripe> {
    static SERVER: Mutex<Weak<LocalStripe>> = Mutex::new(Weak::new());
    let mut shared = SERVER.lock().unwrap();
    shared.upgrade().unwrap_or_else(|| {
        let server = Arc::new(LocalStripe::start());
        *shared = Arc::downgrade(&server);
        server
    })
}

/// A request as somebody else would send it.
async fn ask(server: &LocalStripe, method: &str, path: &str, form: &str) -> Value {
    let address = server.url().replace("http://", "");
    let mut connection = TcpStream::connect(&address).await.unwrap();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {KEY}\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    );
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

async fn card(server: &LocalStripe, number: &str) -> String {
    let form =
        format!("type=card&card[number]={number}&card[exp_month]=12&card[exp_year]=2030&card[cvc]=123");
    ask(server, "POST", "/v1/payment_methods", &form).await["id"].as_str().unwrap().to_owned()
}

fn declined_with(charged: Option<Charged>) -> String {
    match charged {
        Some(Charged::Declined(decline)) => decline.code,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_payment_is_prepared_charged_and_found() {
    let server = server();
    let stripe = stripe(&server.url());
    let mut sale = Sale::by("pm_card_visa");
    assert_eq!(stripe.find(sale.charge()).await.unwrap(), None);
    sale.prepare(&stripe).await;
    assert_eq!(stripe.find(sale.charge()).await.unwrap(), None);

    assert_eq!(stripe.charge(sale.charge()).await.unwrap(), Charged::Succeeded);
    assert_eq!(stripe.find(sale.charge()).await.unwrap(), Some(Charged::Succeeded));

    let intent =
        ask(&server, "GET", &format!("/v1/payment_intents/{}", sale.reference.as_ref().unwrap()), "").await;
    assert_eq!((intent["amount"].as_i64(), intent["currency"].as_str()), (Some(2_000), Some("eur")));
    assert_eq!(intent["metadata"]["interdict_payment"], crate::support::PAYMENT);
    assert_eq!(intent["metadata"]["interdict_merchant"], "12");
}

#[tokio::test]
async fn charging_again_takes_no_more_money() {
    let server = server();
    let stripe = stripe(&server.url());
    let mut sale = Sale::by("pm_card_visa");
    sale.prepare(&stripe).await;
    for _ in 0..3 {
        assert_eq!(stripe.charge(sale.charge()).await.unwrap(), Charged::Succeeded);
    }
    let confirmed =
        format!("/v1/payment_intents/{}/confirm HTTP/1.1\" 200", sale.reference.as_ref().unwrap());
    assert_eq!(server.log().matches(&confirmed).count(), 1);
}

#[tokio::test]
async fn a_card_that_is_declined_stays_declined() {
    let server = server();
    let stripe = stripe(&server.url());
    let mut sale = Sale::by("pm_card_chargeCustomerFail");
    sale.prepare(&stripe).await;
    assert_eq!(declined_with(Some(stripe.charge(sale.charge()).await.unwrap())), "card_declined");
    assert_eq!(declined_with(stripe.find(sale.charge()).await.unwrap()), "card_declined");
    assert_eq!(declined_with(Some(stripe.charge(sale.charge()).await.unwrap())), "card_declined");
}

#[tokio::test]
async fn a_customer_who_can_be_sent_nowhere_is_declined_for_good() {
    let server = server();
    let stripe = stripe(&server.url());
    let mut sale = Sale::by(&card(&server, "4000002500003155").await);
    sale.prepare(&stripe).await;
    assert_eq!(declined_with(Some(stripe.charge(sale.charge()).await.unwrap())), "authentication_required");
    let intent =
        ask(&server, "GET", &format!("/v1/payment_intents/{}", sale.reference.as_ref().unwrap()), "").await;
    assert_eq!(intent["status"], "canceled");
    assert_eq!(declined_with(stripe.find(sale.charge()).await.unwrap()), "canceled");
}

#[tokio::test]
async fn a_payment_that_is_given_up_can_be_paid_no_more() {
    let server = server();
    let stripe = stripe(&server.url());
    let mut sale = Sale::by("pm_card_visa");
    sale.prepare(&stripe).await;
    assert_eq!(declined_with(stripe.abandon(sale.charge()).await.unwrap()), "canceled");
    assert_eq!(declined_with(Some(stripe.charge(sale.charge()).await.unwrap())), "canceled");

    let mut paid = Sale::by("pm_card_visa");
    paid.prepare(&stripe).await;
    stripe.charge(paid.charge()).await.unwrap();
    assert_eq!(stripe.abandon(paid.charge()).await.unwrap(), Some(Charged::Succeeded));
}

#[tokio::test]
async fn a_token_goes_with_the_customer_whom_it_belongs_to() {
    let server = server();
    let stripe = stripe(&server.url());
    let customer =
        ask(&server, "POST", "/v1/customers", "description=jo").await["id"].as_str().unwrap().to_owned();
    let method = card(&server, "4242424242424242").await;
    ask(&server, "POST", &format!("/v1/payment_methods/{method}/attach"), &format!("customer={customer}"))
        .await;
    let mut sale = Sale::by(&method);
    sale.prepare(&stripe).await;
    let intent =
        ask(&server, "GET", &format!("/v1/payment_intents/{}", sale.reference.as_ref().unwrap()), "").await;
    assert_eq!(intent["customer"], customer);
    assert_eq!(stripe.charge(sale.charge()).await.unwrap(), Charged::Succeeded);
}

#[tokio::test]
async fn each_reversal_gives_back_once() {
    let server = server();
    let stripe = stripe(&server.url());
    let mut sale = Sale::by("pm_card_visa");
    sale.prepare(&stripe).await;
    stripe.charge(sale.charge()).await.unwrap();
    for reversal in
        [sale.reversal(0, 500), sale.reversal(0, 500), sale.reversal(500, 700), sale.reversal(0, 500)]
    {
        stripe.reverse(reversal).await.unwrap();
    }
    let path = format!("/v1/refunds?payment_intent={}", sale.reference.as_ref().unwrap());
    let refunds = ask(&server, "GET", &path, "").await;
    let mut amounts: Vec<_> =
        refunds["data"].as_array().unwrap().iter().map(|refund| refund["amount"].as_i64().unwrap()).collect();
    amounts.sort_unstable();
    assert_eq!(amounts, [500, 700]);
}

#[tokio::test]
async fn a_token_that_stripe_does_not_know_is_refused() {
    let server = server();
    let stripe = stripe(&server.url());
    let refused = stripe.prepare(Sale::by("pm_nobody").charge()).await;
    assert_eq!(kind(&refused), "unusable");
    assert!(!refused.unwrap_err().to_string().contains("pm_nobody"));
    // Such a text never gets as far as a path.
    assert_eq!(kind(&stripe.prepare(Sale::by("..").charge()).await), "refused");
}

//! The harness's Stripe starts, answers, and ends by its own process.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use interdict_test_support::{LocalStripe, wait_until};

#[test]
fn it_answers_and_ends_with_its_value() {
    let stripe = LocalStripe::start();
    let address = stripe.url().replace("http://", "");
    let mut connection = TcpStream::connect(&address).unwrap();
    write!(connection, "GET /v1/balance HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");

    let process = format!("/proc/{}", stripe.process_id().unwrap());
    assert!(Path::new(&process).exists());
    drop(stripe);
    wait_until(|| !Path::new(&process).exists(), Duration::from_mins(1)).unwrap();
}

#[test]
fn two_share_nothing_but_the_installation() {
    let (one, other) = (LocalStripe::start(), LocalStripe::start());
    assert_ne!(one.url(), other.url());
    assert_ne!(one.process_id(), other.process_id());
}

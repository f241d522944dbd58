//! The end of serving: the first signal waits for what runs, the second does not.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test that cannot go on must fail, and this one holds a watch"
)]

mod support;

use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use support::Place;

/// A request of which a part of the body is still to come.
const BEGUN: &str = "POST /v1/decisions HTTP/1.1\r\nHost: interdict\r\nContent-Type: application/json\r\n";

#[test]
fn the_first_signal_lets_a_running_request_finish() {
    let place = Place::new();
    let server = place.serve("serve");
    server.wait_until_ready();
    let key = place.first_key();
    let body = r#"{"initiator": "customer", "email": "ada@example.com"}"#;
    let mut stream = server.connect();
    write!(stream, "{BEGUN}Authorization: Bearer {key}\r\nContent-Length: {}\r\n\r\n", body.len()).unwrap();
    // The server has read the head once it takes part in the request; a moment is enough for that.
    std::thread::sleep(Duration::from_millis(200));
    server.signal(Signal::TERM);
    std::thread::sleep(Duration::from_millis(200));
    stream.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(server.wait());
}

#[test]
fn whoever_waits_for_changes_does_not_hold_up_the_end() {
    let place = Place::new();
    let server = place.serve("serve");
    server.wait_until_ready();
    let key = place.first_key();
    let mut stream = server.connect();
    let waiting = "GET /v1/changes?wait_ms=30000 HTTP/1.1\r\nHost: interdict\r\n";
    write!(stream, "{waiting}Authorization: Bearer {key}\r\n\r\n").unwrap();
    std::thread::sleep(Duration::from_millis(200));
    let signalled = Instant::now();
    server.signal(Signal::TERM);
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains(r#""items":[]"#), "{answer}");
    assert!(server.wait());
    assert!(signalled.elapsed() < Duration::from_secs(10), "{:?}", signalled.elapsed());
}

#[test]
fn the_second_signal_cuts_what_runs() {
    let place = Place::new();
    let server = place.serve("serve --workers 1");
    server.wait_until_ready();
    let mut stream = server.connect();
    let key = place.first_key();
    write!(stream, "{BEGUN}Authorization: Bearer {key}\r\nContent-Length: 100\r\n\r\n").unwrap();
    std::thread::sleep(Duration::from_millis(200));
    server.signal(Signal::INT);
    std::thread::sleep(Duration::from_millis(200));
    let cut = Instant::now();
    server.signal(Signal::INT);
    assert!(!server.wait(), "what was cut did not end well");
    assert!(cut.elapsed() < Duration::from_secs(5), "{:?}", cut.elapsed());
}

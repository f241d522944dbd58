//! The accept loop before real sockets: slow clients, panics, drains, limits, TLS.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail"
)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use interdict_http::body::{self, BodyLimits};
use interdict_http::error::{ApiError, Dialect};
use interdict_http::server::{ClientAddress, ServerOptions};
use prometheus_client::metrics::gauge::Gauge;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::sync::Notify;

use support::{Answer, Client, Server, options};

/// Answers with what it was asked, its body's length, and who asked.
async fn echo(request: Request<Incoming>, client: ClientAddress) -> Answer {
    let (head, incoming) = request.into_parts();
    assert_ne!(head.uri.path(), "/panic", "as the test wants");
    assert_ne!(head.uri.path(), "/customer/panic", "as the test wants");
    let limits = BodyLimits { bytes_max: 1000, timeout: Duration::from_millis(200) };
    match body::read_json(&head.headers, incoming, limits).await {
        Ok(bytes) => {
            let text = format!("{} {} {} {}", head.method, head.uri.path(), bytes.len(), client.0);
            Response::new(text.into_bytes().into())
        }
        Err(error) => error.respond(Dialect::of_path(head.uri.path())),
    }
}

const GET: &str = "GET /a HTTP/1.1\r\nhost: x\r\n\r\n";

#[tokio::test]
async fn requests_over_one_connection_are_answered_in_order() {
    let server = Server::start(options(), echo).await;
    let mut client = server.connect().await;
    client.send("GET /a HTTP/1.1\r\nhost: x\r\n\r\nGET /b HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert_eq!(client.answer().await.text(), "GET /a 0 127.0.0.1");
    assert_eq!(client.answer().await.text(), "GET /b 0 127.0.0.1");
    client.post("/c", "application/json", r#"{"a":1}"#).await;
    assert_eq!(client.answer().await.text(), "POST /c 7 127.0.0.1");
    server.stop().await;
}

#[tokio::test]
async fn an_answer_does_not_wait_for_the_next_request() {
    let server = Server::start(options(), echo).await;
    for follows in ["GET /b HTT", "\r\n", "POST /b HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n{"] {
        let mut client = server.connect().await;
        client.send(&format!("{GET}{follows}")).await;
        assert_eq!(client.answer().await.text(), "GET /a 0 127.0.0.1", "{follows:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn what_is_no_request_is_400_after_the_answers_that_are_due() {
    let server = Server::start(options(), echo).await;
    let mut client = server.connect().await;
    client.send(&format!("{GET}garbage\r\n\r\n")).await;
    assert_eq!(client.answer().await.text(), "GET /a 0 127.0.0.1");
    assert_eq!(client.answer().await.status, 400);
    client.assert_closed().await;
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_has_said_its_last_word_is_answered() {
    let server = Server::start(options(), echo).await;
    let mut client = server.connect().await;
    client
        .send("POST /a HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}")
        .await;
    client.end().await;
    assert_eq!(client.answer().await.text(), "POST /a 2 127.0.0.1");
    client.assert_closed().await;
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_is_slow_with_its_head_is_cut() {
    let server =
        Server::start(ServerOptions { header_read_timeout: Duration::from_millis(100), ..options() }, echo)
            .await;
    let mut silent = server.connect().await;
    silent.assert_closed().await;
    let mut stalled = server.connect().await;
    stalled.send("GET /a HT").await;
    stalled.assert_closed().await;
    // Each byte in time, the head as a whole not.
    let mut trickling = server.connect().await;
    while trickling.try_send("G").await {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // Also after a good request.
    let mut second = server.connect().await;
    second.send(GET).await;
    second.answer().await;
    second.send("GET /b").await;
    second.assert_closed().await;
    server.stop().await;
}

#[tokio::test]
async fn an_idle_connection_lives_longer_than_a_slow_head_but_not_forever() {
    let limits = ServerOptions {
        header_read_timeout: Duration::from_millis(50),
        keep_alive: Duration::from_millis(600),
        ..options()
    };
    let server = Server::start(limits, echo).await;
    let mut client = server.connect().await;
    client.send(GET).await;
    client.answer().await;
    // That time passes is what is tested: four times the limit of a head.
    tokio::time::sleep(Duration::from_millis(200)).await;
    client.send(GET).await;
    assert_eq!(client.answer().await.status, 200);
    client.assert_closed().await;
    server.stop().await;
}

#[tokio::test]
async fn a_request_that_runs_long_is_not_cut() {
    let limits = ServerOptions {
        header_read_timeout: Duration::from_millis(20),
        keep_alive: Duration::from_millis(20),
        ..options()
    };
    let server = Server::start(limits, |_: Request<Incoming>, _| async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        Answer::new("done".into())
    })
    .await;
    let mut client = server.connect().await;
    client.send(GET).await;
    assert_eq!(client.answer().await.text(), "done");
    server.stop().await;
}

#[tokio::test]
async fn a_body_that_stalls_or_trickles_is_408_and_closes() {
    let server = Server::start(options(), echo).await;
    let head =
        "POST /a HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{";
    let mut stalled = server.connect().await;
    stalled.send(head).await;
    let answer = stalled.answer().await;
    assert_eq!((answer.status, answer.code()), (408, "request_timeout".to_owned()));
    assert_eq!(answer.header("connection"), Some("close"));
    stalled.assert_closed().await;
    let trickling = server.connect().await;
    let (mut reader, mut writer) = trickling.split();
    writer.send(head).await;
    let trickle = tokio::spawn(async move {
        while writer.try_send(" ").await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    assert_eq!(reader.answer().await.status, 408);
    reader.assert_closed().await;
    trickle.await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_413_and_the_client_can_read_it() {
    let server = Server::start(options(), echo).await;
    let large = "x".repeat(3_000_000);
    let mut declared = server.connect().await;
    declared.post("/a", "application/json", &large).await;
    let answer = declared.answer().await;
    assert_eq!((answer.status, answer.code()), (413, "payload_too_large".to_owned()));
    let mut chunked = server.connect().await;
    let head = "POST /a HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
    chunked.send(&format!("{head}{:x}\r\n{large}\r\n0\r\n\r\n", large.len())).await;
    assert_eq!(chunked.answer().await.status, 413);
    let mut asking = server.connect().await;
    asking.send("POST /a HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 5000\r\n\r\n").await;
    assert_eq!(asking.answer().await.status, 413);
    let mut exact = server.connect().await;
    exact.post("/a", "application/json", &"x".repeat(1000)).await;
    assert_eq!(exact.answer().await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn a_body_must_be_json_by_its_type_unless_it_is_empty() {
    let server = Server::start(options(), echo).await;
    let mut client = server.connect().await;
    for (content_type, content, status) in [
        ("application/json", "{}", 200),
        ("Application/JSON; charset=utf-8", "{}", 200),
        ("application/merge-patch+json", "{}", 200),
        ("application/x-www-form-urlencoded", "a=1", 415),
        ("application/+json", "{}", 415),
        ("application/jsonx", "{}", 415),
        ("text/json", "{}", 415),
        ("", "{}", 415),
        ("", "", 200),
        ("text/plain", "", 200),
    ] {
        client.post("/a", content_type, content).await;
        assert_eq!(client.answer().await.status, status, "{content_type:?} {content:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_panic_is_a_500_in_the_dialect_and_the_connection_lives() {
    let server = Server::start(options(), echo).await;
    let mut client = server.connect().await;
    client.send("GET /panic HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let answer = client.answer().await;
    assert_eq!((answer.status, answer.code()), (500, "internal_error".to_owned()));
    client.send("GET /customer/panic HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let answer = client.answer().await;
    assert_eq!((answer.status, &answer.json()["error"]), (500, &Value::from("Failed to upsert user")));
    client.send(GET).await;
    assert_eq!(client.answer().await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn a_drain_finishes_what_runs_and_refuses_what_is_new() {
    let (started, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (start, wait) = (started.clone(), release.clone());
    let mut server = Server::start(options(), move |request: Request<Incoming>, _| {
        let (start, wait) = (start.clone(), wait.clone());
        async move {
            if request.uri().path() == "/slow" {
                start.notify_one();
                wait.notified().await;
            }
            Answer::new("done".into())
        }
    })
    .await;
    let mut running = server.connect().await;
    running.send("GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await;
    started.notified().await;
    let mut idle = server.connect().await;
    idle.send(GET).await;
    idle.answer().await;
    let mut silent = server.connect().await;
    // Accepted for certain, because the clients are accepted in order.
    let mut last = server.connect().await;
    last.send(GET).await;
    last.answer().await;

    server.shutdown();
    idle.assert_closed().await;
    silent.assert_closed().await;
    assert!(TcpStream::connect(server.address).await.is_err(), "a new client is refused");
    assert!(!server.has_ended(), "a request still runs");
    release.notify_one();
    let answer = running.answer().await;
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    running.assert_closed().await;
    server.ended().await;
}

#[tokio::test]
async fn what_outlasts_the_drain_is_cut() {
    let started = Arc::new(Notify::new());
    let start = started.clone();
    let limits = ServerOptions { drain_timeout: Duration::from_millis(50), ..options() };
    let mut server = Server::start(limits, move |_: Request<Incoming>, _| {
        start.notify_one();
        std::future::pending::<Answer>()
    })
    .await;
    let mut client = server.connect().await;
    client.send(GET).await;
    started.notified().await;
    server.shutdown();
    client.assert_closed().await;
    server.ended().await;
}

#[tokio::test]
async fn clients_over_the_limit_wait_their_turn() {
    let open = Gauge::default();
    let limits = ServerOptions { connections_max: 2, open_connections: open.clone(), ..options() };
    let server = Server::start(limits, echo).await;
    let (mut one, mut two) = (server.connect().await, server.connect().await);
    for client in [&mut one, &mut two] {
        client.send(GET).await;
        client.answer().await;
    }
    assert_eq!(open.get(), 2);
    let mut three = server.connect().await;
    three.send(GET).await;
    let waiting = tokio::time::timeout(Duration::from_millis(100), three.answer()).await;
    assert!(waiting.is_err(), "the third has no turn yet");
    assert_eq!(open.get(), 2);
    drop(one);
    assert_eq!(three.answer().await.status, 200);
    assert_eq!(open.get(), 2);
    server.stop().await;
    assert_eq!(open.get(), 0);
}

#[tokio::test]
async fn garbage_and_vanishing_clients_do_not_end_the_loop() {
    let server = Server::start(options(), echo).await;
    for garbage in ["\u{0}\u{1}\u{2}\r\n\r\n", "GET\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\r\n"] {
        let mut client = server.connect().await;
        client.send(garbage).await;
        drop(client);
    }
    let mut vanishing = server.connect().await;
    vanishing.send("POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n").await;
    drop(vanishing);
    let mut client = server.connect().await;
    client.send(GET).await;
    assert_eq!(client.answer().await.status, 200);
    server.stop().await;
}

#[test]
fn an_error_is_small_enough_to_return() {
    assert!(size_of::<ApiError>() <= 128, "{}", size_of::<ApiError>());
    assert_eq!(ApiError::internal().status, StatusCode::INTERNAL_SERVER_ERROR);
    let _: fn(TcpStream) -> Client = Client::new;
}

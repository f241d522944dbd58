//! How an issuer is asked: how long it is waited for, how much is read, where codes may go, and how often it is asked.
//!
//! Deliberately not here: tokens and people, which `crates/interdict/tests/oidc` tells with the real binary.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use interdict_domain::clock::{Clock, Random, Timestamp};
use interdict_oidc::{Asked, Fault, Provider, ProviderError, ProviderOptions};
use serde_json::{Value, json};
use wiremock::matchers::{any, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

const DOCUMENT: &str = "/.well-known/openid-configuration";

/// A clock that stands still until it is put ahead.
#[derive(Default)]
struct Still(AtomicU64);

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(0).plus_seconds(1_800_000_000)
    }

    fn uptime(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::Relaxed))
    }
}

struct Sevens;

impl Random for Sevens {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

fn provider_at(issuer: &str, clock: Arc<Still>, answer_timeout: Duration) -> Provider {
    let options = ProviderOptions::new(issuer, "interdict", "http://127.0.0.1:8080/back", "Company");
    Provider::new(ProviderOptions { answer_timeout, ..options }, clock).unwrap()
}

fn provider(issuer: &str) -> Provider {
    provider_at(issuer, Arc::default(), Duration::from_mins(1))
}

/// The web platform tests' addresses, which crates/interdict-app/tests/urls tells of.
#[test]
fn an_issuer_that_browsers_cannot_read_is_none() {
    let all = include_str!("../../interdict-app/tests/urls/wpt.json");
    let vectors: Vec<(String, Option<String>, Option<String>)> = serde_json::from_str(all).unwrap();
    let mut taken = 0;
    for (text, _, browsers) in vectors.into_iter().filter(|(_, base, _)| base.is_none()) {
        let options = ProviderOptions::new(&text, "interdict", "http://127.0.0.1:8080/back", "Company");
        if Provider::new(options, Arc::<Still>::default()).is_ok() {
            assert!(browsers.is_some(), "{text:?}");
            taken += 1;
        }
    }
    assert!(taken >= 5, "{taken} taken");
}

fn asked() -> Asked {
    Asked::generate(&Sevens)
}

fn document(issuer: &str) -> Value {
    json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    })
}

/// An issuer that says this of itself.
async fn issuer_with(change: impl FnOnce(&mut Value)) -> MockServer {
    let server = MockServer::start().await;
    let mut said = document(&server.uri());
    change(&mut said);
    let answers = |body: Value| ResponseTemplate::new(200).set_body_json(body);
    Mock::given(path(DOCUMENT)).respond_with(answers(said)).mount(&server).await;
    Mock::given(path("/keys")).respond_with(answers(json!({ "keys": [] }))).mount(&server).await;
    server
}

async fn documents_asked(server: &MockServer) -> usize {
    server.received_requests().await.unwrap().iter().filter(|asked| asked.url.path() == DOCUMENT).count()
}

#[tokio::test]
async fn the_way_there_holds_a_challenge_and_never_the_verifier() {
    let server = issuer_with(|_| {}).await;
    let asked = asked();
    let address = provider(&server.uri()).begin(&asked).await.unwrap();
    assert!(address.starts_with(&format!("{}/authorize?", server.uri())), "{address}");
    for part in [
        "response_type=code",
        "code_challenge_method=S256",
        "scope=openid+email",
        "redirect_uri=http%3A%2F%2F127.0.0.1%3A8080%2Fback",
        &format!("state={}", asked.state),
        &format!("nonce={}", asked.nonce),
    ] {
        assert!(address.contains(part), "{part} in {address}");
    }
    let challenge = address.split("code_challenge=").nth(1).unwrap().split('&').next().unwrap();
    assert_eq!(challenge.len(), 43, "SHA-256 in base64url");
    assert_ne!(challenge, asked.verifier);
    assert!(!format!("{asked:?}").contains(&asked.state), "nor does a log");
}

#[tokio::test]
async fn an_issuer_that_is_silent_is_not_waited_for_for_ever() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let issuer = format!("http://{}", silent.local_addr().unwrap());
    let provider = provider_at(&issuer, Arc::default(), Duration::from_millis(50));
    let error = provider.begin(&asked()).await.unwrap_err();
    assert!(matches!(error, ProviderError::Unreachable(_)), "{error:?}");
    assert_eq!(error.fault(), Fault::Issuer);
}

#[tokio::test]
async fn an_answer_without_end_is_not_read() {
    let server = MockServer::start().await;
    let long = ResponseTemplate::new(200).set_body_raw(vec![b' '; 2 << 20], "application/json");
    Mock::given(any()).respond_with(long).mount(&server).await;
    let error = provider(&server.uri()).begin(&asked()).await.unwrap_err();
    assert!(matches!(error, ProviderError::Unreachable(_)), "{error:?}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (other, server) = (issuer_with(|_| {}).await, MockServer::start().await);
    let away = ResponseTemplate::new(302).insert_header("location", format!("{}{DOCUMENT}", other.uri()));
    Mock::given(any()).respond_with(away).mount(&server).await;
    let error = provider(&server.uri()).begin(&asked()).await.unwrap_err();
    assert!(matches!(error, ProviderError::Status(_)), "{error:?}");
    assert_eq!(documents_asked(&other).await, 0);
}

#[tokio::test]
async fn an_issuer_that_says_it_is_another_one_is_not_believed() {
    let server = issuer_with(|said| said["issuer"] = json!("https://login.example.com")).await;
    let error = provider(&server.uri()).begin(&asked()).await.unwrap_err();
    assert!(error.to_string().contains("--oidc-issuer"), "{error}");
}

#[tokio::test]
async fn neither_people_nor_codes_go_to_where_others_could_read_along() {
    let server =
        issuer_with(|said| said["authorization_endpoint"] = json!("http://login.example.com/a")).await;
    let error = provider(&server.uri()).begin(&asked()).await.unwrap_err();
    assert!(error.to_string().contains("https"), "{error}");
    let server = issuer_with(|said| said["token_endpoint"] = json!("http://login.example.com/token")).await;
    let error = provider(&server.uri()).finish("code".to_owned(), &asked()).await.unwrap_err();
    assert!(matches!(&error, ProviderError::Unreachable(reason) if reason.to_string().contains("https")));
    let server = issuer_with(|said| said["jwks_uri"] = json!("http://login.example.com/keys")).await;
    assert!(provider(&server.uri()).begin(&asked()).await.is_err());
}

#[tokio::test]
async fn what_an_issuer_says_of_itself_is_kept_for_an_hour_and_that_it_was_away_for_two_seconds() {
    let server = issuer_with(|_| {}).await;
    let clock = Arc::new(Still::default());
    let provider = provider_at(&server.uri(), Arc::clone(&clock), Duration::from_mins(1));
    for (at_s, asked_so_far) in [(0, 1), (3_599, 1), (3_600, 2), (7_000, 2)] {
        clock.0.store(at_s, Ordering::Relaxed);
        provider.begin(&asked()).await.unwrap();
        assert_eq!(documents_asked(&server).await, asked_so_far, "after {at_s} s");
    }

    let away = MockServer::start().await;
    let provider = provider_at(&away.uri(), Arc::clone(&clock), Duration::from_mins(1));
    for (at_s, asked_so_far) in [(8_000, 1), (8_001, 1), (8_002, 2)] {
        clock.0.store(at_s, Ordering::Relaxed);
        let error = provider.begin(&asked()).await.unwrap_err();
        assert_eq!(documents_asked(&away).await, asked_so_far, "after {at_s} s: {error}");
    }
}

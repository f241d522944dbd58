//! What a browser keeps while its person is at an issuer, on a clock that is set, and how many may set out.
//!
//! Deliberately not here: what the issuer says, and the pages (`crates/interdict/tests/oidc`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use std::sync::Arc;

use interdict_app::SignInError;
use interdict_app::oidc::{
    Arrival, CameBack, KEPT_S, OidcError, Provider, ProviderError, ProviderOptions, SetOut, Visit,
};
use serde_json::json;
use support::Shop;
use tokio::runtime::Runtime;
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

/// A shop, and an issuer that says what it is and gives no tokens.
struct World {
    runtime: Runtime,
    shop: Shop,
    provider: Provider,
    _issuer: MockServer,
}

impl World {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let shop = Shop::new();
        let issuer = runtime.block_on(MockServer::start());
        let url = issuer.uri();
        let said = json!({
            "issuer": url,
            "authorization_endpoint": format!("{url}/authorize"),
            "token_endpoint": format!("{url}/token"),
            "jwks_uri": format!("{url}/keys"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        });
        for (at, body) in [("/.well-known/openid-configuration", said), ("/keys", json!({ "keys": [] }))] {
            let answer = ResponseTemplate::new(200).set_body_json(body);
            runtime.block_on(Mock::given(path(at)).respond_with(answer).mount(&issuer));
        }
        let options = ProviderOptions::new(&url, "interdict", "http://127.0.0.1:8080/back", "Company");
        let clock = Arc::clone(&shop.clock);
        let provider = Provider::new(options, clock).unwrap();
        Self { runtime, shop, provider, _issuer: issuer }
    }

    fn set_out(&self, from: &str) -> Result<SetOut, OidcError> {
        let visit = visit(from);
        let begin = self.shop.app.begin_sign_in_by_oidc(&self.provider, "/dashboard", &visit);
        self.runtime.block_on(begin)
    }

    fn come_back(&self, set_out: &SetOut) -> OidcError {
        let state = set_out.address.split("state=").nth(1).unwrap().split('&').next().unwrap();
        let came = CameBack {
            kept: Some(set_out.kept.clone()),
            state: Some(state.to_owned()),
            code: Some("code".to_owned()),
            ..CameBack::default()
        };
        let finish = self.shop.app.finish_sign_in_by_oidc(&self.provider, came, visit("192.0.2.1"));
        match self.runtime.block_on(finish) {
            Err(error) => error,
            Ok(Arrival::SignedIn { .. } | Arrival::CodeNeeded { .. }) => panic!("let in without a token"),
        }
    }
}

fn visit(from: &str) -> Visit {
    Visit { address: from.parse().unwrap(), user_agent: "Firefox".to_owned() }
}

#[test]
fn whoever_stays_away_for_too_long_begins_anew() {
    let world = World::new();
    let set_out = world.set_out("192.0.2.1").unwrap();
    world.shop.clock.advance(KEPT_S - 1);
    let in_time = world.come_back(&set_out);
    assert!(
        matches!(in_time, OidcError::Provider(ProviderError::NoToken)),
        "the issuer was asked: {in_time}"
    );
    world.shop.clock.advance(1);
    assert!(matches!(world.come_back(&set_out), OidcError::NotAsked));
}

#[test]
fn what_a_browser_keeps_shows_nothing_and_fits_into_a_cookie() {
    let world = World::new();
    let set_out = world.set_out("192.0.2.1").unwrap();
    let state = set_out.address.split("state=").nth(1).unwrap().split('&').next().unwrap();
    assert!(!set_out.kept.contains(state));
    assert!(set_out.kept.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
    for (next_bytes, is_kept) in [(1_024, true), (1_025, false)] {
        let next = format!("/dashboard/{}", "x".repeat(next_bytes - "/dashboard/".len()));
        let visit = visit("192.0.2.1");
        let begin = world.shop.app.begin_sign_in_by_oidc(&world.provider, &next, &visit);
        let kept = world.runtime.block_on(begin).unwrap().kept;
        assert!(kept.len() < 4_000, "{}", kept.len());
        assert_eq!(kept.len() > 1_024, is_kept, "a way back of {next_bytes} bytes");
    }
}

#[test]
fn an_address_sets_out_thirty_times_at_once() {
    let world = World::new();
    for _ in 0..30 {
        world.set_out("192.0.2.1").unwrap();
    }
    let limited = |result: Result<SetOut, OidcError>| {
        matches!(result, Err(OidcError::SignIn(SignInError::TooMany { retry_after_s: 1..=2 })))
    };
    assert!(limited(world.set_out("192.0.2.1")));
    assert!(world.set_out("192.0.2.2").is_ok(), "another address does not wait");
    world.shop.clock.stand_still_ms(2_000);
    let set_out = world.set_out("192.0.2.1").unwrap();
    // The way back is counted, too: each one asks the issuer.
    assert!(matches!(world.come_back(&set_out), OidcError::SignIn(SignInError::TooMany { .. })));
}

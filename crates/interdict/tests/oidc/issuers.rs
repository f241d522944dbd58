//! Issuers that lie, change their keys, are away, want a secret, or cannot be asked at all.

use std::time::Duration;

use interdict_test_support::{free_port, wait_until};
use serde_json::json;

use super::browser::{Browser, make_user, owner_password};
use super::issuer::{CLIENT, Issuer, Key};
use super::support::Place;
use super::{AWAY_WORDS, BEGIN, CALLBACK, House, NOT_ASKED_WORDS, REFUSED_WORDS, patiently};

#[test]
fn what_the_issuer_says_instead_of_a_code_is_told() {
    let house = House::open();
    let mut browser = house.browser();
    let back = house.way_back(&House::set_out(&mut browser, ""));
    let state = back.split("state=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let says = |error: &str| format!("{CALLBACK}?error={error}&state={state}&error_description=%3Cimg%3E");
    browser.get(&says("access_denied")).expect(400).shows("Company did not let you in").hides("<img>");
    browser.get(&says("server_error")).expect(502).shows(AWAY_WORDS);
}

#[test]
fn a_token_for_another_sign_in_is_refused() {
    let house = House::open();
    house.issuer.alter(|claims| claims["nonce"] = json!("of another one"));
    house.refuses(400, NOT_ASKED_WORDS);
    house.issuer.alter(|claims| drop(claims.as_object_mut().unwrap().remove("nonce")));
    house.refuses(400, NOT_ASKED_WORDS);
}

#[test]
fn a_token_for_somebody_else_or_of_somebody_else_or_too_old_is_refused() {
    let house = House::open();
    house.issuer.alter(|claims| claims["aud"] = json!("another client"));
    house.refuses(502, AWAY_WORDS);
    house.issuer.alter(|claims| claims["aud"] = json!([CLIENT, "another client"]));
    house.refuses(502, AWAY_WORDS);
    house.issuer.alter(|claims| claims["iss"] = json!("https://another.example"));
    house.refuses(502, AWAY_WORDS);
    house.issuer.alter(|claims| claims["exp"] = json!(claims["iat"].as_i64().unwrap() - 60));
    house.refuses(502, AWAY_WORDS);
    // The control: the same issuer, without a lie.
    house.issuer.alter(|_| {});
    house.sign_in(&mut house.browser()).expect(200);
}

#[test]
fn a_signature_that_is_not_the_issuers_is_refused() {
    let house = House::open();
    house.issuer.behave(|manners| manners.key = Key::ec("first"));
    house.refuses(502, AWAY_WORDS);
    // Signed with what everybody knows, or not at all.
    house.issuer.behave(|manners| manners.key = Key::secret("first", CLIENT));
    house.refuses(502, AWAY_WORDS);
    house.issuer.behave(|manners| manners.key = Key::none());
    house.refuses(502, AWAY_WORDS);
}

#[test]
fn keys_that_the_issuer_changes_are_asked_for_again() {
    let house = House::open();
    let mut browser = house.browser();
    house.sign_in(&mut browser).expect(200);
    // A new one beside the old one, of another kind.
    let new = Key::rsa("second");
    house.issuer.behave(|manners| {
        manners.key = new.clone();
        manners.shown.push(new);
    });
    house.sign_in(&mut browser).expect(200);
    assert_eq!(house.issuer.document_asked(), 2);
    house.sign_in(&mut browser).expect(200);
    assert_eq!(house.issuer.document_asked(), 2, "and then they are known");
    // One that it does not show.
    house.issuer.behave(|manners| manners.key = Key::ec("third"));
    house.refuses(502, AWAY_WORDS);
}

#[test]
fn nobody_learns_who_signs_in_here() {
    let house = House::open();
    make_user(&house.place, "gone@example.com", "admin");
    make_user(&house.place, "ada@example.com", "support");
    let users = house.place.json("user list --json");
    let gone =
        users["items"].as_array().unwrap().iter().find(|user| user["email"] == "gone@example.com").unwrap();
    house.place.run(&format!("user disable {}", gone["id"].as_str().unwrap())).success();
    let mut told = Vec::new();
    for (email, verified) in [
        (json!("nobody@example.com"), json!(true)),
        (json!("gone@example.com"), json!(true)),
        (json!("ada@example.com"), json!(false)),
        (json!("ada@example.com"), json!(null)),
        (json!(null), json!(true)),
        (json!("no email"), json!(true)),
    ] {
        house.issuer.behave(|manners| (manners.email, manners.email_verified) = (email, verified));
        house.refuses(403, REFUSED_WORDS);
        told.push(house.sign_in(&mut house.browser()).body);
    }
    assert!(told.iter().all(|body| *body == told[0]), "the same to the letter");
    let listed = house.place.json("user list --json").to_string();
    assert!(!listed.contains("nobody@example.com"), "nobody is made");
    // However it is written.
    house.issuer.behave(|manners| {
        (manners.email, manners.email_verified) = (json!("Ada@Example.COM"), json!(true));
    });
    house.sign_in(&mut house.browser()).expect(200);
}

#[test]
fn refusals_lock_the_email_as_wrong_passwords_do() {
    let house = House::open();
    house.issuer.behave(|manners| manners.email_verified = json!(false));
    for _ in 0..9 {
        house.refuses(403, REFUSED_WORDS);
    }
    house.refuses(429, "Too many attempts failed");
    house.issuer.behave(|manners| manners.email_verified = json!(true));
    house.sign_in(&mut house.browser()).expect(429).shows("Too many attempts failed");
    let password = owner_password(&house.place);
    let form = [("email", "owner@interdict.local"), ("password", password.as_str())];
    patiently(|| house.browser().sign_in(&form)).expect(429).shows("Too many attempts failed");
}

#[test]
fn an_issuer_that_is_down_keeps_nobody_from_starting_and_is_used_when_it_is_back() {
    let house = House::open();
    house.issuer.behave(|manners| manners.is_down = true);
    let mut browser = house.browser();
    browser.post(BEGIN, &[]).expect(502).shows(AWAY_WORDS).shows("name=\"password\"");
    Browser::of_owner(&house.place, &house.server).get("/dashboard/account").expect(200);
    house.issuer.behave(|manners| manners.is_down = false);
    // Asked again after a moment.
    wait_until(|| browser.post(BEGIN, &[]).status == 200, Duration::from_mins(3)).unwrap();
    house.sign_in(&mut browser).expect(200);
    // Down between the two ways.
    let back = house.way_back(&House::set_out(&mut browser, ""));
    house.issuer.behave(|manners| manners.is_down = true);
    patiently(|| browser.get(&back)).expect(502).shows(AWAY_WORDS);
}

#[test]
fn an_issuer_that_nobody_is_at_is_told_of() {
    let place = Place::new();
    let server = place.serve(&format!(
        "serve --workers 1 --oidc-issuer http://127.0.0.1:{} --oidc-client-id {CLIENT}",
        free_port().unwrap()
    ));
    let mut browser = Browser::new(&server);
    browser.get("/dashboard/sign-in").expect(200).shows("Sign in with single sign-on");
    browser.post(BEGIN, &[]).expect(502).shows("cannot be reached");
}

#[test]
fn a_client_with_a_secret_shows_it() {
    let place = Place::new();
    std::fs::write(place.path("secret"), "s3cret\n").unwrap();
    let issuer = Issuer::start();
    issuer.behave(|manners| manners.secret = Some("s3cret".to_owned()));
    std::fs::write(
        place.path("interdict.toml"),
        format!(
            "oidc_issuer = \"{}\"\noidc_client_id = \"{CLIENT}\"\noidc_client_secret_file = \"secret\"\n\
             oidc_name = \"Company\"\n",
            issuer.url()
        ),
    )
    .unwrap();
    let server = place.serve("serve --workers 1");
    let house = House { issuer, place, server };
    house.sign_in(&mut house.browser()).expect(200);
    house.issuer.behave(|manners| manners.secret = Some("another".to_owned()));
    house.refuses(502, AWAY_WORDS);
}

#[test]
fn settings_that_cannot_work_are_told_before_anything_is_made() {
    let place = Place::new();
    let issuer = "--oidc-issuer https://login.example.com";
    let named = format!("{issuer} --oidc-client-id a");
    for (words, says) in [
        (issuer.to_owned(), "--oidc-client-id"),
        ("--oidc-client-id a".to_owned(), "needs --oidc-issuer"),
        (format!("{named} --behind-proxy"), "--public-url"),
        (format!("{named} --public-url http://interdict.example"), "by https"),
        ("--oidc-issuer http://login.example.com --oidc-client-id a".to_owned(), "by https"),
        ("--oidc-issuer login.example.com --oidc-client-id a".to_owned(), "https://login.example.com"),
        (format!("{named} --oidc-client-secret-file nowhere"), "cannot be read"),
    ] {
        let said = place.complaint(&format!("serve --listen 127.0.0.1:0 {words}"), 2);
        assert!(said.contains(says), "{words}: {said}");
    }
    assert!(!place.path("interdict-data").exists());
}

#[test]
fn the_log_says_why_and_never_who() {
    let house = House::open_with("--log debug");
    house.issuer.behave(|manners| manners.email = json!("nobody@example.com"));
    house.refuses(403, REFUSED_WORDS);
    house.issuer.alter(|claims| claims["aud"] = json!("mallory@example.com"));
    house.refuses(502, AWAY_WORDS);
    let mut browser = house.browser();
    let back = house.way_back(&House::set_out(&mut browser, ""));
    patiently(|| browser.get(&back)).expect(502);
    let log = house.server.stop_and_tell();
    for said in ["may not sign in here", "it is for somebody else", CALLBACK] {
        assert!(log.contains(said), "{said}: {log}");
    }
    let state = back.split("state=").nth(1).unwrap().split('&').next().unwrap();
    for secret in ["nobody@", "mallory@", "code-", state] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}

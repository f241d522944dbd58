//! The way to an issuer and back, for those who set out, and for those who did not.

use serde_json::json;

use super::browser::{Browser, GOOD, enroll_second_factor, make_user};
use super::support::Place;
use super::{AWAY, BEGIN, CALLBACK, House, NOT_ASKED_WORDS, SESSION};

#[test]
fn a_person_signs_in_with_a_new_session_and_the_audit_says_how() {
    let house = House::open();
    let mut browser = house.browser();
    browser.get("/dashboard/sign-in").expect(200).shows("Sign in with Company");
    browser.cookies.insert(SESSION.to_owned(), "A".repeat(43));
    house.sign_in(&mut browser).expect(200).shows("url=/dashboard\"");
    let first = browser.cookies[SESSION].clone();
    assert_ne!(first, "A".repeat(43), "what was there before opens nothing");
    assert!(!browser.cookies.contains_key(AWAY), "what was kept for the way is gone");
    browser.get("/dashboard/account").expect(200).shows("owner@interdict.local").shows("Firefox, Linux");
    // Signed in once more: another session.
    house.sign_in(&mut browser).expect(200);
    assert_ne!(browser.cookies[SESSION], first);
    house.audit().shows("Signed in by single sign-on");
    assert_eq!(house.issuer.document_asked(), 1, "what it says of itself is kept");
}

#[test]
fn without_an_issuer_there_is_no_button_and_no_way() {
    let place = Place::new();
    let server = place.serve("serve --workers 1");
    let mut browser = Browser::new(&server);
    browser.get("/dashboard/sign-in").expect(200).hides("Sign in with");
    browser.post(BEGIN, &[]).expect(404);
    browser.get(&format!("{CALLBACK}?code=a&state=b")).expect(404);
}

#[test]
fn people_come_back_to_where_they_wanted_to_go_and_nowhere_else() {
    let house = House::open();
    let mut browser = house.browser();
    for (next, to) in [
        ("/dashboard/test/customers?query=a%26b", "/dashboard/test/customers?query=a%26b"),
        ("https://evil.example/dashboard", "/dashboard"),
        ("//evil.example", "/dashboard"),
        ("/dashboard/../v1", "/dashboard"),
        (&format!("/dashboard/{}", "x".repeat(5_000)), "/dashboard"),
    ] {
        let address = House::set_out(&mut browser, next);
        let back = house.way_back(&address);
        // What the address says counts for nothing.
        let page = browser.get(&format!("{back}&next=https%3A%2F%2Fevil.example")).expect(200);
        page.shows(&format!("content=\"0; url={to}\"")).shows(&format!("<a href=\"{to}\""));
    }
}

#[test]
fn a_form_of_another_site_sends_nobody_to_the_issuer() {
    let house = House::open();
    house.browser().post_from("https://evil.example", BEGIN, &[]).expect(403);
    assert_eq!(house.issuer.document_asked(), 0);
}

#[test]
fn a_stolen_code_opens_nothing_in_another_browser() {
    let house = House::open();
    let (mut owner, mut thief) = (house.browser(), house.browser());
    let address = House::set_out(&mut owner, "");
    let back = house.way_back(&address);
    // Without what the owner's browser keeps.
    thief.get(&back).expect(400).shows(NOT_ASKED_WORDS);
    // With what the thief's own keeps: another state.
    House::set_out(&mut thief, "");
    thief.get(&back).expect(400).shows(NOT_ASKED_WORDS);
    // With the thief's own state, too: then the verifier is not the one that the code was asked with.
    let own = house.way_back(&House::set_out(&mut thief, ""));
    let code = |back: &str| back.split("code=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let mixed = own.replace(&code(&own), &code(&back));
    assert_ne!(mixed, own);
    thief.get(&mixed).expect(400).shows(NOT_ASKED_WORDS);
    assert!(!thief.cookies.contains_key(SESSION));
    // The issuer has seen the code, and takes it no more.
    owner.get(&back).expect(400);
    house.sign_in(&mut owner).expect(200);
}

#[test]
fn a_way_back_that_nobody_set_out_on_leads_nowhere() {
    let house = House::open();
    let mut browser = house.browser();
    for query in ["", "?code=a", "?state=b", "?code=a&state=b", "?error=access_denied&state=b"] {
        browser.get(&format!("{CALLBACK}{query}")).expect(400).shows(NOT_ASKED_WORDS);
    }
    let back = house.way_back(&House::set_out(&mut browser, ""));
    browser.get(&back.replace("state=", "state=x")).expect(400).shows(NOT_ASKED_WORDS);
    browser.get(&back.replace("iss=http", "iss=https")).expect(400).shows(NOT_ASKED_WORDS);
    // What a browser keeps is sealed: altered, it is nothing.
    let kept = browser.cookies[AWAY].clone();
    let short = kept.get(4..).unwrap();
    for nonsense in ["", "AAAA", "%%%", short, &format!("AAAA{short}")] {
        browser.cookies.insert(AWAY.to_owned(), nonsense.to_owned());
        browser.get(&back).expect(400).shows(NOT_ASKED_WORDS);
    }
    // What is kept for the way is not what is kept for a code.
    browser.cookies.insert(AWAY.to_owned(), kept);
    browser.post("/dashboard/sign-in/oidc/code", &[("code", "000000")]).expect(400).shows(NOT_ASKED_WORDS);
    browser.get(&back).expect(200);
}

#[test]
fn somebody_invited_needs_no_password() {
    let house = House::open();
    let mut owner = Browser::of_owner(&house.place, &house.server);
    let form = [("once", "a"), ("email", "ada@example.com"), ("role", "support")];
    owner.post("/dashboard/team/invite", &form).expect(200);
    house.issuer.behave(|manners| manners.email = json!("ada@example.com"));
    let mut ada = house.browser();
    house.sign_in(&mut ada).expect(200);
    ada.get("/dashboard/account").expect(200).shows("ada@example.com");
    ada.get("/dashboard/test/keys").expect(403);
}

#[test]
fn a_second_factor_is_asked_for_all_the_same() {
    let house = House::open();
    make_user(&house.place, "ada@example.com", "support");
    let mut ada = Browser::of(&house.server, "ada@example.com", GOOD);
    let recovery = enroll_second_factor(&mut ada);

    house.issuer.behave(|manners| manners.email = json!("ada@example.com"));
    let path = "/dashboard/sign-in/oidc/code";
    let mut browser = house.browser();
    let back = house.way_back(&House::set_out(&mut browser, "/dashboard/team"));
    browser.get(&back).expect(200).shows("name=\"code\"").shows(&format!("action=\"{path}\""));
    assert!(!browser.cookies.contains_key(SESSION), "not yet");
    browser.get("/dashboard/account").expect(303);
    browser.post(path, &[("code", "000000")]).expect(401).shows("The code is wrong").shows("name=\"code\"");
    browser.post(path, &[]).expect(401).shows("The code is wrong");
    assert!(!browser.cookies.contains_key(SESSION));
    // The code that confirmed the secret is used up: a recovery code is as good.
    let kept = browser.cookies[AWAY].clone();
    browser.post(path, &[("code", &recovery)]).expect(200).shows("url=/dashboard/team\"");
    browser.get("/dashboard/account").expect(200).shows("9 recovery codes are left");
    let mut again = house.browser();
    again.cookies.insert(AWAY.to_owned(), kept);
    again.post(path, &[("code", &recovery)]).expect(401);
    assert!(!again.cookies.contains_key(SESSION), "a recovery code is good once");
}

//! The dashboard in Debian's Chromium, as people use it: the stories of Odus's document and of those who support
//! customers, with axe on every page in both themes, and screenshots under `target/screenshots`. And the forms by
//! hand, as nobody should send them (`forms.rs`).

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail"
)]

#[path = "../support/browser.rs"]
mod browser;
mod forms;
#[cfg(feature = "oidc")]
mod issuer_story;
#[path = "../support/mod.rs"]
mod support;
mod visitor;

use std::path::Path;

use browser::owner_password;
use interdict_test_support::{kept_in, run_in_browser};
use support::{Place, Server};

/// A fresh installation that listens, with what its first start showed.
pub(crate) struct House {
    pub(crate) place: Place,
    pub(crate) server: Server,
    pub(crate) key: String,
    pub(crate) password: String,
}

/// Who signs in.
pub(crate) const OWNER: &str = "owner@interdict.local";

impl House {
    pub(crate) fn open() -> Self {
        let place = Place::new();
        let server = place.serve("serve --workers 1");
        server.wait_until_ready();
        let (key, password) = (place.first_key(), owner_password(&place));
        Self { place, server, key, password }
    }
}

/// Runs a story at a fresh house.
fn tell(story: &str) {
    let house = House::open();
    tell_at(story, &house.server, &house.key, (OWNER, &house.password), &[]);
}

/// Runs a story, and shows what it says when it fails.
fn tell_at(
    story: &str,
    server: &Server,
    key: &str,
    (email, password): (&str, &str),
    others: &[(&str, &str)],
) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dashboard").join(format!("{story}.mjs"));
    let screenshots = kept_in(story).unwrap();
    let url = server.url();
    let variables = [
        ("BASE", url.as_str()),
        ("KEY", key),
        ("EMAIL", email),
        ("PASSWORD", password),
        ("SCREENSHOTS", screenshots.to_str().unwrap()),
    ];
    let told = run_in_browser(&script, &[&variables, others].concat());
    if let Err(error) = told {
        panic!("{error}");
    }
}

#[test]
fn a_customer_is_restricted_as_the_document_says() {
    tell("restrictions");
}

#[test]
fn the_blacklist_is_kept_as_the_document_says() {
    tell("blacklist");
}

#[test]
fn a_person_is_blocked_comes_with_something_new_and_is_let_go() {
    tell("persons");
}

#[test]
fn a_file_of_many_is_looked_at_taken_and_taken_back() {
    tell("import");
}

#[test]
fn a_support_person_finds_out_why_and_lifts_it() {
    tell("support");
}

#[test]
fn somebody_finds_out_what_a_decision_rested_on() {
    tell("decisions");
}

#[test]
fn what_hits_many_is_approved_by_another_person() {
    let house = House::open();
    browser::make_user(&house.place, "second@example.com", "support");
    browser::make_user(&house.place, "reader@example.com", "read_only");
    let others =
        [("SECOND", "second@example.com"), ("READER", "reader@example.com"), ("GOOD", browser::GOOD)];
    tell_at("approvals", &house.server, &house.key, (OWNER, &house.password), &others);
}

#[test]
fn the_main_paths_work_without_a_script() {
    tell("without_script");
}

#[test]
fn every_page_of_the_demonstration_is_alive_and_can_be_read_by_everybody() {
    let place = Place::new();
    let mut server = place.serve("demo --workers 1");
    server.wait_until_ready();
    server.read_until("with the password ");
    let after =
        |word: &str| server.said.split(word).nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    let (email, password) = (after("sign in as "), after("with the password "));
    tell_at("every_page", &server, "", (&email, &password), &[]);
}

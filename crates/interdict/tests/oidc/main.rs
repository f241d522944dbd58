//! Signing in at an issuer of OpenID Connect: the real binary, and an issuer of our own that lies as it is told.
//!
//! Deliberately not here: a real browser (`tests/dashboard`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail"
)]

#[path = "../support/browser.rs"]
mod browser;
#[path = "../support/issuer.rs"]
mod issuer;
mod issuers;
#[path = "../support/mod.rs"]
mod support;
mod ways;

use std::time::Duration;

use browser::{Browser, Page};
use interdict_test_support::wait_until;
use issuer::{CLIENT, Issuer};
use support::{Place, Server};

const BEGIN: &str = "/dashboard/sign-in/oidc";
const CALLBACK: &str = "/dashboard/sign-in/oidc/callback";
const SESSION: &str = "interdict";
const AWAY: &str = "interdict-oidc";

/// An installation with an issuer.
struct House {
    issuer: Issuer,
    place: Place,
    server: Server,
}

impl House {
    fn open() -> Self {
        Self::open_with("")
    }

    fn open_with(words: &str) -> Self {
        let (issuer, place) = (Issuer::start(), Place::new());
        let server = place.serve(&format!(
            "serve --workers 1 --oidc-name Company --oidc-issuer {} --oidc-client-id {CLIENT} {words}",
            issuer.url()
        ));
        Self { issuer, place, server }
    }

    fn browser(&self) -> Browser {
        Browser::new(&self.server)
    }

    /// Presses the button; the address at the issuer that the page leads to.
    fn set_out(browser: &mut Browser, next: &str) -> String {
        let page = patiently(|| browser.post(BEGIN, &[("next", next)])).expect(200);
        page.shows("http-equiv=\"refresh\"");
        page.between("<a href=\"", "\"").replace("&#38;", "&")
    }

    /// The path, with its query, on which the issuer sends the browser back.
    fn way_back(&self, address: &str) -> String {
        self.issuer.let_in(address).strip_prefix(&self.server.url()).unwrap().to_owned()
    }

    /// All of it; the page at the end.
    fn sign_in(&self, browser: &mut Browser) -> Page {
        let address = Self::set_out(browser, "");
        let back = self.way_back(&address);
        patiently(|| browser.get(&back))
    }

    /// Nobody is let in by what the issuer says, with a status and words.
    fn refuses(&self, status: u16, words: &str) {
        let mut browser = self.browser();
        self.sign_in(&mut browser).expect(status).shows(words).shows("Sign in with Company");
        assert!(!browser.cookies.contains_key(SESSION));
        assert_eq!(browser.get("/dashboard/account").status, 303);
    }

    /// What the audit log shows to the owner, who has a password, too.
    fn audit(&self) -> Page {
        Browser::of_owner(&self.place, &self.server).get("/dashboard/test/audit").expect(200)
    }
}

/// Asks until the limit on rates has nothing against it: tests come faster than people.
fn patiently(mut ask: impl FnMut() -> Page) -> Page {
    let mut page = ask();
    let limited = || {
        if page.body.contains("Too many attempts at once") {
            page = ask();
        }
        !page.body.contains("Too many attempts at once")
    };
    wait_until(limited, Duration::from_mins(3)).unwrap();
    page
}

const AWAY_WORDS: &str = "Company cannot be reached, or says what cannot be used";
const REFUSED_WORDS: &str = "Nobody signs in here with the email that Company gave";
const NOT_ASKED_WORDS: &str = "This sign-in began in another browser, or too long ago";

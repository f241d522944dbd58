//! Signing in at an issuer of another site, in Chromium. What an issuer may lie is told in `tests/oidc`.

#[path = "../support/issuer.rs"]
mod issuer;

use super::browser::{Browser, GOOD, enroll_second_factor, make_user};
use super::support::Place;
use super::tell_at;
use issuer::{CLIENT, Issuer};
use serde_json::json;

const ADA: &str = "ada@example.com";

#[test]
fn somebody_signs_in_at_an_issuer_and_shows_a_second_factor_here() {
    let (issuer, place) = (Issuer::start(), Place::new());
    let server = place.serve(&format!(
        "serve --workers 1 --oidc-name Company --oidc-issuer {} --oidc-client-id {CLIENT}",
        issuer.url()
    ));
    server.wait_until_ready();
    make_user(&place, ADA, "support");
    issuer.behave(|manners| manners.email = json!(ADA));
    let others = [("ISSUER", issuer.url())];
    tell_at("issuer", &server, "", (ADA, GOOD), &others);
    let recovery = enroll_second_factor(&mut Browser::of(&server, ADA, GOOD));
    tell_at("issuer_code", &server, "", (ADA, GOOD), &[others[0], ("RECOVERY", &recovery)]);
}

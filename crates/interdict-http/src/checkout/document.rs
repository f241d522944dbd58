//! What the pages for payers are sent with: headers that keep their address to themselves, their style, and
//! the one script, which puts Stripe's own field for cards into the page of live mode.

use axum::response::Response;
use http::StatusCode;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, REFERRER_POLICY,
};

const STYLE: &str = include_str!("../../templates/pay.css");
const CARD_SCRIPT: &str = include_str!("../../templates/card.js");

/// Whom a page talks to besides this service.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Contacts<'a> {
    /// The shop's origin, where the form leads on to.
    pub(crate) shop: Option<&'a str>,
    /// Stripe: its field for cards is in the page, and the form may lead on to the payer's bank.
    pub(crate) stripe: bool,
}

impl Contacts<'_> {
    /// Nothing else is let in, whatever is in the page.
    fn policy(self) -> String {
        let shop = self.shop.unwrap_or_default();
        let (stripe, bank) = if self.stripe {
            let stripe = "script-src 'self' https://js.stripe.com https://*.js.stripe.com; connect-src https://api.stripe.com; \
                          frame-src https://js.stripe.com https://*.js.stripe.com https://hooks.stripe.com; ";
            (stripe, "https: ")
        } else {
            ("", "")
        };
        let policy = format!(
            "default-src 'none'; {stripe}style-src 'self'; img-src data:; base-uri 'none'; \
             frame-ancestors 'none'; form-action 'self' {bank}{shop}"
        );
        policy.trim_end().to_owned()
    }
}

/// A page.
pub(crate) fn html(status: StatusCode, text: String, contacts: Contacts<'_>) -> Response {
    let mut response = Response::new(text.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff"));
    if let Ok(policy) = HeaderValue::from_str(&contacts.policy()) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Sends the browser on.
pub(crate) fn see_other(url: &str) -> Response {
    let mut response = Response::new(axum::body::Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    if let Ok(url) = HeaderValue::from_str(url) {
        response.headers_mut().insert(LOCATION, url);
    }
    response
}

/// The style of all pages.
pub(crate) async fn style() -> Response {
    asset(STYLE, "text/css")
}

/// The script of the page that takes cards.
pub(crate) async fn card_script() -> Response {
    asset(CARD_SCRIPT, "text/javascript")
}

fn asset(text: &'static str, media_type: &'static str) -> Response {
    let mut response = Response::new(text.into());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    response
}

//! Signing in and out. The same words for an email that nobody has and a password that is wrong.

use std::net::IpAddr;

use askama::Template;
use axum::extract::{Extension, State as Shared};
use axum::response::{IntoResponse as _, Response};
use http::header::{RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, HeaderValue, StatusCode};
use interdict_app::{SignIn, SignInError};
use zeroize::Zeroizing;

use crate::answer::{self, Problem};
use crate::cookie::Cookie;
use crate::form::{Form, InQuery};
use crate::person::{Anybody, Person};
use crate::refused::locked;
use crate::state::State;
use crate::{t, t_with};

#[derive(Default, Template)]
#[template(path = "sign_in.html")]
pub(super) struct SignInPage {
    pub(super) email: String,
    pub(super) next: String,
    pub(super) problem: Option<String>,
    /// Words on the button that leads to an issuer, if there is one.
    pub(super) issuer: Option<String>,
    /// An invitation was accepted just now.
    pub(super) accepted: bool,
    /// The password was right, and a code is wanted besides.
    pub(super) needs_code: bool,
}

/// The form.
pub(crate) async fn show(Shared(state): Shared<State>, InQuery(query): InQuery) -> Response {
    let (next, accepted) = (next_of(&query), query.is_set("accepted"));
    let page = SignInPage { next, accepted, issuer: words_of_issuer(&state), ..SignInPage::default() };
    answer::page(StatusCode::OK, &page)
}

/// Words on the button that leads to the issuer, if there is one.
pub(super) fn words_of_issuer(state: &State) -> Option<String> {
    let name = state.issuer_name.as_deref()?;
    Some(t_with("oidc-sign-in", &[("name", name.into())]))
}

/// Where somebody wants to go afterwards; nothing when that is not here.
pub(super) fn next_of(form: &Form) -> String {
    form.text("next").filter(|next| is_ours(next)).unwrap_or_default().to_owned()
}

/// From where a request comes.
pub(super) fn address_of(address: Option<Extension<IpAddr>>) -> IpAddr {
    address.map_or(IpAddr::from([127, 0, 0, 1]), |Extension(address)| address)
}

/// What the browser calls itself.
pub(super) fn user_agent(headers: &HeaderMap) -> String {
    headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

/// Whether an address leads to a page of ours, and nowhere else.
fn is_ours(next: &str) -> bool {
    let path = next.split(['?', '#']).next().unwrap_or_default();
    let plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    plain
        && (path == "/dashboard" || path.starts_with("/dashboard/"))
        && !path.contains("//")
        && !path.contains("..")
}

/// Signs in.
pub(crate) async fn sign_in(
    Shared(state): Shared<State>,
    address: Option<Extension<IpAddr>>,
    headers: HeaderMap,
    form: Form,
) -> Response {
    let email = form.text("email").unwrap_or_default().to_owned();
    let next = next_of(&form);
    let shown = SignIn {
        email: email.clone(),
        password: Zeroizing::new(form.exactly("password").to_owned()),
        code: form.text("code").map(str::to_owned),
        address: address_of(address),
        user_agent: user_agent(&headers),
    };
    let signed_in = match state.app.sign_in(shown).await {
        Ok(signed_in) => signed_in,
        Err(error) => return refused(&state, &error, email, next),
    };
    let mut response = answer::see_other(if next.is_empty() { "/dashboard" } else { &next });
    Cookie::Session.keep(&mut response, state.options.cookies, signed_in.token.as_str());
    response
}

fn refused(state: &State, error: &SignInError, email: String, next: String) -> Response {
    let Refusal { status, words, needs_code, retry_after_s } = match refusal(error) {
        Ok(refusal) => refusal,
        Err(problem) => return problem.into_response(),
    };
    let issuer = words_of_issuer(state);
    let page = SignInPage { email, next, problem: Some(words), issuer, needs_code, accepted: false };
    let mut response = answer::page(status, &page);
    say_when(&mut response, retry_after_s);
    response
}

/// How a refusal is told.
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) words: String,
    /// It can be tried again with a code.
    pub(super) needs_code: bool,
    pub(super) retry_after_s: Option<u64>,
}

/// What a refusal is to people; a page of its own where the form could not be sent better.
pub(super) fn refusal(error: &SignInError) -> Result<Refusal, Problem> {
    let (status, words, needs_code, retry_after_s) = match error {
        SignInError::Refused => (StatusCode::UNAUTHORIZED, t("sign-in-refused"), false, None),
        SignInError::SecondFactorNeeded => (StatusCode::UNAUTHORIZED, t("sign-in-code-needed"), true, None),
        SignInError::WrongCode => (StatusCode::UNAUTHORIZED, t("sign-in-code-wrong"), true, None),
        SignInError::Locked { until } => (StatusCode::TOO_MANY_REQUESTS, locked(*until), false, None),
        SignInError::TooMany { retry_after_s } => {
            (StatusCode::TOO_MANY_REQUESTS, t("sign-in-too-many"), false, Some(*retry_after_s))
        }
        SignInError::Unavailable => return Err(Problem::unavailable()),
        SignInError::Storage(error) => {
            tracing::error!(error = error as &dyn std::error::Error, "nobody can sign in");
            return Err(Problem::unavailable());
        }
    };
    Ok(Refusal { status, words, needs_code, retry_after_s })
}

/// Says when it may be tried again.
pub(super) fn say_when(response: &mut Response, retry_after_s: Option<u64>) {
    let seconds = retry_after_s.and_then(|seconds| HeaderValue::from_str(&seconds.to_string()).ok());
    if let Some(seconds) = seconds {
        response.headers_mut().insert(RETRY_AFTER, seconds);
    }
}

/// Signs out: the session ends at the server, not only in this browser.
pub(crate) async fn sign_out(
    Shared(state): Shared<State>,
    person: Person<Anybody>,
) -> Result<Response, Problem> {
    let session = person.signed_in.session.id;
    state.app.end_session(&person.signed_in, session).await.map_err(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "a session cannot be ended");
        Problem::unavailable()
    })?;
    let mut response = answer::see_other("/dashboard/sign-in");
    Cookie::Session.forget(&mut response, state.options.cookies);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::is_ours;

    #[test]
    fn nobody_is_sent_to_another_site() {
        for ours in ["/dashboard", "/dashboard/test/customers?query=a%2Fb", "/dashboard/live/customers/cus_1"]
        {
            assert!(is_ours(ours), "{ours}");
        }
        for other in [
            "",
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "/dashboard//evil.example",
            "/dashboardevil",
            "/v1/customers",
            "/dashboard/../v1",
            "javascript:alert(1)",
            "/dashboard/\u{9}x",
            "dashboard",
        ] {
            assert!(!is_ours(other), "{other}");
        }
    }
}

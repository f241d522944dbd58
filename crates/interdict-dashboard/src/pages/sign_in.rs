//! Signing in and out. The same words for an email that nobody has and a password that is wrong.

use std::net::IpAddr;

use askama::Template;
use axum::extract::{Extension, State as Shared};
use axum::response::Response;
use http::header::{RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, HeaderValue, StatusCode};
use interdict_app::{SignIn, SignInError};
use zeroize::Zeroizing;

use crate::answer::{self, Problem};
use crate::cookie;
use crate::form::{Form, InQuery};
use crate::person::{Anybody, Person};
use crate::refused::locked;
use crate::state::State;
use crate::t;

#[derive(Default, Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    email: String,
    next: String,
    problem: Option<String>,
    /// An invitation was accepted just now.
    accepted: bool,
    /// The password was right, and a code is wanted besides.
    needs_code: bool,
}

/// The form.
pub(crate) async fn show(InQuery(query): InQuery) -> Response {
    let next = query.text("next").filter(|next| is_ours(next)).unwrap_or_default().to_owned();
    answer::page(
        StatusCode::OK,
        &SignInPage { next, accepted: query.is_set("accepted"), ..SignInPage::default() },
    )
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
    let next = form.text("next").filter(|next| is_ours(next)).unwrap_or_default().to_owned();
    let shown = SignIn {
        email: email.clone(),
        password: Zeroizing::new(form.exactly("password").to_owned()),
        code: form.text("code").map(str::to_owned),
        address: address.map_or(IpAddr::from([127, 0, 0, 1]), |Extension(address)| address),
        user_agent: headers
            .get(USER_AGENT)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned(),
    };
    let signed_in = match state.app.sign_in(shown).await {
        Ok(signed_in) => signed_in,
        Err(error) => return refused(&error, email, next),
    };
    let mut response = answer::see_other(if next.is_empty() { "/dashboard" } else { &next });
    cookie::keep(&mut response, state.options.cookies, signed_in.token.as_str());
    response
}

fn refused(error: &SignInError, email: String, next: String) -> Response {
    let (status, problem, needs_code, retry_after_s) = match error {
        SignInError::Refused => (StatusCode::UNAUTHORIZED, t("sign-in-refused"), false, None),
        SignInError::SecondFactorNeeded => (StatusCode::UNAUTHORIZED, t("sign-in-code-needed"), true, None),
        SignInError::WrongCode => (StatusCode::UNAUTHORIZED, t("sign-in-code-wrong"), true, None),
        SignInError::Locked { until } => (StatusCode::TOO_MANY_REQUESTS, locked(*until), false, None),
        SignInError::TooMany { retry_after_s } => {
            (StatusCode::TOO_MANY_REQUESTS, t("sign-in-too-many"), false, Some(*retry_after_s))
        }
        SignInError::Unavailable => return answer::problem(&Problem::unavailable()),
        SignInError::Storage(error) => {
            tracing::error!(error = error as &dyn std::error::Error, "nobody can sign in");
            return answer::problem(&Problem::unavailable());
        }
    };
    let page = SignInPage { email, next, problem: Some(problem), needs_code, accepted: false };
    let mut response = answer::page(status, &page);
    if let Some(seconds) = retry_after_s.and_then(|seconds| HeaderValue::from_str(&seconds.to_string()).ok())
    {
        response.headers_mut().insert(RETRY_AFTER, seconds);
    }
    response
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
    cookie::forget(&mut response, state.options.cookies);
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

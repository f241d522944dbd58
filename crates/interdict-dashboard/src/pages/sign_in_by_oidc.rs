//! Signing in at an issuer of OpenID Connect: the way there, the way back, and the code of whoever has a second factor.
//!
//! Both ways lead over a page that goes on by itself, and that can be clicked on. The way there, because a form may not
//! lead to another site, by our policy (`form-action`), and nobody knows over how many sites an issuer leads people. The
//! way back, because the browser comes from another site: a cookie that is sent with requests of our own pages alone
//! (`SameSite=Strict`) would be left out of a redirect from there, and is sent with what our own page asks for.

use std::net::IpAddr;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Extension, State as Shared};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode};
use interdict_app::SignInError;
use interdict_app::oidc::{Arrival, CameBack, Fault, KEPT_S, OidcError, Provider, Visit};

use crate::answer::{self, Problem};
use crate::cookie::Cookie;
use crate::form::{Form, InQuery};
use crate::pages::sign_in::{self, SignInPage, address_of, next_of, user_agent, words_of_issuer};
use crate::state::State;
use crate::{t, t_with};

/// A page that leads to another one by itself.
#[derive(Template)]
#[template(path = "go_on.html")]
struct GoOnPage<'a> {
    title: String,
    address: &'a str,
}

#[derive(Default, Template)]
#[template(path = "oidc_code.html")]
struct CodePage {
    problem: Option<String>,
}

type Address = Option<Extension<IpAddr>>;

/// Sends the browser to the issuer.
pub(crate) async fn begin(
    Shared(state): Shared<State>,
    address: Address,
    headers: HeaderMap,
    form: Form,
) -> Response {
    let Some(provider) = provider(&state) else { return Problem::no_such_page().into_response() };
    let (visit, next) = (visit(address, &headers), next_of(&form));
    let set_out = match state.app.begin_sign_in_by_oidc(&provider, &next, &visit).await {
        Ok(set_out) => set_out,
        Err(error) => return refused(&state, &error, next),
    };
    let title = t_with("oidc-going-there", &[("name", provider.name().into())]);
    let mut response = answer::page(StatusCode::OK, &GoOnPage { title, address: &set_out.address });
    Cookie::Away.keep_for(&mut response, state.options.cookies, &set_out.kept, KEPT_S);
    response
}

/// Takes a browser that comes from the issuer.
pub(crate) async fn finish(
    Shared(state): Shared<State>,
    address: Address,
    headers: HeaderMap,
    InQuery(query): InQuery,
) -> Response {
    let Some(provider) = provider(&state) else { return Problem::no_such_page().into_response() };
    let text = |name: &str| query.text(name).map(str::to_owned);
    let came = CameBack {
        kept: Cookie::Away.shown(&headers, state.options.cookies).map(str::to_owned),
        state: text("state"),
        code: text("code"),
        error: text("error"),
        issuer: text("iss"),
    };
    match state.app.finish_sign_in_by_oidc(&provider, came, visit(address, &headers)).await {
        Ok(arrival) => arrived(&state, &arrival),
        Err(error) => refused(&state, &error, String::new()),
    }
}

/// Takes the code of the second factor.
pub(crate) async fn finish_with_code(
    Shared(state): Shared<State>,
    address: Address,
    headers: HeaderMap,
    form: Form,
) -> Response {
    let kept = Cookie::Away.shown(&headers, state.options.cookies).unwrap_or_default();
    let code = form.text("code").unwrap_or_default();
    let visit = visit(address, &headers);
    match state.app.finish_sign_in_by_oidc_with_code(kept, code, visit).await {
        Ok(arrival) => arrived(&state, &arrival),
        Err(OidcError::SignIn(SignInError::WrongCode)) => {
            let page = CodePage { problem: Some(t("sign-in-code-wrong")) };
            answer::page(StatusCode::UNAUTHORIZED, &page)
        }
        Err(error) => refused(&state, &error, String::new()),
    }
}

fn provider(state: &State) -> Option<Arc<Provider>> {
    state.options.oidc.clone()
}

fn visit(address: Address, headers: &HeaderMap) -> Visit {
    Visit { address: address_of(address), user_agent: user_agent(headers) }
}

fn arrived(state: &State, arrival: &Arrival) -> Response {
    match arrival {
        Arrival::SignedIn { signed_in, next } => {
            let address = if next.is_empty() { "/dashboard" } else { next };
            let page = GoOnPage { title: t("oidc-signed-in"), address };
            let mut response = answer::page(StatusCode::OK, &page);
            Cookie::Away.forget(&mut response, state.options.cookies);
            Cookie::Session.keep(&mut response, state.options.cookies, signed_in.token.as_str());
            response
        }
        Arrival::CodeNeeded { kept } => {
            let mut response = answer::page(StatusCode::OK, &CodePage::default());
            Cookie::Away.keep_for(&mut response, state.options.cookies, kept, KEPT_S);
            response
        }
    }
}

/// The page to sign in on, with what went wrong: it has the button to try again.
fn refused(state: &State, error: &OidcError, next: String) -> Response {
    let name = [("name", state.issuer_name.as_deref().unwrap_or_default().into())];
    let (status, words, retry_after_s) = match error {
        OidcError::NotAsked => (StatusCode::BAD_REQUEST, t("oidc-not-asked"), None),
        OidcError::Denied => (StatusCode::BAD_REQUEST, t_with("oidc-denied", &name), None),
        OidcError::IssuerFailed => {
            tracing::warn!(error = error as &dyn std::error::Error, "nobody was signed in at the issuer");
            (StatusCode::BAD_GATEWAY, t_with("oidc-away", &name), None)
        }
        OidcError::Provider(reason) => {
            tracing::warn!(error = reason as &dyn std::error::Error, "nobody was signed in at the issuer");
            match reason.fault() {
                Fault::Caller => (StatusCode::BAD_REQUEST, t("oidc-not-asked"), None),
                Fault::Issuer => (StatusCode::BAD_GATEWAY, t_with("oidc-away", &name), None),
            }
        }
        OidcError::SignIn(SignInError::Refused) => {
            tracing::info!("somebody whom the issuer let in may not sign in here");
            (StatusCode::FORBIDDEN, t_with("oidc-refused", &name), None)
        }
        OidcError::SignIn(reason) => match sign_in::refusal(reason) {
            Ok(refusal) => (refusal.status, refusal.words, refusal.retry_after_s),
            Err(problem) => return problem.into_response(),
        },
    };
    let issuer = words_of_issuer(state);
    let mut response =
        answer::page(status, &SignInPage { next, problem: Some(words), issuer, ..SignInPage::default() });
    sign_in::say_when(&mut response, retry_after_s);
    response
}

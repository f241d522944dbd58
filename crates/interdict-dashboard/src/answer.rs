//! What goes back to a browser: a page, another address, or why not.

use askama::Template;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue,
    LOCATION, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use interdict_app::MutateError;
use interdict_app::store::StorageError;

use crate::t;

/// Only what this binary serves: nothing else is run, shown, asked or sent anything.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A page.
pub(crate) fn page(status: StatusCode, template: &impl Template) -> Response {
    let text = match template.render() {
        Ok(text) => text,
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a page cannot be rendered");
            return html(StatusCode::INTERNAL_SERVER_ERROR, t("problem-ours"));
        }
    };
    html(status, text)
}

fn html(status: StatusCode, text: String) -> Response {
    let mut response = Response::new(text.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    );
    // Nobody finds a customer with the back button after signing out.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A file to keep.
pub(crate) fn file(body: Body, media_type: &'static str, name: &str) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(disposition) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(CONTENT_DISPOSITION, disposition);
    }
    response
}

/// Another address, to be asked for with GET.
pub(crate) fn see_other(path: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    if let Ok(path) = HeaderValue::from_str(path) {
        response.headers_mut().insert(LOCATION, path);
    }
    response
}

/// Why there is no page, in words for people, with what to do next.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) title: String,
    pub(crate) text: String,
    /// What was typed into a form that cannot be shown again, to be taken from here: labels and texts.
    pub(crate) typed: Vec<(String, String)>,
    /// The page that helps instead, by its word in the address.
    pub(crate) instead: Option<&'static str>,
}

/// A link by which one goes on.
pub(crate) struct Way {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Problem {
    fn new(status: StatusCode, title: &str, text: &str) -> Self {
        Self { status, title: title.to_owned(), text: text.to_owned(), typed: Vec::new(), instead: None }
    }

    pub(crate) fn no_such_page() -> Self {
        Self::new(StatusCode::NOT_FOUND, &t("problem-not-found-title"), &t("problem-not-found"))
    }

    /// Gone meanwhile, or never there, or another merchant's, or the other mode's.
    pub(crate) fn not_there(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, &t("problem-not-there-title"), what)
    }

    pub(crate) fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, &t("problem-forbidden-title"), &t("problem-forbidden"))
    }

    /// The audit log is not everybody's; what was done to one customer or entry is.
    pub(crate) fn forbidden_audit() -> Self {
        Self { text: t("problem-forbidden-audit"), instead: Some("look-up"), ..Self::forbidden() }
    }

    pub(crate) fn other_origin() -> Self {
        Self::new(StatusCode::FORBIDDEN, &t("problem-origin-title"), &t("problem-origin"))
    }

    pub(crate) fn changed_meanwhile() -> Self {
        Self::new(StatusCode::CONFLICT, &t("problem-changed-title"), &t("problem-changed"))
    }

    /// What is shown once, and was.
    pub(crate) fn shown_already() -> Self {
        Self::new(StatusCode::CONFLICT, &t("problem-shown-title"), &t("problem-shown"))
    }

    /// What somebody typed, or a hand-made request, says no sense.
    pub(crate) fn invalid(text: &str) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, &t("problem-invalid-title"), text)
    }

    pub(crate) fn unavailable() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, &t("problem-unavailable-title"), &t("problem-unavailable"))
    }

    pub(crate) fn ours() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, &t("problem-ours-title"), &t("problem-ours"))
    }
}

impl From<StorageError> for Problem {
    fn from(error: StorageError) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "a page cannot be read");
        if error.is_away() { Self::unavailable() } else { Self::ours() }
    }
}

impl From<MutateError> for Problem {
    fn from(error: MutateError) -> Self {
        match error {
            MutateError::Unavailable | MutateError::Overloaded | MutateError::IdempotencyInProgress => {
                Self::unavailable()
            }
            MutateError::IdempotencyConflict | MutateError::SecretAlreadyShown => Self::changed_meanwhile(),
            MutateError::Failed(error) => Self::from(error),
            MutateError::CommitFailed | MutateError::Gateway { .. } => Self::ours(),
        }
    }
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    problem: &'a Problem,
    ways: &'a [Way],
}

/// Says why not, with ways to go on.
pub(crate) fn problem(problem: &Problem, ways: &[Way]) -> Response {
    page(problem.status, &ProblemPage { problem, ways })
}

impl IntoResponse for Problem {
    /// The page, and the problem beside it: [`crate::way_back`] knows where one came from.
    fn into_response(self) -> Response {
        let mut response = problem(&self, &[]);
        response.extensions_mut().insert(self);
        response
    }
}

//! The one table from refusals to answers: Duro's envelope everywhere, Idenza's own shape on its paths.
//!
//! Deliberately not here: the errors of use cases. Each is turned into an [`ApiError`] where it is
//! answered; the inside reason goes to the log there, and never into the answer.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::{ALLOW, CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Response, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value, json};

pub use crate::dialect::Dialect;
use crate::json::JsonError;

mod not_retained;

/// One thing that is wrong with a body or a query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Detail {
    /// Dotted: `decisions.3.email`; empty for the body itself.
    pub path: String,
    /// Continues the path: "must be a text".
    pub issue: String,
}

impl Detail {
    /// One problem.
    pub fn new(path: impl Into<String>, issue: impl Into<String>) -> Self {
        Self { path: path.into(), issue: issue.into() }
    }
}

/// A refusal as outsiders see it. The message says what to do next and never repeats input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// The HTTP status.
    pub status: StatusCode,
    /// Stable, for programs.
    pub code: &'static str,
    /// For people.
    pub message: Cow<'static, str>,
    /// Only on validation errors, and on what is not retained.
    pub details: Vec<Detail>,
    /// Headers that belong to the refusal: Allow, Retry-After, Connection.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Further members of `error`, such as `paymentId`.
    pub members: Vec<(&'static str, Value)>,
}

impl ApiError {
    /// A refusal without details or headers.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        let message = message.into();
        Self { status, code, message, details: Vec::new(), headers: Vec::new(), members: Vec::new() }
    }

    /// 400: the bytes are no JSON text.
    pub fn bad_request() -> Self {
        let message = "The body is not valid JSON. Send one JSON value (RFC 8259) in UTF-8, without a BOM.";
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    /// 400: a webhook that is forged, altered or not fresh. Which of them is for the log.
    pub fn bad_webhook() -> Self {
        let message = "This webhook is not signed with the secret that is set here, or it is not fresh. Check the secret at \
                       PUT /v1/gateway, and the clock.";
        Self::new(StatusCode::BAD_REQUEST, "bad_webhook", message)
    }

    /// 401: no credential, or one that does not count.
    pub fn unauthorized() -> Self {
        let message = "The credential is missing or not valid. Send \"Authorization: Bearer\" with a secret key \
                       or an access token that is neither expired nor revoked.";
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", message)
            .with_header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }

    /// 403: a good credential that may not do this.
    pub fn forbidden(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    /// 404: not in this merchant and mode. `what` such as "customer".
    pub fn not_found(what: &str) -> Self {
        let message =
            format!("There is no such {what} in this merchant and mode. Check the id and the key's mode.");
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    /// 404: bad rows that are not here.
    pub fn import_errors_gone() -> Self {
        let message = "The bad rows of this import are not here: another node took the file and has them, or they are \
                       older than seven days.";
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    /// 404: no such path.
    pub fn no_such_path() -> Self {
        let message = "There is no such path. GET /openapi.json lists them all.";
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    /// 400: a header that cannot be read. The message says what it must be.
    pub fn bad_header(message: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    /// Idenza's 400 without `missing_fields`: nothing is missing, the state is another.
    pub fn idenza_only(message: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "not_listed", message)
    }

    /// 405. `allow` such as "GET, POST".
    pub fn method_not_allowed(allow: HeaderValue) -> Self {
        let message = "This path does not have this method. The Allow header names those that it has.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message).with_header(ALLOW, allow)
    }

    /// 408, and the connection closes: what follows on it cannot be told from the rest of the body.
    pub fn request_timeout() -> Self {
        let message = "The body did not arrive in time. Send the whole body at once, and try again.";
        Self::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", message).closing()
    }

    /// 409: against the present state.
    pub fn conflict(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", message)
    }

    /// 409: the idempotency key was used with another body.
    pub fn idempotency_conflict() -> Self {
        let message = "This Idempotency-Key was used with another body. Use a new key for a new request.";
        Self::new(StatusCode::CONFLICT, "idempotency_conflict", message)
    }

    /// 409: the first request with this idempotency key is still running.
    pub fn idempotency_in_progress() -> Self {
        let message =
            "The first request with this Idempotency-Key is still running. Try again with the same key.";
        Self::new(StatusCode::CONFLICT, "idempotency_in_progress", message).with_retry_after(1)
    }

    /// 409: the stored answer held a secret, which is shown once.
    pub fn secret_already_shown() -> Self {
        let message = "The first answer to this Idempotency-Key showed a secret, which is shown only once. \
                       If it was lost, make a new one with a new key.";
        Self::new(StatusCode::CONFLICT, "secret_already_shown", message)
    }

    /// 413, and the connection closes.
    pub fn payload_too_large(limit_bytes: usize) -> Self {
        let message = format!("The body is larger than {limit_bytes} bytes. Send less at a time.");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", message).closing()
    }

    /// 415: a body of another type than JSON.
    pub fn unsupported_media_type() -> Self {
        let message = "The body has another type than JSON. Send \"Content-Type: application/json\".";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message)
    }

    /// 415: a body that is no file of entries.
    pub fn not_a_file_of_entries() -> Self {
        let message =
            "The body is no file of entries. Send \"Content-Type: text/csv\" or \"application/x-ndjson\".";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message)
    }

    /// 415: a page's form of another type.
    pub fn unsupported_form() -> Self {
        let message =
            "The body is no form. Send \"Content-Type: application/x-www-form-urlencoded\", as browsers do.";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message)
    }

    /// 422: everything else about a body or a query.
    pub fn validation(details: Vec<Detail>) -> Self {
        let message = "The request is not valid. Correct what details names, and send it again.";
        let error = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "validation_error", message);
        Self { details, ..error }
    }

    /// 422 with one problem.
    pub fn invalid(path: impl Into<String>, issue: impl Into<String>) -> Self {
        Self::validation(vec![Detail::new(path, issue)])
    }

    /// 429.
    pub fn rate_limited(retry_after_s: u64) -> Self {
        let message = "There were too many requests. Wait for the seconds in Retry-After, then try again.";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", message).with_retry_after(retry_after_s)
    }

    /// 500: our fault. The log has the reason.
    pub fn internal() -> Self {
        let message = "Something failed on our side. Try again; with the same Idempotency-Key that is safe.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", message)
    }

    /// 503: a part that is needed cannot be reached.
    pub fn unavailable() -> Self {
        let message = "The service cannot answer now. Wait for the seconds in Retry-After, then try again.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message).with_retry_after(1)
    }

    /// 503: the gateway may have taken the money, or not.
    pub fn gateway_unknown() -> Self {
        let message = "The gateway did not answer, and may have done what it was asked. It is being asked again: \
                       read the payment, or repeat the request with the same Idempotency-Key. Nobody is charged twice.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "gateway_unknown", message).with_retry_after(5)
    }

    /// 503: the gateway cannot be reached, and nothing was charged.
    pub fn gateway_unavailable() -> Self {
        let message = "The gateway cannot be reached right now, and nothing was done. Try again.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "gateway_unavailable", message).with_retry_after(5)
    }

    /// 502: the gateway does not accept the request; its own words are for the merchant's people.
    pub fn gateway_refused(words: &str) -> Self {
        let message = format!("The gateway refused the request, and nothing was done: {words}");
        Self::new(StatusCode::BAD_GATEWAY, "gateway_refused", message)
    }

    /// 503: `Interdict-At-Least` was not reached in time.
    pub fn revision_unavailable() -> Self {
        let message = "The wanted revision has not arrived here yet. Try again, or ask for an older one.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "revision_unavailable", message).with_retry_after(1)
    }

    /// 503: the index is not there yet.
    pub fn index_loading() -> Self {
        let message =
            "The lists are still being loaded. Wait for the seconds in Retry-After, then try again.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "index_loading", message).with_retry_after(1)
    }

    /// 503: the lists may be stale, and the merchant wants nothing decided on them.
    pub fn index_stale() -> Self {
        let message = "The lists may be stale, and nothing was decided. Wait for the seconds in Retry-After, then try again.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "index_stale", message).with_retry_after(1)
    }

    /// 503: committed, but not every node has applied it in time.
    pub fn cluster_wait_timeout(revision: u64) -> Self {
        let message = "The change is committed, but not every node has applied it yet. Do not repeat it: read \
                       with Interdict-At-Least instead.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "cluster_wait_timeout", message)
            .with_member("revision", revision)
            .with_header(HeaderName::from_static("interdict-revision"), HeaderValue::from(revision))
    }

    /// With one more header.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// With Retry-After, in seconds.
    #[must_use]
    pub fn with_retry_after(self, seconds: u64) -> Self {
        self.with_header(RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// Whether another try may soon get another answer.
    pub fn is_passing(&self) -> bool {
        self.headers.iter().any(|(name, _)| *name == RETRY_AFTER)
    }

    /// With one more member of `error`.
    #[must_use]
    pub fn with_member(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.members.push((name, value.into()));
        self
    }

    fn closing(self) -> Self {
        self.with_header(CONNECTION, HeaderValue::from_static("close"))
    }

    /// Status and body in the shape of the dialect.
    pub fn render(&self, dialect: Dialect) -> (StatusCode, Vec<u8>) {
        let (status, body) = match dialect {
            Dialect::Native | Dialect::Odus => (self.status, json!({ "error": self.envelope() })),
            Dialect::Idenza => self.idenza(),
        };
        (status, body.to_string().into_bytes())
    }

    /// The whole answer in the shape of the dialect.
    pub fn respond<B: From<Bytes>>(&self, dialect: Dialect) -> Response<B> {
        let (status, body) = self.render(dialect);
        let mut response = Response::new(B::from(Bytes::from(body)));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in &self.headers {
            headers.insert(name.clone(), value.clone());
        }
        response
    }

    /// What stands under `error`; also the place of a bad item in a batch.
    pub fn envelope(&self) -> Value {
        let mut error = Map::new();
        error.insert("code".to_owned(), self.code.into());
        error.insert("message".to_owned(), self.message.as_ref().into());
        if !self.details.is_empty() {
            error.insert("details".to_owned(), json!(self.details));
        }
        for (name, value) in &self.members {
            error.insert((*name).to_owned(), value.clone());
        }
        Value::Object(error)
    }

    /// Idenza, customer status endpoints: 400, 401, 500 and 503 have bodies of their own; what Idenza
    /// does not document keeps its status and says why.
    fn idenza(&self) -> (StatusCode, Value) {
        match self.status {
            StatusCode::UNAUTHORIZED => (self.status, json!({ "error": "Invalid API key" })),
            StatusCode::INTERNAL_SERVER_ERROR => {
                (self.status, json!({ "error": "Failed to upsert user", "details": self.message }))
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                (self.status, json!({ "error": "Parties service unavailable" }))
            }
            StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY if self.code != "not_listed" => {
                let missing: Vec<&str> = self
                    .details
                    .iter()
                    .filter(|detail| detail.issue == crate::json::MISSING)
                    .map(|detail| detail.path.as_str())
                    .collect();
                let body = json!({ "error": self.idenza_message(), "missing_fields": missing });
                (StatusCode::BAD_REQUEST, body)
            }
            other => (other, json!({ "error": self.message })),
        }
    }

    /// Idenza's shape has no details, so its message names every problem.
    fn idenza_message(&self) -> Cow<'_, str> {
        if self.details.is_empty() {
            return Cow::Borrowed(&self.message);
        }
        let line = |detail: &Detail| {
            let place = if detail.path.is_empty() { "the request" } else { &detail.path };
            format!("{place} {}", detail.issue)
        };
        Cow::Owned(self.details.iter().map(line).collect::<Vec<_>>().join("; "))
    }
}

impl From<JsonError> for ApiError {
    fn from(error: JsonError) -> Self {
        match error {
            JsonError::Malformed => Self::bad_request(),
            JsonError::Unacceptable { path, issue } => Self::invalid(path, issue),
        }
    }
}

impl From<Vec<Detail>> for ApiError {
    fn from(details: Vec<Detail>) -> Self {
        Self::validation(details)
    }
}

/// The native envelope. Handlers of Idenza's paths call [`ApiError::respond`] with their dialect.
impl axum::response::IntoResponse for ApiError {
    fn into_response(self) -> axum::response::Response {
        self.respond(Dialect::Native)
    }
}

#[cfg(test)]
mod tests;

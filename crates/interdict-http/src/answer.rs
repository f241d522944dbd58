//! Answers of handlers: JSON with a status and the revision that it has seen.

use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue};
use interdict_app::Answer;
use interdict_domain::identifier::IdentifierKey;
use serde::Serialize;

use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::interface::REVISION;

/// An answer that is JSON.
pub(crate) fn json<T: Serialize>(status: StatusCode, body: &T, revision: i64) -> Response {
    bytes(status, encode(body), revision)
}

/// An answer whose body is JSON already.
pub(crate) fn bytes(status: StatusCode, body: Vec<u8>, revision: i64) -> Response {
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    if status == StatusCode::NO_CONTENT {
        headers.remove(CONTENT_TYPE);
    } else {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    headers.insert(REVISION, HeaderValue::from(revision));
    response
}

/// JSON text of something of ours. Our own types always have one.
pub(crate) fn encode<T: Serialize>(body: &T) -> Vec<u8> {
    // Most answers fit, so that it is not moved while it grows.
    let mut text = Vec::with_capacity(512);
    if let Err(error) = serde_json::to_writer(&mut text, body) {
        tracing::error!(%error, "an answer has no JSON text");
        text.clear();
    }
    text
}

/// The answer of a mutation, about a customer, an entry, or nobody.
pub(crate) fn answer<T: Serialize>(status: StatusCode, body: &T) -> Answer {
    Answer { status: status.as_u16(), body: encode(body), ..Answer::default() }
}

/// The same answer, marked with whom it is about: an erasure finds it.
pub(crate) fn about(answer: Answer, subject: &impl ToString) -> Answer {
    Answer { subject: Some(subject.to_string()), ..answer }
}

/// The same answer, marked with the identifier that it is about.
pub(crate) fn about_identifier(answer: Answer, key: IdentifierKey) -> Answer {
    Answer { identifier: Some(key), ..answer }
}

/// A refusal as an answer that can be kept for replays.
pub(crate) fn refusal(error: &ApiError, dialect: Dialect) -> Answer {
    let (status, body) = error.render(dialect);
    Answer { status: status.as_u16(), body, is_passing: error.is_passing(), ..Answer::default() }
}

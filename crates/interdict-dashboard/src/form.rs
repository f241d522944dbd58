//! What a form sends: names and texts, of bounded length, within a bounded time.

use std::collections::HashMap;
use std::convert::Infallible;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http_body_util::{BodyExt as _, Limited};
use interdict_domain::pan::holds_pan;

use crate::act::ONCE;
use crate::answer::Problem;
use crate::state::State;
use crate::t;

/// Bulk selections are the longest: a thousand ids.
const FORM_BYTES_MAX: usize = 128 * 1024;

/// What is of one form alone: the next one has its own.
const NOT_CARRIED: [&str; 4] = [ONCE, "preview", "previewed", "back"];

/// What is ticked of a person's: kinds and values, a reference among them that may look like a card number.
pub(crate) const TICKED: &str = "identifier";

/// The fields of a form. One that is there twice counts with each value.
#[derive(Clone, Debug, Default)]
pub(crate) struct Form {
    fields: HashMap<String, Vec<String>>,
    /// As it came, for the record that answers a second press of the button.
    pub(crate) bytes: bytes::Bytes,
    pub(crate) path: String,
}

impl Form {
    /// A field as typed, without the white space around it; nothing when it is empty.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name)?.first().map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// A field as typed, with the white space around it: a password.
    pub(crate) fn exactly(&self, name: &str) -> &str {
        self.fields.get(name).and_then(|values| values.first()).map_or("", String::as_str)
    }

    /// Whether a box is ticked.
    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.fields.contains_key(name)
    }

    /// Every value of a field.
    pub(crate) fn all(&self, name: &str) -> &[String] {
        self.fields.get(name).map_or(&[], Vec::as_slice)
    }

    /// Every field with each of its values, to go on to the next form: but for the buttons, and what makes a press one.
    pub(crate) fn carried(&self) -> Vec<(String, String)> {
        let pairs = self.fields.iter().filter(|(name, _)| !NOT_CARRIED.contains(&name.as_str()));
        let mut pairs: Vec<_> = pairs
            .flat_map(|(name, values)| values.iter().map(move |value| (name.clone(), value.clone())))
            .collect();
        pairs.sort_unstable();
        pairs
    }

    /// A field as something: nothing when it was left empty.
    pub(crate) fn parse<T, E: std::fmt::Display>(
        &self,
        name: &str,
        label: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, String> {
        self.text(name).map(parse).transpose().map_err(|error| format!("{label} {error}."))
    }

    /// To be shown again in the form that was refused: where somebody typed a card number, without digits.
    pub(crate) fn shown_again(mut self) -> Self {
        // What is ticked was not typed, and stands on the page anyway.
        let typed = self.fields.iter_mut().filter(|(name, _)| *name != TICKED);
        for value in typed.flat_map(|(_, values)| values).filter(|value| holds_pan(value)) {
            *value = value.replace(char::is_numeric, "•");
        }
        self
    }

    /// The same as the query of an address, with one field set anew: from its first page on, unless that field is
    /// where it begins. What was done is not said again.
    pub(crate) fn with(&self, name: &str, value: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let dropped = [name, "after", "done", "undo"];
        let kept = self.fields.iter().filter(|(other, _)| !dropped.contains(&other.as_str()));
        let mut kept: Vec<_> =
            kept.flat_map(|(other, values)| values.iter().map(move |value| (other, value))).collect();
        kept.sort_unstable();
        query.extend_pairs(kept);
        query.append_pair(name, value);
        format!("?{}", query.finish())
    }

    /// The same as the query of an address, without what was done.
    pub(crate) fn said_nothing(&self) -> String {
        let kept = self.carried().into_iter().filter(|(name, _)| name != "done" && name != "undo");
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish();
        if query.is_empty() { query } else { format!("?{query}") }
    }

    /// What stands in an address. A NUL is what browsers make of it in a page: nothing that is stored holds one, and
    /// PostgreSQL takes none in a question.
    fn of_query(query: &str) -> Self {
        let mut form = Self::of(query.as_bytes());
        for value in form.fields.values_mut().flatten() {
            *value = value.replace('\0', "\u{fffd}");
        }
        form
    }

    /// What a browser sent as `application/x-www-form-urlencoded`, from a query or a body.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut fields: HashMap<String, Vec<String>> = HashMap::new();
        for (name, value) in form_urlencoded::parse(bytes) {
            fields.entry(name.into_owned()).or_default().push(value.into_owned());
        }
        Self { fields, ..Self::default() }
    }
}

/// A word that can be chosen in a form, and how people read it.
pub(crate) struct Choice {
    pub(crate) word: &'static str,
    pub(crate) text: String,
    pub(crate) is_chosen: bool,
}

/// What stands in an address's query.
pub(crate) struct InQuery(pub(crate) Form);

impl FromRequestParts<State> for InQuery {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &State) -> Result<Self, Infallible> {
        Ok(Self(Form::of_query(parts.uri.query().unwrap_or_default())))
    }
}

impl FromRequest<State> for Form {
    type Rejection = Response;

    async fn from_request(request: Request, state: &State) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let media_type =
            parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            let problem = Problem {
                status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
                ..Problem::invalid(&t("problem-form"))
            };
            return Err(problem.into_response());
        }
        let read = Limited::new(body, FORM_BYTES_MAX).collect();
        let problem = |status, text: &str| Problem { status, ..Problem::invalid(text) }.into_response();
        match tokio::time::timeout(state.options.body_timeout, read).await {
            Ok(Ok(body)) => {
                let bytes = body.to_bytes();
                Ok(Self { bytes: bytes.clone(), path: parts.uri.path().to_owned(), ..Self::of(&bytes) })
            }
            Ok(Err(_)) => Err(problem(StatusCode::PAYLOAD_TOO_LARGE, &t("problem-too-large"))),
            Err(_) => Err(problem(StatusCode::REQUEST_TIMEOUT, &t("problem-slow"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_asks_the_store_for_a_nul() {
        let form = Form::of_query("query=%00&a=b%00c&plain=d");
        let read = |name| form.text(name).unwrap();
        assert_eq!((read("query"), read("a"), read("plain")), ("\u{fffd}", "b\u{fffd}c", "d"));
    }

    #[test]
    fn a_card_number_is_not_shown_again() {
        let typed = "reason=has+4111+1111+1111+1111+since+2024&value=dev-20240101";
        let ticked = "identifier=merchantRef:4111111111111111";
        let form = Form::of(format!("{typed}&{ticked}").as_bytes()).shown_again();
        assert_eq!(form.text("reason"), Some("has •••• •••• •••• •••• since ••••"));
        assert_eq!(form.text("value"), Some("dev-20240101"));
        assert_eq!(form.text(TICKED), Some("merchantRef:4111111111111111"), "a box stays ticked");
    }
}

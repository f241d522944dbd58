//! What Stripe answers, as far as it is read: objects, errors, and how a request may fail.
//!
//! Every field but the ones that decide is optional: Stripe may add and leave out.

use http::StatusCode;
use serde::Deserialize;

use super::scrub::scrub;
use crate::GatewayError;

/// Why a request has no answer that counts. Nothing in it comes from the request.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallError {
    /// No connection came about, so that nothing was sent.
    #[error("no connection to Stripe")]
    NoConnection(#[source] hyper_util::client::legacy::Error),
    /// The connection broke after sending.
    #[error("the connection to Stripe was lost")]
    Lost(#[source] hyper_util::client::legacy::Error),
    /// The answer broke off, or is too long.
    #[error("Stripe's answer could not be read")]
    Unreadable,
    /// No answer in time.
    #[error("Stripe did not answer in time")]
    TimedOut,
    /// The request could not be built.
    #[error("the request to Stripe could not be built")]
    Unbuildable(#[source] http::Error),
    /// A fault of Stripe's.
    #[error("Stripe answered with status {0}")]
    Server(StatusCode),
    /// Another request holds the same key or the same object.
    #[error("another request to Stripe is still running")]
    Locked,
    /// Too many requests.
    #[error("Stripe's rate limit is reached")]
    Limited,
    /// An answer in an unknown shape.
    #[error("Stripe answered in an unknown shape")]
    Shape,
    /// An intent in a state that says neither yes nor no.
    #[error("the payment is {0} at Stripe")]
    Undecided(String),
}

impl CallError {
    /// Whether the request has certainly done nothing at Stripe.
    fn has_done_nothing(&self) -> bool {
        matches!(self, Self::NoConnection(_) | Self::Unbuildable(_) | Self::Limited)
    }
}

/// For whatever may move money.
impl From<CallError> for GatewayError {
    fn from(error: CallError) -> Self {
        if error.has_done_nothing() {
            Self::NothingDone(Box::new(error))
        } else {
            Self::Unknown(Box::new(error))
        }
    }
}

/// An answer: a status below 500, and a body of bounded length.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) body: Vec<u8>,
}

impl Reply {
    /// The object of a successful answer.
    pub(super) fn object<'a, T: Deserialize<'a>>(&'a self) -> Result<T, CallError> {
        serde_json::from_slice(&self.body).map_err(|_| CallError::Shape)
    }

    /// The error of any other one. A proxy's page has none.
    pub(super) fn error(&self) -> ErrorBody {
        serde_json::from_slice::<ErrorAnswer>(&self.body).map(|answer| answer.error).unwrap_or_default()
    }

    /// The refusal to make an intent: of the key, or of what it was to charge.
    pub(super) fn refusal_to_prepare(&self) -> GatewayError {
        match (self.status, self.refusal()) {
            (
                StatusCode::BAD_REQUEST | StatusCode::PAYMENT_REQUIRED | StatusCode::NOT_FOUND,
                GatewayError::Refused(message),
            ) => GatewayError::Unusable(message),
            (_, refusal) => refusal,
        }
    }

    /// The refusal of any other one, in Stripe's words.
    pub(super) fn refusal(&self) -> GatewayError {
        let message = self.error().message.as_deref().map(scrub);
        let status = self.status.as_u16();
        GatewayError::Refused(message.unwrap_or_else(|| format!("Stripe answered with status {status}")))
    }
}

#[derive(Deserialize)]
struct ErrorAnswer {
    error: ErrorBody,
}

/// An error, of an answer or of an intent. No `Debug`: the message may name a person.
#[derive(Clone, Default, Deserialize)]
pub(super) struct ErrorBody {
    pub(super) code: Option<String>,
    pub(super) decline_code: Option<String>,
    pub(super) advice_code: Option<String>,
    pub(super) message: Option<String>,
}

/// A reference to another object: its id, or the object itself where it was expanded.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Expandable {
    Id(String),
    Object { id: String },
}

impl Expandable {
    pub(super) fn into_id(self) -> String {
        match self {
            Self::Id(id) | Self::Object { id } => id,
        }
    }
}

/// Whether a text is an id of that kind, so that it can stand in a path.
pub(super) fn is_id(text: &str, prefix: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty() && rest.bytes().all(is_word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(body: &str) -> Reply {
        Reply { status: StatusCode::UNAUTHORIZED, body: body.as_bytes().to_vec() }
    }

    #[test]
    fn a_refusal_holds_stripes_words_and_never_the_key() {
        let refusal = reply(r#"{"error":{"message":"Invalid API Key provided: sk_test_abcdef"}}"#).refusal();
        assert_eq!(refusal.to_string(), "the gateway refused the request: Invalid API Key provided: …");
    }

    #[test]
    fn a_page_of_a_proxy_is_an_error_too() {
        let refusal = reply("<html>").refusal();
        assert_eq!(refusal.to_string(), "the gateway refused the request: Stripe answered with status 401");
    }

    #[test]
    fn an_id_cannot_lead_out_of_its_path() {
        assert!(is_id("pi_3Abc_9", "pi_"));
        for text in ["pi_", "pm_1", "pi_../refunds", "pi_1?expand", "pi_1/confirm", ".."] {
            assert!(!is_id(text, "pi_"), "{text}");
        }
    }
}

//! Webhooks: whether an event is Stripe's, whole, and of now.
//!
//! `Stripe-Signature: t=1700000000,v1=<hex>,v1=<hex>`: each `v1` is an HMAC-SHA256 over `t`, a full
//! stop and the body, as bytes; there are several while a secret is being rotated.
//! Deliberately not here: whether the same event came before.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use interdict_domain::clock::Timestamp;

use super::event::{StripeEvent, parse};

/// How far Stripe's clock and ours may be apart, either way, in seconds: Stripe's own default.
const TOLERANCE_S: i64 = 300;
/// How many signatures are looked at. Stripe sends two while a secret is rotated.
const SIGNATURES_MAX: usize = 8;
/// The longest secret, in bytes.
const SECRET_BYTES_MAX: usize = 255;

/// What a webhook endpoint and Stripe both know. It never shows.
#[derive(Clone)]
pub struct WebhookSecret(String);

/// A text that is no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be the signing secret of a webhook endpoint: whsec_…")]
pub struct WebhookSecretError;

impl WebhookSecret {
    /// Checks the form. All of it is the key, `whsec_` included.
    pub fn parse(text: &str) -> Result<Self, WebhookSecretError> {
        let rest = text.strip_prefix("whsec_").ok_or(WebhookSecretError)?;
        let good =
            !rest.is_empty() && text.len() <= SECRET_BYTES_MAX && rest.bytes().all(|b| b.is_ascii_graphic());
        if good { Ok(Self(text.to_owned())) } else { Err(WebhookSecretError) }
    }
}

/// Secrets never reach a log.
impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(…)")
    }
}

/// Why an event is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// The header has no time, or two, or no signature.
    #[error("the Stripe-Signature header cannot be read")]
    Header,
    /// No signature is of this body under this secret: forged, altered, or meant for another endpoint.
    #[error("no signature is of this body and this secret")]
    Forged,
    /// Signed, but too long ago: it may be played again.
    #[error("the event was signed more than {TOLERANCE_S} seconds ago")]
    TooOld,
    /// Signed, but in the future: one of the clocks is wrong.
    #[error("the event was signed more than {TOLERANCE_S} seconds from now")]
    TooNew,
    /// Stripe's word, but not in a shape that we know.
    #[error("the event has an unknown shape")]
    Shape,
}

/// Reads an event if Stripe signed it under this secret and not long ago. `signature` is the header,
/// `body` the bytes as they came.
pub fn verify_webhook(
    secret: &WebhookSecret,
    signature: &str,
    body: &[u8],
    now: Timestamp,
) -> Result<StripeEvent, WebhookError> {
    let header = Header::parse(signature).ok_or(WebhookError::Header)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.0.as_bytes()).map_err(|_| WebhookError::Forged)?;
    mac.update(header.time.as_bytes());
    mac.update(b".");
    mac.update(body);
    // `verify_slice` compares in constant time.
    if !header.signatures.iter().any(|signature| mac.clone().verify_slice(signature).is_ok()) {
        return Err(WebhookError::Forged);
    }
    // Only now is the time Stripe's word.
    let seconds: i64 = header.time.parse().map_err(|_| WebhookError::Header)?;
    let age = now.seconds().saturating_sub(seconds);
    if age > TOLERANCE_S {
        return Err(WebhookError::TooOld);
    }
    if age < -TOLERANCE_S {
        return Err(WebhookError::TooNew);
    }
    parse(body).ok_or(WebhookError::Shape)
}

struct Header<'a> {
    /// As it was written: that is what was signed.
    time: &'a str,
    signatures: Vec<Vec<u8>>,
}

impl<'a> Header<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut time = None;
        let mut signatures = Vec::new();
        for (name, value) in text.split(',').filter_map(|pair| pair.trim().split_once('=')) {
            match name {
                "t" if time.is_none() && is_number(value) => time = Some(value),
                "t" => return None,
                "v1" if signatures.len() < SIGNATURES_MAX => signatures.extend(hex::decode(value)),
                // v0 is for tests of Stripe's own, and may be forged by anybody.
                _ => {}
            }
        }
        let time = time?;
        (!signatures.is_empty()).then_some(Self { time, signatures })
    }
}

/// Digits alone, and no more of them than a time can have.
fn is_number(text: &str) -> bool {
    (1..=18).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests;

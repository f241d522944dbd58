//! Bodies about attempts to pay.

use serde::Deserialize;
use utoipa::ToSchema;

use super::words::{InitiatorWord, KindWord};

/// One attempt: who starts it, and whatever identifies the payer, of which at least one is required.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = Attempt, examples(
    json!({"initiator": "customer", "email": "user@example.com"}),
    json!({
        "initiator": "merchant", "customer": "cus_2R0uWz4tu9wxTMBXxj9CJfSE9vV",
        "email": "user@example.com", "emailDomain": "example.com", "phone": "+2348012345678",
        "ip": "192.0.2.7", "device": "d-5f3a", "cardFingerprint": "fp_9b1c", "bin": "424242",
        "iban": "DE89370400440532013000", "country": "NG", "unverified": ["email", "ip"],
        "amount": 500_000, "currency": "NGN", "explain": true, "dryRun": true
    }),
    json!({"initiator": "customer", "merchantRef": "user-9999", "dryRun": true})
))]
pub(crate) struct AttemptRequest {
    /// Who starts the payment.
    initiator: InitiatorWord,
    /// The customer's id; one that nobody has is 404.
    customer: Option<String>,
    /// The merchant's own id of the customer; one that nobody has goes on with `customer: null`.
    #[schema(max_length = 128)]
    merchant_ref: Option<String>,
    /// The payer's email.
    email: Option<String>,
    /// A domain, when the email itself is not known.
    email_domain: Option<String>,
    /// A phone number with its country code, or as it is dialled in the settings' `phoneRegion`.
    phone: Option<String>,
    /// The payer's address, IPv4 or IPv6.
    ip: Option<String>,
    /// The merchant's own id of the payer's device.
    #[schema(max_length = 256)]
    device: Option<String>,
    /// The gateway's fingerprint of the card; never a card number.
    #[schema(max_length = 256)]
    card_fingerprint: Option<String>,
    /// The first six to eleven digits of the card.
    bin: Option<String>,
    /// The payer's account, with a right check number.
    iban: Option<String>,
    /// ISO 3166-1, two letters.
    country: Option<String>,
    /// Kinds that a payer typed: they match blocks only, never allow entries.
    unverified: Option<Vec<KindWord>>,
    /// In minor units.
    #[schema(minimum = 1, maximum = 1_000_000_000_000_000_i64)]
    amount: Option<i64>,
    /// Three letters of any case.
    #[schema(min_length = 3, max_length = 3, pattern = "^[A-Za-z]{3}$")]
    currency: Option<String>,
    /// Whether the answer says how it came about.
    explain: Option<bool>,
    /// A dry run counts no hit.
    dry_run: Option<bool>,
}

/// Many attempts.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"decisions": [
    {"initiator": "customer", "email": "user@example.com"},
    {"initiator": "merchant", "merchantRef": "user-9999"}
]})))]
pub(crate) struct DecisionBatchRequest {
    /// At most 10,000, answered in order. A bad one is an error in its place.
    #[schema(max_items = 10_000)]
    decisions: Vec<AttemptRequest>,
}

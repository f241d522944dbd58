//! Bodies of what only looks: who somebody is, and what would have been decided.

use serde::Deserialize;
use utoipa::ToSchema;

use super::words::{InitiatorWord, KindWord};

/// Whatever is known of somebody: at least one thing.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = LookupRequest, examples(
    json!({"email": "user@example.com"}),
    json!({
        "customer": "cus_2R0uWz4tu9wxTMBXxj9CJfSE9vV", "email": "user@example.com", "emailDomain": "example.com",
        "phone": "+2348012345678", "ip": "192.0.2.7", "device": "d-5f3a", "cardFingerprint": "fp_9b1c",
        "bin": "424242", "iban": "DE89370400440532013000", "country": "NG"
    }),
    json!({"merchantRef": "user-9999"})
))]
pub(crate) struct LookupRequest {
    /// The customer's id; one that nobody has is 404.
    customer: Option<String>,
    /// The merchant's own id of the customer.
    #[schema(max_length = 128)]
    merchant_ref: Option<String>,
    /// An email.
    email: Option<String>,
    /// A domain of emails.
    email_domain: Option<String>,
    /// A phone number with its country code.
    phone: Option<String>,
    /// An address, IPv4 or IPv6, or a range.
    ip: Option<String>,
    /// The merchant's own id of a device.
    #[schema(max_length = 256)]
    device: Option<String>,
    /// The gateway's fingerprint of a card; never a card number.
    #[schema(max_length = 256)]
    card_fingerprint: Option<String>,
    /// The first digits of a card.
    bin: Option<String>,
    /// An account.
    iban: Option<String>,
    /// ISO 3166-1, two letters.
    country: Option<String>,
}

/// One attempt, as for a decision, and the revision as of which it is judged.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = ReplayRequest, examples(
    json!({"initiator": "customer", "email": "user@example.com", "revision": 812}),
    json!({
        "initiator": "merchant", "email": "user@example.com", "emailDomain": "example.com", "merchantRef": "user-9999",
        "phone": "+2348012345678", "ip": "192.0.2.7", "device": "d-5f3a", "cardFingerprint": "fp_9b1c", "bin": "424242",
        "iban": "DE89370400440532013000", "country": "NG", "unverified": ["email", "ip"], "amount": 500_000,
        "currency": "NGN", "explain": true, "dryRun": true, "revision": 812, "at": "2026-11-21T03:43:33.123Z"
    }),
    json!({"initiator": "merchant", "customer": "cus_2R0uWz4tu9wxTMBXxj9CJfSE9vV", "revision": 812})
))]
pub(crate) struct ReplayRequest {
    /// Everything up to this change counts, and nothing beyond it.
    #[schema(minimum = 1)]
    revision: i64,
    /// The moment at which windows are judged, such as a decision's `decidedAt`; that of the revision's change where it
    /// is left out.
    #[schema(format = DateTime)]
    at: Option<String>,
    /// Who starts the payment.
    initiator: InitiatorWord,
    /// The customer's id; one that nobody had then is 404.
    customer: Option<String>,
    /// The merchant's own id of the customer.
    #[schema(max_length = 128)]
    merchant_ref: Option<String>,
    /// The payer's email.
    email: Option<String>,
    /// A domain, when the email itself is not known.
    email_domain: Option<String>,
    /// A phone number with its country code.
    phone: Option<String>,
    /// The payer's address, IPv4 or IPv6.
    ip: Option<String>,
    /// The merchant's own id of the payer's device.
    #[schema(max_length = 256)]
    device: Option<String>,
    /// The gateway's fingerprint of the card; never a card number.
    #[schema(max_length = 256)]
    card_fingerprint: Option<String>,
    /// The first digits of the card.
    bin: Option<String>,
    /// The payer's account.
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
    /// Means nothing here: a replay always says how it came about.
    explain: Option<bool>,
    /// Means nothing here: a replay is always dry.
    dry_run: Option<bool>,
}

/// Everything that is held on a customer, as one document for the person. Further members may come.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CustomerExport)]
pub(crate) struct CustomerExport {
    /// Always `interdict customer export`.
    document: String,
    /// 1.
    version: i64,
    /// On the merchant's clock.
    #[schema(format = DateTime)]
    exported_at: String,
    /// `test` or `live`.
    mode: String,
    /// Whose customer.
    merchant: i64,
    /// The newest change that was seen.
    revision: i64,
    /// False when there is more of something than the 10,000 rows that one document has.
    is_complete: bool,
    /// Who the customer is, with list status and restrictions.
    customer: serde_json::Value,
    /// What follows for payments, for each initiator.
    standing: serde_json::Value,
    /// Entries that match an identifier of the customer's.
    entries: Vec<serde_json::Value>,
    /// What people noted of its identifiers.
    notes: Vec<serde_json::Value>,
    /// Payments of the customer's, and those of nobody else's with its email.
    payments: Vec<serde_json::Value>,
    /// Subscriptions.
    subscriptions: Vec<serde_json::Value>,
    /// Checkout sessions with its email or phone.
    checkouts: Vec<serde_json::Value>,
    /// Chargebacks, reversed ones too.
    chargebacks: Vec<serde_json::Value>,
    /// Decisions of the log in which it counted.
    decisions: Vec<serde_json::Value>,
    /// Its changes and those of entries of its identifiers, with who made them.
    history: Vec<serde_json::Value>,
    /// What is kept for how long.
    kept: serde_json::Value,
}

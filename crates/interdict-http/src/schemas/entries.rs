//! Bodies about entries.

use serde::Deserialize;
use utoipa::ToSchema;

use super::words::{KindWord, ListWord, ReasonCodeWord, ScopeWord, StrengthWord};

/// A new entry. The same identifier twice on one list updates the entry.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(examples(
    json!({"list": "block", "kind": "email", "value": "user@example.com"}),
    json!({
        "list": "block", "kind": "email", "value": "user@example.com",
        "reason": "Fraudulent activity detected", "reasonCode": "payment_fraud",
        "publicMessage": "Please contact support.", "scopes": ["cit", "mit"], "strength": "hard",
        "startsAt": "2026-01-01T00:00:00.000Z", "expiresAt": "2099-01-01T00:00:00.000Z"
    }),
    json!({
        "list": "allow", "kind": "email", "value": "trusted@example.com",
        "limits": {"maxAmount": 500_000, "currency": "NGN", "lapsesOnChargeback": true}
    })
))]
pub(crate) struct EntryCreate {
    /// On which list.
    list: ListWord,
    /// Of which kind the value is.
    kind: KindWord,
    /// The identifier, in any form of it; answers in normalised form.
    #[schema(example = "user@example.com")]
    value: String,
    /// For the merchant's own people.
    #[schema(max_length = 1000)]
    reason: Option<String>,
    /// Why, as one word.
    reason_code: Option<ReasonCodeWord>,
    /// What the payer is told.
    #[schema(max_length = 300)]
    public_message: Option<String>,
    /// The initiators for which it counts; both unless said otherwise.
    #[schema(min_items = 1, max_items = 2)]
    scopes: Option<Vec<ScopeWord>>,
    /// Of a block entry; by its kind unless said otherwise (`hard` for emails).
    strength: Option<StrengthWord>,
    /// The first moment that counts (RFC 3339); always, when left out.
    #[schema(format = DateTime)]
    starts_at: Option<String>,
    /// The first moment that counts no more (RFC 3339); never, when left out.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// Of an entry of the allow list: what it does not exempt from.
    limits: Option<EntryLimits>,
}

/// What an exemption does not go beyond.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(examples(json!({"maxAmount": 500_000, "currency": "NGN", "lapsesOnChargeback": true})))]
pub(crate) struct EntryLimits {
    /// The largest payment that is exempt, in minor units. An attempt in another currency, or that says no amount, is not.
    #[schema(minimum = 1, maximum = 1_000_000_000_000_000_i64)]
    max_amount: Option<i64>,
    /// ISO 4217, in any case; NGN unless said otherwise.
    currency: Option<String>,
    /// Whether a chargeback of whoever is listed ends the entry. It stays so when the chargeback is reversed. Of an email,
    /// emailDomain, phone or merchantRef: of other kinds no chargeback says whose it is.
    lapses_on_chargeback: Option<bool>,
}

/// A change of an entry: what is left out stays, `null` clears. The identifier does not change.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(examples(json!({
    "reason": "Reviewed", "reasonCode": "other", "publicMessage": null, "scopes": ["cit"],
    "strength": "hard", "startsAt": null, "expiresAt": "2099-01-01T00:00:00.000Z", "limits": null
})))]
pub(crate) struct EntryUpdate {
    /// For the merchant's own people.
    #[schema(max_length = 1000)]
    reason: Option<String>,
    /// Why, as one word.
    reason_code: Option<ReasonCodeWord>,
    /// What the payer is told.
    #[schema(max_length = 300)]
    public_message: Option<String>,
    /// The initiators for which it counts; `null` is both.
    #[schema(min_items = 1, max_items = 2)]
    scopes: Option<Vec<ScopeWord>>,
    /// Of a block entry; `null` is the one of its kind.
    strength: Option<StrengthWord>,
    /// The first moment that counts (RFC 3339).
    #[schema(format = DateTime)]
    starts_at: Option<String>,
    /// The first moment that counts no more (RFC 3339).
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// Of an entry of the allow list: all limits anew, `null` for none.
    limits: Option<EntryLimits>,
}

/// A note on an entry's identifier.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"text": "Called back on 12 March: the card was stolen."})))]
pub(crate) struct NoteCreate {
    /// What was found out, or agreed.
    #[schema(max_length = 1000)]
    text: String,
}

/// An email for the Blacklist (Odus, Add an Entry to the Blacklist).
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"email": "user@example.com", "reason": "Fraudulent activity detected"})))]
pub(crate) struct BlacklistAdd {
    /// An email address of at most 254 bytes once normalised.
    #[schema(format = "email", max_length = 254)]
    email: String,
    /// For the merchant's own people.
    #[schema(max_length = 1000)]
    reason: Option<String>,
}

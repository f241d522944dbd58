//! Idenza's bodies, and the one for a token.

use serde::Deserialize;
use utoipa::ToSchema;

use super::words::GrantWord;

/// A customer and the list to put it on (Idenza). Both flags together are 400; neither keeps the
/// present status.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(
    json!({
        "subscriber_id": 12, "first_name": "Ada", "last_name": "Obi", "email": "ada.add@example.com",
        "customer_reference_id": "idenza-1", "add_to_whitelist": true, "role": "PAYEE"
    }),
    json!({
        "subscriber_id": 12, "first_name": "Ada", "last_name": "Obi", "email": "ada.add@example.com",
        "customer_reference_id": "idenza-1", "add_to_blacklist": true
    })
))]
pub(crate) struct CustomerAdd {
    /// Your organization's ID: the key's merchant, else 401.
    subscriber_id: i64,
    /// Customer's first name.
    #[schema(min_length = 1, max_length = 200)]
    first_name: String,
    /// Customer's last name.
    #[schema(min_length = 1, max_length = 200)]
    last_name: String,
    /// Customer's email address.
    #[schema(format = "email", max_length = 254)]
    email: String,
    /// Your internal unique customer identifier.
    #[schema(min_length = 1, max_length = 128)]
    customer_reference_id: String,
    /// Set to true to add to the Whitelist.
    add_to_whitelist: Option<bool>,
    /// Set to true to add to the Blacklist.
    add_to_blacklist: Option<bool>,
    /// The role of the party (default: PAYEE).
    #[schema(max_length = 200)]
    role: Option<String>,
}

/// A customer and the list to take it off (Idenza). Exactly one of the flags must be true.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(
    json!({
        "subscriber_id": 12, "email": "ada.add@example.com", "customer_reference_id": "idenza-1",
        "remove_from_blacklist": true, "remove_from_whitelist": false
    })
))]
pub(crate) struct CustomerRemove {
    /// Your organization's ID: the key's merchant, else 401.
    subscriber_id: i64,
    /// Customer's email address.
    #[schema(format = "email", max_length = 254)]
    email: String,
    /// Your internal unique customer identifier.
    #[schema(min_length = 1, max_length = 128)]
    customer_reference_id: String,
    /// Set to true to remove from the Whitelist.
    remove_from_whitelist: Option<bool>,
    /// Set to true to remove from the Blacklist.
    remove_from_blacklist: Option<bool>,
}

/// A transaction to score (Idenza).
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"subscriber_id": 12, "request_id": "req-1", "payload": {
    "transaction_amount": 500_000, "currency": "NGN", "external_transaction_number": "tx-1",
    "bin": "424242", "last4": "4242", "user_id": "ada.add@example.com"
}})))]
pub(crate) struct ScoreRequest {
    /// Your organization's ID: the key's merchant, else 401.
    subscriber_id: i64,
    /// Comes back in the answer.
    #[schema(max_length = 200)]
    request_id: String,
    /// The transaction.
    payload: Transaction,
}

/// What is known of a transaction.
#[allow(clippy::struct_field_names, reason = "Idenza's names")]
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Transaction {
    /// In whatever unit: the lists do not look at it.
    #[schema(minimum = 0)]
    transaction_amount: f64,
    #[schema(max_length = 200)]
    currency: String,
    #[schema(max_length = 200)]
    external_transaction_number: Option<String>,
    /// The first six to eight digits of the card.
    bin: Option<String>,
    /// The last four digits of the card.
    #[schema(max_length = 200)]
    last4: Option<String>,
    /// An email or a `customer_reference_id`.
    #[schema(max_length = 200)]
    user_id: Option<String>,
}

/// A client's credentials (Duro, OAuth).
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({
    "grant_type": "client_credentials", "client_id": "key_2R0uWz4tu9wxTMBXxj9CJfSE9vV",
    "client_secret": "oas_test_…"
})))]
pub(crate) struct TokenRequest {
    grant_type: GrantWord,
    /// The id of the client.
    client_id: String,
    /// Its secret, which was shown once.
    client_secret: String,
}

//! Bodies about customers: who they are, their restrictions, their list status, what is forgotten.

use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::words::{KindWord, ScopeWord};

/// A new customer (Duro). Every field is optional; `null` is the same as leaving it out.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(examples(json!({
    "email": "ada@example.com", "phone": "2348012345678", "name": "Ada Obi", "firstName": "Ada",
    "lastName": "Obi", "merchantRef": "user-1001", "role": "PAYEE", "metadata": {"plan": "gold"}
})))]
pub(crate) struct CustomerCreate {
    /// An email address of at most 254 bytes once normalised; answers in normalised form.
    #[schema(format = "email", max_length = 254, example = "ada@example.com")]
    email: Option<String>,
    /// A phone number with its country code, with or without `+`, or as it is dialled in the settings' `phoneRegion`;
    /// answers in E.164.
    #[schema(example = "2348012345678")]
    phone: Option<String>,
    /// The full name. No control characters, no card number.
    #[schema(max_length = 200)]
    name: Option<String>,
    /// The first name.
    #[schema(max_length = 200)]
    first_name: Option<String>,
    /// The last name.
    #[schema(max_length = 200)]
    last_name: Option<String>,
    /// The merchant's own id; unique per merchant and mode, else 409 `conflict`.
    #[schema(max_length = 128)]
    merchant_ref: Option<String>,
    /// Idenza's role of the party.
    #[schema(max_length = 200)]
    role: Option<String>,
    /// At most 50 keys of 1 to 64 characters, 4 levels deep, 16 KiB as JSON.
    metadata: Option<Map<String, Value>>,
}

/// A change of a customer (Duro): what is left out stays, `null` clears.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(examples(json!({
    "email": "ada.obi@example.com", "phone": "+2348012345679", "name": "Ada N. Obi", "firstName": "Ada",
    "lastName": "Obi", "merchantRef": "user-1002", "role": null, "metadata": {"plan": ""}
})))]
pub(crate) struct CustomerUpdate {
    /// An email address of at most 254 bytes once normalised.
    #[schema(format = "email", max_length = 254)]
    email: Option<String>,
    /// A phone number with its country code, with or without `+`, or as it is dialled in the settings' `phoneRegion`.
    phone: Option<String>,
    /// The full name.
    #[schema(max_length = 200)]
    name: Option<String>,
    /// The first name.
    #[schema(max_length = 200)]
    first_name: Option<String>,
    /// The last name.
    #[schema(max_length = 200)]
    last_name: Option<String>,
    /// The merchant's own id; one that another customer has: 409 `conflict`.
    #[schema(max_length = 128)]
    merchant_ref: Option<String>,
    /// Idenza's role of the party.
    #[schema(max_length = 200)]
    role: Option<String>,
    /// Merged key by key: an empty text removes a key, `null` in place of the object clears all.
    metadata: Option<Map<String, Value>>,
}

/// A new list status (Duro, Blacklist a customer). The body may be empty.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(examples(
    json!({}),
    json!({"reason": "Chargeback fraud"}),
    json!({"reason": "Chargeback fraud", "scopes": ["cit"], "expiresAt": "2099-01-01T00:00:00.000Z"})
))]
pub(crate) struct ListStatusSet {
    /// For the merchant's own people; left out, the status stands without one.
    #[schema(max_length = 1000)]
    reason: Option<String>,
    /// The initiators for which it counts; both unless said otherwise.
    #[schema(min_items = 1, max_items = 2)]
    scopes: Option<Vec<ScopeWord>>,
    /// The first moment that counts no more (RFC 3339); never, when left out.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

/// The two flags of a restriction and its reason (Odus, Restrictions). What is left out keeps its
/// value; both flags false clears the reason.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(examples(
    json!({
        "customer": "cus_2R0uWz4tu9wxTMBXxj9CJfSE9vV", "restrictCit": true, "restrictMit": true,
        "restrictReason": "Account suspended pending fraud review"
    }),
    json!({"customer": "cus_2R0uWz4tu9wxTMBXxj9CJfSE9vV", "restrictCit": true, "restrictMit": false}),
    json!({"customer": "cus_2R0uWz4tu9wxTMBXxj9CJfSE9vV", "restrictCit": false, "restrictMit": false})
))]
pub(crate) struct RestrictionSet {
    /// The customer in the path, again; another one is 422.
    customer: Option<String>,
    /// Blocks new payments that the customer starts.
    #[schema(nullable = false)]
    restrict_cit: Option<bool>,
    /// Blocks recurring charges that the merchant starts.
    #[schema(nullable = false)]
    restrict_mit: Option<bool>,
    /// For the merchant's own people; `null` clears it.
    #[schema(max_length = 1000)]
    restrict_reason: Option<String>,
}

/// A new customer (Odus).
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(examples(json!({
    "email": "user@example.com", "name": "Ada Obi", "phoneNumber": "+2348012345678",
    "dateOfBirth": "1990-04-01", "billingAddress": {"city": "Lagos", "country": "NG"},
    "shippingAddress": {"city": "Lagos", "country": "NG"}, "metadata": {"plan": "gold"}
})))]
pub(crate) struct OdusCustomerCreate {
    /// An email address of at most 254 bytes once normalised.
    #[schema(format = "email", max_length = 254)]
    email: String,
    /// The full name.
    #[schema(max_length = 200)]
    name: Option<String>,
    /// A phone number with its country code, with or without `+`, or as it is dialled in the settings' `phoneRegion`.
    phone_number: Option<String>,
    /// `YYYY-MM-DD`.
    #[schema(format = Date)]
    date_of_birth: Option<String>,
    /// At most 20 keys with texts of at most 200 characters.
    billing_address: Option<Map<String, Value>>,
    /// At most 20 keys with texts of at most 200 characters.
    shipping_address: Option<Map<String, Value>>,
    /// At most 50 keys of 1 to 64 characters, 4 levels deep, 16 KiB as JSON.
    metadata: Option<Map<String, Value>>,
}

/// A change of a customer (Odus): only what is sent.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(examples(json!({
    "email": "user@example.com", "name": "Ada Obi", "phoneNumber": null, "dateOfBirth": "1990-04-02",
    "billingAddress": {"city": "Abuja", "country": "NG"}, "shippingAddress": null, "metadata": null
})))]
pub(crate) struct OdusCustomerUpdate {
    /// It may change, but not go.
    #[schema(format = "email", max_length = 254, nullable = false)]
    email: Option<String>,
    /// The full name.
    #[schema(max_length = 200)]
    name: Option<String>,
    /// A phone number with its country code, with or without `+`, or as it is dialled in the settings' `phoneRegion`.
    phone_number: Option<String>,
    /// `YYYY-MM-DD`.
    #[schema(format = Date)]
    date_of_birth: Option<String>,
    /// At most 20 keys with texts of at most 200 characters.
    billing_address: Option<Map<String, Value>>,
    /// At most 20 keys with texts of at most 200 characters.
    shipping_address: Option<Map<String, Value>>,
    /// Merged key by key: an empty text removes a key, `null` in place of the object clears all.
    metadata: Option<Map<String, Value>>,
}

/// An identifier that no customer has in its record.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"kind": "device", "value": "d-5f3a"})))]
pub(crate) struct IdentifierErase {
    /// Of which kind the value is.
    kind: KindWord,
    /// The identifier, in any form of it.
    value: String,
}

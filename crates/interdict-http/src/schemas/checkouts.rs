//! Bodies about checkouts (Duro).

use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::words::RailWord;

/// Something to be paid on a page: `planId` or `amount`.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(examples(
    json!({
        "amount": 500_000, "currency": "NGN", "customerEmail": "ada@example.com", "customerPhone": "2348012345678",
        "successUrl": "https://shop.example/thanks", "metadata": {"order": "1001"}
    }),
    json!({"planId": "plan_2R0uWz4tu9wxTMBXxj9CJfSE9vV"})
))]
pub(crate) struct CheckoutSessionCreate {
    /// What to subscribe to; then without `amount`.
    plan_id: Option<String>,
    /// In minor units; then without `planId`.
    #[schema(minimum = 1, maximum = 1_000_000_000_000_000_i64)]
    amount: Option<i64>,
    /// A currency of ISO 4217, in any case.
    #[schema(default = "NGN")]
    currency: Option<String>,
    /// The payer's email. Left out, with no phone either, the payer is asked for it.
    #[schema(format = "email", max_length = 254)]
    customer_email: Option<String>,
    /// The payer's phone.
    customer_phone: Option<String>,
    /// Where the payer goes afterwards: on one of the merchant's `allowedOrigins`.
    #[schema(max_length = 2_048)]
    success_url: Option<String>,
    /// At most 50 keys of 1 to 64 characters, 4 levels deep, 16 KiB as JSON.
    metadata: Option<Map<String, Value>>,
}

/// What a payer sends.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(examples(json!({"rail": "card", "email": "ada@example.com", "paymentMethod": "pm_test_success"})))]
pub(crate) struct CheckoutPay {
    /// How the payer pays.
    #[schema(inline)]
    rail: RailWord,
    /// The payer's email, as typed: it matches blocks only.
    #[schema(format = "email", max_length = 254)]
    email: Option<String>,
    /// A gateway's token, never a card number; in test mode `pm_test_success` unless said otherwise.
    #[schema(max_length = 255)]
    payment_method: Option<String>,
}

/// A session by its token.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct TokenPath {
    /// `cs_test_…` or `cs_live_…`.
    #[param(example = "cs_test_0123456789abcdef0123456789abcdef0123456789abcdef")]
    token: String,
}

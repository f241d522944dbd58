//! Bodies about payments (Odus).

use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::words::InitiatorWord;

/// An attempt to be paid. `customer` or `email` must identify the payer.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(examples(json!({
    "amount": 500_000, "currency": "NGN", "initiator": "customer", "customer": "cus_2R0uWz4tu9wxTMBXxj9CJfSE9vV", "email": "ada@example.com",
    "paymentMethod": "pm_test_success", "confirm": true, "metadata": {"order": "1001"}
})))]
pub(crate) struct PaymentCreate {
    /// In minor units.
    #[schema(minimum = 1, maximum = 1_000_000_000_000_000_i64, example = 500_000)]
    amount: i64,
    /// A currency of ISO 4217, in any case; answers in upper case.
    #[schema(example = "NGN")]
    currency: String,
    /// `customer` unless said otherwise.
    #[schema(inline)]
    initiator: Option<InitiatorWord>,
    /// Who pays: `cus_` and a KSUID.
    customer: Option<String>,
    /// The payer's email, as your word.
    #[schema(format = "email", max_length = 254)]
    email: Option<String>,
    /// A gateway's token, never a card number. In test mode `pm_test_success`, `pm_test_declined`,
    /// `pm_test_insufficient_funds` or `pm_test_requires_action`. Left out, what the customer last paid
    /// with is charged; in test mode, `pm_test_success`.
    #[schema(max_length = 255)]
    payment_method: Option<String>,
    /// Whether to charge it in the same call.
    #[schema(default = false)]
    confirm: Option<bool>,
    /// At most 50 keys of 1 to 64 characters, 4 levels deep, 16 KiB as JSON.
    metadata: Option<Map<String, Value>>,
}

/// What an open payment is charged to.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(examples(json!({"paymentMethod": "pm_test_success"})))]
pub(crate) struct PaymentAuthorize {
    /// A gateway's token instead of the payment's own.
    #[schema(max_length = 255)]
    payment_method: Option<String>,
}

/// The merchant's account at Stripe. No secret is ever shown.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(examples(json!({"secretKey": "sk_live_…", "webhookSecret": "whsec_…", "publishableKey": "pk_live_…"})))]
pub(crate) struct GatewaySet {
    /// A secret or restricted key, `sk_live_…` or `rk_live_…`.
    secret_key: Option<String>,
    /// The signing secret of the webhook endpoint, `whsec_…`.
    webhook_secret: Option<String>,
    /// Stripe's publishable key, `pk_live_…`: with it the hosted page of live mode takes cards.
    publishable_key: Option<String>,
}

/// How much time passes.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(examples(json!({"seconds": 3600})))]
pub(crate) struct ClockAdvance {
    /// Whole seconds.
    #[schema(minimum = 1, maximum = 315_360_000, example = 3600)]
    seconds: i64,
}

/// How much is given back.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(examples(json!({"amount": 100_000})))]
pub(crate) struct PaymentReverse {
    /// In minor units; all that is left unless said otherwise.
    #[schema(minimum = 1)]
    amount: Option<i64>,
}

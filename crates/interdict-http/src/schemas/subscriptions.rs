//! Bodies about plans, subscriptions and settings.

use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::persons::PersonPolicyWord;
use super::words::{
    EmailMatchingWord, IntervalWord, OnBlacklistWord, OnDisputeWord, OnLiftWord, OnOutageWord,
};

/// A new plan (Duro).
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(examples(json!({
    "name": "Gold", "amount": 500_000, "currency": "NGN", "interval": "month", "intervalCount": 1, "trialDays": 0,
    "maxCycles": 12
})))]
pub(crate) struct PlanCreate {
    #[schema(max_length = 200)]
    name: String,
    /// In minor units.
    #[schema(minimum = 1, maximum = 1_000_000_000_000_000_i64)]
    amount: i64,
    /// A currency of ISO 4217, in any case.
    #[schema(default = "NGN")]
    currency: Option<String>,
    /// The unit of a period.
    #[schema(inline)]
    interval: IntervalWord,
    /// How many units a period has.
    #[schema(minimum = 1, maximum = 100, default = 1)]
    interval_count: Option<i64>,
    /// Days before the first charge.
    #[schema(minimum = 0, maximum = 3_650, default = 0)]
    trial_days: Option<i64>,
    /// After so many paid periods a subscription ends by itself.
    #[schema(minimum = 1, maximum = 10_000)]
    max_cycles: Option<i64>,
}

/// A change of a plan, for those who sign up from now on: what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(examples(json!({"name": "Gold 2027", "amount": 600_000, "trialDays": 14, "maxCycles": null})))]
pub(crate) struct PlanUpdate {
    #[schema(max_length = 200, nullable = false)]
    name: Option<String>,
    /// In minor units.
    #[schema(minimum = 1, maximum = 1_000_000_000_000_000_i64, nullable = false)]
    amount: Option<i64>,
    /// Days before the first charge.
    #[schema(minimum = 0, maximum = 3_650, nullable = false)]
    trial_days: Option<i64>,
    /// After so many paid periods a subscription ends by itself; `null` clears it.
    #[schema(minimum = 1, maximum = 10_000)]
    max_cycles: Option<i64>,
}

/// A sign-up (Duro).
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(examples(json!({
    "customerId": "cus_2R0uWz4tu9wxTMBXxj9CJfSE9vV", "planId": "plan_2R0uWz4tu9wxTMBXxj9CJfSE9vV",
    "paymentMethodId": "pm_test_success", "onLift": "resume_from_now", "metadata": {"seat": "1"}
})))]
pub(crate) struct SubscriptionCreate {
    /// Who pays.
    customer_id: String,
    /// For what.
    plan_id: String,
    /// A gateway's token, never a card number. Left out, what the customer last paid with is charged; in
    /// test mode, `pm_test_success`.
    #[schema(max_length = 255)]
    payment_method_id: Option<String>,
    /// What happens to held renewals when the block is lifted; what the settings say unless said here.
    #[schema(inline)]
    on_lift: Option<OnLiftWord>,
    /// At most 50 keys of 1 to 64 characters, 4 levels deep, 16 KiB as JSON.
    metadata: Option<Map<String, Value>>,
}

/// When a subscription ends.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(examples(json!({"atPeriodEnd": true})))]
pub(crate) struct SubscriptionCancel {
    /// With its present period instead of now.
    #[schema(default = false)]
    at_period_end: Option<bool>,
}

/// What becomes of attempts while the lists may be stale: what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OutageUpdate {
    /// When the customer starts the payment.
    #[schema(inline, nullable = false)]
    customer: Option<OnOutageWord>,
    /// When the merchant does.
    #[schema(inline, nullable = false)]
    merchant: Option<OnOutageWord>,
}

/// What of the decisions is kept in the log: what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DecisionLogUpdate {
    /// How many decisions a second that let somebody pay are kept, on each node.
    #[schema(minimum = 0, maximum = 1000, nullable = false)]
    allowed_per_second: Option<u16>,
}

/// When an entry needs a second person.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecondApproverSet {
    /// More customers than these, or more attempts of 30 days, are not put on a list by one alone.
    #[schema(minimum = 0, maximum = 9999)]
    threshold: u32,
}

/// A change of the settings: what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(examples(json!({
    "onLift": "resume_from_now", "onBlacklist": "hold", "onDispute": "block", "onFraudWarning": "report",
    "outage": {"customer": "index", "merchant": "retry_later"}, "emailMatching": "exact", "phoneRegion": "NG",
    "personPolicy": "suggest", "allowedOrigins": ["https://shop.example"],
    "decisionLog": {"allowedPerSecond": 10}, "secondApprover": {"threshold": 100}
})))]
pub(crate) struct SettingsUpdate {
    /// What happens to held renewals when the block is lifted.
    #[schema(inline, nullable = false)]
    on_lift: Option<OnLiftWord>,
    /// What happens to subscriptions when their customer is blacklisted.
    #[schema(inline, nullable = false)]
    on_blacklist: Option<OnBlacklistWord>,
    /// What a dispute at the provider does by itself.
    #[schema(inline, nullable = false)]
    on_dispute: Option<OnDisputeWord>,
    /// What an early fraud warning of the provider does by itself.
    #[schema(inline, nullable = false)]
    on_fraud_warning: Option<OnDisputeWord>,
    /// What becomes of attempts while the lists may be stale.
    #[schema(inline, nullable = false)]
    outage: Option<OutageUpdate>,
    /// For which addresses a new entry of the kind `email` stands.
    #[schema(inline, nullable = false)]
    email_matching: Option<EmailMatchingWord>,
    /// Where a phone number is dialled that is no valid international one: a country's two letters of ISO 3166-1. Counts
    /// for what comes from then on.
    #[schema(example = "NG")]
    phone_region: Option<String>,
    /// What becomes of an identifier with which a blocked person comes for the first time.
    #[schema(inline, nullable = false)]
    person_policy: Option<PersonPolicyWord>,
    /// Where a payer may be sent after a checkout: at most 50 origins.
    #[schema(nullable = false)]
    allowed_origins: Option<Vec<String>>,
    /// What of the decisions is kept in the log.
    #[schema(inline, nullable = false)]
    decision_log: Option<DecisionLogUpdate>,
    /// When an entry needs a second person; `null` is never.
    #[schema(inline)]
    second_approver: Option<SecondApproverSet>,
}

//! Plans and subscriptions, as Duro shows them and further.

use interdict_domain::clock::Timestamp;
use interdict_domain::ids::{CustomerId, PaymentId, PlanId, SubscriptionId};
use interdict_domain::settings::Settings;
use interdict_domain::subscription::{Plan, Subscription};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::schemas::{IntervalWord, OnLiftWord, SubscriptionStatusWord};

/// What a period costs, and how long it is (Duro).
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Plan)]
pub(crate) struct PlanView {
    #[schema(value_type = String, example = "plan_2R0uWz4tu9wxTMBXxj9CJfSE9vV")]
    id: PlanId,
    name: String,
    /// In minor units.
    amount: i64,
    currency: &'static str,
    /// The unit of a period.
    #[schema(value_type = IntervalWord)]
    interval: &'static str,
    /// How many units a period has.
    interval_count: i64,
    /// Days before the first charge.
    trial_days: i64,
    /// After so many paid periods a subscription ends by itself.
    max_cycles: Option<i64>,
    /// Whether nobody can subscribe any more.
    archived: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl PlanView {
    pub(crate) fn of(plan: &Plan) -> Self {
        Self {
            id: plan.id,
            name: plan.name.as_str().to_owned(),
            amount: plan.money.amount(),
            currency: plan.money.currency().code(),
            interval: plan.period.interval.as_str(),
            interval_count: plan.period.count,
            trial_days: plan.trial_days,
            max_cycles: plan.max_cycles,
            archived: plan.archived_at.is_some(),
            created_at: plan.created_at,
            updated_at: plan.updated_at,
        }
    }
}

/// Somebody's subscription (Duro). Its periods lie on the merchant's clock.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Subscription)]
pub(crate) struct SubscriptionView {
    #[schema(value_type = String, example = "sub_2R0uWz4tu9wxTMBXxj9CJfSE9vV")]
    id: SubscriptionId,
    #[schema(value_type = SubscriptionStatusWord)]
    status: &'static str,
    #[schema(value_type = String)]
    customer_id: CustomerId,
    #[schema(value_type = String)]
    plan_id: PlanId,
    /// What a period costs, as agreed at the sign-up, in minor units.
    amount: i64,
    currency: &'static str,
    #[schema(value_type = String, format = DateTime)]
    current_period_start: Timestamp,
    /// When the next period is to be paid.
    #[schema(value_type = String, format = DateTime)]
    current_period_end: Timestamp,
    /// Periods that were paid.
    cycles_completed: i64,
    /// Whether it ends with the present period.
    cancel_at_period_end: bool,
    /// Whether renewals are charged.
    auto_billing_enabled: bool,
    /// Why not: a decision's code while a block holds them, `recurring_payment_errored` or
    /// `subscription_cancelled`.
    auto_billing_disabled_reason: Option<String>,
    /// What happens to held renewals when the block is lifted.
    #[schema(value_type = OnLiftWord)]
    on_lift: &'static str,
    /// The gateway's token.
    payment_method_id: Option<String>,
    /// The newest attempt to charge it.
    #[schema(value_type = Option<String>)]
    latest_payment: Option<PaymentId>,
    metadata: Map<String, Value>,
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl SubscriptionView {
    /// With what the settings say where the subscription says nothing.
    pub(crate) fn of(subscription: &Subscription, settings: &Settings) -> Self {
        Self {
            id: subscription.id,
            status: subscription.status.as_str(),
            customer_id: subscription.customer,
            plan_id: subscription.plan,
            amount: subscription.money.amount(),
            currency: subscription.money.currency().code(),
            current_period_start: subscription.current_period_start,
            current_period_end: subscription.current_period_end,
            cycles_completed: subscription.cycles_completed,
            cancel_at_period_end: subscription.cancel_at_period_end,
            auto_billing_enabled: subscription.auto_billing_enabled(),
            auto_billing_disabled_reason: subscription.auto_billing_disabled_reason.clone(),
            on_lift: subscription.on_lift.unwrap_or(settings.on_lift).as_str(),
            payment_method_id: subscription.payment_method.as_ref().map(|method| method.as_str().to_owned()),
            latest_payment: subscription.latest_payment,
            metadata: subscription.metadata.0.clone(),
            ended_at: subscription.ended_at,
            created_at: subscription.created_at,
            updated_at: subscription.updated_at,
        }
    }
}

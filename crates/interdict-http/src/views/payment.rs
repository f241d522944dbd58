//! A payment, as Odus shows it.

use interdict_domain::clock::Timestamp;
use interdict_domain::ids::{CustomerId, PaymentId, SubscriptionId};
use interdict_domain::payment::{NextAction, Outcome, Payment};
use interdict_domain::scopes::Initiator;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::schemas::{DeclineTypeWord, OutcomeStatusWord, PaymentOriginWord, PaymentStatusWord};

/// A payment: an attempt to be paid, whether it came to money or not (Odus).
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Payment)]
#[allow(clippy::struct_excessive_bools, reason = "the source document's fields, word for word")]
pub(crate) struct PaymentView {
    #[schema(value_type = String, example = "pay_2R0uWz4tu9wxTMBXxj9CJfSE9vV")]
    id: PaymentId,
    /// In minor units.
    amount: i64,
    /// Three letters of ISO 4217.
    #[schema(example = "NGN")]
    currency: &'static str,
    #[schema(value_type = PaymentStatusWord)]
    status: &'static str,
    /// `customer` or `merchant`.
    #[schema(value_type = String)]
    initiator: Initiator,
    /// What it came from.
    #[schema(value_type = PaymentOriginWord)]
    origin: &'static str,
    #[schema(value_type = Option<String>)]
    customer: Option<CustomerId>,
    email: Option<String>,
    /// The gateway's token.
    payment_method: Option<String>,
    /// Which subscription it is for.
    #[schema(value_type = Option<String>)]
    subscription: Option<SubscriptionId>,
    /// The beginning of the period that it pays.
    #[schema(value_type = Option<String>, format = DateTime)]
    period_start: Option<Timestamp>,
    /// Whether the money was taken.
    is_captured: bool,
    /// Whether all of it was given back.
    is_fully_reversed: bool,
    /// In minor units.
    amount_captured: i64,
    /// In minor units.
    amount_reversed: i64,
    is_chargebacked: bool,
    #[schema(value_type = Option<String>, format = DateTime)]
    chargeback_recorded_at: Option<Timestamp>,
    /// How it ended; null as long as it has not.
    outcome: Option<OutcomeView>,
    /// What the customer has to do; null unless the status is `requires_action`.
    next_action: Option<NextActionView>,
    /// Whether the gateway is being asked about it.
    is_pending: bool,
    metadata: Map<String, Value>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// How a transaction ended (Odus).
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Outcome)]
pub(crate) struct OutcomeView {
    #[schema(value_type = OutcomeStatusWord)]
    status: &'static str,
    /// A decision's code, or the gateway's word. Secret keys only.
    error_code: Option<String>,
    /// For the merchant's own people. Secret keys only.
    error_message: Option<String>,
    /// What the payer may be told.
    safe_error_message: Option<String>,
    /// Whether another try may help. Secret keys only.
    #[schema(value_type = Option<DeclineTypeWord>)]
    decline_type: Option<&'static str>,
}

/// What the customer has to do.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NextAction)]
pub(crate) struct NextActionView {
    /// Always `redirect`.
    r#type: &'static str,
    /// The page to send the customer to. In test mode it is a page of Interdict's, which takes a form
    /// with `result` as `approve` or `refuse`.
    url: String,
}

impl PaymentView {
    /// As secret keys see it. `base` is this service's own address, for pages of its own.
    pub(crate) fn of(payment: &Payment, base: &str) -> Self {
        Self {
            id: payment.id,
            amount: payment.money.amount(),
            currency: payment.money.currency().code(),
            status: payment.status.as_str(),
            initiator: payment.initiator,
            origin: payment.origin.as_str(),
            customer: payment.customer,
            email: payment.email.as_ref().map(|email| email.as_str().to_owned()),
            payment_method: payment.payment_method.as_ref().map(|method| method.as_str().to_owned()),
            subscription: payment.period.map(|(subscription, _)| subscription),
            period_start: payment.period.map(|(_, start)| start),
            is_captured: payment.is_captured(),
            is_fully_reversed: payment.is_fully_reversed(),
            amount_captured: payment.amount_captured,
            amount_reversed: payment.amount_reversed,
            is_chargebacked: payment.chargeback_recorded_at.is_some(),
            chargeback_recorded_at: payment.chargeback_recorded_at,
            outcome: payment.outcome.as_ref().map(OutcomeView::of),
            next_action: payment.next_action.as_ref().map(|action| NextActionView::of(action, base)),
            is_pending: payment.pending.is_some(),
            metadata: payment.metadata.0.clone(),
            created_at: payment.created_at,
            updated_at: payment.updated_at,
        }
    }
}

impl NextActionView {
    /// `base` is put before a page of our own.
    pub(crate) fn of(action: &NextAction, base: &str) -> Self {
        let url = &action.url;
        let url = if url.starts_with('/') { format!("{base}{url}") } else { url.clone() };
        Self { r#type: "redirect", url }
    }
}

impl OutcomeView {
    fn of(outcome: &Outcome) -> Self {
        Self {
            status: outcome.status.as_str(),
            error_code: outcome.error_code.clone(),
            error_message: outcome.error_message.clone(),
            safe_error_message: outcome.safe_error_message.clone(),
            decline_type: outcome.decline_type.map(interdict_domain::payment::DeclineType::as_str),
        }
    }
}

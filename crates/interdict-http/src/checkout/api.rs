//! `/checkout/{token}`: what a payer's page asks (Duro).

use std::sync::Arc;

use axum::extract::State as Shared;
use axum::response::Response;
use http::StatusCode;
use interdict_app::store::StorageError;
use interdict_app::{Answer, CheckoutPayment, Paid, ShowPaid, pay_checkout};
use interdict_domain::actor::Actor;
use interdict_domain::checkout::{CheckoutStatus, Rail};
use interdict_domain::clock::Timestamp;
use interdict_domain::identifier::Email;
use interdict_domain::ids::SubscriptionId;
use interdict_domain::payment::{Payment, PaymentMethod, PaymentStatus};
use serde::Serialize;
use utoipa::ToSchema;

use super::opened::Opened;
use crate::answer;
use crate::dialect::Dialect;
use crate::interface::State;
use crate::json::Fields;
use crate::mutation::{Mutation, Refused, read_failed};
use crate::schemas::{self, CheckoutStatusWord};
use crate::v1::checkout_sessions::not_permitted;
use crate::views::NextActionView;

/// A session, as its payer sees it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Checkout)]
pub(crate) struct CheckoutView {
    #[schema(value_type = CheckoutStatusWord)]
    status: &'static str,
    /// `one_time` or `subscription`.
    kind: &'static str,
    /// In minor units.
    amount: i64,
    currency: &'static str,
    /// Who is paid.
    merchant: String,
    /// What is subscribed to.
    plan: Option<String>,
    /// Whether the payer has to say an email.
    email_required: bool,
    success_url: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// What came of paying.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CheckoutResult)]
pub(crate) struct ResultView {
    /// `succeeded`, `requires_action`, or `failed`: then the payer may try again.
    status: &'static str,
    #[schema(value_type = Option<String>)]
    subscription_id: Option<SubscriptionId>,
    /// What the payer has to do.
    next_action: Option<NextActionView>,
    /// What the payer is told when it failed.
    message: Option<String>,
}

/// Where a session stands.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CheckoutProgress)]
pub(crate) struct ProgressView {
    #[schema(value_type = CheckoutStatusWord)]
    status: &'static str,
    #[schema(value_type = Option<String>)]
    subscription_id: Option<SubscriptionId>,
}

/// What the plan of a session is called.
pub(crate) async fn plan_name(opened: &Opened) -> Option<String> {
    let plan = opened.checkout.plan?;
    let read = opened.service.store().read(opened.checkout.merchant, move |view| view.plan(plan)).await;
    let plan = read.inspect_err(|error: &StorageError| drop(read_failed(error))).ok().flatten()?;
    Some(plan.name.as_str().to_owned())
}

#[utoipa::path(
    get,
    path = "/checkout/{token}",
    operation_id = "getCheckout",
    tag = "Checkout",
    summary = "What is to be paid",
    params(schemas::TokenPath),
    responses((status = 200, description = "The session, as its payer sees it.", body = CheckoutView)),
    security(()),
)]
pub(crate) async fn get(Shared(state): Shared<State>, opened: Opened) -> Response {
    let checkout = &opened.checkout;
    let view = CheckoutView {
        status: checkout.status_at(opened.service.merchant_now(checkout.merchant)).as_str(),
        kind: checkout.kind(),
        amount: checkout.money.amount(),
        currency: checkout.money.currency().code(),
        merchant: state.app.merchant_name(checkout.merchant).await,
        plan: plan_name(&opened).await,
        email_required: checkout.email.is_none() && checkout.phone.is_none(),
        success_url: checkout.success_url.clone(),
        expires_at: checkout.expires_at,
    };
    answer::json(StatusCode::OK, &view, opened.service.readiness().revision)
}

#[utoipa::path(
    get,
    path = "/checkout/{token}/status",
    operation_id = "getCheckoutStatus",
    tag = "Checkout",
    summary = "Whether it is paid",
    params(schemas::TokenPath),
    responses((status = 200, description = "Where the session stands.", body = ProgressView)),
    security(()),
)]
pub(crate) async fn status(opened: Opened) -> Response {
    let checkout = &opened.checkout;
    let status = checkout.status_at(opened.service.merchant_now(checkout.merchant));
    let paid = status == CheckoutStatus::Succeeded;
    let subscription_id = checkout.subscription.filter(|_| paid);
    let view = ProgressView { status: status.as_str(), subscription_id };
    answer::json(StatusCode::OK, &view, opened.service.readiness().revision)
}

fn read(mut fields: Fields) -> Result<CheckoutPayment, Refused> {
    let rails: Vec<_> = Rail::ALL.iter().map(|rail| (rail.as_str(), *rail)).collect();
    let rail = fields.word("rail", &rails);
    let rail = fields.required("rail", rail);
    let email = fields.parse("email", Email::parse).value();
    let payment_method = fields.parse("paymentMethod", PaymentMethod::parse).value();
    Ok(fields.finish(rail.map(|_| CheckoutPayment { email, payment_method }))?)
}

#[utoipa::path(
    post,
    path = "/checkout/{token}/pay",
    operation_id = "payCheckout",
    tag = "Checkout",
    summary = "Pay",
    description = "Decided again. A blocked payer is answered with 403 `payment_not_permitted` and the public message.",
    params(schemas::TokenPath),
    request_body = schemas::CheckoutPay,
    responses((status = 200, description = "What came of it.", body = ResultView)),
    security(()),
)]
pub(crate) async fn pay(Shared(state): Shared<State>, opened: Opened, mutation: Mutation) -> Response {
    let base = mutation.base(&state);
    let show: ShowPaid = Arc::new(move |_, paid| {
        Ok(match paid {
            Paid::Payment(payment) => result(payment, &base),
            Paid::Trial(subscription) => succeeded(Some(subscription.id)),
        })
    });
    let id = opened.checkout.id;
    mutation
        .pay_as(
            &opened.service,
            opened.checkout.merchant,
            Actor::payer(&id),
            read,
            move |service, transaction, by, sent| pay_checkout(service, transaction, by, id, sent),
            show,
        )
        .await
}

fn succeeded(subscription_id: Option<SubscriptionId>) -> Answer {
    let view = ResultView { status: "succeeded", subscription_id, next_action: None, message: None };
    answer::answer(StatusCode::OK, &view)
}

fn result(payment: &Payment, base: &str) -> Answer {
    if let Some(error) = not_permitted(payment) {
        return answer::refusal(&error, Dialect::Native);
    }
    let view = match payment.status {
        PaymentStatus::Succeeded => return succeeded(payment.period.map(|(subscription, _)| subscription)),
        PaymentStatus::RequiresAction => ResultView {
            status: "requires_action",
            subscription_id: None,
            next_action: payment.next_action.as_ref().map(|action| NextActionView::of(action, base)),
            message: None,
        },
        PaymentStatus::Open | PaymentStatus::Cancelled => ResultView {
            status: "failed",
            subscription_id: None,
            next_action: None,
            message: payment.outcome.as_ref().and_then(|outcome| outcome.safe_error_message.clone()),
        },
    };
    answer::answer(StatusCode::OK, &view)
}

//! `/v1/subscriptions` (Duro): signing up, pausing, resuming, cancelling.

use std::sync::Arc;

use axum::response::Response;
use http::StatusCode;
use interdict_app::store::{Authorship, MerchantTransaction, StorageError};
use interdict_app::{
    Answer, NewSubscription, Paid, PaymentError, ShowPaid, cancel_subscription, pause_subscription,
    resume_subscription, subscribe,
};
use interdict_domain::ids::{CustomerId, PlanId, SubscriptionId};
use interdict_domain::payment::PaymentMethod;
use interdict_domain::settings::Settings;
use interdict_domain::subscription::{OnLift, Subscription};

use crate::answer;
use crate::customer_id::{self, NamedCustomer};
use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::extract::{InPath, PaymentsRead, PaymentsWrite, Secret};
use crate::json::Fields;
use crate::mutation::{Mutation, Refused, read_failed};
use crate::odus::payments::blocked;
use crate::page::Items;
use crate::profile;
use crate::schemas;
use crate::views::SubscriptionView;

/// More subscriptions than a customer has, in one answer.
const OF_CUSTOMER_MAX: i64 = 100;

pub(crate) fn on_lift_words() -> Vec<(&'static str, OnLift)> {
    OnLift::ALL.iter().map(|word| (word.as_str(), *word)).collect()
}

fn read_new(mut fields: Fields) -> Result<NewSubscription, Refused> {
    let customer = customer_id::read(&mut fields, "customerId");
    let customer = fields.required("customerId", customer);
    let plan = fields.text("planId");
    let plan = fields.required("planId", plan);
    let payment_method = fields.parse("paymentMethodId", PaymentMethod::parse).value();
    let on_lift = fields.word("onLift", &on_lift_words()).value();
    let metadata = profile::metadata(&mut fields);
    let (plan, payment_method, on_lift, metadata) =
        fields.finish(Some((plan, payment_method, on_lift, metadata)))?;
    let Some(NamedCustomer::Id(customer)) = customer else {
        return Err(ApiError::not_found("customer").into());
    };
    let plan = plan.and_then(|plan| plan.parse::<PlanId>().ok());
    let Some(plan) = plan else { return Err(ApiError::not_found("plan").into()) };
    Ok(NewSubscription { customer, plan, payment_method, on_lift, metadata })
}

fn shown(status: StatusCode, subscription: &Subscription, settings: &Settings) -> Answer {
    let view = SubscriptionView::of(subscription, settings);
    answer::about(answer::answer(status, &view), &subscription.customer)
}

#[utoipa::path(
    post,
    path = "/v1/subscriptions",
    operation_id = "createSubscription",
    tag = "Subscriptions",
    summary = "Sign a customer up",
    description = "Customer-initiated, decided as such; the first period is charged in the same call. A blocked \
                   customer is answered with 403, the decision's code and `error.paymentId`, and there is no \
                   subscription. When the charge is declined, the subscription is `incomplete`.",
    request_body = schemas::SubscriptionCreate,
    responses((status = 201, description = "The subscription.", body = SubscriptionView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["payments:write"])),
)]
pub(crate) async fn create(key: Secret<PaymentsWrite>, mutation: Mutation) -> Response {
    let show: ShowPaid = Arc::new(|view, paid| {
        let settings = view.settings()?;
        match paid {
            Paid::Trial(subscription) => Ok(shown(StatusCode::CREATED, subscription, &settings)),
            Paid::Payment(payment) => {
                if let Some(error) = blocked(payment) {
                    return Ok(answer::refusal(&error, Dialect::Native));
                }
                let (id, _) = payment.period.ok_or(StorageError::Corrupt("a sign-up without a period"))?;
                let found = view.subscription(id)?;
                let subscription = found.ok_or(StorageError::Corrupt("a subscription is gone"))?;
                Ok(shown(StatusCode::CREATED, &subscription, &settings))
            }
        }
    });
    mutation.pay(&key.caller, read_new, subscribe, show).await
}

#[utoipa::path(
    get,
    path = "/v1/subscriptions/{id}",
    operation_id = "getSubscription",
    tag = "Subscriptions",
    summary = "Get a subscription",
    params(schemas::SubscriptionPath),
    responses((status = 200, description = "The subscription.", body = SubscriptionView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["payments:read"])),
)]
pub(crate) async fn get(key: Secret<PaymentsRead>, InPath(id): InPath<SubscriptionId>) -> Response {
    let caller = &key.caller;
    let found = caller
        .service
        .store()
        .read(caller.merchant, move |view| {
            Ok::<_, StorageError>((view.subscription(id)?, view.settings()?, view.revision()?))
        })
        .await;
    match found {
        Ok((Some(subscription), settings, revision)) => {
            answer::json(StatusCode::OK, &SubscriptionView::of(&subscription, &settings), revision)
        }
        Ok((None, ..)) => ApiError::not_found("subscription").respond(Dialect::Native),
        Err(error) => read_failed(&error).respond(Dialect::Native),
    }
}

#[utoipa::path(
    get,
    path = "/v1/customers/{id}/subscriptions",
    operation_id = "listCustomerSubscriptions",
    tag = "Subscriptions",
    summary = "List a customer's subscriptions",
    description = "The newest hundred.",
    params(schemas::CustomerPath),
    responses((status = 200, description = "The subscriptions, newest first.", body = Items<SubscriptionView>)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["payments:read"])),
)]
pub(crate) async fn of_customer(key: Secret<PaymentsRead>, InPath(id): InPath<CustomerId>) -> Response {
    let caller = &key.caller;
    let found = caller
        .service
        .store()
        .read(caller.merchant, move |view| {
            let is_known = view.customer(id)?.is_some();
            let subscriptions = view.subscriptions_of(id, OF_CUSTOMER_MAX)?;
            Ok::<_, StorageError>((is_known, subscriptions, view.settings()?, view.revision()?))
        })
        .await;
    match found {
        Ok((true, subscriptions, settings, revision)) => {
            let view = |subscription: &Subscription| SubscriptionView::of(subscription, &settings);
            let items = subscriptions.iter().map(view).collect();
            let page = Items { items, next_cursor: None, has_more: false };
            answer::json(StatusCode::OK, &page, revision)
        }
        Ok((false, ..)) => ApiError::not_found("customer").respond(Dialect::Native),
        Err(error) => read_failed(&error).respond(Dialect::Native),
    }
}

/// A use case on a subscription, and its answer.
async fn manage<I: Send + 'static>(
    key: Secret<PaymentsWrite>,
    mutation: Mutation,
    read: impl FnOnce(Fields) -> Result<I, Refused>,
    act: impl FnOnce(&mut MerchantTransaction<'_, '_>, &Authorship<'_>, I) -> Result<Subscription, PaymentError>
    + Send
    + 'static,
) -> Response {
    mutation
        .run(
            &key.caller,
            read,
            move |transaction, by, input| {
                let subscription = act(transaction, by, input)?;
                Ok::<_, PaymentError>((subscription, transaction.view().settings()?))
            },
            |(subscription, settings), _| shown(StatusCode::OK, subscription, settings),
        )
        .await
}

fn read_nothing(fields: Fields) -> Result<(), Refused> {
    Ok(fields.finish(Some(()))?)
}

#[utoipa::path(
    post,
    path = "/v1/subscriptions/{id}/pause",
    operation_id = "pauseSubscription",
    tag = "Subscriptions",
    summary = "Pause a subscription",
    params(schemas::SubscriptionPath),
    responses((status = 200, description = "The subscription.", body = SubscriptionView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["payments:write"])),
)]
pub(crate) async fn pause(
    key: Secret<PaymentsWrite>,
    InPath(id): InPath<SubscriptionId>,
    mutation: Mutation,
) -> Response {
    manage(key, mutation, read_nothing, move |transaction, by, ()| pause_subscription(transaction, by, id))
        .await
}

#[utoipa::path(
    post,
    path = "/v1/subscriptions/{id}/resume",
    operation_id = "resumeSubscription",
    tag = "Subscriptions",
    summary = "Resume a subscription",
    description = "What was missed in a pause is skipped; what was declined is tried again.",
    params(schemas::SubscriptionPath),
    responses((status = 200, description = "The subscription.", body = SubscriptionView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["payments:write"])),
)]
pub(crate) async fn resume(
    key: Secret<PaymentsWrite>,
    InPath(id): InPath<SubscriptionId>,
    mutation: Mutation,
) -> Response {
    let service = Arc::clone(&key.caller.service);
    let answer = manage(key, mutation, read_nothing, move |transaction, by, ()| {
        resume_subscription(transaction, by, id)
    });
    let answer = answer.await;
    service.look_for_renewals();
    answer
}

fn read_cancel(mut fields: Fields) -> Result<bool, Refused> {
    let at_period_end = fields.flag("atPeriodEnd").value().unwrap_or(false);
    Ok(fields.finish(Some(at_period_end))?)
}

#[utoipa::path(
    post,
    path = "/v1/subscriptions/{id}/cancel",
    operation_id = "cancelSubscription",
    tag = "Subscriptions",
    summary = "Cancel a subscription",
    params(schemas::SubscriptionPath),
    request_body = Option<schemas::SubscriptionCancel>,
    responses((status = 200, description = "The subscription.", body = SubscriptionView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["payments:write"])),
)]
pub(crate) async fn cancel(
    key: Secret<PaymentsWrite>,
    InPath(id): InPath<SubscriptionId>,
    mutation: Mutation,
) -> Response {
    manage(key, mutation, read_cancel, move |transaction, by, at_period_end| {
        cancel_subscription(transaction, by, id, at_period_end)
    })
    .await
}

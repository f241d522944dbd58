//! `/payments`: attempts to be paid, each decided before it is charged (Odus). Every charge is here,
//! renewals and checkouts included.

use std::sync::Arc;

use axum::extract::State as Shared;
use axum::response::Response;
use http::StatusCode;
use interdict_app::store::{PaymentFilter, StorageError};
use interdict_app::{
    Answer, NewPayment, Paid, ShowPaid, authorize_payment, block_code, create_payment, reverse_payment,
};
use interdict_domain::identifier::Email;
use interdict_domain::ids::{CustomerId, PaymentId};
use interdict_domain::money::{AMOUNT_MAX, Currency, Money};
use interdict_domain::payment::{Payment, PaymentMethod, PaymentStatus};
use interdict_domain::scopes::Initiator;

use super::customers::rows_of;
use crate::answer;
use crate::customer_id::{self, NamedCustomer};
use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::extract::{InPath, InQuery, PaymentsRead, PaymentsWrite, Secret};
use crate::find_one::find_one;
use crate::interface::State;
use crate::json::Fields;
use crate::mutation::{Mutation, Refused, read_failed};
use crate::page::{Numbered, NumberedPage, Query};
use crate::profile;
use crate::schemas;
use crate::views::PaymentView;

/// Amount and currency, as every payment has them.
pub(crate) fn money(fields: &mut Fields) -> Option<Money> {
    let amount = fields.integer("amount", 1..=AMOUNT_MAX);
    let amount = fields.required("amount", amount);
    let currency = fields.parse("currency", Currency::parse);
    let currency = fields.required("currency", currency);
    amount.zip(currency).and_then(|(amount, currency)| Money::new(amount, currency).ok())
}

fn read_new(mut fields: Fields) -> Result<NewPayment, Refused> {
    let money = money(&mut fields);
    let initiators = Initiator::ALL.map(|initiator| (initiator.as_str(), initiator));
    let initiator = fields.word("initiator", &initiators).value().unwrap_or(Initiator::Customer);
    let customer = customer_id::read(&mut fields, "customer").value();
    let email = fields.parse("email", Email::parse).value();
    let payment_method = fields.parse("paymentMethod", PaymentMethod::parse).value();
    let confirm = fields.flag("confirm").value().unwrap_or(false);
    let metadata = profile::metadata(&mut fields);
    let new = money.map(|money| NewPayment {
        money,
        initiator,
        customer: customer.and_then(NamedCustomer::id),
        email,
        payment_method,
        confirm,
        metadata,
    });
    let new = fields.finish(new)?;
    if customer == Some(NamedCustomer::Nobody) {
        Err(ApiError::not_found("customer").into())
    } else {
        Ok(new)
    }
}

/// The answer about a payment: itself, or that its payer is blocked.
fn show(payment: &Payment, status: StatusCode, base: &str) -> Answer {
    let shown = match blocked(payment) {
        Some(error) => answer::refusal(&error, Dialect::Odus),
        None => answer::answer(status, &PaymentView::of(payment, base)),
    };
    match payment.customer {
        Some(customer) => answer::about(shown, &customer),
        None => shown,
    }
}

/// 403 with the decision's code, naming the attempt, which is kept.
pub(crate) fn blocked(payment: &Payment) -> Option<ApiError> {
    let code = block_code(payment)?;
    let message = payment.outcome.as_ref()?.safe_error_message.clone()?;
    let error = ApiError::new(StatusCode::FORBIDDEN, code.as_str(), message);
    Some(error.with_member("paymentId", payment.id.to_string()))
}

fn shown(status: StatusCode, base: String) -> ShowPaid {
    Arc::new(move |view, paid| {
        let Paid::Payment(payment) = paid else { return Ok(Answer::default()) };
        let answer = show(payment, status, &base);
        Ok(match &payment.email {
            Some(email) => answer::about_identifier(answer, view.email_key(email)),
            None => answer,
        })
    })
}

#[utoipa::path(
    post,
    path = "/payments",
    operation_id = "createPayment",
    tag = "Payments",
    summary = "Create a payment",
    description = "Decided first. A blocked attempt is kept, `cancelled`, and answered with 403, the decision's code \
                   and `error.paymentId`. With `confirm` it is charged in the same call.",
    request_body = schemas::PaymentCreate,
    responses((status = 201, description = "The payment: `open`, or what came of charging it.", body = PaymentView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["payments:write"])),
)]
pub(crate) async fn create(
    Shared(state): Shared<State>,
    key: Secret<PaymentsWrite>,
    mutation: Mutation,
) -> Response {
    let show = shown(StatusCode::CREATED, mutation.base(&state));
    mutation.pay(&key.caller, read_new, create_payment, show).await
}

fn read_authorize(mut fields: Fields) -> Result<Option<PaymentMethod>, Refused> {
    let method = fields.parse("paymentMethod", PaymentMethod::parse).value();
    Ok(fields.finish(Some(method))?)
}

#[utoipa::path(
    post,
    path = "/payments/{id}/authorize",
    operation_id = "authorizePayment",
    tag = "Payments",
    summary = "Authorize a payment",
    description = "Decided again, then charged at the gateway. A payment that waits for the customer is asked about.",
    params(schemas::PaymentPath),
    request_body = Option<schemas::PaymentAuthorize>,
    responses((status = 200, description = "What came of charging it.", body = PaymentView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["payments:write"])),
)]
pub(crate) async fn authorize(
    Shared(state): Shared<State>,
    key: Secret<PaymentsWrite>,
    InPath(id): InPath<PaymentId>,
    mutation: Mutation,
) -> Response {
    let show = shown(StatusCode::OK, mutation.base(&state));
    mutation
        .pay(
            &key.caller,
            read_authorize,
            move |service, transaction, by, method| authorize_payment(service, transaction, by, id, method),
            show,
        )
        .await
}

fn read_reverse(mut fields: Fields) -> Result<Option<i64>, Refused> {
    let amount = fields.integer("amount", 1..=AMOUNT_MAX).value();
    Ok(fields.finish(Some(amount))?)
}

#[utoipa::path(
    post,
    path = "/payments/{id}/reverse",
    operation_id = "reversePayment",
    tag = "Payments",
    summary = "Reverse a payment",
    description = "Gives back all that is left of it, or the amount that is sent.",
    params(schemas::PaymentPath),
    request_body = Option<schemas::PaymentReverse>,
    responses((status = 200, description = "The payment.", body = PaymentView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["payments:write"])),
)]
pub(crate) async fn reverse(
    Shared(state): Shared<State>,
    key: Secret<PaymentsWrite>,
    InPath(id): InPath<PaymentId>,
    mutation: Mutation,
) -> Response {
    let show = shown(StatusCode::OK, mutation.base(&state));
    mutation
        .pay(
            &key.caller,
            read_reverse,
            move |service, transaction, by, amount| reverse_payment(service, transaction, by, id, amount),
            show,
        )
        .await
}

#[utoipa::path(
    get,
    path = "/payments/{id}",
    operation_id = "getPayment",
    tag = "Payments",
    summary = "Get a payment",
    params(schemas::PaymentPath),
    responses((status = 200, description = "The payment.", body = PaymentView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["payments:read"])),
)]
pub(crate) async fn get(
    Shared(state): Shared<State>,
    key: Secret<PaymentsRead>,
    InPath(id): InPath<PaymentId>,
    headers: http::HeaderMap,
) -> Response {
    let show = |payment, _| answer::encode(&PaymentView::of(&payment, &state.base(&headers)));
    find_one(&key.caller, (Dialect::Odus, "payment"), move |view| view.payment(id), show).await
}

/// A filter that no payment can meet.
struct Unmeetable;

/// Odus's filters. One that cannot be met by anything lets nothing through: nothing is ignored silently
/// that is documented.
fn filter(query: &mut Query) -> Result<PaymentFilter, Unmeetable> {
    fn read<T>(text: Option<&str>, parse: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, Unmeetable> {
        text.map(|text| parse(text).ok_or(Unmeetable)).transpose()
    }
    let number = |text: &str| text.parse::<i64>().ok();
    let exactly = read(query.get("amount[eq]"), number)?;
    let at_least = read(query.get("amount[gte]"), number)?;
    let more_than = read(query.get("amount[gt]"), number)?.map(|amount| amount.saturating_add(1));
    let at_most = read(query.get("amount[lte]"), number)?;
    let less_than = read(query.get("amount[lt]"), number)?.map(|amount| amount.saturating_sub(1));
    Ok(PaymentFilter {
        customer: read(query.filter_eq("customer"), |text| text.parse::<CustomerId>().ok())?,
        status: read(query.filter_eq("status"), PaymentStatus::parse)?,
        initiator: read(query.filter_eq("initiator"), Initiator::parse)?,
        currency: read(query.filter_eq("currency"), |text| Currency::parse(text).ok())?,
        email: read(query.filter_eq("email"), |text| Email::parse(text).ok())?,
        chargebacked: read(query.filter_eq("isChargebacked"), crate::page::flag_of)?,
        amount_min: exactly.into_iter().chain(at_least).chain(more_than).max(),
        amount_max: exactly.into_iter().chain(at_most).chain(less_than).min(),
    })
}

#[utoipa::path(
    get,
    path = "/payments",
    operation_id = "listPayments",
    tag = "Payments",
    summary = "List payments",
    description = "Filters: `customer[eq]`, `status[eq]`, `initiator[eq]`, `currency[eq]`, `email[eq]`, \
                   `isChargebacked[eq]`, `amount[eq|gt|gte|lt|lte]`. Parameters that are not documented are ignored here.",
    params(schemas::PaymentsQuery),
    responses((status = 200, description = "A page of payments.", body = Numbered<PaymentView>)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["payments:read"])),
)]
pub(crate) async fn list(
    Shared(state): Shared<State>,
    key: Secret<PaymentsRead>,
    headers: http::HeaderMap,
    InQuery(mut query): InQuery,
) -> Response {
    let caller = &key.caller;
    let page = NumberedPage::read(&mut query);
    let Ok(filter) = filter(&mut query) else {
        let nothing = page.answer(Vec::<PaymentView>::new(), 0);
        return answer::json(StatusCode::OK, &nothing, caller.service.readiness().revision);
    };
    let rows = rows_of(&page);
    let found = caller
        .service
        .store()
        .read(caller.merchant, move |view| {
            let count = view.count_payments(&filter)?;
            Ok::<_, StorageError>((view.payments(&filter, rows)?, count, view.revision()?))
        })
        .await;
    match found {
        Ok((payments, count, revision)) => {
            let base = state.base(&headers);
            let data = payments.iter().map(|payment| PaymentView::of(payment, &base)).collect();
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            answer::json(StatusCode::OK, &page.answer(data, count), revision)
        }
        Err(error) => read_failed(&error).respond(Dialect::Odus),
    }
}

//! `/pay/step/{id}`: stands in for the bank's page in test mode, where a payer confirms a payment, or
//! does not. For a person with a browser, and for a test with a form.

use std::sync::Arc;

use askama::Template;
use axum::extract::State as Shared;
use axum::response::Response;
use http::StatusCode;
use interdict_app::store::{Authorship, MerchantTransaction, MerchantView, StorageError};
use interdict_app::{Answer, Paid, Refusal, complete_action};
use interdict_domain::actor::Actor;
use interdict_domain::ids::PaymentId;
use interdict_domain::mode::Mode;
use interdict_domain::payment::{Payment, PaymentStatus};

use super::document::{Contacts, html, see_other};
use super::page::Form;
use crate::answer;
use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::extract::InPath;
use crate::interface::State;
use crate::mutation::{Failure, read_failed};

/// The page.
#[derive(Template)]
#[template(path = "step.html")]
struct Page<'a> {
    test_mode: bool,
    amount: String,
    /// The two buttons are shown.
    waits: bool,
    message: &'a str,
}

async fn find(state: &State, id: PaymentId) -> Result<Payment, ApiError> {
    let service = state.app.service(Mode::Test);
    let found = service.store().read_all(move |view| view.payment_anywhere(id)).await;
    let found = found.map_err(|error: StorageError| read_failed(&error))?;
    found.ok_or_else(|| ApiError::not_found("payment"))
}

/// What became of a payment, and the two buttons of test mode.
pub(crate) fn render(payment: &Payment, test_mode: bool) -> Response {
    let message = match payment.status {
        PaymentStatus::RequiresAction if test_mode => "A bank would ask now whether you want to pay this.",
        PaymentStatus::RequiresAction => {
            "Your bank has not confirmed this yet. Load this page again in a moment."
        }
        PaymentStatus::Succeeded => "Confirmed, and paid. You may close this page.",
        PaymentStatus::Open => "This payment does not wait for you.",
        PaymentStatus::Cancelled => {
            let outcome = payment.outcome.as_ref();
            outcome.and_then(|outcome| outcome.safe_error_message.as_deref()).unwrap_or("This was not paid.")
        }
    };
    let waits = test_mode && payment.status == PaymentStatus::RequiresAction;
    match (Page { test_mode, amount: payment.money.to_string(), waits, message }).render() {
        Ok(text) => html(StatusCode::OK, text, Contacts::default()),
        Err(error) => {
            tracing::error!(%error, "the page of the customer's step cannot be shown");
            html(StatusCode::INTERNAL_SERVER_ERROR, String::new(), Contacts::default())
        }
    }
}

/// The page.
pub(crate) async fn show(Shared(state): Shared<State>, InPath(id): InPath<PaymentId>) -> Response {
    match find(&state, id).await {
        Ok(payment) => render(&payment, true),
        Err(error) => error.respond(Dialect::Native),
    }
}

/// The payer's answer: `result` is `approve` or `refuse`.
pub(crate) async fn complete(
    Shared(state): Shared<State>,
    InPath(id): InPath<PaymentId>,
    form: Form,
) -> Response {
    let approved = match form.get("result") {
        Some("approve") => true,
        Some("refuse") => false,
        _ => return ApiError::invalid("result", "must be one of: approve, refuse").respond(Dialect::Native),
    };
    let payment = match find(&state, id).await {
        Ok(payment) => payment,
        Err(error) => return error.respond(Dialect::Native),
    };
    let service = Arc::clone(state.app.service(Mode::Test));
    let inner = Arc::clone(&service);
    let begin = move |transaction: &mut MerchantTransaction<'_, '_>, by: &Authorship<'_>| {
        complete_action(&inner, transaction, by, id, approved).map_err(|error| match Failure::from(error) {
            Failure::Refused(error) => Refusal::Answer(answer::refusal(&error, Dialect::Native)),
            Failure::Storage(error) => Refusal::Storage(error),
        })
    };
    let show = Arc::new(|_: &MerchantView<'_>, _: Paid<'_>| Ok(Answer::default()));
    match service.pay(payment.merchant, Actor::payer(&id), None, begin, show).await {
        // Asked for again, the page shows what came of it, and no button does anything twice.
        Ok(mutated) if mutated.answer.status == 0 => see_other(&format!("/pay/step/{id}")),
        Ok(mutated) => {
            let status = StatusCode::from_u16(mutated.answer.status).unwrap_or(StatusCode::CONFLICT);
            answer::bytes(status, mutated.answer.body, mutated.revision)
        }
        Err(_) => ApiError::unavailable().respond(Dialect::Native),
    }
}

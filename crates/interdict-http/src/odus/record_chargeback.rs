//! `POST /payments/{id}/record-chargeback` (Odus, Handling Chargebacks).

use axum::extract::State as Shared;
use axum::response::Response;
use http::StatusCode;
use interdict_app::{Caller, NewChargeback, RecordedChargeback, record_chargeback};
use interdict_domain::chargeback::ChargebackSource;
use interdict_domain::credential::Permission;
use interdict_domain::ids::PaymentId;
use interdict_domain::text::Reason;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer;
use crate::extract::{InPath, PaymentsWrite, Secret, authorise};
use crate::interface::State;
use crate::json::Fields;
use crate::mutation::{Mutation, Refused};
use crate::schemas;
use crate::views::{ChargebackView, PaymentView};

/// The payment, with what the chargeback did.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ChargebackedPayment)]
pub(crate) struct ChargebackedPaymentView {
    #[serde(flatten)]
    payment: PaymentView,
    /// What the chargeback did, and what it could not do.
    chargeback: ChargebackView,
}

/// What changes the customer needs the permission for that.
fn read(mut fields: Fields, caller: &Caller, payment: PaymentId) -> Result<NewChargeback, Refused> {
    let blacklist_customer = fields.flag("blacklistCustomer").value().unwrap_or(false);
    let restrictions = fields.object("customerRestrictions", |mut inner| {
        let cit = inner.flag("restrictCit").value().unwrap_or(false);
        let mit = inner.flag("restrictMit").value().unwrap_or(false);
        let reason = inner.parse("restrictReason", Reason::parse).value();
        inner.finish(Some((cit, mit, reason)))
    });
    let restrictions = restrictions.value();
    if blacklist_customer || restrictions.is_some() {
        authorise(caller, Permission::CustomersWrite)?;
    }
    let source = ChargebackSource::Recorded;
    let new = NewChargeback { payment, blacklist_customer, restrictions, source, provider: None };
    Ok(fields.finish(Some(new))?)
}

fn shown(recorded: &RecordedChargeback, base: &str) -> interdict_app::Answer {
    let view = ChargebackedPaymentView {
        payment: PaymentView::of(&recorded.payment, base),
        chargeback: ChargebackView::of(&recorded.chargeback, recorded.note),
    };
    let answer = answer::answer(StatusCode::OK, &view);
    match recorded.payment.customer {
        Some(customer) => answer::about(answer, &customer),
        None => answer,
    }
}

#[utoipa::path(
    post,
    path = "/payments/{id}/record-chargeback",
    operation_id = "recordChargeback",
    tag = "Payments",
    summary = "Record a chargeback",
    description = "`blacklistCustomer` puts the customer's email on the blacklist and sets both flags; with either flag \
                   the key needs `customers:write`, too. Recording twice is recording once.",
    params(schemas::PaymentPath),
    request_body = Option<schemas::ChargebackRecord>,
    responses((status = 200, description = "The payment, and what the chargeback did.", body = ChargebackedPaymentView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["payments:write", "customers:write"])),
)]
pub(crate) async fn record(
    Shared(state): Shared<State>,
    key: Secret<PaymentsWrite>,
    InPath(id): InPath<PaymentId>,
    mutation: Mutation,
) -> Response {
    let base = mutation.base(&state);
    let caller = &key.caller;
    mutation
        .run(
            caller,
            |fields| read(fields, caller, id),
            record_chargeback,
            move |recorded, _| shown(recorded, &base),
        )
        .await
}

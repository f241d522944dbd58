//! `/v1/chargebacks`: what was recorded, and taking one back.

use axum::response::Response;
use http::StatusCode;
use interdict_app::reverse_chargeback;
use interdict_domain::chargeback::{Chargeback, Hold};
use interdict_domain::credential::Permission;
use interdict_domain::ids::ChargebackId;

use super::list_page::list_page;
use crate::answer;
use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::extract::{InPath, InQuery, PaymentsRead, PaymentsWrite, Secret, authorise};
use crate::mutation::{Failure, Mutation};
use crate::page::{Cursor, CursorPage, Items};
use crate::schemas;
use crate::views::ChargebackView;

#[utoipa::path(
    get,
    path = "/v1/chargebacks",
    operation_id = "listChargebacks",
    tag = "Chargebacks",
    summary = "List chargebacks",
    params(schemas::PageQuery),
    responses((status = 200, description = "A page of chargebacks, newest first.", body = Items<ChargebackView>)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["payments:read"])),
)]
pub(crate) async fn list(key: Secret<PaymentsRead>, InQuery(mut query): InQuery) -> Response {
    let caller = &key.caller;
    let page = CursorPage::<ChargebackId>::read(&mut query);
    if let Err(details) = query.finish() {
        return ApiError::validation(details).respond(Dialect::Native);
    }
    let cursor = |row: &Chargeback| Cursor { created_at: row.recorded_at, id: row.id.to_string() };
    let show = |chargeback| ChargebackView::of(&chargeback, None);
    list_page(caller, page, |view, (position, limit)| view.chargebacks(position, limit), cursor, show).await
}

/// Whether taking it back may change what is held against the customer.
fn holds_customer(chargeback: &Chargeback) -> bool {
    [chargeback.cit, chargeback.mit, chargeback.email].iter().any(|hold| *hold != Hold::None)
}

#[utoipa::path(
    post,
    path = "/v1/chargebacks/{id}/reverse",
    operation_id = "reverseChargeback",
    tag = "Chargebacks",
    summary = "Take a chargeback back",
    description = "The dispute was won. Lifts only what this chargeback set, and only where no other one wants it and no \
                   person has made it a block of their own. Where it blocked the customer, the key needs \
                   `customers:write`, too.",
    params(schemas::ChargebackPath),
    responses((status = 200, description = "The chargeback.", body = ChargebackView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["payments:write"])),
)]
pub(crate) async fn reverse(
    key: Secret<PaymentsWrite>,
    InPath(id): InPath<ChargebackId>,
    mutation: Mutation,
) -> Response {
    let caller = key.caller.clone();
    mutation
        .run(
            &key.caller,
            |fields| Ok(fields.finish(Some(()))?),
            move |transaction, by, ()| {
                let found = transaction.view().chargeback(id).map_err(Failure::Storage)?;
                // Whoever may not block a customer may not lift the block either.
                if found.is_some_and(|chargeback| holds_customer(&chargeback)) {
                    authorise(&caller, Permission::CustomersWrite)
                        .map_err(|error| Failure::Refused(Box::new(error)))?;
                }
                reverse_chargeback(transaction, by, id).map_err(Failure::from)
            },
            |reversed, _| {
                answer::answer(StatusCode::OK, &ChargebackView::of(&reversed.chargeback, reversed.note))
            },
        )
        .await
}

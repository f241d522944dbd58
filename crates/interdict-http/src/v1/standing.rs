//! A customer's standing and history.

use axum::extract::State as Shared;
use axum::response::Response;
use http::StatusCode;
use interdict_app::decision::DecideError;
use interdict_app::store::StorageError;
use interdict_app::{DecidePaymentError, Standing};
use interdict_domain::change::Subject;
use interdict_domain::ids::CustomerId;
use interdict_domain::scopes::Initiator;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer;
use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::extract::{CustomersRead, InPath, InQuery, Secret};
use crate::interface::State;
use crate::mutation::read_failed;
use crate::page::{Cursor, CursorPage, Items};
use crate::schemas;
use crate::views::{HistoryView, ReasonView};

/// The effective state for one initiator.
#[derive(Serialize, ToSchema)]
#[schema(as = InitiatorStanding)]
pub(crate) struct SideView<'a> {
    /// `allow` or `block`.
    outcome: &'static str,
    /// Why.
    code: &'static str,
    /// Everything that stands, the deciding source first.
    sources: Vec<ReasonView<'a>>,
}

/// The effective state of a customer.
#[derive(Serialize, ToSchema)]
#[schema(as = Standing)]
pub(crate) struct StandingView<'a> {
    /// For customer-initiated payments.
    pub(super) cit: SideView<'a>,
    /// For merchant-initiated payments.
    pub(super) mit: SideView<'a>,
    /// The newest change that was seen.
    pub(super) revision: i64,
}

pub(super) fn side(standing: &Standing) -> SideView<'_> {
    SideView {
        outcome: standing.outcome.as_str(),
        code: standing.code.as_str(),
        sources: standing.sources.iter().map(ReasonView::of_standing).collect(),
    }
}

#[utoipa::path(
    get,
    path = "/v1/customers/{id}/standing",
    operation_id = "getCustomerStanding",
    tag = "Customers",
    summary = "Get a customer's standing",
    description = "The effective state and every source of it.",
    params(schemas::CustomerPath),
    responses((status = 200, description = "What follows for the customer, for each initiator.", body = StandingView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:read"])),
)]
pub(crate) async fn standing(key: Secret<CustomersRead>, InPath(id): InPath<CustomerId>) -> Response {
    let caller = &key.caller;
    let of = |initiator| caller.service.standing(caller.merchant, id, initiator);
    match of(Initiator::Customer).and_then(|cit| Ok((cit, of(Initiator::Merchant)?))) {
        Ok((cit, mit)) => {
            let revision = cit.revision.min(mit.revision);
            let view = StandingView { cit: side(&cit), mit: side(&mit), revision };
            answer::json(StatusCode::OK, &view, revision)
        }
        Err(DecidePaymentError::NotLoaded) => ApiError::index_loading().respond(Dialect::Native),
        Err(DecidePaymentError::Stale) => ApiError::index_stale().respond(Dialect::Native),
        Err(DecidePaymentError::Attempt(
            DecideError::UnknownCustomer
            | DecideError::CustomerDisagreesWithRef
            | DecideError::NothingIdentifies,
        )) => ApiError::not_found("customer").respond(Dialect::Native),
    }
}

#[utoipa::path(
    get,
    path = "/v1/customers/{id}/history",
    operation_id = "listCustomerHistory",
    tag = "Customers",
    summary = "List a customer's changes",
    params(schemas::CustomerPath, schemas::PageQuery),
    responses((status = 200, description = "A page of changes, newest first.", body = Items<HistoryView>)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:read"])),
)]
pub(crate) async fn history(
    Shared(state): Shared<State>,
    key: Secret<CustomersRead>,
    InPath(id): InPath<CustomerId>,
    InQuery(mut query): InQuery,
) -> Response {
    let caller = &key.caller;
    let page = CursorPage::<i64>::read(&mut query);
    if let Err(details) = query.finish() {
        return ApiError::validation(details).respond(Dialect::Native);
    }
    let (limit, before) = (page.limit, page.position.map_or(i64::MAX, |(_, sequence)| sequence));
    let rows = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let found = caller
        .service
        .store()
        .read(caller.merchant, move |view| {
            let known = view.customer(id)?.is_some();
            Ok::<_, StorageError>((
                known,
                view.history(Subject::Customer(id), before, rows)?,
                view.revision()?,
            ))
        })
        .await;
    match found {
        Ok((true, rows, revision)) => {
            let cursor = |item: &interdict_app::store::HistoryItem| Cursor {
                created_at: item.change.at,
                id: item.change.sequence.to_string(),
            };
            let items = Items::from_one_more(rows, limit, cursor);
            let label = |actor: &interdict_domain::actor::Actor| state.app.label_of(actor);
            answer::json(StatusCode::OK, &items.map(|item| HistoryView::of(&item, &label)), revision)
        }
        Ok((false, ..)) => ApiError::not_found("customer").respond(Dialect::Native),
        Err(error) => read_failed(&error).respond(Dialect::Native),
    }
}

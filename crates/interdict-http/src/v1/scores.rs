//! `GET /v1/scores`: transactions that were scored on Idenza's path, as they were answered.

use axum::response::Response;
use interdict_app::store::Score;
use interdict_domain::clock::Timestamp;
use interdict_domain::ids::DecisionId;
use serde::Serialize;
use utoipa::ToSchema;

use super::list_page::list_page;
use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::extract::{InQuery, PaymentsRead, Secret};
use crate::page::{Cursor, CursorPage, Items};
use crate::schemas;

/// A scored transaction.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ScoredTransaction)]
pub(crate) struct ScoredView {
    /// `dec_` and a KSUID.
    #[schema(value_type = String)]
    id: DecisionId,
    /// The caller's own id for it.
    request_id: String,
    /// As the caller wrote it.
    amount: String,
    /// As the caller wrote it.
    currency: String,
    /// `allow` or `block`.
    outcome: String,
    /// Why.
    code: String,
    /// `APPROVE`, `DECLINE` or `REVIEW`.
    action: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl ScoredView {
    fn of(score: Score) -> Self {
        Self {
            id: score.id,
            request_id: score.request_id,
            amount: score.amount,
            currency: score.currency,
            outcome: score.outcome,
            code: score.code,
            action: score.action,
            created_at: score.created_at,
        }
    }
}

#[utoipa::path(
    get,
    path = "/v1/scores",
    operation_id = "listScores",
    tag = "Transaction Scoring",
    summary = "List scored transactions",
    params(schemas::PageQuery),
    responses((status = 200, description = "A page of scored transactions, newest first.", body = Items<ScoredView>)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["payments:read"])),
)]
pub(crate) async fn list(key: Secret<PaymentsRead>, InQuery(mut query): InQuery) -> Response {
    let caller = &key.caller;
    let page = CursorPage::<DecisionId>::read(&mut query);
    if let Err(details) = query.finish() {
        return ApiError::validation(details).respond(Dialect::Native);
    }
    let cursor = |score: &Score| Cursor { created_at: score.created_at, id: score.id.to_string() };
    list_page(caller, page, |view, (position, limit)| view.scores(position, limit), cursor, ScoredView::of)
        .await
}

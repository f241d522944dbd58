//! `GET /v1/scores`: transactions that were scored on Idenza's path, as they were answered.

use axum::response::Response;
use http::StatusCode;
use interdict_app::store::{Score, StorageError};
use interdict_domain::clock::Timestamp;
use interdict_domain::ids::DecisionId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer;
use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::extract::{InQuery, PaymentsRead, Secret};
use crate::mutation::read_failed;
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
    let position = page.position.map(|(at, id)| (at, id.ksuid()));
    let limit = i64::try_from(page.limit + 1).unwrap_or(i64::MAX);
    let found = caller
        .service
        .store()
        .read(caller.merchant, move |view| {
            Ok::<_, StorageError>((view.scores(position, limit)?, view.revision()?))
        })
        .await;
    match found {
        Ok((scores, revision)) => {
            let cursor = |score: &Score| Cursor { created_at: score.created_at, id: score.id.to_string() };
            let items = Items::from_one_more(scores, page.limit, cursor).map(ScoredView::of);
            answer::json(StatusCode::OK, &items, revision)
        }
        Err(error) => read_failed(&error).respond(Dialect::Native),
    }
}

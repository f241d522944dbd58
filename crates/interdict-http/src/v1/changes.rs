//! `GET /v1/changes`: the feed for the merchant's own systems, in order and without a hole.

use std::time::Duration;

use axum::extract::State as Shared;
use axum::response::Response;
use http::StatusCode;
use interdict_app::store::StorageError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer;
use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::extract::{CustomersRead, InQuery, Secret};
use crate::interface::State;
use crate::mutation::read_failed;
use crate::page::{LIMIT_DEFAULT, LIMIT_MAX};
use crate::schemas;
use crate::views::ChangeView;

/// The longest wait for a change.
const WAIT_MS_MAX: u64 = 30_000;

/// Changes after a sequence.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Changes)]
pub(crate) struct ChangesView {
    /// Oldest first. Sequences count the changes of all merchants: between two items of this merchant
    /// there may be others', but none of this one's.
    items: Vec<ChangeView>,
    /// For the next call's `after`: everything up to it was answered.
    next_cursor: String,
    /// Whether there is more already.
    has_more: bool,
}

#[utoipa::path(
    get,
    path = "/v1/changes",
    operation_id = "listChanges",
    tag = "Changes",
    summary = "Follow the changes",
    params(schemas::ChangesQuery),
    responses(
        (status = 200, description = "Changes after a sequence, oldest first, without a hole.", body = ChangesView),
        (status = 410, description = "`not_retained`: changes after the sequence were trimmed. Read customers and entries anew, then go on with `after` as `trimmedThrough` says.", body = schemas::Error),
    ),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:read"])),
)]
pub(crate) async fn list(
    Shared(state): Shared<State>,
    key: Secret<CustomersRead>,
    InQuery(mut query): InQuery,
) -> Response {
    let caller = &key.caller;
    let after = query.integer("after", 0..=i64::MAX.unsigned_abs());
    let after = after.and_then(|after| i64::try_from(after).ok());
    let limit = query.integer("limit", 1..=LIMIT_MAX as u64).unwrap_or(LIMIT_DEFAULT as u64);
    let wait_ms = query.integer("wait_ms", 0..=WAIT_MS_MAX).unwrap_or(0);
    if let Err(details) = query.finish() {
        return ApiError::validation(details).respond(Dialect::Native);
    }
    let (after, limit) = (after.unwrap_or(0), usize::try_from(limit).unwrap_or(LIMIT_MAX));
    let deadline = tokio::time::Instant::now() + Duration::from_millis(wait_ms);
    loop {
        let rows = i64::try_from(limit + 1).unwrap_or(i64::MAX);
        let found = caller
            .service
            .store()
            .read(caller.merchant, move |view| {
                let trimmed_through = view.trimmed_through()?;
                // What is left begins behind a hole: nobody is to take it for all there was.
                let items =
                    if after < trimmed_through { Vec::new() } else { view.changes_after(after, rows)? };
                Ok::<_, StorageError>((items, view.revision()?, trimmed_through))
            })
            .await;
        let (mut items, revision, trimmed_through) = match found {
            Ok(found) => found,
            Err(error) => return read_failed(&error).respond(Dialect::Native),
        };
        if after < trimmed_through {
            return ApiError::not_retained(trimmed_through).respond(Dialect::Native);
        }
        let left = deadline.saturating_duration_since(tokio::time::Instant::now());
        if items.is_empty() && !left.is_zero() && !state.is_stopping() {
            // Another merchant's change wakes this up, too: then it looks again.
            tokio::select! {
                _ = caller.service.wait_for_revision(revision.saturating_add(1), left) => {}
                () = state.stopping() => {}
            }
            continue;
        }
        let has_more = items.len() > limit;
        items.truncate(limit);
        let next = if has_more {
            items.last().map_or(after, |item| item.change.sequence)
        } else {
            revision.max(after)
        };
        let label = |actor: &interdict_domain::actor::Actor| state.app.label_of(actor);
        let view = ChangesView {
            items: items.iter().map(|item| ChangeView::of(item, &label)).collect(),
            next_cursor: next.to_string(),
            has_more,
        };
        return answer::json(StatusCode::OK, &view, revision);
    }
}

//! `POST /v1/decisions/replay`: why, at an earlier revision? The same attempt, judged on what stood then.
//!
//! Deliberately not here: what was answered then ([`super::decision_log`]).

use axum::extract::{Request, State as Shared};
use axum::response::Response;
use http::StatusCode;
use interdict_app::{ReplayError, Replayed};
use interdict_domain::clock::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::attempt::{self, Raw};
use super::decisions::{undecided, unresolved};
use crate::answer;
use crate::body;
use crate::dialect::Dialect;
use crate::error::{ApiError, Detail};
use crate::extract::{Decisions, Secret};
use crate::interface::State;
use crate::json::{self, Fields, Path};
use crate::mutation::read_failed;
use crate::schemas;
use crate::views::DecisionView;

/// A decision as it would have been.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ReplayedDecision)]
pub(crate) struct ReplayedView<'a> {
    #[serde(flatten)]
    decision: DecisionView<'a>,
    /// Whether it concerns somebody who was erased since: their values, reasons and messages are missing, and of what
    /// was trimmed since only the blocks are left.
    erased: bool,
}

/// Which revision, at which moment, and the attempt.
fn read(mut fields: Fields) -> Result<(i64, Option<Timestamp>, Raw<'static>), Vec<Detail>> {
    let revision = fields.integer("revision", 1..=i64::MAX);
    let revision = fields.required("revision", revision);
    let at = fields.time("at").value();
    let raw = attempt::read(fields)?;
    // What is missing was a problem already.
    Ok((revision.unwrap_or_default(), at, raw))
}

#[utoipa::path(
    post,
    path = "/v1/decisions/replay",
    operation_id = "replayDecision",
    tag = "Decisions",
    summary = "Judge an attempt as of an earlier revision",
    description = "On what stood at `revision`, at the moment of that revision or at `at`, with the explanation. It counts \
                   no hit and is not kept. `revision` in the answer is the one asked for, `decidedAt` the moment that it \
                   was judged at. What the outage policy would have said is no part of it.",
    request_body = schemas::ReplayRequest,
    responses(
        (status = 200, description = "What the attempt would have got, and why.", body = ReplayedView),
        (status = 404, description = "`not_retained`: the feed does not reach back to the revision, `retainedFrom` says how far it does; or `not_found`: there was no such customer then.", body = schemas::Error),
    ),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["decisions"])),
)]
pub(crate) async fn replay(
    Shared(state): Shared<State>,
    key: Secret<Decisions>,
    request: Request,
) -> Response {
    match judge(&state, &key, request).await {
        Ok((body, revision)) => answer::bytes(StatusCode::OK, body, revision),
        Err(error) => error.respond(Dialect::Native),
    }
}

async fn judge(state: &State, key: &Secret<Decisions>, request: Request) -> Result<(Vec<u8>, i64), ApiError> {
    let (parts, sent) = request.into_parts();
    let bytes = body::read_json(&parts.headers, sent, state.body_limits(body::LIMIT_BYTES)).await?;
    let fields = if bytes.is_empty() { Fields::empty() } else { Fields::new(json::parse(&bytes)?) };
    let (revision, at, raw) = read(fields)?;
    let resolved = raw.resolve(Path::root, || key.caller.phone_region()).map_err(unresolved)?;
    let (caller, attempt) = (&key.caller, resolved.attempt());
    let replayed = caller.service.replay(caller.merchant, revision, at, &attempt, |decision, on| {
        let Replayed { id, at, has_erased } = on;
        let decision = DecisionView::of(decision, id, resolved.initiator, at, false);
        answer::encode(&ReplayedView { decision, erased: has_erased })
    });
    let body = replayed.await.map_err(refused)?;
    Ok((body, caller.service.readiness().revision))
}

fn refused(error: ReplayError) -> ApiError {
    match error {
        ReplayError::NotYet(newest) => {
            ApiError::invalid("revision", format!("must be at most {newest}, the newest that there is"))
        }
        ReplayError::NotRetained(oldest) => ApiError::revision_not_retained(oldest),
        ReplayError::ClockNotRetained => ApiError::clock_not_retained(),
        ReplayError::Decide(error) => undecided(error, &Path::root()),
        ReplayError::Storage(error) => read_failed(&error),
    }
}

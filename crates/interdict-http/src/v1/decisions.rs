//! `POST /v1/decisions`: may this customer pay, now, this way? The hot route: it is answered before
//! the router.

use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Request, Response, StatusCode};
use hyper::body::Incoming;
use interdict_app::decision::DecideError;
use interdict_app::{Caller, DecidePaymentError};
use interdict_domain::credential::Permission;

use super::attempt::{self, Raw, Resolved, Unresolved};
use crate::body;
use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::extract::{at_least, authenticate, authorise, shown};
use crate::interface::{AnswerBody, REVISION, State};
use crate::json::{self, Fields, Path};
use crate::schemas;
use crate::server::ClientAddress;
use crate::views::{self, DecisionView};

/// Answers a request of the hot route.
#[utoipa::path(
    post,
    path = "/v1/decisions",
    operation_id = "decide",
    tag = "Decisions",
    summary = "Decide on an attempt to pay",
    description = "A customer id that nobody has is 404. While the lists may be stale, `degraded` is true, and what \
                   they do not block goes as the settings' `outage` says: decided all the same, blocked with the code \
                   `degraded_blocked` and without reasons, or 503 `index_stale`.",
    request_body = schemas::AttemptRequest,
    responses((status = 200, description = "Whether this payer may pay, now, this way, and why.", body = DecisionView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["decisions"])),
)]
pub(crate) async fn answer(
    state: State,
    request: Request<Incoming>,
    client: ClientAddress,
) -> Response<AnswerBody> {
    let started = crate::observed::Observed::start();
    let response = match decide(&state, request, client).await {
        Ok((body, revision)) => respond(body, revision),
        Err(error) => error.respond(Dialect::Native),
    };
    state.observed.decisions.answered(response.status(), started);
    response
}

/// A 200 with a body at hand.
pub(crate) fn respond(body: Vec<u8>, revision: i64) -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::from(bytes::Bytes::from(body)));
    *response.status_mut() = StatusCode::OK;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(REVISION, HeaderValue::from(revision));
    response
}

/// The caller of a hot route: from memory nearly always.
pub(crate) async fn caller(
    state: &State,
    headers: &HeaderMap,
    client: ClientAddress,
) -> Result<Caller, ApiError> {
    let known = shown(headers).and_then(|secret| state.app.authenticate_from_memory(secret));
    let caller = match known {
        Some(caller) if !caller.is_publishable() => caller,
        _ => authenticate(state, headers, client).await?,
    };
    authorise(&caller, Permission::Decisions)?;
    at_least(state, &caller, headers).await?;
    Ok(caller)
}

async fn decide(
    state: &State,
    request: Request<Incoming>,
    client: ClientAddress,
) -> Result<(Vec<u8>, i64), ApiError> {
    let (parts, body) = request.into_parts();
    let caller = caller(state, &parts.headers, client).await?;
    let bytes = body::read_json(&parts.headers, body, state.body_limits(body::LIMIT_BYTES)).await?;
    let raw = match json::read_usual::<Raw<'_>>(&bytes) {
        Some(raw) => raw,
        None if bytes.is_empty() => attempt::read(Fields::empty())?,
        None => attempt::read(Fields::new(json::parse(&bytes)?))?,
    };
    let resolved = raw.resolve(Path::root, || caller.phone_region()).map_err(unresolved)?;
    decide_resolved(state, &caller, &resolved)
}

/// What cannot be resolved, as outsiders see it.
pub(crate) fn unresolved(error: Unresolved) -> ApiError {
    match error {
        Unresolved::Invalid(details) => ApiError::validation(details),
        Unresolved::UnknownCustomer => ApiError::not_found("customer"),
    }
}

/// What cannot be decided, as outsiders see it. `path` is where the attempt stands in its body.
pub(crate) fn undecided(error: DecidePaymentError, path: &Path) -> ApiError {
    match error {
        DecidePaymentError::NotLoaded => ApiError::index_loading(),
        DecidePaymentError::Stale => ApiError::index_stale(),
        DecidePaymentError::Attempt(DecideError::UnknownCustomer) => ApiError::not_found("customer"),
        DecidePaymentError::Attempt(DecideError::CustomerDisagreesWithRef) => ApiError::invalid(
            path.name("merchantRef").to_string(),
            "names another customer than customer does",
        ),
        DecidePaymentError::Attempt(DecideError::NothingIdentifies) => ApiError::invalid(
            path.to_string(),
            "must identify the payer: send customer, merchantRef, email, or another kind of identifier",
        ),
    }
}

fn decide_resolved(
    state: &State,
    caller: &Caller,
    resolved: &Resolved<'_>,
) -> Result<(Vec<u8>, i64), ApiError> {
    let service = &caller.service;
    let now = service.now();
    service
        .decide(caller.merchant, now, &resolved.attempt(), |decision, judged| {
            state.observed.decided(decision);
            let body =
                views::write_decision(decision, judged.id, resolved.initiator, judged.at, judged.degraded);
            (body, decision.revision)
        })
        .map_err(|error| undecided(error, &Path::root()))
}

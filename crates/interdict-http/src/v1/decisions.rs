//! `POST /v1/decisions`: may this customer pay, now, this way? The hot route: it is answered before
//! the router.

use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Request, Response, StatusCode};
use hyper::body::Incoming;
use interdict_app::decision::{Counted, DecideError, Decision, Explanation, Outcome};
use interdict_app::{Caller, DecidePaymentError};
use interdict_domain::clock::Timestamp;
use interdict_domain::credential::Permission;
use interdict_domain::ids::{CustomerId, DecisionId, EntryId};
use interdict_domain::scopes::Initiator;
use serde::Serialize;
use smallvec::SmallVec;
use utoipa::ToSchema;

use super::attempt::{self, Raw, Resolved, Unresolved};
use crate::answer::encode;
use crate::body;
use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::extract::{at_least, authenticate, authorise, shown};
use crate::interface::{AnswerBody, REVISION, State};
use crate::json::{self, Fields, Path};
use crate::schemas;
use crate::server::ClientAddress;
use crate::views::ReasonView;

/// What a payer is told when no entry says anything better.
pub(crate) const NEUTRAL_MESSAGE: &str = "This payment cannot be completed. Please contact the merchant.";

/// The answer for one attempt.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Decision)]
pub(crate) struct DecisionView<'a> {
    /// `dec_` and a KSUID.
    #[schema(value_type = String)]
    id: DecisionId,
    /// `allow` or `block`.
    outcome: &'static str,
    /// Why.
    code: &'static str,
    /// What to tell the payer; null when the payment may go on. Never the internal reason.
    message: Option<&'a str>,
    /// `customer` or `merchant`.
    #[schema(value_type = String)]
    initiator: Initiator,
    /// The customer named by id or ref.
    #[schema(value_type = Option<String>)]
    customer: Option<CustomerId>,
    /// Everything that matched, the deciding source first.
    #[schema(value_type = Vec<ReasonView>)]
    reasons: SmallVec<[ReasonView<'a>; 2]>,
    /// The newest change that was seen.
    revision: i64,
    /// Whether the lists may be stale.
    degraded: bool,
    #[schema(value_type = String, format = DateTime)]
    decided_at: Timestamp,
    /// When asked for with `explain: true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<ExplanationView<'a>>,
}

/// How a decision came about.
#[derive(Serialize, ToSchema)]
#[schema(as = Explanation)]
pub(crate) struct ExplanationView<'a> {
    /// Every customer that counted.
    customers: Vec<CountedView<'a>>,
    /// Every lookup, once.
    lookups: Vec<LookupView<'a>>,
    /// All seven steps of the order.
    tiers: Vec<TierView>,
}

/// A customer that counted.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CountedCustomer)]
pub(crate) struct CountedView<'a> {
    #[schema(value_type = String)]
    id: CustomerId,
    /// `id`, `merchantRef`, or the kind of the identifier that it shares.
    found_by: &'static str,
    /// The shared identifier, normalised.
    value: Option<&'a str>,
    /// Whether a whitelist status of it would count.
    whitelist_applies: bool,
}

/// One lookup.
#[derive(Serialize, ToSchema)]
#[schema(as = ExplainedLookup)]
pub(crate) struct LookupView<'a> {
    kind: &'static str,
    /// Normalised.
    value: Option<&'a str>,
    /// How it was compared with entries.
    rule: &'static str,
    /// Whether something was found.
    hit: bool,
    #[schema(value_type = Option<String>)]
    entry: Option<EntryId>,
    /// Whether allow entries could match it.
    verified: bool,
}

/// One step of the order.
#[derive(Serialize, ToSchema)]
#[schema(as = ExplainedTier)]
pub(crate) struct TierView {
    /// 1 to 7.
    tier: u8,
    /// Whether the order got that far.
    reached: bool,
    /// What it says; null when nothing matched in it.
    outcome: Option<&'static str>,
}

fn explain<'a>(explanation: &'a Explanation<'a>) -> ExplanationView<'a> {
    let customers = explanation.customers.iter().map(|customer| {
        let (found_by, value) = match &customer.how {
            Counted::Id => ("id", None),
            Counted::MerchantRef => ("merchantRef", None),
            Counted::Shared { kind, value } => (kind.as_str(), value.as_deref()),
        };
        CountedView { id: customer.id, found_by, value, whitelist_applies: customer.whitelist_applies }
    });
    let lookups = explanation.lookups.iter().map(|lookup| LookupView {
        kind: lookup.kind.as_str(),
        value: lookup.value.as_deref(),
        rule: lookup.rule.as_str(),
        hit: lookup.hit,
        entry: lookup.entry,
        verified: lookup.verified,
    });
    let tiers = explanation.tiers.iter().map(|tier| TierView {
        tier: tier.tier.number(),
        reached: tier.reached,
        outcome: tier.outcome.map(Outcome::as_str),
    });
    ExplanationView { customers: customers.collect(), lookups: lookups.collect(), tiers: tiers.collect() }
}

/// Answers a request of the hot route.
#[utoipa::path(
    post,
    path = "/v1/decisions",
    operation_id = "decide",
    tag = "Decisions",
    summary = "Decide on an attempt to pay",
    description = "A customer id that nobody has is 404.",
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
        Some(caller) if !caller.publishable => caller,
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
    let raw = match serde_json::from_slice::<Raw<'_>>(&bytes) {
        Ok(raw) => raw,
        Err(_) if bytes.is_empty() => attempt::read(Fields::empty())?,
        Err(_) => attempt::read(Fields::new(json::parse(&bytes)?))?,
    };
    let resolved = raw.resolve(&Path::root()).map_err(unresolved)?;
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
        .decide(caller.merchant, now, &resolved.attempt(), |decision, degraded| {
            state.observed.decided(decision);
            let view = DecisionView {
                id: DecisionId::generate(now, service.random()),
                outcome: decision.outcome.as_str(),
                code: decision.code.as_str(),
                message: message(decision),
                initiator: resolved.initiator,
                customer: decision.customer,
                reasons: decision.sources.iter().map(ReasonView::of).collect(),
                revision: decision.revision,
                degraded,
                decided_at: now,
                explanation: decision.explanation.as_deref().map(explain),
            };
            (encode(&view), decision.revision)
        })
        .map_err(|error| undecided(error, &Path::root()))
}

/// What the payer is told.
pub(crate) fn message<'a>(decision: &'a Decision<'_>) -> Option<&'a str> {
    match decision.outcome {
        Outcome::Allow => None,
        Outcome::Block => Some(decision.public_message.as_deref().unwrap_or(NEUTRAL_MESSAGE)),
    }
}

//! `POST /v1/decisions/batch`: up to 10,000 attempts in one call, answered in order. A bad item is an
//! error in its place, not a failed batch.

use http::{Request, Response};
use hyper::body::Incoming;
use interdict_app::Caller;
use interdict_domain::clock::Timestamp;
use interdict_domain::ids::DecisionId;
use serde::ser::{SerializeSeq as _, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use smallvec::SmallVec;
use utoipa::ToSchema;

use super::attempt::{self, Raw};
use super::decisions::{caller, respond, undecided, unresolved};
use crate::answer::encode;
use crate::body;
use crate::dialect::Dialect;
use crate::error::{ApiError, Detail};
use crate::interface::{AnswerBody, State};
use crate::json::{self, Fields, JsonError, Path};
use crate::schemas;
use crate::server::ClientAddress;
use crate::views::ReasonView;

/// The most attempts of one call.
const ATTEMPTS_MAX: usize = 10_000;

/// The answers for many attempts.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DecisionBatch)]
pub(crate) struct BatchView<R: Serialize> {
    /// `dec_` and a KSUID, for the batch as a whole.
    #[schema(value_type = String)]
    id: DecisionId,
    /// The newest change that each of them has seen.
    revision: i64,
    /// Whether the lists may be stale.
    degraded: bool,
    #[schema(value_type = String, format = DateTime)]
    decided_at: Timestamp,
    /// One a decision, in order.
    #[schema(value_type = Vec<schemas::BatchResult>)]
    results: R,
}

/// One answer of a batch.
#[derive(Serialize, ToSchema)]
#[schema(as = BatchItem)]
pub(crate) struct BatchItemView<'a> {
    /// `allow` or `block`.
    outcome: &'static str,
    /// Why.
    code: &'static str,
    /// Everything that matched, the deciding source first; left out when nothing did.
    #[serde(skip_serializing_if = "SmallVec::is_empty")]
    #[schema(value_type = Vec<ReasonView>)]
    reasons: SmallVec<[ReasonView<'a>; 2]>,
}

/// A bad item, in its place.
#[derive(Serialize, ToSchema)]
#[schema(as = BatchItemError)]
pub(crate) struct BadItemView {
    error: Value,
}

/// The fast way of a whole batch.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FastBatch<'a> {
    #[serde(borrow)]
    decisions: Vec<Raw<'a>>,
}

/// The way of a batch with unusual items: each is read by itself.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SlowBatch<'a> {
    #[serde(borrow)]
    decisions: Vec<&'a RawValue>,
}

type Item<'a> = Result<Raw<'a>, Vec<Detail>>;

/// Answers a request for many decisions.
#[utoipa::path(
    post,
    path = "/v1/decisions/batch",
    operation_id = "decideBatch",
    tag = "Decisions",
    summary = "Decide on many attempts",
    description = "A bad item is an error in its place, not a failed batch. The body may have 16 MiB.",
    request_body = schemas::DecisionBatchRequest,
    responses((status = 200, description = "One result for each attempt, in order.", body = BatchView<schemas::BatchResult>)),
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
    state.observed.batches.answered(response.status(), started);
    response
}

async fn decide(
    state: &State,
    request: Request<Incoming>,
    client: ClientAddress,
) -> Result<(Vec<u8>, i64), ApiError> {
    let (parts, body) = request.into_parts();
    let caller = caller(state, &parts.headers, client).await?;
    let bytes = body::read_json(&parts.headers, body, state.body_limits(body::BATCH_LIMIT_BYTES)).await?;
    let items = read(&bytes)?;
    if !caller.service.readiness().loaded {
        return Err(ApiError::index_loading());
    }
    Ok(decide_all(state, &caller, items))
}

fn read(bytes: &[u8]) -> Result<Vec<Item<'_>>, ApiError> {
    // An array would pass, too: serde takes one for a struct.
    if bytes.trim_ascii_start().starts_with(b"{") {
        if let Ok(batch) = serde_json::from_slice::<FastBatch<'_>>(bytes)
            && batch.decisions.len() <= ATTEMPTS_MAX
        {
            return Ok(batch.decisions.into_iter().map(Ok).collect());
        }
        if let Ok(batch) = serde_json::from_slice::<SlowBatch<'_>>(bytes)
            && batch.decisions.len() <= ATTEMPTS_MAX
        {
            return batch.decisions.into_iter().enumerate().map(read_item).collect();
        }
    }
    // Something is wrong with the batch itself.
    let mut fields = if bytes.is_empty() { Fields::empty() } else { Fields::new(json::parse(bytes)?) };
    let items = fields.objects("decisions", 0..=ATTEMPTS_MAX);
    let items = fields.required("decisions", items);
    let items = fields.finish(items)?;
    Ok(items.into_iter().map(attempt::read).collect())
}

/// An item that is JSON but none that we take (ADR 0003), such as one with a key twice, is bad by itself.
fn read_item<'a>((index, raw): (usize, &RawValue)) -> Result<Item<'a>, ApiError> {
    let path = Path::root().name("decisions").index(index);
    match json::parse(raw.get().as_bytes()) {
        Ok(json) => Ok(attempt::read(Fields::at(path, json))),
        Err(JsonError::Malformed) => Err(ApiError::bad_request()),
        Err(JsonError::Unacceptable { path: inner, issue }) => {
            let path = if inner.is_empty() { path.to_string() } else { format!("{path}.{inner}") };
            Ok(Err(vec![Detail::new(path, issue)]))
        }
    }
}

fn decide_all(state: &State, caller: &Caller, items: Vec<Item<'_>>) -> (Vec<u8>, i64) {
    let service = &caller.service;
    let now = service.now();
    // Read before the first decision: each of them has seen at least this.
    let readiness = service.readiness();
    let view = BatchView {
        id: DecisionId::generate(now, service.random()),
        revision: readiness.revision,
        degraded: !readiness.fresh,
        decided_at: now,
        results: Results { state, caller, now, items: std::cell::Cell::new(items) },
    };
    (encode(&view), readiness.revision)
}

/// Decides while it is written: no answer is kept longer than it takes to write it down.
struct Results<'s, 'a> {
    state: &'s State,
    caller: &'s Caller,
    now: Timestamp,
    items: std::cell::Cell<Vec<Item<'a>>>,
}

impl Serialize for Results<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let items = self.items.take();
        let mut sequence = serializer.serialize_seq(Some(items.len()))?;
        for (index, item) in items.into_iter().enumerate() {
            self.write(index, item, &mut sequence)?;
        }
        sequence.end()
    }
}

impl Results<'_, '_> {
    fn write<Q: serde::ser::SerializeSeq>(
        &self,
        index: usize,
        item: Item<'_>,
        sequence: &mut Q,
    ) -> Result<(), Q::Error> {
        let path = || Path::root().name("decisions").index(index);
        let bad = |error: &ApiError| BadItemView { error: error.envelope() };
        let resolved =
            match item.map_err(ApiError::validation).and_then(|raw| raw.resolve(&path()).map_err(unresolved))
            {
                Ok(resolved) => resolved,
                Err(error) => return sequence.serialize_element(&bad(&error)),
            };
        let decided =
            self.caller.service.decide(self.caller.merchant, self.now, &resolved.attempt(), |decision, _| {
                self.state.observed.decided(decision);
                sequence.serialize_element(&BatchItemView {
                    outcome: decision.outcome.as_str(),
                    code: decision.code.as_str(),
                    reasons: decision.sources.iter().map(ReasonView::of).collect(),
                })
            });
        match decided {
            Ok(written) => written,
            Err(error) => sequence.serialize_element(&bad(&undecided(error, &path()))),
        }
    }
}

//! `POST /v1/decisions/batch`: up to 10,000 attempts in one call, answered in order. A bad item is an
//! error in its place, not a failed batch.

use http::{Request, Response};
use hyper::body::Incoming;
use interdict_app::decision::Decision;
use interdict_app::{Caller, PaymentAttempt, Sitting};
use interdict_domain::clock::Timestamp;
use interdict_domain::ids::DecisionId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use smallvec::SmallVec;
use utoipa::ToSchema;

use super::attempt::{self, Raw, Resolved};
use super::decisions::{caller, respond, undecided, unresolved};
use crate::body;
use crate::dialect::Dialect;
use crate::error::{ApiError, Detail};
use crate::interface::{AnswerBody, State};
use crate::json::{self, Fields, JsonError, Path};
use crate::schemas;
use crate::server::ClientAddress;
use crate::views::{ReasonView, Text, write_reasons};

/// The most attempts of one call.
const ATTEMPTS_MAX: usize = 10_000;
/// Attempts that are decided together.
const TOGETHER: usize = 32;
/// Bytes of a usual result, and of what is around all of them.
const ROOM_EACH: usize = 256;
const ROOM_AROUND: usize = 256;

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
    description = "A bad item is an error in its place, not a failed batch; so is one that is to be sent again later \
                   because the lists may be stale. The body may have 16 MiB.",
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
        if let Some(batch) = json::read_usual::<FastBatch<'_>>(bytes)
            && batch.decisions.len() <= ATTEMPTS_MAX
        {
            return Ok(batch.decisions.into_iter().map(Ok).collect());
        }
        if let Some(batch) = json::read_usual::<SlowBatch<'_>>(bytes)
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
    let sitting = service.sit(caller.merchant, now);
    let mut text = Text::with_room(items.len().saturating_mul(ROOM_EACH).saturating_add(ROOM_AROUND));
    text.raw("{\"id\":").id(Some(sitting.id().text()));
    text.raw(",\"revision\":").integer(sitting.revision());
    text.raw(",\"degraded\":").flag(sitting.is_degraded());
    text.raw(",\"decidedAt\":").time(now);
    text.raw(",\"results\":[");
    let mut results =
        Results { state, caller, sitting: &sitting, text, written: 0, waiting: SmallVec::new() };
    for item in items {
        results.take(item);
    }
    results.decide();
    let mut text = results.text;
    text.raw("]}");
    (text.finish(), sitting.revision())
}

/// Where the result at this place stands in the request.
fn path_of(place: usize) -> Path {
    Path::root().name("decisions").index(place)
}

/// Decides some at a time while it is written: no answer is kept longer than it takes to write it down.
struct Results<'s, 'a> {
    state: &'s State,
    caller: &'s Caller,
    sitting: &'s Sitting<'s>,
    text: Text,
    /// Results that are written.
    written: usize,
    /// Attempts to be decided next.
    waiting: SmallVec<[Resolved<'a>; TOGETHER]>,
}

impl<'a> Results<'_, 'a> {
    fn take(&mut self, item: Item<'a>) {
        let place = self.written + self.waiting.len();
        let caller = self.caller;
        let resolved = item
            .map_err(ApiError::validation)
            .and_then(|raw| raw.resolve(|| path_of(place), || caller.phone_region()).map_err(unresolved));
        match resolved {
            Ok(resolved) => {
                self.waiting.push(resolved);
                if self.waiting.len() == TOGETHER {
                    self.decide();
                }
            }
            Err(error) => {
                self.decide();
                write_bad(&mut self.text, &mut self.written, &error);
            }
        }
    }

    /// Decides and writes what waits.
    fn decide(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        let attempts: SmallVec<[PaymentAttempt<'_>; TOGETHER]> =
            waiting.iter().map(Resolved::attempt).collect();
        let Self { state, sitting, ref mut text, ref mut written, .. } = *self;
        let first = *written;
        sitting.decide_all(first, &attempts, |at, decided| match decided {
            Ok(decision) => {
                state.observed.decided(decision);
                write_item(text, written, decision);
            }
            Err(error) => write_bad(text, written, &undecided(error, &path_of(first + at))),
        });
    }
}

/// As serde writes a [`BatchItemView`].
fn write_item(text: &mut Text, written: &mut usize, decision: &Decision<'_>) {
    text.raw(if *written == 0 { "{\"outcome\":" } else { ",{\"outcome\":" });
    text.word(decision.outcome.as_str()).raw(",\"code\":").word(decision.code.as_str());
    if !decision.sources.is_empty() {
        text.raw(",\"reasons\":");
        write_reasons(text, &decision.sources);
    }
    text.raw("}");
    *written += 1;
}

fn write_bad(text: &mut Text, written: &mut usize, error: &ApiError) {
    text.raw(if *written == 0 { "" } else { "," }).any(&BadItemView { error: error.envelope() });
    *written += 1;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::views::test_decisions;

    #[test]
    fn both_ways_of_writing_give_the_same_bytes() {
        let (mut text, mut written) = (Text::new(), 0);
        let decisions = test_decisions();
        for decision in &decisions {
            write_item(&mut text, &mut written, decision);
        }
        let results: Vec<BatchItemView<'_>> = decisions
            .iter()
            .map(|decision| BatchItemView {
                outcome: decision.outcome.as_str(),
                code: decision.code.as_str(),
                reasons: decision.sources.iter().map(ReasonView::of).collect(),
            })
            .collect();
        let text = String::from_utf8(text.finish()).unwrap();
        assert_eq!(format!("[{text}]"), serde_json::to_string(&results).unwrap());
        assert_eq!(written, decisions.len());
    }
}

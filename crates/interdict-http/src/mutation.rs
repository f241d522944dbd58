//! How every mutation goes: read the body, run the use case in the next commit together with the
//! record for replays, answer with the revision.

mod failure;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRequest, Request};
use axum::response::Response;
use bytes::Bytes;
use http::header::{HOST, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use interdict_app::store::{Authorship, Foreseen, MerchantTransaction};
use interdict_app::{
    Answer, Begun, Caller, MutateError, Mutated, PaymentError, Replayable, Service, ShowPaid,
};

use interdict_domain::actor::Actor;
use interdict_domain::merchant::MerchantNumber;

use crate::answer;
use crate::body;
use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::extract::{Rejected, reject};
use crate::interface::State;
use crate::json::{self, Fields};

pub(crate) use failure::{Failure, Refused, read_failed, refused};
use failure::{refusal, refuse};

const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// How long a change may take until it holds on all nodes.
const CLUSTER_WAIT: Duration = Duration::from_secs(5);
/// The longest `Idempotency-Key`.
const IDEMPOTENCY_KEY_CHARS_MAX: usize = 255;

/// A mutation as it arrived.
pub(crate) struct Mutation {
    method: String,
    path: String,
    query: String,
    idempotency_key: Option<String>,
    bytes: Bytes,
    dialect: Dialect,
    host: Option<HeaderValue>,
    /// The answer waits until the change holds on all nodes.
    waits_for_all: bool,
}

impl FromRequest<State> for Mutation {
    type Rejection = Rejected;

    async fn from_request(request: Request, state: &State) -> Result<Self, Rejected> {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path().to_owned();
        let idempotency_key = idempotency_key(&parts.headers).map_err(|error| reject(&error, &path))?;
        let waits_for_all = waits_for_all(&parts.headers).map_err(|error| reject(&error, &path))?;
        let limits = state.body_limits(body::LIMIT_BYTES);
        let bytes =
            body::read_json(&parts.headers, body, limits).await.map_err(|error| reject(&error, &path))?;
        Ok(Self {
            method: parts.method.as_str().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            dialect: Dialect::of_path(&path),
            path,
            idempotency_key,
            bytes,
            host: parts.headers.get(HOST).cloned(),
            waits_for_all,
        })
    }
}

pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let key = value.to_str().ok().filter(|key| !key.is_empty() && key.len() <= IDEMPOTENCY_KEY_CHARS_MAX);
    match key {
        Some(key) => Ok(Some(key.to_owned())),
        None => Err(ApiError::bad_header("Idempotency-Key must be 1 to 255 visible ASCII characters.")),
    }
}

fn waits_for_all(headers: &HeaderMap) -> Result<bool, ApiError> {
    match headers.get("interdict-wait") {
        None => Ok(false),
        Some(value) if value == "cluster" => Ok(true),
        Some(_) => Err(ApiError::bad_header("Interdict-Wait must be \"cluster\", or be left out.")),
    }
}

impl Mutation {
    /// The fields of the body; an empty body has none.
    fn fields(&self) -> Result<Fields, ApiError> {
        let fields =
            if self.bytes.is_empty() { Fields::empty() } else { Fields::new(json::parse(&self.bytes)?) };
        // Idenza takes its parameters from the body or from the query.
        Ok(if self.dialect == Dialect::Idenza { fields.and_query(&self.query) } else { fields })
    }

    /// What the body holds, for a call that has to look at something before its use case runs.
    pub(crate) fn read<I>(&self, read: impl FnOnce(Fields) -> Result<I, Refused>) -> Result<I, Refused> {
        self.fields().map_err(Refused::from).and_then(read)
    }

    /// This service's own address, as people reach it.
    pub(crate) fn base(&self, state: &State) -> String {
        state.base_at(self.host.as_ref())
    }

    /// What the path names is going to be read.
    fn named(&self, merchant: MerchantNumber) -> Vec<Foreseen> {
        let words = self.path.split('/');
        words.filter_map(|word| Some(Foreseen::customer(merchant, word.parse().ok()?))).collect()
    }

    fn replayable(&self, service: &Service) -> Option<Replayable> {
        let key = self.idempotency_key.as_ref()?;
        Some(service.replayable(&self.method, &self.path, key, &self.query, &self.bytes))
    }

    /// Runs a use case on a payment: the gateway may be asked between two commits.
    pub(crate) async fn pay<I>(
        self,
        caller: &Caller,
        read: impl FnOnce(Fields) -> Result<I, Refused>,
        act: impl FnOnce(
            &Service,
            &mut MerchantTransaction<'_, '_>,
            &Authorship<'_>,
            I,
        ) -> Result<Begun, PaymentError>
        + Send
        + 'static,
        show: ShowPaid,
    ) -> Response
    where
        I: Send + 'static,
    {
        let actor = caller.actor();
        self.pay_as(&caller.service, caller.merchant, actor, read, act, show).await
    }

    /// The same for whoever it is.
    pub(crate) async fn pay_as<I>(
        self,
        service: &Arc<Service>,
        merchant: MerchantNumber,
        actor: Actor,
        read: impl FnOnce(Fields) -> Result<I, Refused>,
        act: impl FnOnce(
            &Service,
            &mut MerchantTransaction<'_, '_>,
            &Authorship<'_>,
            I,
        ) -> Result<Begun, PaymentError>
        + Send
        + 'static,
        show: ShowPaid,
    ) -> Response
    where
        I: Send + 'static,
    {
        let replayable = self.replayable(service);
        let input = self.fields().map_err(Refused::from).and_then(read);
        let dialect = self.dialect;
        if replayable.is_none()
            && let Err(Refused(error)) = &input
        {
            return error.respond(dialect);
        }
        let inner = Arc::clone(service);
        let begin = move |transaction: &mut MerchantTransaction<'_, '_>, by: &Authorship<'_>| {
            let input = input.map_err(|Refused(error)| refusal(&error, dialect))?;
            act(&inner, transaction, by, input).map_err(|error| refused(error.into(), dialect))
        };
        let mutated = service.pay(merchant, actor, replayable, begin, show).await;
        respond(service, mutated, self.waits_for_all, dialect).await
    }

    /// Runs a use case on what `read` makes of the body, and answers with what `show` makes of the
    /// result.
    pub(crate) async fn run<I, T, E>(
        self,
        caller: &Caller,
        read: impl FnOnce(Fields) -> Result<I, Refused>,
        act: impl FnOnce(&mut MerchantTransaction<'_, '_>, &Authorship<'_>, I) -> Result<T, E> + Send + 'static,
        show: impl FnOnce(&T, &Authorship<'_>) -> Answer + Send + 'static,
    ) -> Response
    where
        I: Send + 'static,
        E: Into<Failure>,
    {
        self.run_foreseeing(caller, read, |_, _, _| Vec::new(), act, show).await
    }

    /// The same for a use case that says what it is going to read.
    pub(crate) async fn run_foreseeing<I, T, E>(
        self,
        caller: &Caller,
        read: impl FnOnce(Fields) -> Result<I, Refused>,
        foresee: impl FnOnce(&I, &Service, MerchantNumber) -> Vec<Foreseen>,
        act: impl FnOnce(&mut MerchantTransaction<'_, '_>, &Authorship<'_>, I) -> Result<T, E> + Send + 'static,
        show: impl FnOnce(&T, &Authorship<'_>) -> Answer + Send + 'static,
    ) -> Response
    where
        I: Send + 'static,
        E: Into<Failure>,
    {
        let service = &caller.service;
        let replayable = self.replayable(&caller.service);
        let input = self.fields().map_err(Refused::from).and_then(read);
        let dialect = self.dialect;
        if replayable.is_none()
            && let Err(Refused(error)) = &input
        {
            return error.respond(dialect);
        }
        let mut foreseen = self.named(caller.merchant);
        if let Ok(input) = &input {
            foreseen.extend(foresee(input, service, caller.merchant));
        }
        let mutated = service
            .mutate(caller, replayable, foreseen, move |transaction, by| {
                let input = input.map_err(|Refused(error)| refusal(&error, dialect))?;
                match act(transaction, by, input) {
                    Ok(done) => Ok(show(&done, by)),
                    Err(error) => Err(refused(error.into(), dialect)),
                }
            })
            .await;
        respond(service, mutated, self.waits_for_all, dialect).await
    }

    /// Does what takes many commits, or none, and does nothing when it is done again. There is nothing in the body.
    pub(crate) async fn run_at_length(
        self,
        caller: &Caller,
        work: impl Future<Output = Result<Answer, ApiError>>,
    ) -> Response {
        let replayable = self.replayable(&caller.service);
        at_length(caller, replayable, self.waits_for_all, work).await
    }
}

/// The same for a call whose body is a file.
pub(crate) async fn at_length(
    caller: &Caller,
    replayable: Option<Replayable>,
    waits_for_all: bool,
    work: impl Future<Output = Result<Answer, ApiError>>,
) -> Response {
    let dialect = Dialect::Native;
    let answered = async { work.await.unwrap_or_else(|error| answer::refusal(&error, dialect)) };
    let mutated = caller.service.mutate_at_length(caller, replayable, answered).await;
    respond(&caller.service, mutated, waits_for_all, dialect).await
}

/// Answers, and if the caller wants it not before the change holds on every node that decides.
async fn respond(
    service: &Service,
    mutated: Result<Mutated, MutateError>,
    waits_for_all: bool,
    dialect: Dialect,
) -> Response {
    let mutated = match mutated {
        Ok(mutated) => mutated,
        Err(error) => return refuse(&error).respond(dialect),
    };
    let is_done = mutated.answer.status < StatusCode::BAD_REQUEST.as_u16();
    if waits_for_all && is_done && !service.wait_for_all_nodes(mutated.revision, CLUSTER_WAIT).await {
        let revision = u64::try_from(mutated.revision).unwrap_or(0);
        return ApiError::cluster_wait_timeout(revision).respond(dialect);
    }
    show(mutated)
}

fn show(mutated: Mutated) -> Response {
    let status = StatusCode::from_u16(mutated.answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let is_passing = mutated.answer.is_passing;
    let mut response = answer::bytes(status, mutated.answer.body, mutated.revision);
    if mutated.replayed {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    if is_passing {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

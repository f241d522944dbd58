//! `POST /risk/bin/score` (Idenza): transaction scoring with the lists as the rule.

use axum::extract::{Request, State as Shared};
use axum::response::Response;
use http::StatusCode;
use interdict_app::decision::{DecideError, Outcome, Tier};
use interdict_app::{Caller, DecidePaymentError, PaymentAttempt, Presented};
use interdict_domain::identifier::{IdentifierError, Kind};
use interdict_domain::scopes::Initiator;
use serde::Serialize;
use utoipa::ToSchema;

use super::subscriber;
use crate::answer;
use crate::body;
use crate::dialect::Dialect;
use crate::error::{ApiError, Detail};
use crate::extract::{Decisions, Secret};
use crate::interface::State;
use crate::json::{self, Fields, Json};
use crate::schemas;

/// What the lists say of a transaction.
#[derive(Serialize, ToSchema)]
#[schema(as = Score)]
pub(crate) struct ScoreView {
    subscriber_id: i64,
    request_id: String,
    /// 0 when whitelisted, 100 when blocked, else null: the lists say nothing.
    score: Option<u8>,
    /// `LOW`, `HIGH` or `UNKNOWN`.
    risk_level: &'static str,
    /// `APPROVE`, `DECLINE` or `REVIEW`.
    action: &'static str,
}

struct Transaction {
    request_id: String,
    user: Option<User>,
    bin: Option<String>,
}

fn text(fields: &mut Fields, name: &'static str) -> json::Sent<String> {
    fields.parse(name, |text| interdict_domain::text::Name::parse(text).map(|name| name.as_str().to_owned()))
}

/// The lists do not look at the amount, and Idenza does not say in which unit it is: any number from 0.
fn amount(fields: &mut Fields) {
    const NAME: &str = "transaction_amount";
    let sent = fields.json(NAME);
    let amount = fields.required(NAME, sent);
    let is_amount = |json: Json| matches!(json, Json::Number(number) if number.as_f64() >= Some(0.0));
    if amount.is_some_and(|json| !is_amount(json)) {
        fields.problem(NAME, "must be a number from 0 up");
    }
}

/// Who pays, by kind and canonical value.
type User = (Kind, String);

/// `user_id` is "e.g. email or UUID": an email when it is one, else the merchant's own id, which no
/// search for card numbers looks into. Nothing but white space names nobody.
fn user(text: &str) -> Result<Option<User>, IdentifierError> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let of = |kind: Kind| kind.normalise(text).map(|value| Some((kind, value.into_owned())));
    of(Kind::Email).or_else(|_| of(Kind::MerchantRef))
}

fn read_payload(mut fields: Fields) -> Result<(Option<User>, Option<String>), Vec<Detail>> {
    amount(&mut fields);
    let currency = text(&mut fields, "currency");
    fields.required("currency", currency);
    text(&mut fields, "external_transaction_number");
    text(&mut fields, "last4");
    let bin = fields.parse("bin", |text| Kind::Bin.normalise(text).map(std::borrow::Cow::into_owned)).value();
    let user = fields.parse("user_id", user).value().flatten();
    fields.finish(Some((user, bin)))
}

fn read(mut fields: Fields, caller: &Caller) -> Result<Transaction, ApiError> {
    subscriber(&mut fields, caller)?;
    let request_id = text(&mut fields, "request_id");
    let request_id = fields.required("request_id", request_id);
    let payload = fields.object("payload", read_payload);
    let payload = fields.required("payload", payload);
    let transaction =
        request_id.zip(payload).map(|(request_id, (user, bin))| Transaction { request_id, user, bin });
    Ok(fields.finish(transaction)?)
}

fn presented(transaction: &Transaction) -> Vec<Presented<'_>> {
    let mut identifiers = Vec::new();
    if let Some((kind, value)) = &transaction.user {
        identifiers.push(Presented { kind: *kind, value: value.into(), verified: true });
    }
    if let Some(bin) = transaction.bin.as_deref() {
        identifiers.push(Presented { kind: Kind::Bin, value: bin.into(), verified: true });
    }
    identifiers
}

/// What an outcome and the tier that settled it are in Idenza's words.
fn judge(outcome: Outcome, tier: Tier) -> (Option<u8>, &'static str, &'static str) {
    match (outcome, tier) {
        (Outcome::Block, _) => (Some(100), "HIGH", "DECLINE"),
        (Outcome::Allow, Tier::Whitelisted | Tier::AllowEntry) => (Some(0), "LOW", "APPROVE"),
        (Outcome::Allow, _) => (None, "UNKNOWN", "REVIEW"),
    }
}

#[utoipa::path(
    post,
    path = "/risk/bin/score",
    operation_id = "scoreTransaction",
    tag = "Transaction Scoring",
    summary = "Score a transaction",
    description = "Whitelisted: 0, `LOW`, `APPROVE`. Blocked: 100, `HIGH`, `DECLINE`. Else the lists say nothing: null, `UNKNOWN`, `REVIEW`.",
    request_body = schemas::ScoreRequest,
    responses((status = 200, description = "What the lists say of the transaction.", body = ScoreView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["decisions"])),
)]
pub(crate) async fn score(
    Shared(state): Shared<State>,
    key: Secret<Decisions>,
    request: Request,
) -> Response {
    match scored(&state, &key.caller, request).await {
        Ok((view, revision)) => answer::json(StatusCode::OK, &view, revision),
        Err(error) => error.respond(Dialect::Idenza),
    }
}

async fn scored(state: &State, caller: &Caller, request: Request) -> Result<(ScoreView, i64), ApiError> {
    let (parts, sent) = request.into_parts();
    let bytes = body::read_json(&parts.headers, sent, state.body_limits(body::LIMIT_BYTES)).await?;
    let fields = if bytes.is_empty() { Fields::empty() } else { Fields::new(json::parse(&bytes)?) };
    let transaction = read(fields, caller)?;
    let attempt = PaymentAttempt {
        initiator: Initiator::Customer,
        customer: None,
        identifiers: &presented(&transaction),
        explain: false,
        dry_run: false,
    };
    let service = &caller.service;
    let decided = service.decide(caller.merchant, service.now(), &attempt, |decision, _| {
        state.observed.decided(decision);
        (judge(decision.outcome, decision.tier), decision.revision)
    });
    let ((score, risk_level, action), revision) = match decided {
        Ok(decided) => decided,
        // Nothing that the lists could know: they say nothing.
        Err(DecidePaymentError::Attempt(
            DecideError::NothingIdentifies
            | DecideError::UnknownCustomer
            | DecideError::CustomerDisagreesWithRef,
        )) => ((None, "UNKNOWN", "REVIEW"), service.readiness().revision),
        Err(DecidePaymentError::NotLoaded) => return Err(ApiError::index_loading()),
    };
    let subscriber_id = caller.merchant.0;
    Ok((ScoreView { subscriber_id, request_id: transaction.request_id, score, risk_level, action }, revision))
}

//! `POST /risk/bin/score` (Idenza): transaction scoring with the lists as the rule.

use std::sync::Arc;

use axum::response::Response;
use http::StatusCode;
use interdict_app::{Caller, NewScore, Presented, Verdict, score_transaction};
use interdict_domain::identifier::{IdentifierError, Kind};
use serde::Serialize;
use utoipa::ToSchema;

use super::subscriber;
use crate::answer;
use crate::error::Detail;
use crate::extract::{Decisions, Secret};
use crate::json::{self, Fields, Json};
use crate::mutation::{Mutation, Refused};
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

fn text(fields: &mut Fields, name: &'static str) -> json::Sent<String> {
    fields.parse(name, |text| interdict_domain::text::Name::parse(text).map(|name| name.as_str().to_owned()))
}

/// The lists do not look at the amount, and Idenza does not say in which unit it is: any number from 0.
fn amount(fields: &mut Fields) -> Option<String> {
    const NAME: &str = "transaction_amount";
    let sent = fields.json(NAME);
    let amount = fields.required(NAME, sent);
    match amount? {
        Json::Number(number) if number.as_f64() >= Some(0.0) => Some(number.to_string()),
        _ => {
            fields.problem(NAME, "must be a number from 0 up");
            None
        }
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

/// What is scored.
struct Payload {
    amount: String,
    currency: String,
    identifiers: Vec<Presented<'static>>,
}

fn read_payload(mut fields: Fields) -> Result<Payload, Vec<Detail>> {
    let amount = amount(&mut fields);
    let currency = text(&mut fields, "currency");
    let currency = fields.required("currency", currency);
    text(&mut fields, "external_transaction_number");
    text(&mut fields, "last4");
    let bin = fields.parse("bin", |text| Kind::Bin.normalise(text).map(std::borrow::Cow::into_owned)).value();
    let user = fields.parse("user_id", user).value().flatten();
    let bin = bin.map(|bin| (Kind::Bin, bin));
    let presented = |(kind, value): User| Presented { kind, value: value.into(), verified: true };
    let identifiers = user.into_iter().chain(bin).map(presented).collect();
    let payload = amount.zip(currency).map(|(amount, currency)| Payload { amount, currency, identifiers });
    fields.finish(payload)
}

fn read(mut fields: Fields, caller: &Caller) -> Result<NewScore, Refused> {
    subscriber(&mut fields, caller)?;
    let request_id = text(&mut fields, "request_id");
    let request_id = fields.required("request_id", request_id);
    let payload = fields.object("payload", read_payload);
    let payload = fields.required("payload", payload);
    let new = request_id.zip(payload).map(|(request_id, payload)| NewScore {
        request_id,
        amount: payload.amount,
        currency: payload.currency,
        identifiers: payload.identifiers,
    });
    Ok(fields.finish(new)?)
}

/// What a verdict is in Idenza's words.
const fn judge(verdict: Verdict) -> (Option<u8>, &'static str) {
    match verdict {
        Verdict::Decline => (Some(100), "HIGH"),
        Verdict::Approve => (Some(0), "LOW"),
        Verdict::Review => (None, "UNKNOWN"),
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
pub(crate) async fn score(key: Secret<Decisions>, mutation: Mutation) -> Response {
    let caller = &key.caller;
    let (service, subscriber_id) = (Arc::clone(&caller.service), caller.merchant.0);
    mutation
        .run(
            caller,
            |fields| read(fields, caller),
            move |transaction, by, new| score_transaction(&service, transaction, by, new),
            move |(score, verdict), _| {
                let (score_value, risk_level) = judge(*verdict);
                let view = ScoreView {
                    subscriber_id,
                    request_id: score.request_id.clone(),
                    score: score_value,
                    risk_level,
                    action: verdict.as_str(),
                };
                answer::answer(StatusCode::OK, &view)
            },
        )
        .await
}

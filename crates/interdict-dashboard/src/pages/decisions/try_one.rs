//! Try a decision: what an attempt would get now, or as of an earlier revision, and how that comes about. Asked for in the address, so that
//! the answer can be sent to somebody; nothing is charged, counted or kept.

use std::borrow::Cow;

use askama::Template;
use axum::extract::State as Shared;
use axum::response::Response;
use http::StatusCode;
use interdict_app::decision::Decision;
use interdict_app::{PaymentAttempt, Presented, ReplayError, Replayed};
use interdict_domain::clock::Timestamp;
use interdict_domain::identifier::Kind;
use interdict_domain::ids::CustomerId;
use interdict_domain::money::{Currency, Money};
use interdict_domain::scopes::Initiator;

use super::explained::{Decided, Shown, shown};
use crate::answer::{self, Problem};
use crate::form::{Form, InQuery};
use crate::frame::{Frame, Place};
use crate::pages::payments::initiator as started_by;
use crate::pages::sources::{self, undecided};
use crate::person::{Person, TryDecision};
use crate::state::State;
use crate::{t, t_with};

#[derive(Template)]
#[template(path = "decision_try.html")]
struct DecisionPage {
    frame: Frame,
    initiators: Vec<(&'static str, String, bool)>,
    fields: Vec<Field>,
    typed: bool,
    problem: Option<String>,
    answer: Option<Shown>,
    /// As of which revision it was asked for; empty for now.
    revision: String,
    is_erased: bool,
}

/// A field that says who pays.
struct Field {
    name: &'static str,
    label: String,
    value: String,
    problem: Option<String>,
}

pub(crate) async fn show(
    Shared(state): Shared<State>,
    person: Person<TryDecision>,
    InQuery(query): InQuery,
) -> Result<Response, Problem> {
    let initiator = query.text("initiator").and_then(Initiator::parse);
    let Typed { fields, customer, presented, money } = read(&query, &person);
    let as_of = AsOf::of(&query);
    let has_problem = as_of.is_none() || fields.iter().any(|field| field.problem.is_some());
    let (mut status, mut problem, mut answer, mut is_erased) = (StatusCode::OK, None, None, false);
    match initiator {
        Some(_) if has_problem => {
            (status, problem) = (StatusCode::UNPROCESSABLE_ENTITY, Some(t("decision-invalid")));
        }
        Some(initiator) => {
            let attempt = PaymentAttempt {
                initiator,
                customer,
                identifiers: &presented,
                money,
                explain: true,
                dry_run: true,
            };
            match decide(&person, &attempt, as_of.unwrap_or_default()).await {
                Ok((decided, has_erased)) => {
                    (answer, is_erased) = (Some(shown(&person, decided).await?), has_erased);
                }
                Err(words) => (status, problem) = (StatusCode::UNPROCESSABLE_ENTITY, Some(words)),
            }
        }
        None => {}
    }
    let chosen = initiator.unwrap_or(Initiator::Customer);
    let page = DecisionPage {
        frame: Frame::new(&state, &person, Place::Decisions, t("decisions-try"), &query).await,
        initiators: Initiator::ALL.map(|one| (one.as_str(), started_by(one), one == chosen)).to_vec(),
        fields,
        typed: query.is_set("typed"),
        problem,
        answer,
        revision: query.text("revision").unwrap_or_default().to_owned(),
        is_erased,
    };
    Ok(answer::page(status, &page))
}

/// As of when an attempt is judged: now, unless a revision is named.
#[derive(Clone, Copy, Default)]
struct AsOf {
    revision: Option<i64>,
    at: Option<Timestamp>,
}

impl AsOf {
    /// Nothing when the address says something else than a revision and a moment.
    fn of(query: &Form) -> Option<Self> {
        let revision = query.text("revision").map(|text| text.parse().ok().filter(|revision| *revision > 0));
        let at = query.text("at").map(|text| text.parse().ok());
        match (revision, at) {
            (Some(None), _) | (_, Some(None)) => None,
            (revision, at) => Some(Self { revision: revision.flatten(), at: at.flatten() }),
        }
    }
}

/// What was decided, and whether it concerns somebody who was erased since; or why there is nothing.
async fn decide(
    person: &Person<TryDecision>,
    attempt: &PaymentAttempt<'_>,
    as_of: AsOf,
) -> Result<(Decided, bool), String> {
    let (merchant, service) = (person.signed_in.user.merchant, person.service());
    let Some(revision) = as_of.revision else {
        let decided = service.decide(merchant, service.now(), attempt, |decision, judged| {
            (Decided::of(decision, judged.degraded), false)
        });
        return decided.map_err(undecided);
    };
    let answer = |decision: &Decision<'_>, on: Replayed| (Decided::of(decision, false), on.has_erased);
    service.replay(merchant, revision, as_of.at, attempt, answer).await.map_err(|error| match error {
        ReplayError::NotYet(newest) => t_with("replay-not-yet", &[("revision", newest.to_string().into())]),
        ReplayError::NotRetained(oldest) => {
            t_with("replay-not-retained", &[("revision", oldest.to_string().into())])
        }
        ReplayError::ClockNotRetained => t("replay-clock"),
        ReplayError::Decide(error) => undecided(error),
        ReplayError::Storage(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "the past cannot be read");
            t("replay-failed")
        }
    })
}

/// Where an attempt is tried.
pub(crate) fn try_path<'a>(
    mode: &str,
    initiator: Initiator,
    customer: Option<CustomerId>,
    identifiers: impl IntoIterator<Item = (Kind, &'a str)>,
    is_typed: bool,
) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("initiator", initiator.as_str());
    if let Some(customer) = customer {
        query.append_pair("customer", &customer.to_string());
    }
    for (kind, value) in identifiers {
        query.append_pair(kind.as_str(), value);
    }
    if is_typed {
        query.append_pair("typed", "on");
    }
    format!("/dashboard/{mode}/decisions/try?{}", query.finish())
}

/// The fields with what is wrong in them, and what they say.
struct Typed<'a> {
    fields: Vec<Field>,
    customer: Option<CustomerId>,
    presented: Vec<Presented<'a>>,
    money: Option<Money>,
}

fn read<'f>(query: &'f Form, person: &Person<TryDecision>) -> Typed<'f> {
    let verified = !query.is_set("typed");
    let mut presented = Vec::new();
    let text = query.text("customer");
    let parsed = text.map(str::parse::<CustomerId>);
    let problem = match &parsed {
        Some(Err(error)) => Some(format!("{} {error}.", t("customer-id"))),
        _ => None,
    };
    let value = text.unwrap_or_default().to_owned();
    let mut fields = vec![Field { name: "customer", label: t("customer-id"), value, problem }];
    for kind in Kind::ALL {
        let (name, label) = (kind.as_str(), sources::kind(kind));
        let text = query.text(name);
        let problem = match text.map(|text| kind.normalise_in(text, || person.phone_region())) {
            Some(Ok(value)) => {
                presented.push(Presented { kind, value: Cow::Owned(value.into_owned()), verified });
                None
            }
            Some(Err(error)) => Some(format!("{label} {error}.")),
            None => None,
        };
        fields.push(Field { name, label, value: text.unwrap_or_default().to_owned(), problem });
    }
    let money = read_money(query, &mut fields);
    Typed { fields, customer: parsed.and_then(Result::ok), presented, money }
}

/// What is to be paid: an exemption may have a limit.
fn read_money(query: &Form, fields: &mut Vec<Field>) -> Option<Money> {
    let mut field = |name, label: String, problem: Option<String>| {
        let value = query.text(name).unwrap_or_default().to_owned();
        fields.push(Field { name, label, value, problem });
    };
    let currency = query.parse("currency", &t("currency"), Currency::parse);
    let known = currency.as_ref().ok().copied().flatten().unwrap_or(Currency::NGN);
    let amount = query.parse("amount", &t("amount"), |text| Money::parse_written(text, known));
    let money = if currency.is_ok() { amount.as_ref().ok().copied().flatten() } else { None };
    field("amount", t("amount"), amount.err());
    field("currency", t("currency"), currency.err());
    money
}

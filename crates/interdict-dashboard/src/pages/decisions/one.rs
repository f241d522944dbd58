//! A decision of the log: what was said, when and on which grounds, as it was then; with links to what stands now.

use askama::Template;
use axum::extract::{Path, State as Shared};
use axum::response::Response;
use http::StatusCode;
use interdict_app::LoggedDecision;
use interdict_domain::ids::DecisionId;
use interdict_domain::role::Capability;

use super::explained::{Decided, Shown, shown};
use super::try_one::try_path;
use crate::answer::{self, Problem};
use crate::form::InQuery;
use crate::frame::{Frame, Place};
use crate::pages::payments::initiator;
use crate::pages::sources::{Anchor, Names};
use crate::person::{Person, ViewPayments};
use crate::state::State;
use crate::when::when;
use crate::{of, t};

#[derive(Template)]
#[template(path = "decision.html")]
struct DecisionPage {
    frame: Frame,
    facts: Facts,
    is_erased: bool,
    try_path: Option<String>,
    /// The same, on what stood then.
    then_path: Option<String>,
    answer: Shown,
}

struct Facts {
    id: String,
    at: String,
    initiator: String,
    origin: String,
    customer: Option<Anchor>,
    payment: Option<Anchor>,
    batch: String,
}

pub(crate) async fn show(
    Shared(state): Shared<State>,
    person: Person<ViewPayments>,
    Path((_, id)): Path<(String, String)>,
    InQuery(query): InQuery,
) -> Result<Response, Problem> {
    let not_there = || Problem::not_there(&t("decision-not-there"));
    let id: DecisionId = id.parse().map_err(|_| not_there())?;
    let found = person.service().logged_decision(person.signed_in.user.merchant, id).await?;
    let logged = found.ok_or_else(not_there)?;
    let may_try = person.may(Capability::TryDecision);
    let try_path = may_try.then(|| same_now(&logged, person.mode.as_str())).flatten();
    let page = DecisionPage {
        frame: Frame::new(&state, &person, Place::Decisions, t("decision-title"), &query).await,
        facts: facts(&person, &logged).await?,
        is_erased: logged.is_erased,
        then_path: try_path.as_ref().map(|path| as_then(path, &logged)),
        try_path,
        answer: shown(&person, Decided::of(&logged.decision, logged.degraded)).await?,
    };
    Ok(answer::page(StatusCode::OK, &page))
}

async fn facts(person: &Person<ViewPayments>, logged: &LoggedDecision) -> Result<Facts, Problem> {
    let mode = person.mode.as_str();
    let names = Names::read(person, Vec::new(), logged.decision.customer.into_iter().collect()).await?;
    let payment = |id: interdict_domain::ids::PaymentId| Anchor {
        path: format!("/dashboard/{mode}/payments/{id}"),
        text: id.to_string(),
    };
    Ok(Facts {
        id: logged.id.to_string(),
        at: when(logged.at),
        initiator: initiator(logged.initiator),
        origin: of("asked-by-", logged.origin.as_str()),
        customer: logged.decision.customer.map(|id| names.of_customer(id, mode)),
        payment: logged.payment.map(payment),
        batch: logged.batch.map_or(String::new(), |(id, position)| format!("{id} · {position}")),
    })
}

/// The same attempt, judged on what stood at its moment.
fn as_then(path: &str, logged: &LoggedDecision) -> String {
    let (revision, at) = (logged.decision.revision.to_string(), logged.at.to_string());
    let mut query = form_urlencoded::Serializer::new(String::new());
    format!("{path}&{}", query.append_pair("revision", &revision).append_pair("at", &at).finish())
}

/// The same attempt, to be tried now; nothing where its values are gone.
fn same_now(logged: &LoggedDecision, mode: &str) -> Option<String> {
    let explanation = logged.decision.explanation.as_deref().filter(|_| !logged.is_erased)?;
    let given = explanation.lookups.iter().filter_map(|lookup| Some((lookup.kind, lookup.value.as_deref()?)));
    let is_typed = explanation.lookups.iter().any(|lookup| !lookup.verified);
    let customer = logged.decision.customer.filter(|_| !is_typed);
    Some(try_path(mode, logged.initiator, customer, given, is_typed))
}

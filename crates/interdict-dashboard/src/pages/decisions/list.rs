//! The log, newest first, by what was said and why, by who started the payment, by what it was asked for, and by any
//! identifier or customer exactly.

use askama::Template;
use axum::extract::State as Shared;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use interdict_app::decision::{Code, Outcome};
use interdict_app::{LoggedDecision, LoggedFilter};
use interdict_domain::decision_origin::DecisionOrigin;
use interdict_domain::identifier::Kind;
use interdict_domain::ids::{CustomerId, DecisionId};
use interdict_domain::role::Capability;
use interdict_domain::scopes::Initiator;

use crate::answer::{self, Problem};
use crate::form::{Choice, Form, InQuery};
use crate::frame::{Frame, Place};
use crate::pages::paging::{self, PAGE_ROWS};
use crate::pages::payments::initiator as started_by;
use crate::pages::sources;
use crate::person::{Person, ViewPayments};
use crate::state::State;
use crate::when::when;
use crate::{of, t};

#[derive(Template)]
#[template(path = "decisions.html")]
struct DecisionsPage {
    frame: Frame,
    selects: Vec<Select>,
    kinds: Vec<Choice>,
    value: String,
    customer: String,
    may_try: bool,
    rows: Rows,
}

/// The rows alone, for a search as one chooses.
#[derive(Template)]
#[template(path = "decisions_rows.html")]
struct DecisionsRows {
    frame: Frame,
    rows: Rows,
}

struct Rows {
    problem: Option<String>,
    is_kept: bool,
    is_filtered: bool,
    decisions: Vec<DecisionRow>,
    more: Option<String>,
}

/// A filter by a few words.
struct Select {
    name: &'static str,
    label: String,
    choices: Vec<Choice>,
}

/// A decision in a table.
pub(crate) struct DecisionRow {
    pub(crate) path: String,
    pub(crate) is_blocked: bool,
    pub(crate) code: String,
    pub(crate) payer: String,
    pub(crate) initiator: String,
    pub(crate) origin: String,
    pub(crate) at: String,
}

impl DecisionRow {
    pub(crate) fn of(logged: &LoggedDecision, mode: &str) -> Self {
        let explanation = logged.decision.explanation.as_deref();
        let lookups = explanation.map_or(&[][..], |explanation| &explanation.lookups);
        let value = lookups.iter().find_map(|lookup| lookup.value.as_deref().map(str::to_owned));
        let customer = || logged.decision.customer.map(|id| id.to_string());
        Self {
            path: format!("/dashboard/{mode}/decisions/{}", logged.id),
            is_blocked: logged.decision.outcome == Outcome::Block,
            code: of("code-", logged.decision.code.as_str()),
            payer: match (logged.is_erased, value.or_else(customer)) {
                (true, _) => t("erased"),
                (false, payer) => payer.unwrap_or_else(|| "–".to_owned()),
            },
            initiator: started_by(logged.initiator),
            origin: of("asked-by-", logged.origin.as_str()),
            at: when(logged.at),
        }
    }
}

pub(crate) async fn list(
    Shared(state): Shared<State>,
    person: Person<ViewPayments>,
    headers: HeaderMap,
    InQuery(query): InQuery,
) -> Result<Response, Problem> {
    let mode = person.mode.as_str();
    if let Some(Ok(id)) = query.text("value").map(str::parse::<DecisionId>) {
        return Ok(answer::see_other(&format!("/dashboard/{mode}/decisions/{id}")));
    }
    let rows = read(&person, &query).await?;
    let frame = Frame::new(&state, &person, Place::Decisions, t("nav-decisions"), &query).await;
    if paging::wants_rows_alone(&headers) {
        return Ok(answer::page(StatusCode::OK, &DecisionsRows { frame, rows }));
    }
    let kind = kind_of(&query);
    let choice = |one: Kind| Choice { word: one.as_str(), text: sources::kind(one), is_chosen: one == kind };
    let page = DecisionsPage {
        frame,
        selects: selects(&query),
        kinds: Kind::ALL.map(choice).into(),
        value: query.text("value").unwrap_or_default().to_owned(),
        customer: query.text("customer").unwrap_or_default().to_owned(),
        may_try: person.may(Capability::TryDecision),
        rows,
    };
    Ok(answer::page(StatusCode::OK, &page))
}

fn kind_of(query: &Form) -> Kind {
    query.text("kind").and_then(Kind::parse).unwrap_or(Kind::Email)
}

fn outcome_of(word: &str) -> Option<Outcome> {
    [Outcome::Allow, Outcome::Block].into_iter().find(|outcome| outcome.as_str() == word)
}

/// What is looked for; in words what is wrong with it.
fn filter_of(query: &Form, person: &Person<ViewPayments>) -> Result<LoggedFilter, String> {
    let kind = kind_of(query);
    let normalise = |text: &str| {
        kind.normalise_in(text, || person.phone_region()).map(|value| (kind, value.into_owned()))
    };
    Ok(LoggedFilter {
        outcome: query.text("outcome").and_then(outcome_of),
        code: query.text("code").and_then(Code::parse),
        initiator: query.text("initiator").and_then(Initiator::parse),
        origin: query.text("origin").and_then(DecisionOrigin::parse),
        from: None,
        until: None,
        identifier: query.parse("value", &sources::kind(kind), normalise)?,
        customer: query.parse("customer", &t("customer-id"), str::parse::<CustomerId>)?,
    })
}

async fn read(person: &Person<ViewPayments>, query: &Form) -> Result<Rows, Problem> {
    let (merchant, mode) = (person.signed_in.user.merchant, person.mode.as_str());
    let is_kept = person.service().keeps_decisions();
    let filter = match filter_of(query, person) {
        Ok(filter) => filter,
        Err(problem) => {
            let decisions = Vec::new();
            return Ok(Rows { problem: Some(problem), is_kept, is_filtered: true, decisions, more: None });
        }
    };
    let position = paging::position(query);
    let found = person.service().logged_decisions(merchant, &filter, position, PAGE_ROWS + 1).await?;
    let (found, next) = paging::one_more(found, |logged| (logged.at, logged.id.ksuid()), query);
    Ok(Rows {
        problem: None,
        is_kept,
        is_filtered: filter != LoggedFilter::default(),
        decisions: found.iter().map(|logged| DecisionRow::of(logged, mode)).collect(),
        more: next,
    })
}

fn selects(query: &Form) -> Vec<Select> {
    let select = |name: &'static str, label: String, words: Vec<(&'static str, String)>| {
        let choice = |(word, text)| Choice { word, text, is_chosen: query.text(name) == Some(word) };
        Select { name, label, choices: words.into_iter().map(choice).collect() }
    };
    let outcomes = [("block", t("blocked")), ("allow", t("allowed"))].into();
    let codes = Code::ALL.map(|code| (code.as_str(), of("code-", code.as_str()))).into();
    let initiators = Initiator::ALL.map(|initiator| (initiator.as_str(), started_by(initiator))).into();
    let origins =
        DecisionOrigin::ALL.iter().map(|origin| (origin.as_str(), of("asked-by-", origin.as_str())));
    vec![
        select("outcome", t("outcome"), outcomes),
        select("code", t("why"), codes),
        select("initiator", t("initiator"), initiators),
        select("origin", t("asked-by"), origins.collect()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_filter_has_words() {
        for select in selects(&Form::default()) {
            assert!(select.choices.len() > 1);
            for choice in select.choices {
                // A text that is missing is its own key.
                let is_missing = ["code-", "by-", "asked-by-"].iter().any(|key| choice.text.starts_with(key));
                assert!(!is_missing, "{}", choice.text);
            }
        }
    }
}

//! One person: what is theirs and why each, what may be, and what was done.

use askama::Template;
use axum::extract::{Path, State as Shared};
use axum::response::Response;
use http::StatusCode;
use interdict_app::store::{HistoryItem, MerchantView, StorageError};
use interdict_app::{App, PersonEntry, PersonRow};
use interdict_domain::change::Subject;
use interdict_domain::ids::PersonId;
use interdict_domain::person::{BlockedPerson, Suggestion, SuggestionState};
use interdict_domain::role::Capability;

use super::view::SuggestionRow;
use crate::answer::{self, Problem};
use crate::form::InQuery;
use crate::frame::{Frame, Place};
use crate::pages::history::{Event, actor, scopes};
use crate::person::{Person, ViewCustomers};
use crate::state::State;
use crate::when::{when, when_or_dash};
use crate::{of, t};

/// Changes and suggestions that are shown.
const SHOWN: i64 = 50;

#[derive(Template)]
#[template(path = "person.html")]
struct PersonPage {
    frame: Frame,
    id: String,
    facts: Facts,
    entries: Vec<EntryRow>,
    suggestions: Vec<SuggestionRow>,
    refused: Vec<SuggestionRow>,
    history: Vec<Event>,
    is_lifted: bool,
    is_in_force: bool,
    may_change: bool,
}

struct Facts {
    reason: String,
    code: String,
    public_message: String,
    scopes: String,
    since: String,
    by: String,
    until: String,
    lifted_at: String,
}

struct EntryRow {
    kind: String,
    value: String,
    added_at: String,
    by: String,
    why: String,
    decision: Option<String>,
    is_made: bool,
}

/// Everything that is read for the page, in one snapshot.
struct Read {
    row: PersonRow,
    open: Vec<Suggestion>,
    refused: Vec<Suggestion>,
    history: Vec<HistoryItem>,
}

fn read(view: &MerchantView<'_>, id: PersonId) -> Result<Option<Read>, StorageError> {
    let Some(row) = PersonRow::find(view, id)? else { return Ok(None) };
    Ok(Some(Read {
        row,
        open: view.suggestions_of_person(id, SuggestionState::Open, SHOWN)?,
        refused: view.suggestions_of_person(id, SuggestionState::Refused, SHOWN)?,
        history: view.history(Subject::Person(id), i64::MAX, SHOWN)?,
    }))
}

fn facts(app: &App, person: &BlockedPerson) -> Facts {
    let terms = &person.terms;
    Facts {
        reason: terms.reason.as_ref().map_or("", |reason| reason.as_str()).to_owned(),
        code: terms.reason_code.map_or(String::new(), |code| of("reason-code-", code.as_str())),
        public_message: terms.public_message.as_ref().map_or("", |text| text.as_str()).to_owned(),
        scopes: scopes(terms.scopes),
        since: when(person.created_at),
        by: actor(app, &person.created_by),
        until: when_or_dash(terms.expires_at),
        lifted_at: when_or_dash(person.lifted_at),
    }
}

fn entry_row(app: &App, PersonEntry { identifier, entry }: &PersonEntry, mode: &str) -> EntryRow {
    let trace = identifier.trace;
    EntryRow {
        kind: of("kind-", identifier.kind.as_str()),
        value: entry.entry.value.clone().unwrap_or_else(|| t("erased")),
        added_at: when(identifier.added_at),
        by: actor(app, &identifier.added_by),
        why: trace.map_or_else(|| t("person-named"), |trace| of("came-with-", trace.matched.as_str())),
        decision: trace.map(|trace| format!("/dashboard/{mode}/decisions/{}", trace.decision)),
        is_made: identifier.owns(&entry.entry),
    }
}

pub(crate) async fn show(
    Shared(state): Shared<State>,
    person: Person<ViewCustomers>,
    Path((_, id)): Path<(String, String)>,
    InQuery(query): InQuery,
) -> Result<Response, Problem> {
    let not_there = || Problem::not_there(&t("person-not-there"));
    let id: PersonId = id.parse().map_err(|_| not_there())?;
    let merchant = person.signed_in.user.merchant;
    person.service().finish_noticing().await;
    let found = person.service().store().read(merchant, move |view| read(view, id)).await?;
    let Read { row, open, refused, history } = found.ok_or_else(not_there)?;
    let (mode, app) = (person.mode.as_str(), &state.app);
    let rows = |suggestions: &[Suggestion]| {
        suggestions.iter().map(|suggestion| SuggestionRow::of(suggestion, mode)).collect()
    };
    let page = PersonPage {
        frame: Frame::new(&state, &person, Place::Persons, t("person-title"), &query).await,
        id: id.to_string(),
        facts: facts(app, &row.person),
        entries: row.identifiers.iter().map(|entry| entry_row(app, entry, mode)).collect(),
        suggestions: rows(&open),
        refused: rows(&refused),
        history: Event::all(app, &person, &history, &query),
        is_lifted: row.person.lifted_at.is_some(),
        is_in_force: row.person.is_in_force(person.service().merchant_now(merchant)),
        may_change: person.may(Capability::ChangeCustomers),
    };
    Ok(answer::page(StatusCode::OK, &page))
}

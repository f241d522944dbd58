//! The list of persons, and in a tab of its own what waits for somebody's word.

use askama::Template;
use axum::extract::State as Shared;
use axum::response::Response;
use http::StatusCode;
use interdict_app::PersonRow;
use interdict_app::store::PersonFilter;
use interdict_domain::clock::Timestamp;
use interdict_domain::person::{Suggestion, SuggestionState};
use interdict_domain::role::Capability;

use crate::answer::{self, Problem};
use crate::form::InQuery;
use crate::frame::{Frame, Place};
use crate::pages::paging::{self, PAGE_ROWS};
use crate::person::{Person, ViewCustomers};
use crate::state::State;
use crate::when::{when, when_or_dash};
use crate::{of, t};

/// Values of a person that stand in the list.
const SHOWN: usize = 3;

#[derive(Template)]
#[template(path = "persons.html")]
struct PersonsPage {
    frame: Frame,
    shows_suggestions: bool,
    shows_lifted: bool,
    persons: Vec<ListedPerson>,
    suggestions: Vec<SuggestionRow>,
    more: Option<String>,
    may_change: bool,
}

struct ListedPerson {
    path: String,
    values: Vec<String>,
    /// So many more are theirs.
    others: usize,
    reason: String,
    since: String,
    until: String,
    is_over: bool,
}

/// A suggestion, wherever it is shown.
pub(super) struct SuggestionRow {
    pub(super) id: String,
    pub(super) person: String,
    pub(super) kind: String,
    pub(super) value: String,
    pub(super) why: String,
    pub(super) seen: i64,
    pub(super) last_seen_at: String,
    pub(super) decision: Option<String>,
}

impl SuggestionRow {
    pub(super) fn of(suggestion: &Suggestion, mode: &str) -> Self {
        let mut why = suggestion.matched.map_or(String::new(), |kind| of("came-with-", kind.as_str()));
        if let Some(held_back) = suggestion.held_back {
            why = format!("{why} {}", of("held-back-", held_back.as_str()));
        }
        Self {
            id: suggestion.id.to_string(),
            person: format!("/dashboard/{mode}/persons/{}", suggestion.person),
            kind: of("kind-", suggestion.kind.as_str()),
            value: suggestion.value.clone().unwrap_or_else(|| t("erased")),
            why,
            seen: suggestion.seen,
            last_seen_at: when(suggestion.last_seen_at),
            decision: suggestion.last_decision.map(|id| format!("/dashboard/{mode}/decisions/{id}")),
        }
    }
}

fn listed(row: &PersonRow, mode: &str, now: Timestamp) -> ListedPerson {
    let value =
        |entry: &interdict_app::PersonEntry| entry.entry.entry.value.clone().unwrap_or_else(|| t("erased"));
    let person = &row.person;
    ListedPerson {
        path: format!("/dashboard/{mode}/persons/{}", person.id),
        values: row.identifiers.iter().take(SHOWN).map(value).collect(),
        others: row.identifiers.len().saturating_sub(SHOWN),
        reason: person.terms.reason.as_ref().map_or("", |reason| reason.as_str()).to_owned(),
        since: when(person.created_at),
        until: when_or_dash(person.lifted_at.or(person.terms.expires_at)),
        is_over: !person.is_in_force(now),
    }
}

pub(crate) async fn list(
    Shared(state): Shared<State>,
    person: Person<ViewCustomers>,
    InQuery(query): InQuery,
) -> Result<Response, Problem> {
    let (mode, merchant) = (person.mode.as_str(), person.signed_in.user.merchant);
    let shows_suggestions = query.text("tab") == Some("suggestions");
    let shows_lifted = query.text("show") == Some("lifted");
    let (position, limit) = (paging::position(&query), PAGE_ROWS + 1);
    let (mut persons, mut suggestions) = (Vec::new(), Vec::new());
    let next = if shows_suggestions {
        person.service().finish_noticing().await;
        let read = person
            .service()
            .store()
            .read(merchant, move |view| view.suggestions(Some(SuggestionState::Open), position, limit));
        let place = |suggestion: &Suggestion| (suggestion.created_at, suggestion.id.ksuid());
        let (found, behind) = paging::one_more(read.await?, place, &query);
        suggestions.extend(found.iter().map(|suggestion| SuggestionRow::of(suggestion, mode)));
        behind
    } else {
        let filter = PersonFilter { is_standing: !shows_lifted, having: Vec::new() };
        let read = person.service().store().read(merchant, move |view| {
            let found = view.persons(&filter, position, limit)?.into_iter();
            found.map(|person| PersonRow::read(view, person)).collect::<Result<Vec<_>, _>>()
        });
        let place = |row: &PersonRow| (row.person.created_at, row.person.id.ksuid());
        let (found, behind) = paging::one_more(read.await?, place, &query);
        let now = person.service().merchant_now(merchant);
        persons.extend(found.iter().map(|row| listed(row, mode, now)));
        behind
    };
    let page = PersonsPage {
        frame: Frame::new(&state, &person, Place::Persons, t("nav-persons"), &query).await,
        shows_suggestions,
        shows_lifted,
        persons,
        suggestions,
        more: next,
        may_change: person.may(Capability::ChangeCustomers),
    };
    Ok(answer::page(StatusCode::OK, &page))
}

#[cfg(test)]
mod tests {
    use interdict_domain::identifier::Kind;
    use interdict_domain::person::HeldBack;

    use super::*;

    #[test]
    fn every_reason_has_words() {
        for held_back in HeldBack::ALL {
            assert!(!of("held-back-", held_back.as_str()).starts_with("held-back-"), "{held_back:?}");
        }
        for kind in Kind::ALL.into_iter().filter(|kind| kind.is_of_one_person()) {
            assert!(!of("came-with-", kind.as_str()).starts_with("came-with-"), "{kind:?}");
        }
    }
}

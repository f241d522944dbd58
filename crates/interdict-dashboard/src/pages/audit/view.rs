//! What the page shows. What concerns nobody in person has no before and after: its action says it.

use std::collections::HashMap;
use std::time::Duration;

use askama::Template;
use axum::extract::{Path, State as Shared};
use axum::response::Response;
use http::StatusCode;
use interdict_app::store::Recorded;
use interdict_app::{AuditItem, AuditPage as Found, SignedIn};
use interdict_domain::actor::{Actor, ActorType};
use interdict_domain::change::Subject;
use interdict_domain::credential::Credential;
use interdict_domain::ids::KeyId;
use interdict_domain::mode::Mode;
use interdict_domain::role::Capability;
use interdict_domain::user::User;

use super::filter::{Filters, filters, wanted};
use crate::answer::{self, Problem};
use crate::form::InQuery;
use crate::frame::{Frame, Place};
use crate::pages::history::Event;
use crate::pages::sources::Names;
use crate::person::{Person, ViewAudit};
use crate::state::State;
use crate::when::{when, when_or_dash};
use crate::{of, refused, t};

const PAGE_ROWS: usize = 50;
/// So long does the button wait for a result. Whatever takes longer goes on, and the page says so.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    frame: Frame,
    filters: Filters,
    rows: Vec<AuditRow>,
    more: Option<String>,
    chain: Chain,
}

/// What is known of the chain.
struct Chain {
    is_running: bool,
    running_since: String,
    /// `sound`, `altered` or `failed`; nothing when it was not verified since the process began.
    found: Option<&'static str>,
    verified_at: String,
}

struct AuditRow {
    event: Event,
    mode: String,
    /// Where whoever made it is found.
    actor_path: Option<String>,
    subject: String,
    path: Option<String>,
}

/// Where the links of the rows lead.
struct Links<'a> {
    mode: &'static str,
    merchant: &'a str,
    keys: HashMap<KeyId, Mode>,
    names: Names,
    /// Whether the page of an import is for this person.
    may_import: bool,
}

pub(crate) async fn show(
    Shared(state): Shared<State>,
    person: Person<ViewAudit>,
    InQuery(query): InQuery,
) -> Result<Response, Problem> {
    // What is no position in it begins at the newest, as everywhere.
    let before = query.text("before").and_then(|position| position.parse().ok());
    let by = in_mode(&person.signed_in, person.mode);
    let users = state.app.list_users(&person.signed_in).await.map_err(refused::problem)?;
    let keys = keys(&state, &person).await?;
    let (found, problem) = match wanted(&query, &person, &users).await? {
        Ok(filter) => {
            let page = state.app.audit_page(&by, &filter, before, PAGE_ROWS).await;
            (page.map_err(refused::problem)?, None)
        }
        Err(problem) => (Found { items: Vec::new(), next: None }, Some(problem)),
    };
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let frame = Frame::new(&state, &person, Place::Audit, t("nav-audit"), &query).await;
    let links = Links {
        mode: person.mode.as_str(),
        merchant: &frame.merchant,
        names: names(&person, &found.items).await?,
        keys: keys.iter().map(|key| (key.id, key.mode)).collect(),
        may_import: person.may(Capability::BulkChange),
    };
    let page = AuditPage {
        rows: found.items.iter().map(|item| row(&state, &links, item)).collect(),
        filters: filters(&query, actors(&users, &keys, person.mode), problem),
        more: found.next.map(|next| query.with("before", &next.to_string())),
        chain: chain(&state, person.mode),
        frame,
    };
    Ok(answer::page(status, &page))
}

/// Whoever may have made changes, by id and name: people, the mode's keys, and what is neither.
fn actors(users: &[User], keys: &[Credential], mode: Mode) -> Vec<(String, String)> {
    let people = users.iter().map(|user| (user.id.to_string(), user.email.as_str().to_owned()));
    let keys = keys.iter().filter(|key| key.mode == mode);
    let keys = keys.map(|key| (key.id.to_string(), key.name.clone()));
    let others = [(Actor::cli().id, t("actor-cli")), (Actor::system().id, t("actor-system"))];
    people.chain(keys).chain(others).collect()
}

/// What people call the customers and entries of a page.
async fn names(person: &Person<ViewAudit>, items: &[AuditItem]) -> Result<Names, Problem> {
    let (mut entries, mut customers) = (Vec::new(), Vec::new());
    for item in items {
        match item.item.change.subject {
            Subject::Entry(id) if !entries.contains(&id) => entries.push(id),
            Subject::Customer(id) if !customers.contains(&id) => customers.push(id),
            _ => {}
        }
    }
    Ok(Names::read(person, entries, customers).await?)
}

/// The person, looking at the address's mode.
fn in_mode(by: &SignedIn, mode: Mode) -> SignedIn {
    let mut by = by.clone();
    by.session.mode = mode;
    by
}

fn chain(state: &State, mode: Mode) -> Chain {
    let standing = state.verifications.standing();
    let latest = standing.latest(mode);
    Chain {
        is_running: standing.running_since.is_some(),
        running_since: when_or_dash(standing.running_since),
        found: latest.map(|(_, found)| found.as_str()),
        verified_at: latest.map(|(at, _)| when(at)).unwrap_or_default(),
    }
}

/// The merchant's keys; none for whoever may not see keys.
async fn keys(state: &State, person: &Person<ViewAudit>) -> Result<Vec<Credential>, Problem> {
    if !person.may(Capability::ViewKeys) {
        return Ok(Vec::new());
    }
    state.app.list_keys(&person.signed_in).await.map_err(refused::problem)
}

impl Links<'_> {
    fn of_key(&self, id: KeyId) -> Option<String> {
        self.keys.get(&id).map(|mode| format!("/dashboard/{}/keys#{id}", mode.as_str()))
    }

    fn of_actor(&self, actor: &Actor) -> Option<String> {
        match actor.kind {
            ActorType::User => Some(format!("/dashboard/team?mode={}#{}", self.mode, actor.id)),
            ActorType::ApiKey => self.of_key(actor.id.parse().ok()?),
            ActorType::Cli | ActorType::Payer | ActorType::System => None,
        }
    }

    /// What a change is about, by the name that people know, and where it is found while it is there.
    fn of_subject(&self, item: &AuditItem) -> (String, Option<String>) {
        let (mode, subject) = (self.mode, item.item.change.subject);
        let at = |page: &str| Some(format!("/dashboard/{mode}/{page}/{subject}"));
        let called = |name: Option<&str>| name.map(str::to_owned);
        let label = item.subject_label.as_deref();
        let (name, path) = match subject {
            Subject::Customer(id) => {
                let name = self.names.customer(id);
                (called(name), name.and_then(|_| at("customers")))
            }
            Subject::Entry(id) => match self.names.entry(id) {
                Some(value) => (called(Some(value)), at("entries")),
                None => (was_listed(item), None),
            },
            Subject::Key(id) => (called(label), self.of_key(id)),
            Subject::User(id) => (called(label), Some(format!("/dashboard/team?mode={mode}#{id}"))),
            Subject::Import(_) => (Some(t("import-title")), at("imports").filter(|_| self.may_import)),
            Subject::Person(_) => (Some(t("person-title")), at("persons")),
            Subject::Payment(_) => (None, at("payments")),
            Subject::Merchant(_) => (called(Some(self.merchant)), None),
            Subject::Plan(_)
            | Subject::Subscription(_)
            | Subject::Checkout(_)
            | Subject::Chargeback(_)
            | Subject::Feed(_)
            | Subject::Pepper(_) => (None, None),
        };
        (name.unwrap_or_else(|| subject.to_string()), path)
    }
}

/// What an entry listed that is gone by now, unless that was erased.
fn was_listed(item: &AuditItem) -> Option<String> {
    match item.item.after.as_ref().or(item.item.before.as_ref())? {
        Recorded::Entry(entry) => entry.value.clone(),
        Recorded::Customer(_) | Recorded::Person(_) | Recorded::User(_) => None,
    }
}

fn row(state: &State, links: &Links<'_>, item: &AuditItem) -> AuditRow {
    let (subject, path) = links.of_subject(item);
    AuditRow {
        event: Event::of(&state.app, &item.item),
        mode: item.mode.map_or_else(|| t("audit-core"), |mode| of("mode-", mode.as_str())),
        actor_path: links.of_actor(&item.item.change.actor),
        subject,
        path,
    }
}

/// Walks the chain, unless somebody has it walked already.
pub(crate) async fn verify(
    Shared(state): Shared<State>,
    person: Person<ViewAudit>,
    Path(mode): Path<String>,
) -> Response {
    if let Some(walk) = state.verifications.begin(&state.app, person.mode) {
        // Late or early, the page says how it stands.
        let _ = tokio::time::timeout(PATIENCE, walk).await;
    }
    answer::see_other(&format!("/dashboard/{mode}/audit"))
}

#[cfg(test)]
mod tests {
    use interdict_domain::change::Action;

    use crate::pages::history;

    #[test]
    fn every_action_has_words() {
        for action in Action::ALL {
            assert!(!history::action(*action).starts_with("action-"), "{action:?}");
        }
    }
}

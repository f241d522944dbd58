//! Which changes are wanted: what the address says, and what there is to choose from.

use interdict_app::store::{ChangeFilter, CustomerFilter, MerchantView, PageRequest, StorageError};
use interdict_domain::change::{Action, Subject};
use interdict_domain::clock::Timestamp;
use interdict_domain::entry::List;
use interdict_domain::identifier::{Email, Identifier, Kind};
use interdict_domain::user::User;

use crate::answer::Problem;
use crate::form::{Choice, Form};
use crate::pages::history;
use crate::person::{Person, ViewAudit};
use crate::t;

const DAY_S: i64 = 86_400;

/// Somebody who may have made changes.
pub(super) struct ActorChoice {
    pub(super) id: String,
    pub(super) text: String,
    pub(super) is_chosen: bool,
}

/// The filters as the page shows them.
pub(super) struct Filters {
    pub(super) actors: Vec<ActorChoice>,
    pub(super) actions: Vec<Choice>,
    pub(super) about: String,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) is_filtered: bool,
    pub(super) problem: Option<String>,
}

/// What there is to choose from, as it was chosen.
pub(super) fn filters(query: &Form, actors: Vec<(String, String)>, problem: Option<String>) -> Filters {
    let text = |name| query.text(name).unwrap_or_default().to_owned();
    let (actor, action) = (text("actor"), text("action"));
    let mut actors: Vec<_> =
        actors.into_iter().map(|(id, text)| ActorChoice { is_chosen: id == actor, id, text }).collect();
    if !actor.is_empty() && !actors.iter().any(|choice| choice.is_chosen) {
        actors.push(ActorChoice { id: actor.clone(), text: actor, is_chosen: true });
    }
    let choice = |one: &Action| Choice {
        word: one.as_str(),
        text: history::action(*one),
        is_chosen: action == one.as_str(),
    };
    let mut actions: Vec<_> = Action::ALL.iter().map(choice).collect();
    actions.sort_by(|one, other| one.text.cmp(&other.text));
    Filters {
        actors,
        actions,
        about: text("about"),
        from: text("from"),
        to: text("to"),
        is_filtered: ["actor", "action", "about", "from", "to"].iter().any(|name| query.text(name).is_some()),
        problem,
    }
}

fn day(query: &Form, name: &str, label: &str) -> Result<Option<Timestamp>, String> {
    let parse = |day: &str| format!("{day}T00:00:00Z").parse::<Timestamp>().map_err(|_| t("invalid-day"));
    query.parse(name, label, parse)
}

/// What the address wants; or what in it makes no sense, in words.
pub(super) async fn wanted(
    query: &Form,
    person: &Person<ViewAudit>,
    users: &[User],
) -> Result<Result<ChangeFilter, String>, Problem> {
    let days = day(query, "from", &t("from")).and_then(|from| Ok((from, day(query, "to", &t("audit-to"))?)));
    let (from, to) = match days {
        Ok(days) => days,
        Err(problem) => return Ok(Err(problem)),
    };
    let subject = match query.text("about") {
        None => None,
        Some(text) => match about(text, person, users).await? {
            Ok(subject) => Some(subject.to_string()),
            Err(problem) => return Ok(Err(problem)),
        },
    };
    Ok(Ok(ChangeFilter {
        actor: query.text("actor").map(str::to_owned),
        action: query.text("action").and_then(Action::parse),
        subject,
        from,
        // To the end of that day.
        until: to.map(|to| to.plus_seconds(DAY_S)),
    }))
}

/// What a text means: an id; or the email of somebody who signs in, of a customer, or of an entry.
async fn about(
    text: &str,
    person: &Person<ViewAudit>,
    users: &[User],
) -> Result<Result<Subject, String>, Problem> {
    if let Some(subject) = Subject::parse(text) {
        return Ok(Ok(subject));
    }
    let Ok(email) = Email::parse(text) else { return Ok(Err(t("audit-about-unknown"))) };
    if let Some(user) = users.iter().find(|user| user.email == email) {
        return Ok(Ok(Subject::User(user.id)));
    }
    let now = person.service().merchant_now(person.signed_in.user.merchant);
    let read = move |view: &MerchantView<'_>| -> Result<_, StorageError> {
        let filter = CustomerFilter {
            query: None,
            list_status: None,
            restricted: None,
            email: Some(email.clone()),
            now,
        };
        let customers = view.customers(&filter, PageRequest::After { position: None, limit: 2 })?;
        if !customers.is_empty() {
            return Ok(customers.iter().map(|customer| Subject::Customer(customer.id)).collect());
        }
        let mut entries = Vec::new();
        if let Ok(identifier) = Identifier::parse(Kind::Email, email.as_str()) {
            for list in List::ALL {
                entries.extend(view.entry_of(list, &identifier)?.map(|entry| Subject::Entry(entry.id)));
            }
        }
        Ok(entries)
    };
    let found: Vec<Subject> = person.service().store().read(person.signed_in.user.merchant, read).await?;
    Ok(match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(t("audit-about-unknown")),
        _ => Err(t("audit-about-many")),
    })
}

//! A timeline: each change with who made it, and what it made of what.

use interdict_app::store::{HistoryItem, Recorded};
use interdict_app::{App, is_undoable, newest_to_undo};
use interdict_domain::actor::{Actor, ActorType};
use interdict_domain::change::{Action, Fact, RowsImported, Subject};
use interdict_domain::customer::Customer;
use interdict_domain::entry::{Entry, ReasonCode};
use interdict_domain::ids::ImportId;
use interdict_domain::person::BlockedPerson;
use interdict_domain::role::Capability;
use interdict_domain::scopes::Initiator;
use interdict_domain::scopes::Scopes;
use interdict_domain::user::UserRecord;
use interdict_domain::window::Window;

use crate::form::Form;
use crate::frame::changes;
use crate::pages::entry::limits;
use crate::person::{Needs, Person};
use crate::when::when;
use crate::{of, t};

/// A change of a timeline.
pub(crate) struct Event {
    pub(crate) at: String,
    pub(crate) actor: String,
    pub(crate) action: String,
    pub(crate) differences: Vec<Difference>,
    /// The import that did it to many, for whoever may see its page.
    pub(crate) import: Option<ImportId>,
    /// The change, where a button undoes it.
    pub(crate) undo: Option<i64>,
}

/// A field that a change has changed.
pub(crate) struct Difference {
    pub(crate) field: String,
    pub(crate) before: String,
    pub(crate) after: String,
}

impl Event {
    pub(crate) fn of(app: &App, item: &HistoryItem) -> Self {
        Self {
            at: when(item.change.at),
            actor: actor(app, &item.change.actor),
            action: action(item.change.action),
            differences: differences(item.before.as_ref(), item.after.as_ref())
                .into_iter()
                .chain(item.change.facts.iter().flat_map(of_part))
                .collect(),
            import: None,
            undo: None,
        }
    }

    /// The same for somebody, who is led on from there.
    pub(crate) fn seen_by<C: Needs>(app: &App, person: &Person<C>, item: &HistoryItem) -> Self {
        let import = match item.change.subject {
            Subject::Import(id) => Some(id).filter(|_| person.may(Capability::BulkChange)),
            _ => None,
        };
        Self { import, ..Self::of(app, item) }
    }

    /// What was done to one customer, entry or person, the newest first. That can be undone as long as nothing came after
    /// it, by whoever may change it, unless the line above the page offers it already.
    pub(crate) fn all<C: Needs>(
        app: &App,
        person: &Person<C>,
        history: &[HistoryItem],
        query: &Form,
    ) -> Vec<Self> {
        let now = person.service().merchant_now(person.signed_in.user.merchant);
        let offered = query.text("undo").and_then(changes);
        let may = person.may(Capability::ChangeCustomers);
        let undoable = newest_to_undo(history)
            .filter(|item| may && is_undoable(item, now))
            .map(|item| item.change.sequence)
            .filter(|sequence| offered.is_none_or(|(first, last)| !(first..=last).contains(sequence)));
        let event = |item: &HistoryItem| Self {
            undo: undoable.filter(|sequence| *sequence == item.change.sequence),
            ..Self::seen_by(app, person, item)
        };
        history.iter().map(event).collect()
    }
}

/// What happened, in words.
pub(crate) fn action(action: Action) -> String {
    of("action-", &action.as_str().replace('.', "-"))
}

/// Who it was, by the name that people gave it.
pub(crate) fn actor(app: &App, actor: &Actor) -> String {
    app.label_of(actor).unwrap_or_else(|| match actor.kind {
        ActorType::Cli => t("actor-cli"),
        ActorType::System => t("actor-system"),
        ActorType::Payer => t("actor-payer"),
        ActorType::ApiKey | ActorType::User => actor.id.clone(),
    })
}

/// For which payments something counts, in words.
pub(crate) fn scopes(scopes: Scopes) -> String {
    match (scopes.contains(Initiator::Customer), scopes.contains(Initiator::Merchant)) {
        (true, false) => t("scope-cit"),
        (false, true) => t("scope-mit"),
        _ => t("scope-both"),
    }
}

/// The lines that a part of an import took.
pub(crate) fn lines(rows: &RowsImported) -> String {
    let [first, last] = rows.rows;
    if first == last { first.to_string() } else { format!("{first} {} {last}", t("import-lines-to")) }
}

/// What proves a part of an import, which has no before.
fn of_part(fact: &Fact) -> Vec<Difference> {
    let Fact::RowsImported(rows) = fact else { return Vec::new() };
    let said = [(t("import-lines"), lines(rows)), (t("import-digest"), rows.digest.clone())];
    said.into_iter().map(|(field, after)| Difference { field, before: String::new(), after }).collect()
}

type Field = (&'static str, String);

fn differences(before: Option<&Recorded>, after: Option<&Recorded>) -> Vec<Difference> {
    let fields = |recorded: Option<&Recorded>| match recorded {
        Some(Recorded::Customer(customer)) => of_customer(customer),
        Some(Recorded::Entry(entry)) => of_entry(entry),
        Some(Recorded::Person(person)) => of_person(person),
        Some(Recorded::User(user)) => of_user(user),
        None => Vec::new(),
    };
    let (before, after) = (fields(before), fields(after));
    let value = |fields: &[Field], name: &str| {
        fields.iter().find(|(other, _)| *other == name).map_or(String::new(), |(_, value)| value.clone())
    };
    let named = if after.is_empty() { &before } else { &after };
    named
        .iter()
        .map(|(name, _)| Difference {
            field: of("field-", name),
            before: value(&before, name),
            after: value(&after, name),
        })
        .filter(|difference| difference.before != difference.after)
        .collect()
}

fn yes(flag: bool) -> String {
    if flag { t("yes") } else { t("no") }
}

fn text<T>(value: Option<&T>, read: impl Fn(&T) -> &str) -> String {
    value.map_or(String::new(), |value| read(value).to_owned())
}

fn until(window: &Window) -> String {
    window.until().map_or(String::new(), |until| until.to_string())
}

fn reason_code(code: Option<ReasonCode>) -> String {
    code.map_or(String::new(), |code| of("reason-code-", code.as_str()))
}

fn of_customer(customer: &Customer) -> Vec<Field> {
    let profile = &customer.profile;
    let standing = &customer.standing;
    vec![
        ("name", profile.full_name().unwrap_or_default()),
        ("email", text(profile.email.as_ref(), |value| value.as_str())),
        ("phone", text(profile.phone.as_ref(), |value| value.as_str())),
        ("ref", text(profile.merchant_ref.as_ref(), |value| value.as_str())),
        ("restrict-cit", yes(customer.restriction.cit)),
        ("restrict-mit", yes(customer.restriction.mit)),
        ("restrict-reason", text(customer.restriction.reason.as_ref(), |value| value.as_str())),
        ("list-status", of("status-", standing.status.as_str())),
        ("list-reason", text(standing.reason.as_ref(), |value| value.as_str())),
        ("scopes", scopes(standing.scopes)),
        ("until", until(&standing.window)),
    ]
}

fn of_entry(entry: &Entry) -> Vec<Field> {
    vec![
        ("value", entry.value.clone().unwrap_or_default()),
        ("reason", text(entry.reason.as_ref(), |value| value.as_str())),
        ("public-message", text(entry.public_message.as_ref(), |value| value.as_str())),
        ("reason-code", reason_code(entry.reason_code)),
        ("strength", of("strength-", entry.strength.as_str())),
        ("scopes", scopes(entry.scopes)),
        ("from", entry.window.from().map_or(String::new(), |from| from.to_string())),
        ("until", until(&entry.window)),
        ("limits", limits(entry.limits)),
    ]
}

fn of_person(person: &BlockedPerson) -> Vec<Field> {
    let terms = &person.terms;
    vec![
        ("reason", text(terms.reason.as_ref(), |value| value.as_str())),
        ("public-message", text(terms.public_message.as_ref(), |value| value.as_str())),
        ("reason-code", reason_code(terms.reason_code)),
        ("scopes", scopes(terms.scopes)),
        ("until", terms.expires_at.map_or(String::new(), |until| until.to_string())),
    ]
}

fn of_user(user: &UserRecord) -> Vec<Field> {
    vec![
        ("email", user.email.as_str().to_owned()),
        ("role", of("role-", user.role.as_str())),
        ("disabled", yes(user.disabled)),
    ]
}

//! Look up: one box for whatever is known of somebody, and everything that is known of it: who it is, which entries cover it,
//! and what was done to those. Nothing is counted or kept.
//!
//! Deliberately not here: what an attempt with several things would get ([`super::decisions`]).

use std::net::IpAddr;

use askama::Template;
use axum::extract::State as Shared;
use axum::response::Response;
use http::StatusCode;
use interdict_app::decision::Outcome;
use interdict_app::{LookedUp, Presented, Standing};
use interdict_domain::identifier::Kind;
use interdict_domain::ids::CustomerId;

use crate::answer::{self, Problem};
use crate::form::{Form, InQuery};
use crate::frame::{Frame, Place};
use crate::pages::history::Event;
use crate::pages::sources::{self, Anchor, Names, SourceLine, undecided};
use crate::person::{Person, ViewCustomers};
use crate::state::State;
use crate::when::when_or_dash;
use crate::{of, t};

#[derive(Template)]
#[template(path = "look_up.html")]
struct LookUpPage {
    frame: Frame,
    value: String,
    kinds: Vec<(&'static str, String, bool)>,
    problem: Option<String>,
    found: Option<Found>,
}

/// What is known, in words.
struct Found {
    sides: [Side; 2],
    customers: Vec<(Anchor, bool)>,
    has_more: bool,
    entries: Vec<EntryLine>,
    history: Vec<Event>,
}

struct Side {
    title: String,
    is_blocked: bool,
    sources: Vec<SourceLine>,
}

struct EntryLine {
    link: Anchor,
    value: String,
    rule: String,
    reason: String,
    until: String,
    out_of_force: String,
}

/// Whom somebody asks for.
enum Asked {
    Customer(CustomerId),
    Identifier(Kind, String),
}

pub(crate) async fn show(
    Shared(state): Shared<State>,
    person: Person<ViewCustomers>,
    InQuery(query): InQuery,
) -> Result<Response, Problem> {
    let (mut status, mut problem, mut found) = (StatusCode::OK, None, None);
    match read(&query, &person) {
        None => {}
        Some(Ok(asked)) => match look_up(&state, &person, asked).await? {
            Ok(known) => found = Some(known),
            Err(words) => problem = Some(words),
        },
        Some(Err(words)) => problem = Some(words),
    }
    if problem.is_some() {
        status = StatusCode::UNPROCESSABLE_ENTITY;
    }
    let chosen = query.text("kind");
    let page = LookUpPage {
        frame: Frame::new(&state, &person, Place::Decisions, t("look-up"), &query).await,
        value: query.text("value").unwrap_or_default().to_owned(),
        kinds: Kind::ALL
            .map(|kind| (kind.as_str(), sources::kind(kind), chosen == Some(kind.as_str())))
            .to_vec(),
        problem,
        found,
    };
    Ok(answer::page(status, &page))
}

/// What was typed, of the kind that was chosen or that it shows; nothing when nothing was.
fn read(query: &Form, person: &Person<ViewCustomers>) -> Option<Result<Asked, String>> {
    let text = query.text("value")?;
    let chosen = query.text("kind").and_then(Kind::parse);
    if let (None, Ok(id)) = (chosen, text.parse::<CustomerId>()) {
        return Some(Ok(Asked::Customer(id)));
    }
    let Some(kind) = chosen.or_else(|| recognise(text)) else { return Some(Err(t("look-up-unknown"))) };
    let region = || person.phone_region();
    let normalised = kind.normalise_in(text, region).map(std::borrow::Cow::into_owned);
    let label = sources::kind(kind);
    Some(normalised.map(|value| Asked::Identifier(kind, value)).map_err(|error| format!("{label} {error}.")))
}

/// The kind that a text shows by itself.
fn recognise(text: &str) -> Option<Kind> {
    if text.contains('@') {
        Some(Kind::Email)
    } else if text.starts_with('+') {
        Some(Kind::Phone)
    } else if text.parse::<IpAddr>().is_ok() || (text.contains('/') && Kind::Ip.normalise(text).is_ok()) {
        Some(Kind::Ip)
    } else {
        [Kind::Iban, Kind::Bin, Kind::EmailDomain].into_iter().find(|kind| kind.normalise(text).is_ok())
    }
}

async fn look_up(
    state: &State,
    person: &Person<ViewCustomers>,
    asked: Asked,
) -> Result<Result<Found, String>, Problem> {
    let (customer, identifiers) = match asked {
        Asked::Customer(id) => (Some(id), Vec::new()),
        Asked::Identifier(kind, value) => {
            (None, vec![Presented { kind, value: value.into(), verified: true }])
        }
    };
    let known = person.service().look_up(person.signed_in.user.merchant, customer, &identifiers).await?;
    match known {
        Ok(known) => Ok(Ok(shown(state, person, &known).await?)),
        Err(error) => Ok(Err(undecided(error))),
    }
}

async fn shown(state: &State, person: &Person<ViewCustomers>, known: &LookedUp) -> Result<Found, Problem> {
    let mode = person.mode.as_str();
    let of_sources = || known.cit.sources.iter().chain(&known.mit.sources);
    let matches = || known.identifiers.iter().flat_map(|one| &one.matches);
    let entries = of_sources().filter_map(|source| source.entry).chain(matches().map(|one| one.row.entry.id));
    let customers = of_sources()
        .filter_map(|source| source.customer)
        .chain(known.customers.iter().map(|customer| customer.id));
    let names = Names::read(person, entries.collect(), customers.collect()).await?;
    let side = |standing: &Standing, title: String| Side {
        title,
        is_blocked: standing.outcome == Outcome::Block,
        sources: standing.sources.iter().map(|source| names.line(source, mode)).collect(),
    };
    let entry = |one: &interdict_app::Match| {
        let entry = &one.row.entry;
        EntryLine {
            link: names.of_entry(entry.id, mode),
            value: entry.value.clone().unwrap_or_else(|| t("erased")),
            rule: of("rule-", one.rule.as_str()),
            reason: entry.reason.as_ref().map_or("", |reason| reason.as_str()).to_owned(),
            until: when_or_dash(entry.window.until()),
            out_of_force: one
                .out_of_force(known.now)
                .map_or_else(String::new, |why| of("out-of-force-", why)),
        }
    };
    let customer = |customer: &interdict_app::LookedUpCustomer| {
        let is_blocked = [&customer.cit, &customer.mit].iter().any(|side| side.outcome == Outcome::Block);
        (names.of_customer(customer.id, mode), is_blocked)
    };
    Ok(Found {
        sides: [side(&known.cit, t("cit")), side(&known.mit, t("mit"))],
        customers: known.customers.iter().map(customer).collect(),
        has_more: known.has_more_customers,
        entries: matches().map(entry).collect(),
        history: known
            .identifiers
            .iter()
            .flat_map(|one| &one.history)
            .map(|item| Event::seen_by(&state.app, person, item))
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_types_shows_what_it_is() {
        for (text, kind) in [
            ("ada@example.com", Some(Kind::Email)),
            ("+2348012345678", Some(Kind::Phone)),
            ("203.0.113.7", Some(Kind::Ip)),
            ("203.0.113.0/24", Some(Kind::Ip)),
            ("2001:db8::1", Some(Kind::Ip)),
            ("DE89 3704 0044 0532 0130 00", Some(Kind::Iban)),
            ("424242", Some(Kind::Bin)),
            ("example.com", Some(Kind::EmailDomain)),
            ("A-17", None),
        ] {
            assert_eq!(recognise(text), kind, "{text}");
        }
    }
}

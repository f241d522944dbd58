//! The form that blocks a customer as a person: all that it has, each with a box that is ticked.

use askama::Template;
use axum::extract::{Path, State as Shared};
use axum::response::Response;
use http::StatusCode;
use interdict_app::{CustomerIdentifiers, NamedIdentifier, Place as Where};
use interdict_domain::ids::CustomerId;

use crate::answer::{self, Problem};
use crate::form::{Form, InQuery};
use crate::frame::{Frame, Place};
use crate::pages::customers::name_of;
use crate::person::{ChangeCustomers, Person};
use crate::state::State;
use crate::{of, t};

#[derive(Template)]
#[template(path = "person_block.html")]
struct BlockPage {
    frame: Frame,
    customer: String,
    name: String,
    identifiers: Vec<Choice>,
    left_out: Vec<Choice>,
    problem: Option<String>,
    reason: String,
    public_message: String,
    until: String,
    cit: bool,
    mit: bool,
}

struct Choice {
    /// The kind and the value, as the form sends them back.
    sent: String,
    kind: String,
    value: String,
    from: String,
    is_chosen: bool,
}

/// What was typed, and what is wrong with it.
pub(super) struct Refused {
    pub(super) problem: String,
    pub(super) typed: Form,
}

pub(crate) async fn show(
    Shared(state): Shared<State>,
    person: Person<ChangeCustomers>,
    Path((_, id)): Path<(String, String)>,
    InQuery(query): InQuery,
) -> Result<Response, Problem> {
    let id = id.parse().map_err(|_| Problem::not_there(&t("customer-not-there")))?;
    render(&state, &person, id, &query, None).await
}

fn one(named: &NamedIdentifier, typed: Option<&Form>) -> Choice {
    let (kind, value) = (named.identifier.kind().as_str(), named.identifier.value());
    let sent = format!("{kind}:{value}");
    Choice {
        is_chosen: typed.is_none_or(|typed| typed.all("identifier").contains(&sent)),
        sent,
        kind: of("kind-", kind),
        value: value.to_owned(),
        from: t(if named.place == Where::OfAttempts { "person-from-attempts" } else { "person-from-record" }),
    }
}

/// The page, perhaps with what was wrong.
pub(super) async fn render(
    state: &State,
    person: &Person<ChangeCustomers>,
    id: CustomerId,
    query: &Form,
    refused: Option<Refused>,
) -> Result<Response, Problem> {
    let (service, merchant) = (person.service(), person.signed_in.user.merchant);
    let not_there = || Problem::not_there(&t("customer-not-there"));
    let customer = service.store().read(merchant, move |view| view.customer(id)).await?;
    let customer = customer.ok_or_else(not_there)?;
    let has = service.identifiers_of_customer(merchant, id).await?.ok_or_else(not_there)?;
    let CustomerIdentifiers { identifiers, left_out } = has;
    let typed = refused.as_ref().map(|refused| &refused.typed);
    let text = |field| typed.and_then(|typed| typed.text(field)).unwrap_or_default().to_owned();
    let shared = |one: &interdict_app::LeftOut| Choice {
        sent: String::new(),
        kind: of("kind-", one.identifier.kind().as_str()),
        value: one.identifier.value().to_owned(),
        from: of("held-back-", one.why.as_str()),
        is_chosen: false,
    };
    let status = if refused.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = BlockPage {
        frame: Frame::new(state, person, Place::Customers, t("person-block"), query).await,
        customer: id.to_string(),
        name: name_of(&customer),
        identifiers: identifiers.iter().map(|named| one(named, typed)).collect(),
        left_out: left_out.iter().map(shared).collect(),
        reason: text("reason"),
        public_message: text("publicMessage"),
        until: text("until"),
        cit: typed.is_none_or(|typed| typed.is_set("cit")),
        mit: typed.is_none_or(|typed| typed.is_set("mit")),
        problem: refused.map(|refused| refused.problem),
    };
    Ok(answer::page(status, &page))
}

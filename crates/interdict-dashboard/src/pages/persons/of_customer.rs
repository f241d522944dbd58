//! The form that blocks a customer as a person: all that it has, each with a box that is ticked.

use askama::Template;
use axum::extract::{Path, State as Shared};
use axum::response::Response;
use http::StatusCode;
use interdict_app::store::{MerchantView, StorageError};
use interdict_app::{CustomerIdentifiers, NamedIdentifier, Place as Where};
use interdict_domain::entry::ReasonCode;
use interdict_domain::identifier::Identifier;
use interdict_domain::ids::CustomerId;
use interdict_domain::person::BlockedPerson;
use interdict_domain::scopes::Initiator;
use interdict_domain::text::{PublicMessage, Reason};

use crate::answer::{self, Problem};
use crate::form::{self, Form, InQuery, TICKED};
use crate::frame::{Frame, Place};
use crate::pages::customers::name_of;
use crate::pages::entry::day;
use crate::pages::terms::reason_codes;
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
    /// The person that the customer is already, if it is one.
    blocked: Option<String>,
    terms: Terms,
}

/// The terms of the block that stands, or as they were typed.
struct Terms {
    reason: String,
    reason_codes: Vec<form::Choice>,
    public_message: String,
    /// The day, and the moment that stands: a day that is not touched keeps its moment.
    until: String,
    until_was: String,
    cit: bool,
    mit: bool,
}

impl Terms {
    fn of(person: Option<&BlockedPerson>) -> Self {
        let terms = person.map(|person| &person.terms);
        let counts = |initiator| terms.is_none_or(|terms| terms.scopes.contains(initiator));
        let until = terms.and_then(|terms| terms.expires_at).map_or(String::new(), |until| until.to_string());
        Self {
            reason: terms.and_then(|terms| terms.reason.as_ref()).map_or("", Reason::as_str).to_owned(),
            reason_codes: reason_codes(terms.and_then(|terms| terms.reason_code).map(ReasonCode::as_str)),
            public_message: terms
                .and_then(|terms| terms.public_message.as_ref())
                .map_or("", PublicMessage::as_str)
                .to_owned(),
            until: day(&until).to_owned(),
            until_was: until,
            cit: counts(Initiator::Customer),
            mit: counts(Initiator::Merchant),
        }
    }

    fn typed(form: &Form) -> Self {
        let text = |field| form.text(field).unwrap_or_default().to_owned();
        Self {
            reason: text("reason"),
            reason_codes: reason_codes(form.text("reasonCode")),
            public_message: text("publicMessage"),
            until: text("until"),
            until_was: text("untilWas"),
            cit: form.is_set("cit"),
            mit: form.is_set("mit"),
        }
    }
}

/// The blocked person that has one of these.
fn blocked_already(
    view: &MerchantView<'_>,
    identifiers: &[Identifier],
) -> Result<Option<BlockedPerson>, StorageError> {
    for identifier in identifiers {
        if let Some(held) = view.holder_of(identifier)? {
            return view.person(held.person);
        }
    }
    Ok(None)
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
        is_chosen: typed.is_none_or(|typed| typed.all(TICKED).contains(&sent)),
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
    let of_theirs: Vec<Identifier> = identifiers.iter().map(|named| named.identifier.clone()).collect();
    let blocked = service.store().read(merchant, move |view| blocked_already(view, &of_theirs)).await?;
    let typed = refused.as_ref().map(|refused| &refused.typed);
    let terms = typed.map_or_else(|| Terms::of(blocked.as_ref()), Terms::typed);
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
        blocked: blocked.map(|person| person.id.to_string()),
        terms,
        problem: refused.map(|refused| refused.problem),
    };
    Ok(answer::page(status, &page))
}

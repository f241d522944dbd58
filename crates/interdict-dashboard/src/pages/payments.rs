//! The payments: every attempt, refused ones too, newest first, by status, by who started it, by email and by customer.

use std::collections::HashMap;

use askama::Template;
use axum::extract::State as Shared;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use interdict_app::block_code;
use interdict_app::store::{CustomerFilter, MerchantView, PageRequest, PaymentFilter, StorageError};
use interdict_domain::identifier::Email;
use interdict_domain::ids::{CustomerId, PaymentId};
use interdict_domain::payment::{Payment, PaymentStatus};
use interdict_domain::scopes::Initiator;

use super::paging::{self, PAGE_ROWS};
use crate::answer::{self, Problem};
use crate::form::{Choice, Form, InQuery};
use crate::frame::{Frame, Place};
use crate::pages::customers::name_of;
use crate::pages::sources::{refusal, refused_by};
use crate::person::{Person, ViewPayments};
use crate::state::State;
use crate::when::when;
use crate::{of, t};

#[derive(Template)]
#[template(path = "payments.html")]
struct PaymentsPage {
    frame: Frame,
    typed: String,
    /// The customer whose payments these are: the id, and the name.
    customer: Option<(String, String)>,
    /// Customers who are like what was typed: where their payments are, and their names.
    alike: Vec<(String, String)>,
    problem: Option<String>,
    statuses: Vec<Choice>,
    initiators: Vec<Choice>,
    blocked: bool,
    is_filtered: bool,
    rows: Vec<PaymentRow>,
    more: Option<String>,
}

/// The rows alone, for a search as one types.
#[derive(Template)]
#[template(path = "payments_rows.html")]
struct PaymentsRows {
    frame: Frame,
    alike: Vec<(String, String)>,
    problem: Option<String>,
    is_filtered: bool,
    rows: Vec<PaymentRow>,
    more: Option<String>,
}

/// A payment in a table.
pub(crate) struct PaymentRow {
    pub(crate) path: String,
    pub(crate) amount: String,
    pub(crate) payer: String,
    pub(crate) chip: &'static str,
    pub(crate) status: String,
    pub(crate) initiator: String,
    pub(crate) why: String,
    pub(crate) at: String,
}

/// Names of those who pay.
pub(crate) type Payers = HashMap<CustomerId, String>;

/// The names of the customers of some payments.
pub(crate) fn payers(view: &MerchantView<'_>, payments: &[Payment]) -> Result<Payers, StorageError> {
    let mut names = Payers::new();
    for id in payments.iter().filter_map(|payment| payment.customer) {
        if !names.contains_key(&id) {
            names.extend(view.customer(id)?.map(|customer| (id, name_of(&customer))));
        }
    }
    Ok(names)
}

/// Who started a payment, in words.
pub(crate) fn initiator(initiator: Initiator) -> String {
    of("by-", initiator.as_str())
}

/// How a payment stands: the look of its chip, and the word. One that the lists refused is blocked,
/// and one that the bank refused is declined.
pub(crate) fn status(payment: &Payment) -> (&'static str, String) {
    if block_code(payment).is_some() {
        return ("bad", t("blocked"));
    }
    let status = payment.status.as_str();
    let code = payment.outcome.as_ref().and_then(|outcome| outcome.error_code.as_deref());
    if payment.status == PaymentStatus::Cancelled
        && code.is_some_and(|code| ["bank", "customer"].contains(&refused_by(code)))
    {
        return (status, t("declined"));
    }
    (status, of("payment-", status))
}

impl PaymentRow {
    pub(crate) fn of(payment: &Payment, payers: &Payers, mode: &str) -> Self {
        let (chip, status) = status(payment);
        let code = payment.outcome.as_ref().and_then(|outcome| outcome.error_code.as_deref());
        let name = payment.customer.and_then(|id| payers.get(&id).cloned());
        let email = payment.email.as_ref().map(|email| email.as_str().to_owned());
        Self {
            path: format!("/dashboard/{mode}/payments/{}", payment.id),
            amount: payment.money.to_string(),
            payer: name.or(email).unwrap_or_else(|| t("erased")),
            chip,
            status,
            initiator: initiator(payment.initiator),
            why: code.map(refusal).unwrap_or_default(),
            at: when(payment.created_at),
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
    if let Some(Ok(id)) = query.text("email").map(str::parse::<PaymentId>) {
        return Ok(answer::see_other(&format!("/dashboard/{mode}/payments/{id}")));
    }
    let alike = alike(&person, query.text("email")).await?;
    let (email, problem) = match query.parse("email", &t("email"), Email::parse) {
        Ok(email) => (email, None),
        Err(_) if !alike.is_empty() => (None, Some(t("payments-of-whom"))),
        Err(_) => (None, Some(t("nobody-like-that"))),
    };
    let customer = query.text("customer").and_then(|id| id.parse::<CustomerId>().ok());
    let filter = PaymentFilter {
        customer,
        status: query.text("status").and_then(PaymentStatus::parse),
        initiator: query.text("initiator").and_then(Initiator::parse),
        email,
        ..PaymentFilter::default()
    };
    let blocked = query.is_set("blocked");
    let is_filtered = blocked || filter != PaymentFilter::default();
    let (rows, next) = if problem.is_some() {
        (Vec::new(), None)
    } else {
        read(&person, filter.clone(), blocked, &query).await?
    };
    let frame = Frame::new(&state, &person, Place::Payments, t("nav-payments"), &query).await;
    if paging::wants_rows_alone(&headers) {
        let rows = PaymentsRows { frame, alike, problem, is_filtered, rows, more: next };
        return Ok(answer::page(StatusCode::OK, &rows));
    }
    let statuses = PaymentStatus::ALL.iter().map(|status| Choice {
        word: status.as_str(),
        text: of("payment-", status.as_str()),
        is_chosen: filter.status == Some(*status),
    });
    let initiators = Initiator::ALL.iter().map(|started_by| Choice {
        word: started_by.as_str(),
        text: initiator(*started_by),
        is_chosen: filter.initiator == Some(*started_by),
    });
    let page = PaymentsPage {
        customer: name_of_customer(&person, customer).await?,
        alike,
        frame,
        typed: query.text("email").unwrap_or_default().to_owned(),
        problem,
        statuses: statuses.collect(),
        initiators: initiators.collect(),
        blocked,
        is_filtered,
        rows,
        more: next,
    };
    Ok(answer::page(StatusCode::OK, &page))
}

/// Customers who are shown as like what was typed.
const ALIKE_MAX: i64 = 5;

/// Customers with what was typed in their email, name, reference or id: a payment may have come with the customer alone.
async fn alike(person: &Person<ViewPayments>, typed: Option<&str>) -> Result<Vec<(String, String)>, Problem> {
    let Some(typed) = typed else { return Ok(Vec::new()) };
    let merchant = person.signed_in.user.merchant;
    let filter = CustomerFilter {
        query: Some(typed.to_owned()),
        list_status: None,
        restricted: None,
        email: None,
        now: person.service().merchant_now(merchant),
    };
    let page = PageRequest::After { position: None, limit: ALIKE_MAX };
    let found = person.service().store().read(merchant, move |view| view.customers(&filter, page)).await?;
    let path = |id| format!("/dashboard/{}/payments?customer={id}", person.mode.as_str());
    Ok(found.iter().map(|customer| (path(customer.id), name_of(customer))).collect())
}

async fn name_of_customer(
    person: &Person<ViewPayments>,
    id: Option<CustomerId>,
) -> Result<Option<(String, String)>, Problem> {
    let Some(id) = id else { return Ok(None) };
    let read = person.service().store().read(person.signed_in.user.merchant, move |view| view.customer(id));
    Ok(read.await?.map(|customer| (customer.id.to_string(), name_of(&customer))))
}

async fn read(
    person: &Person<ViewPayments>,
    filter: PaymentFilter,
    blocked: bool,
    query: &Form,
) -> Result<(Vec<PaymentRow>, Option<String>), Problem> {
    let position = paging::position(query);
    let read = person.service().store().read(person.signed_in.user.merchant, move |view| {
        let found = view.payments_after(&filter, blocked, position, PAGE_ROWS + 1)?;
        let payers = payers(view, &found)?;
        Ok::<_, StorageError>((found, payers))
    });
    let (found, payers) = read.await?;
    let (found, next) = paging::one_more(found, |payment| (payment.created_at, payment.id.ksuid()), query);
    let mode = person.mode.as_str();
    Ok((found.iter().map(|payment| PaymentRow::of(payment, &payers, mode)).collect(), next))
}

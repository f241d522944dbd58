//! The customers: search by part of email, name, phone, ref or id, two filters, two orders.

use askama::Template;
use axum::extract::State as Shared;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use interdict_app::store::{CustomerFilter, PageRequest};
use interdict_domain::customer::{Customer, ListStatus};

use super::paging::{self, Order, PAGE_ROWS};
use super::standing::Blocked;
use crate::answer::{self, Problem};
use crate::form::InQuery;
use crate::frame::{Frame, Place};
use crate::person::{Person, ViewCustomers};
use crate::state::State;
use crate::t;
use crate::when::when;

#[derive(Template)]
#[template(path = "customers.html")]
struct CustomersPage {
    frame: Frame,
    query: String,
    status: String,
    restricted: bool,
    order: Order,
    rows: Vec<CustomerRow>,
    more: Option<String>,
}

/// The rows alone, for a search as one types.
#[derive(Template)]
#[template(path = "customers_rows.html")]
struct CustomersRows {
    frame: Frame,
    query: String,
    order: Order,
    rows: Vec<CustomerRow>,
    more: Option<String>,
}

struct CustomerRow {
    path: String,
    name: String,
    email: String,
    merchant_ref: String,
    is_restricted: bool,
    status: &'static str,
    /// Blocked for what none of the other chips says: the look of a chip and its word.
    blocked: Option<(&'static str, String)>,
    created_at: String,
}

/// What people call a customer: by what is known of it.
pub(crate) fn name_of(customer: &Customer) -> String {
    let profile = &customer.profile;
    profile
        .full_name()
        .or_else(|| profile.email.as_ref().map(|email| email.as_str().to_owned()))
        .or_else(|| profile.merchant_ref.as_ref().map(|value| value.as_str().to_owned()))
        .unwrap_or_else(|| customer.id.to_string())
}

pub(crate) async fn list(
    Shared(state): Shared<State>,
    person: Person<ViewCustomers>,
    headers: HeaderMap,
    InQuery(query): InQuery,
) -> Result<Response, Problem> {
    let now = person.service().merchant_now(person.signed_in.user.merchant);
    let filter = CustomerFilter {
        query: query.text("query").map(str::to_owned),
        list_status: query.text("status").and_then(ListStatus::parse),
        restricted: query.is_set("restricted").then_some(true),
        email: None,
        now,
    };
    let order = Order::of(&query, true);
    let (position, limit, oldest_first) = (paging::position(&query), PAGE_ROWS + 1, order.is_oldest_first);
    let read = person.service().store().read(person.signed_in.user.merchant, move |view| {
        if oldest_first {
            view.oldest_customers(&filter, position, limit)
        } else {
            view.customers(&filter, PageRequest::After { position, limit })
        }
    });
    let (customers, more) =
        paging::one_more(read.await?, |customer| (customer.created_at, customer.id.ksuid()), &query);
    let rows = customers
        .iter()
        .map(|customer| CustomerRow {
            path: format!("/dashboard/{}/customers/{}", person.mode.as_str(), customer.id),
            name: name_of(customer),
            email: customer.profile.email.as_ref().map_or("", |email| email.as_str()).to_owned(),
            merchant_ref: customer
                .profile
                .merchant_ref
                .as_ref()
                .map_or("", |value| value.as_str())
                .to_owned(),
            is_restricted: customer.restriction.is_restricted(),
            status: customer.standing.at(now).as_str(),
            blocked: Blocked::now(&person, customer.id).chip_beyond(customer, customer.standing.at(now)),
            created_at: when(customer.created_at),
        })
        .collect();
    let frame = Frame::new(&state, &person, Place::Customers, t("nav-customers"), &query).await;
    let text = |name| query.text(name).unwrap_or_default().to_owned();
    if paging::wants_rows_alone(&headers) {
        return Ok(answer::page(
            StatusCode::OK,
            &CustomersRows { frame, query: text("query"), order, rows, more },
        ));
    }
    let restricted = query.is_set("restricted");
    let (query, status) = (text("query"), text("status"));
    let page = CustomersPage { frame, query, status, restricted, order, rows, more };
    Ok(answer::page(StatusCode::OK, &page))
}

//! `GET /customer/get` (Idenza): everybody who is on a list now.

use axum::extract::RawQuery;
use axum::response::Response;
use http::StatusCode;
use interdict_app::Caller;
use interdict_app::store::{CustomerFilter, PageRequest, StorageError};
use interdict_domain::clock::Timestamp;
use interdict_domain::customer::{Customer, ListStatus};
use interdict_domain::ids::{CustomerId, Ksuid};
use serde::Serialize;
use utoipa::ToSchema;

use super::{subscriber, word};
use crate::answer;
use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::extract::{CustomersRead, Secret};
use crate::json::Fields;
use crate::mutation::read_failed;
use crate::page::{Cursor, LIMIT_DEFAULT, LIMIT_MAX};
use crate::schemas;

/// Everybody who is on a list.
#[derive(Serialize, ToSchema)]
#[schema(as = CustomerList)]
pub(crate) struct ListView {
    subscriber_id: i64,
    /// `WHITELIST` or `BLACKLIST`.
    list: &'static str,
    /// Customers in this answer.
    count: usize,
    customers: Vec<ListedView>,
    /// For the next page's `cursor`; null on the last one.
    next_cursor: Option<String>,
}

/// Somebody who is on a list.
#[derive(Serialize, ToSchema)]
#[schema(as = ListedCustomer)]
pub(crate) struct ListedView {
    first_name: Option<String>,
    last_name: Option<String>,
    fullname: Option<String>,
    email: Option<String>,
    customer_reference_id: Option<String>,
    role: String,
    status: &'static str,
    reason: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl ListedView {
    fn of(customer: &Customer, now: Timestamp) -> Self {
        let profile = &customer.profile;
        let text =
            |name: &Option<interdict_domain::text::Name>| name.as_ref().map(|name| name.as_str().to_owned());
        Self {
            first_name: text(&profile.first_name),
            last_name: text(&profile.last_name),
            fullname: profile.full_name(),
            email: profile.email.as_ref().map(|email| email.as_str().to_owned()),
            customer_reference_id: profile.merchant_ref.as_ref().map(|value| value.as_str().to_owned()),
            role: text(&profile.role).unwrap_or_else(|| "PAYEE".to_owned()),
            status: word(customer.standing.at(now)),
            reason: customer.standing.reason.as_ref().map(|reason| reason.as_str().to_owned()),
            updated_at: customer.updated_at,
        }
    }
}

struct Wanted {
    status: ListStatus,
    limit: usize,
    position: Option<(Timestamp, Ksuid)>,
}

fn read(query: &str, caller: &Caller) -> Result<Wanted, ApiError> {
    let mut fields = Fields::from_query(query);
    subscriber(&mut fields, caller)?;
    let lists = [("WHITELIST", ListStatus::Whitelisted), ("BLACKLIST", ListStatus::Blacklisted)];
    let list = fields.word("list", &lists);
    let list = fields.required("list", list);
    let limit = fields.integer("limit", 1..=i64::try_from(LIMIT_MAX).unwrap_or(i64::MAX)).value();
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(LIMIT_DEFAULT);
    let position = fields.parse("cursor", |text| {
        let (at, id) =
            Cursor::position::<CustomerId>(text).map_err(|_| "must be a next_cursor of an earlier answer")?;
        Ok::<_, &str>((at, id.ksuid()))
    });
    let wanted = list.map(|status| Wanted { status, limit, position: position.value() });
    Ok(fields.finish(wanted)?)
}

#[utoipa::path(
    get,
    path = "/customer/get",
    operation_id = "listCustomerStatuses",
    tag = "Customer Management",
    summary = "Retrieve a list of all users for a subscriber who are on the specified list",
    params(schemas::CustomerStatusQuery),
    responses((status = 200, description = "Everybody who is on the list now.", body = ListView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:read"])),
)]
pub(crate) async fn get(key: Secret<CustomersRead>, RawQuery(query): RawQuery) -> Response {
    let caller = &key.caller;
    let wanted = match read(query.as_deref().unwrap_or_default(), caller) {
        Ok(wanted) => wanted,
        Err(error) => return error.respond(Dialect::Idenza),
    };
    let now = caller.service.merchant_now(caller.merchant);
    let filter =
        CustomerFilter { query: None, list_status: Some(wanted.status), restricted: None, email: None, now };
    let limit = i64::try_from(wanted.limit + 1).unwrap_or(i64::MAX);
    let request = PageRequest::After { position: wanted.position, limit };
    let found = caller
        .service
        .store()
        .read(caller.merchant, move |view| {
            Ok::<_, StorageError>((view.customers(&filter, request)?, view.revision()?))
        })
        .await;
    match found {
        Ok((rows, revision)) => {
            let cursor =
                |customer: &Customer| Cursor { created_at: customer.created_at, id: customer.id.to_string() };
            let page = crate::page::Items::from_one_more(rows, wanted.limit, cursor);
            let view = ListView {
                subscriber_id: caller.merchant.0,
                list: word(wanted.status),
                count: page.items.len(),
                customers: page.items.iter().map(|customer| ListedView::of(customer, now)).collect(),
                next_cursor: page.next_cursor,
            };
            answer::json(StatusCode::OK, &view, revision)
        }
        Err(error) => read_failed(&error).respond(Dialect::Idenza),
    }
}

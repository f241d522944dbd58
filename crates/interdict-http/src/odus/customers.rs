//! `/customers` and `/customers/{id}/restrictions` (Odus, Customers and Restrictions).

use axum::response::Response;
use http::StatusCode;
use interdict_app::store::{CustomerFilter, NumberedRows, PageRequest, StorageError};
use interdict_app::{Answer, create_customer, restrict_customer, update_customer};
use interdict_domain::customer::Customer;
use interdict_domain::identifier::Email;
use interdict_domain::ids::CustomerId;

use crate::answer;
use crate::dialect::Dialect;
use crate::extract::{CustomersRead, CustomersWrite, InPath, InQuery, Reader, Secret};
use crate::json::Fields;
use crate::mutation::{Mutation, read_failed};
use crate::page::{Numbered, NumberedPage, SortDirection};
use crate::profile;
use crate::schemas;
use crate::v1::{customers, restrictions};
use crate::views::{OdusCustomerView, PublicCustomerView};

fn shown(status: StatusCode, customer: &Customer) -> Answer {
    answer::about(answer::answer(status, &OdusCustomerView::of(customer)), &customer.id)
}

#[utoipa::path(
    post,
    path = "/customers",
    operation_id = "createOdusCustomer",
    tag = "Customers",
    summary = "Create a customer (Odus)",
    request_body = schemas::OdusCustomerCreate,
    responses((status = 201, description = "The customer.", body = OdusCustomerView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:write"])),
)]
pub(crate) async fn create(key: Secret<CustomersWrite>, mutation: Mutation) -> Response {
    let read = |mut fields: Fields| {
        let profile = profile::odus(&mut fields, &key.caller);
        Ok(fields.finish(Some(profile))?)
    };
    mutation.run(&key.caller, read, create_customer, |customer, _| shown(StatusCode::CREATED, customer)).await
}

#[utoipa::path(
    post,
    path = "/customers/{id}",
    operation_id = "updateOdusCustomer",
    tag = "Customers",
    summary = "Update a customer (Odus)",
    params(schemas::CustomerPath),
    request_body = Option<schemas::OdusCustomerUpdate>,
    responses((status = 200, description = "The customer.", body = OdusCustomerView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:write"])),
)]
pub(crate) async fn update(
    key: Secret<CustomersWrite>,
    InPath(id): InPath<CustomerId>,
    mutation: Mutation,
) -> Response {
    let read = |mut fields: Fields| {
        let update = profile::odus_update(&mut fields, &key.caller);
        Ok(fields.finish(Some(update))?)
    };
    mutation
        .run(
            &key.caller,
            read,
            move |transaction, by, update| update_customer(transaction, by, id, update),
            |customer, _| shown(StatusCode::OK, customer),
        )
        .await
}

#[utoipa::path(
    post,
    path = "/customers/{id}/restrictions",
    operation_id = "restrictCustomer",
    tag = "Restrictions",
    summary = "Apply or remove a restriction",
    params(schemas::CustomerPath),
    request_body = Option<schemas::RestrictionSet>,
    responses((status = 200, description = "The customer.", body = OdusCustomerView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:write"])),
)]
pub(crate) async fn restrict(
    key: Secret<CustomersWrite>,
    InPath(id): InPath<CustomerId>,
    mutation: Mutation,
) -> Response {
    mutation
        .run(
            &key.caller,
            |fields| restrictions::read(fields, id),
            move |transaction, by, update| restrict_customer(transaction, by, id, update),
            |customer, _| shown(StatusCode::OK, customer),
        )
        .await
}

#[utoipa::path(
    get,
    path = "/customers/{id}",
    operation_id = "getOdusCustomer",
    tag = "Customers",
    summary = "Get a customer (Odus)",
    description = "A publishable key may make this call, too: it is shown `PublicCustomer` only.",
    params(schemas::CustomerPath),
    responses((status = 200, description = "The customer; `PublicCustomer` for a publishable key.", body = schemas::AnyOdusCustomer)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:read"])),
)]
pub(crate) async fn get(reader: Reader, InPath(id): InPath<CustomerId>) -> Response {
    customers::find(
        &reader.caller,
        Dialect::Odus,
        move |view| view.customer(id),
        |customer, caller| {
            if caller.is_publishable() {
                answer::encode(&PublicCustomerView::of(customer))
            } else {
                answer::encode(&OdusCustomerView::of(customer))
            }
        },
    )
    .await
}

/// A page by number, as the store takes it.
pub(crate) fn rows_of(page: &NumberedPage) -> NumberedRows {
    NumberedRows {
        offset: i64::try_from(page.offset()).unwrap_or(i64::MAX),
        limit: i64::try_from(page.page_size).unwrap_or(i64::MAX),
        ascending: page.sort_direction == SortDirection::Ascending,
    }
}

#[utoipa::path(
    get,
    path = "/customers",
    operation_id = "listOdusCustomers",
    tag = "Customers",
    summary = "List customers (Odus)",
    description = "Parameters that are not documented are ignored here.",
    params(schemas::NumberedQuery),
    responses((status = 200, description = "A page of customers.", body = Numbered<OdusCustomerView>)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:read"])),
)]
pub(crate) async fn list(key: Secret<CustomersRead>, InQuery(mut query): InQuery) -> Response {
    let caller = &key.caller;
    let page = NumberedPage::read(&mut query);
    // A filter on something that is no email lets nobody through, which is not to be ignored silently.
    let email = query.filter_eq("email").map(Email::parse);
    if matches!(email, Some(Err(_))) {
        let nobody = page.answer(Vec::<OdusCustomerView>::new(), 0);
        return answer::json(StatusCode::OK, &nobody, caller.service.readiness().revision);
    }
    let filter = CustomerFilter {
        query: None,
        list_status: None,
        restricted: None,
        email: email.and_then(Result::ok),
        now: caller.service.merchant_now(caller.merchant),
    };
    let rows = PageRequest::Numbered(rows_of(&page));
    let found = caller
        .service
        .store()
        .read(caller.merchant, move |view| {
            let count = view.count_customers(&filter)?;
            Ok::<_, StorageError>((view.customers(&filter, rows)?, count, view.revision()?))
        })
        .await;
    match found {
        Ok((customers, count, revision)) => {
            let data = customers.iter().map(OdusCustomerView::of).collect();
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            answer::json(StatusCode::OK, &page.answer(data, count), revision)
        }
        Err(error) => read_failed(&error).respond(Dialect::Odus),
    }
}

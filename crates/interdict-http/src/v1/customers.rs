//! `/v1/customers`: making, reading, changing, finding and erasing customers (Duro, Customers).

use axum::extract::State as Shared;
use axum::response::Response;
use http::StatusCode;
use interdict_app::store::{CustomerFilter, Erased, MerchantView, PageRequest, StorageError};
use interdict_app::{Caller, Forgotten, create_customer, erase_forgotten_customer, update_customer};
use interdict_domain::customer::{Customer, ListStatus};
use interdict_domain::ids::CustomerId;
use serde::Serialize;
use utoipa::ToSchema;

use super::list_page::list_page;
use crate::answer;
use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::extract::{CustomersRead, CustomersWrite, InPath, InQuery, Reader, RefInPath, Secret};
use crate::find_one::find_one;
use crate::interface::State;
use crate::json::Fields;
use crate::mutation::Mutation;
use crate::page::{Behind, Cursor, CursorPage, Items, Query};
use crate::profile;
use crate::schemas;
use crate::views::{CustomerView, PublicCustomerView};

#[utoipa::path(
    post,
    path = "/v1/customers",
    operation_id = "createCustomer",
    tag = "Customers",
    summary = "Create a customer",
    request_body = Option<schemas::CustomerCreate>,
    responses((status = 201, description = "The customer.", body = CustomerView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:write"])),
)]
pub(crate) async fn create(key: Secret<CustomersWrite>, mutation: Mutation) -> Response {
    let read = |mut fields: Fields| {
        let profile = profile::native(&mut fields, &key.caller);
        Ok(fields.finish(Some(profile))?)
    };
    mutation
        .run(&key.caller, read, create_customer, |customer, by| {
            shown(StatusCode::CREATED, customer, by.merchant_now)
        })
        .await
}

#[utoipa::path(
    patch,
    path = "/v1/customers/{id}",
    operation_id = "updateCustomer",
    tag = "Customers",
    summary = "Update a customer",
    params(schemas::CustomerPath),
    request_body = Option<schemas::CustomerUpdate>,
    responses((status = 200, description = "The customer.", body = CustomerView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:write"])),
)]
pub(crate) async fn update(
    key: Secret<CustomersWrite>,
    InPath(id): InPath<CustomerId>,
    mutation: Mutation,
) -> Response {
    let read = |mut fields: Fields| {
        let update = profile::native_update(&mut fields, &key.caller);
        Ok(fields.finish(Some(update))?)
    };
    mutation
        .run(
            &key.caller,
            read,
            move |transaction, by, update| update_customer(transaction, by, id, update),
            |customer, by| shown(StatusCode::OK, customer, by.merchant_now),
        )
        .await
}

/// What an erasure did.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Erasure)]
pub(crate) struct ErasureView {
    /// Always true: the answer comes when it is done.
    erased: bool,
    /// Blocks that stay in force without plain text.
    blocks_kept: i64,
}

impl ErasureView {
    pub(super) fn of(erased: Erased) -> Self {
        Self { erased: true, blocks_kept: erased.blocks_kept }
    }
}

/// Nothing was erased yet, and the next try begins anew.
pub(super) fn cannot_forget(error: &StorageError) -> Response {
    tracing::error!(error = error as &dyn std::error::Error, "the decision log cannot forget a person");
    ApiError::unavailable().respond(Dialect::Native)
}

#[utoipa::path(
    delete,
    path = "/v1/customers/{id}",
    operation_id = "eraseCustomer",
    tag = "Customers",
    summary = "Erase a customer",
    description = "Personal data goes for good, from the log of decisions too; the blocks stay in force on its email, \
                   phone and ref, and without words on devices, cards and accounts that its attempts alone came with. \
                   Afterwards the id is 404.",
    params(schemas::CustomerPath),
    responses((status = 200, description = "Erased.", body = ErasureView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:write"])),
)]
pub(crate) async fn erase(
    key: Secret<CustomersWrite>,
    InPath(id): InPath<CustomerId>,
    mutation: Mutation,
) -> Response {
    let nothing = |fields: Fields| Ok(fields.finish(Some(()))?);
    let service = &key.caller.service;
    let forgotten = match mutation.read(nothing) {
        Ok(()) => service.forget_in_log(key.caller.merchant, id).await,
        // The call is refused below, and until then nothing is forgotten.
        Err(_) => Ok(Forgotten::default()),
    };
    let forgotten = match forgotten {
        Ok(forgotten) => forgotten,
        Err(error) => return cannot_forget(&error),
    };
    mutation
        .run(
            &key.caller,
            nothing,
            move |transaction, by, ()| erase_forgotten_customer(transaction, by, id, &forgotten),
            |erased: &Erased, _| answer::answer(StatusCode::OK, &ErasureView::of(*erased)),
        )
        .await
}

/// A mutation's answer with the customer as it is now.
pub(crate) fn shown(
    status: StatusCode,
    customer: &Customer,
    now: interdict_domain::clock::Timestamp,
) -> interdict_app::Answer {
    answer::about(answer::answer(status, &CustomerView::of(customer, now)), &customer.id)
}

#[utoipa::path(
    get,
    path = "/v1/customers/{id}",
    operation_id = "getCustomer",
    tag = "Customers",
    summary = "Get a customer",
    description = "A publishable key may make this call, too: it is shown `PublicCustomer` only.",
    params(schemas::CustomerPath),
    responses((status = 200, description = "The customer; `PublicCustomer` for a publishable key.", body = schemas::AnyCustomer)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:read"])),
)]
pub(crate) async fn get(reader: Reader, InPath(id): InPath<CustomerId>) -> Response {
    find(
        &reader.caller,
        Dialect::Native,
        move |view| view.customer(id),
        |customer, caller| {
            if caller.is_publishable() {
                answer::encode(&PublicCustomerView::of(customer))
            } else {
                answer::encode(&CustomerView::of(customer, caller.service.merchant_now(caller.merchant)))
            }
        },
    )
    .await
}

#[utoipa::path(
    get,
    path = "/v1/customers/ref/{ref}",
    operation_id = "getCustomerByRef",
    tag = "Customers",
    summary = "Get a customer by the merchant's own id",
    params(schemas::RefPath),
    responses((status = 200, description = "The customer.", body = CustomerView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:read"])),
)]
pub(crate) async fn get_by_ref(
    key: Secret<CustomersRead>,
    InPath(RefInPath(merchant_ref)): InPath<RefInPath>,
) -> Response {
    find(
        &key.caller,
        Dialect::Native,
        move |view| view.customer_by_ref(&merchant_ref),
        |customer, caller| {
            answer::encode(&CustomerView::of(customer, caller.service.merchant_now(caller.merchant)))
        },
    )
    .await
}

/// One customer of the caller's merchant, as JSON that the dialect makes of it.
pub(crate) async fn find(
    caller: &Caller,
    dialect: Dialect,
    read: impl FnOnce(&MerchantView<'_>) -> Result<Option<Customer>, StorageError> + Send + 'static,
    show: impl FnOnce(&Customer, &Caller) -> Vec<u8>,
) -> Response {
    find_one(caller, (dialect, "customer"), read, |customer, _| show(&customer, caller)).await
}

fn read_filter(query: &mut Query, now: interdict_domain::clock::Timestamp) -> CustomerFilter {
    let statuses: Vec<(&str, ListStatus)> =
        ListStatus::ALL.iter().map(|status| (status.as_str(), *status)).collect();
    CustomerFilter {
        query: query.part(),
        list_status: query.word("listStatus", &statuses),
        restricted: query.flag("restricted"),
        email: None,
        now,
    }
}

#[utoipa::path(
    get,
    path = "/v1/customers",
    operation_id = "listCustomers",
    tag = "Customers",
    summary = "List customers",
    params(schemas::CustomersQuery),
    responses((status = 200, description = "A page of customers, newest first.", body = Items<CustomerView>)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:read"])),
)]
pub(crate) async fn list(
    Shared(_state): Shared<State>,
    key: Secret<CustomersRead>,
    InQuery(mut query): InQuery,
) -> Response {
    let caller = &key.caller;
    let now = caller.service.merchant_now(caller.merchant);
    let page = CursorPage::<CustomerId>::read(&mut query);
    let filter = read_filter(&mut query, now);
    if let Err(details) = query.finish() {
        return ApiError::validation(details).respond(Dialect::Native);
    }
    let cursor =
        |customer: &Customer| Cursor { created_at: customer.created_at, id: customer.id.to_string() };
    let read = move |view: &MerchantView<'_>, (position, limit): Behind| {
        view.customers(&filter, PageRequest::After { position, limit })
    };
    list_page(caller, page, read, cursor, |customer| CustomerView::of(&customer, now)).await
}

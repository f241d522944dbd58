//! `/v1/customers/{id}/blacklist` and `/whitelist` (Duro, Blacklist a customer).

use axum::response::Response;
use http::StatusCode;
use interdict_app::{NewListStatus, clear_list_status, set_list_status};
use interdict_domain::clock::Timestamp;
use interdict_domain::customer::ListStatus;
use interdict_domain::ids::CustomerId;
use interdict_domain::scopes::Scopes;
use interdict_domain::text::Reason;

use crate::extract::{CustomersWrite, InPath, Secret};
use crate::json::Fields;
use crate::mutation::{Mutation, Refused};
use crate::schemas;
use crate::v1::customers::shown;
use crate::views::CustomerView;

#[utoipa::path(
    post,
    path = "/v1/customers/{id}/blacklist",
    operation_id = "blacklistCustomer",
    tag = "Customers",
    summary = "Blacklist a customer",
    description = "Again: the new reason stands, none when none is sent.",
    params(schemas::CustomerPath),
    request_body = Option<schemas::ListStatusSet>,
    responses((status = 200, description = "OK", body = CustomerView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:write"])),
)]
pub(crate) async fn blacklist(
    key: Secret<CustomersWrite>,
    id: InPath<CustomerId>,
    mutation: Mutation,
) -> Response {
    set(&key, id, mutation, ListStatus::Blacklisted).await
}

#[utoipa::path(
    post,
    path = "/v1/customers/{id}/whitelist",
    operation_id = "whitelistCustomer",
    tag = "Customers",
    summary = "Whitelist a customer",
    description = "Moves the customer off the blacklist.",
    params(schemas::CustomerPath),
    request_body = Option<schemas::ListStatusSet>,
    responses((status = 200, description = "The customer.", body = CustomerView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:write"])),
)]
pub(crate) async fn whitelist(
    key: Secret<CustomersWrite>,
    id: InPath<CustomerId>,
    mutation: Mutation,
) -> Response {
    set(&key, id, mutation, ListStatus::Whitelisted).await
}

#[utoipa::path(
    delete,
    path = "/v1/customers/{id}/blacklist",
    operation_id = "unblacklistCustomer",
    tag = "Customers",
    summary = "Take a customer off the blacklist",
    params(schemas::CustomerPath),
    responses((status = 200, description = "The customer, back to normal.", body = CustomerView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:write"])),
)]
pub(crate) async fn unblacklist(
    key: Secret<CustomersWrite>,
    id: InPath<CustomerId>,
    mutation: Mutation,
) -> Response {
    clear(&key, id, mutation, ListStatus::Blacklisted).await
}

#[utoipa::path(
    delete,
    path = "/v1/customers/{id}/whitelist",
    operation_id = "unwhitelistCustomer",
    tag = "Customers",
    summary = "Take a customer off the whitelist",
    params(schemas::CustomerPath),
    responses((status = 200, description = "The customer, back to normal.", body = CustomerView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:write"])),
)]
pub(crate) async fn unwhitelist(
    key: Secret<CustomersWrite>,
    id: InPath<CustomerId>,
    mutation: Mutation,
) -> Response {
    clear(&key, id, mutation, ListStatus::Whitelisted).await
}

/// Scopes in a body: both unless said otherwise.
pub(crate) fn scopes(fields: &mut Fields) -> crate::json::Sent<Scopes> {
    fields.words("scopes", 1, &[("cit", "cit"), ("mit", "mit")]).map(|names| {
        // Checked above: at least one, and only these two.
        Scopes::from_names(names).unwrap_or(Scopes::BOTH)
    })
}

fn read(mut fields: Fields, status: ListStatus) -> Result<NewListStatus, Refused> {
    let reason = fields.parse("reason", Reason::parse).value();
    let scopes = scopes(&mut fields).value().unwrap_or(Scopes::BOTH);
    let expires_at: Option<Timestamp> = fields.time("expiresAt").value();
    Ok(fields.finish(Some(NewListStatus { status, reason, scopes, expires_at }))?)
}

async fn set(
    key: &Secret<CustomersWrite>,
    InPath(id): InPath<CustomerId>,
    mutation: Mutation,
    status: ListStatus,
) -> Response {
    mutation
        .run(
            &key.caller,
            |fields| read(fields, status),
            move |transaction, by, new| set_list_status(transaction, by, id, new),
            |customer, by| shown(StatusCode::OK, customer, by.merchant_now),
        )
        .await
}

async fn clear(
    key: &Secret<CustomersWrite>,
    InPath(id): InPath<CustomerId>,
    mutation: Mutation,
    status: ListStatus,
) -> Response {
    mutation
        .run(
            &key.caller,
            |fields| Ok(fields.finish(Some(()))?),
            move |transaction, by, ()| clear_list_status(transaction, by, id, status),
            |customer, by| shown(StatusCode::OK, customer, by.merchant_now),
        )
        .await
}

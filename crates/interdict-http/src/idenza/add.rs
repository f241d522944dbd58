//! `POST /customer/add` (Idenza).

use axum::response::Response;
use http::StatusCode;
use interdict_app::{Caller, ListedCustomer, list_customer};
use interdict_domain::identifier::{Email, MerchantRef};
use interdict_domain::text::Name;
use serde::Serialize;
use utoipa::ToSchema;

use super::{chosen, filled, subscriber, word};
use crate::answer;
use crate::extract::{CustomersWrite, Secret};
use crate::json::Fields;
use crate::mutation::{Mutation, Refused};
use crate::schemas;

/// What was set.
#[derive(Serialize, ToSchema)]
#[schema(as = CustomerStatus)]
pub(crate) struct AddedView {
    subscriber_id: i64,
    fullname: String,
    /// `NORMAL`, `WHITELIST` or `BLACKLIST`.
    status: &'static str,
}

fn read(mut fields: Fields, caller: &Caller) -> Result<ListedCustomer, Refused> {
    subscriber(&mut fields, caller)?;
    let name = |text: &str| Name::parse(text).map_err(|error| error.to_string());
    let first_name = filled(&mut fields, "first_name", name);
    let last_name = filled(&mut fields, "last_name", name);
    let email = filled(&mut fields, "email", |text| Email::parse(text).map_err(|error| error.to_string()));
    let merchant_ref = filled(&mut fields, "customer_reference_id", |text| {
        MerchantRef::parse(text).map_err(|error| error.to_string())
    });
    let role = fields.parse("role", Name::parse).value().filter(|role| !role.as_str().trim().is_empty());
    let (whitelist, blacklist) = (fields.flag("add_to_whitelist"), fields.flag("add_to_blacklist"));
    let parts = first_name.zip(last_name).zip(email.zip(merchant_ref));
    let ((first_name, last_name), (email, merchant_ref)) = fields.finish(parts)?;
    let both = "add_to_whitelist and add_to_blacklist cannot both be true: send one of them";
    let status = chosen(whitelist.value(), blacklist.value(), both)?;
    Ok(ListedCustomer { first_name, last_name, email, merchant_ref, role, status })
}

#[utoipa::path(
    post,
    path = "/customer/add",
    operation_id = "addCustomerStatus",
    tag = "Customer Management",
    summary = "Add to whitelist or blacklist",
    description = "The parameters may come as the body or as the query.",
    request_body = Option<schemas::CustomerAdd>,
    responses((status = 200, description = "User status successfully set.", body = AddedView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:write"])),
)]
pub(crate) async fn add(key: Secret<CustomersWrite>, mutation: Mutation) -> Response {
    mutation
        .run(
            &key.caller,
            |fields| read(fields, &key.caller),
            list_customer,
            |customer, by| {
                let view = AddedView {
                    subscriber_id: customer.merchant.0,
                    fullname: customer.profile.full_name().unwrap_or_default(),
                    status: word(customer.standing.at(by.merchant_now)),
                };
                answer::about(answer::answer(StatusCode::OK, &view), &customer.id)
            },
        )
        .await
}

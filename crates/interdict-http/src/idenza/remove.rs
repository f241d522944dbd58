//! `POST /customer/remove` (Idenza).

use axum::response::Response;
use http::StatusCode;
use interdict_app::{Caller, UnlistError, unlist_customer};
use interdict_domain::customer::ListStatus;
use interdict_domain::identifier::{Email, MerchantRef};
use serde::Serialize;
use utoipa::ToSchema;

use super::{chosen, filled, refused, subscriber, word};
use crate::answer;
use crate::error::ApiError;
use crate::extract::{CustomersWrite, Secret};
use crate::json::Fields;
use crate::mutation::{Failure, Mutation, Refused};
use crate::schemas;

/// What was removed.
#[derive(Serialize, ToSchema)]
#[schema(as = CustomerRemoval)]
pub(crate) struct RemovedView<'a> {
    subscriber_id: i64,
    email: &'a str,
    /// The list that the customer was removed from.
    status: &'static str,
    result: &'static str,
}

struct Removal {
    merchant_ref: MerchantRef,
    email: Email,
    status: ListStatus,
}

const ONE: &str = "exactly one of remove_from_whitelist and remove_from_blacklist must be true";

fn read(mut fields: Fields, caller: &Caller) -> Result<Removal, Refused> {
    subscriber(&mut fields, caller)?;
    let email = filled(&mut fields, "email", |text| Email::parse(text).map_err(|error| error.to_string()));
    let merchant_ref = filled(&mut fields, "customer_reference_id", |text| {
        MerchantRef::parse(text).map_err(|error| error.to_string())
    });
    let (whitelist, blacklist) = (fields.flag("remove_from_whitelist"), fields.flag("remove_from_blacklist"));
    let (email, merchant_ref) = fields.finish(email.zip(merchant_ref))?;
    let status = chosen(whitelist.value(), blacklist.value(), ONE)?.ok_or_else(|| refused(ONE))?;
    Ok(Removal { merchant_ref, email, status })
}

impl From<UnlistError> for Failure {
    fn from(error: UnlistError) -> Self {
        match error {
            UnlistError::Nobody => Self::Refused(Box::new(ApiError::idenza_only(
                "No customer has this customer_reference_id, and none without one has this email alone.",
            ))),
            UnlistError::NotListed => {
                Self::Refused(Box::new(ApiError::idenza_only("The customer is not on that list.")))
            }
            UnlistError::Storage(error) => Self::Storage(error),
        }
    }
}

#[utoipa::path(
    post,
    path = "/customer/remove",
    operation_id = "removeCustomerStatus",
    tag = "Customer Management",
    summary = "Remove from whitelist or blacklist",
    description = "The parameters may come as the body or as the query. A customer who is not there or not on that list is 400.",
    request_body = Option<schemas::CustomerRemove>,
    responses((status = 200, description = "User successfully removed from the specified list.", body = RemovedView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:write"])),
)]
pub(crate) async fn remove(key: Secret<CustomersWrite>, mutation: Mutation) -> Response {
    mutation
        .run(
            &key.caller,
            |fields| read(fields, &key.caller),
            |transaction, by, removal: Removal| {
                let Removal { merchant_ref, email, status } = removal;
                let customer = unlist_customer(transaction, by, &merchant_ref, &email, status)?;
                Ok::<_, UnlistError>((customer, email, status))
            },
            |(customer, email, status), _| {
                let result = match status {
                    ListStatus::Whitelisted => "Removed user from whitelist",
                    ListStatus::Blacklisted | ListStatus::Normal => "Removed user from blacklist",
                };
                let view = RemovedView {
                    subscriber_id: customer.merchant.0,
                    email: email.as_str(),
                    status: word(*status),
                    result,
                };
                answer::about(answer::answer(StatusCode::OK, &view), &customer.id)
            },
        )
        .await
}

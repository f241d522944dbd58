//! `POST /v1/customers/{id}/restrictions` (Odus, Restrictions); the reading of its body is Odus's own
//! path's, too.

use axum::response::Response;
use http::StatusCode;
use interdict_app::{RestrictionUpdate, restrict_customer};
use interdict_domain::ids::CustomerId;
use interdict_domain::text::Reason;

use crate::extract::{CustomersWrite, InPath, Secret};
use crate::json::Fields;
use crate::mutation::{Mutation, Refused};
use crate::schemas;
use crate::v1::customers::shown;
use crate::views::CustomerView;

/// The flags and the reason. The customer stands in the path; in the body it may be repeated.
pub(crate) fn read(mut fields: Fields, id: CustomerId) -> Result<RestrictionUpdate, Refused> {
    let customer = fields.text("customer");
    if customer.value().is_some_and(|text| text != id.to_string()) {
        fields.problem("customer", "must be the customer in the path, or be left out");
    }
    let (cit, mit) = (fields.flag("restrictCit"), fields.flag("restrictMit"));
    let update = RestrictionUpdate {
        cit: fields.not_null("restrictCit", cit),
        mit: fields.not_null("restrictMit", mit),
        reason: fields.parse("restrictReason", Reason::parse).update(),
    };
    Ok(fields.finish(Some(update))?)
}

#[utoipa::path(
    post,
    path = "/v1/customers/{id}/restrictions",
    operation_id = "setCustomerRestrictions",
    tag = "Restrictions",
    summary = "Restrict a customer, or lift restrictions",
    params(schemas::CustomerPath),
    request_body = Option<schemas::RestrictionSet>,
    responses((status = 200, description = "The customer.", body = CustomerView)),
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
            |fields| read(fields, id),
            move |transaction, by, update| restrict_customer(transaction, by, id, update),
            |customer, by| shown(StatusCode::OK, customer, by.merchant_now),
        )
        .await
}

//! `GET /v1/customers/{id}/export`: everything that is held on a person, for the person.
//!
//! Deliberately not here: what is in the document (`interdict-app`), which the dashboard hands out, too.

use axum::body::Body;
use axum::extract::State as Shared;
use axum::response::Response;
use http::HeaderValue;
use interdict_app::ExportCustomerError;
use interdict_domain::ids::CustomerId;

use super::decisions::undecided;
use super::export::download;
use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::extract::{CustomersRead, InPath, Secret};
use crate::interface::State;
use crate::json::Path;
use crate::mutation::read_failed;
use crate::schemas;

#[utoipa::path(
    get,
    path = "/v1/customers/{id}/export",
    operation_id = "exportCustomer",
    tag = "Customers",
    summary = "Export a customer's data",
    description = "Everything that this mode holds on the customer, as one document for the person who asks for it: profile, \
                   standing, entries that match, payments, subscriptions, checkouts, chargebacks, decisions of the log, \
                   history with who made each change, and what is kept for how long. Tokens of means of payment and what \
                   stands against others who share an identifier are not in it.",
    params(schemas::CustomerPath),
    responses((status = 200, description = "The document.", body = schemas::CustomerExport)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:read"])),
)]
pub(crate) async fn export(
    Shared(state): Shared<State>,
    key: Secret<CustomersRead>,
    InPath(id): InPath<CustomerId>,
) -> Response {
    let caller = &key.caller;
    match state.app.export_customer(caller.service.mode(), caller.merchant, id).await {
        Ok((text, revision)) => {
            let json = HeaderValue::from_static("application/json");
            download(Body::from(text), json, &format!("{id}.json"), revision)
        }
        Err(ExportCustomerError::NotFound) => ApiError::not_found("customer").respond(Dialect::Native),
        Err(ExportCustomerError::Standing(error)) => undecided(error, &Path::root()).respond(Dialect::Native),
        Err(ExportCustomerError::Storage(error)) => read_failed(&error).respond(Dialect::Native),
    }
}

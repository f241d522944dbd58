//! The customer's data as a file, for the person who asks for it: the document that the API gives, too.

use axum::body::Body;
use axum::extract::{Path, State as Shared};
use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use interdict_app::ExportCustomerError;
use interdict_domain::ids::CustomerId;
use interdict_domain::role::Capability;

use crate::answer::Problem;
use crate::person::{Person, ViewCustomers};
use crate::state::State;
use crate::t;

pub(crate) async fn export(
    Shared(state): Shared<State>,
    person: Person<ViewCustomers>,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    // Payments are in it.
    if !person.may(Capability::ViewPayments) {
        return Err(Problem::forbidden());
    }
    let not_there = || Problem::not_there(&t("customer-not-there"));
    let id: CustomerId = id.parse().map_err(|_| not_there())?;
    let exported = state.app.export_customer(person.mode, person.signed_in.user.merchant, id).await;
    let (text, _) = exported.map_err(|error| match error {
        ExportCustomerError::NotFound => not_there(),
        ExportCustomerError::Standing(_) => Problem::unavailable(),
        ExportCustomerError::Storage(error) => error.into(),
    })?;
    let mut response = Body::from(text).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(disposition) = HeaderValue::from_str(&format!("attachment; filename=\"{id}.json\"")) {
        headers.insert(CONTENT_DISPOSITION, disposition);
    }
    Ok(response)
}

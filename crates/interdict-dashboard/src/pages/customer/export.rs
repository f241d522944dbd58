//! The customer's data as a file, for the person who asks for it: the document that the API gives, too.

use axum::body::Body;
use axum::extract::{Path, State as Shared};
use axum::response::Response;
use interdict_app::ExportCustomerError;
use interdict_domain::ids::CustomerId;
use interdict_domain::role::Capability;

use crate::answer::{self, Problem};
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
    Ok(answer::file(Body::from(text), "application/json", &format!("{id}.json")))
}

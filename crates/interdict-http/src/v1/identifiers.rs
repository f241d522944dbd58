//! `/v1/identifiers/erase`: what is said under an identifier that no customer has.
//!
//! Deliberately not here: erasing a customer (`customers.rs`).

use axum::response::Response;
use http::StatusCode;
use interdict_app::store::Erased;
use interdict_app::{Caller, erase_identifier};
use interdict_domain::identifier::Identifier;

use super::customers::{ErasureView, cannot_forget};
use super::entries::read_identifier;
use crate::answer;
use crate::extract::{CustomersWrite, Secret};
use crate::json::Fields;
use crate::mutation::{Mutation, Refused};
use crate::schemas;

fn read(mut fields: Fields, caller: &Caller) -> Result<Identifier, Refused> {
    let identifier = read_identifier(&mut fields, caller, Ok);
    Ok(fields.finish(identifier)?)
}

#[utoipa::path(
    post,
    path = "/v1/identifiers/erase",
    operation_id = "eraseIdentifier",
    tag = "Customers",
    summary = "Erase an identifier",
    description = "For what nothing ties to a customer, such as a device that a reason gives a name. Value and words of \
                   entries, notes, proposals, changes and decisions under it go for good; its blocks stay in force, its \
                   exemptions go. One that a customer has in its record is refused: erase the customer.",
    request_body = schemas::IdentifierErase,
    responses((status = 200, description = "Erased, also where nothing was said under it.", body = ErasureView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:write"])),
)]
pub(crate) async fn erase(key: Secret<CustomersWrite>, mutation: Mutation) -> Response {
    let read = |fields| read(fields, &key.caller);
    // The log first: whatever is cut in between is begun again. A call that is refused below forgets nothing.
    if let Ok(identifier) = mutation.read(read) {
        let forgotten = key.caller.service.forget_identifier_in_log(key.caller.merchant, identifier);
        if let Err(error) = forgotten.await {
            return cannot_forget(&error);
        }
    }
    mutation
        .run(
            &key.caller,
            read,
            |transaction, by, identifier| erase_identifier(transaction, by, &identifier),
            |erased: &Erased, _| answer::answer(StatusCode::OK, &ErasureView::of(*erased)),
        )
        .await
}

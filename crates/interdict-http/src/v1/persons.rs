//! `/v1/persons`: people who are blocked as a whole.
//!
//! Deliberately not here: what bodies say ([`super::person_body`]), and what may be theirs ([`super::suggestions`]).

use axum::extract::State as Shared;
use axum::response::Response;
use http::StatusCode;
use interdict_app::store::{MerchantView, PersonFilter, StorageError};
use interdict_app::{
    Answer, Caller, PersonError, PersonRow, block_person, extend_person, lift_person, weighed,
};
use interdict_domain::identifier::{Identifier, Kind};
use interdict_domain::ids::{EntryId, PersonId};
use serde::Serialize;

use super::list_page::list_page;
use super::person_body::{read_block, read_identifiers, with_customer};
use crate::answer;
use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::extract::{CustomersRead, CustomersWrite, InPath, InQuery, Secret};
use crate::find_one::find_one;
use crate::interface::State;
use crate::json::Fields;
use crate::mutation::{Mutation, read_failed};
use crate::page::{Behind, Cursor, CursorPage, Items, Query};
use crate::schemas;
use crate::views::{BlockedPersonView, LiftedPersonView, PersonView};

/// A mutation's answer about a person: an erasure of whoever it is finds it.
fn shown<T: Serialize>(status: StatusCode, view: &T, person: PersonId) -> Answer {
    answer::about(answer::answer(status, view), &person)
}

#[utoipa::path(
    post,
    path = "/v1/persons/block",
    operation_id = "blockPerson",
    tag = "Persons",
    summary = "Block a person",
    description = "One block over all that is the person's: an entry for each identifier, lifted as a unit. An identifier that \
                   is on the block list already goes on standing as it was when the block is lifted. When one of them is a \
                   blocked person's, that person's block takes the new terms, all of them, and the rest of the identifiers. \
                   The named customer's restriction and list status stay as they are. Identifiers of two blocked persons, and \
                   identifiers on the allow list, are 409, and nothing is done; and so is what hits more than the settings' \
                   `secondApprover` lets one person block.",
    request_body = schemas::PersonBlock,
    responses(
        (status = 201, description = "The person.", body = BlockedPersonView),
        (status = 200, description = "The person that was blocked already, updated.", body = BlockedPersonView),
    ),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:write"])),
)]
pub(crate) async fn block(
    Shared(state): Shared<State>,
    key: Secret<CustomersWrite>,
    mutation: Mutation,
) -> Response {
    let input = match mutation.read(|fields| read_block(fields, &key.caller)) {
        Ok(input) => with_customer(&key.caller, input).await,
        Err(refused) => Err(refused),
    };
    let (service, merchant) = (&key.caller.service, key.caller.merchant);
    let (input, weights) = match input {
        Ok(new) => match service.weigh_person(merchant, new).await {
            Ok((new, weights)) => (Ok(new), weights),
            Err(error) => return read_failed(&error).respond(Dialect::Native),
        },
        refused => (refused, None),
    };
    mutation
        .run(
            &key.caller,
            |_| input,
            |transaction, by, new| -> Result<_, PersonError> {
                let run = |transaction: &mut _| block_person(transaction, by, new);
                let blocked = weighed(transaction, by, weights, run, |blocked| &blocked.row)?;
                Ok((blocked, transaction.revision()))
            },
            move |(blocked, revision), _| {
                let status = if blocked.is_new { StatusCode::CREATED } else { StatusCode::OK };
                let view = BlockedPersonView::of(blocked, *revision, &|actor| state.app.label_of(actor));
                shown(status, &view, blocked.row.person.id)
            },
        )
        .await
}

#[utoipa::path(
    post,
    path = "/v1/persons/{id}/identifiers",
    operation_id = "addPersonIdentifiers",
    tag = "Persons",
    summary = "Put identifiers to a blocked person's",
    description = "What was refused before may be named here: somebody's word stands over what was said by itself. \
                   What hits more than the settings' `secondApprover` lets one person block is 409, and nothing is done.",
    params(schemas::PersonPath),
    request_body = schemas::PersonIdentifiersAdd,
    responses((status = 200, description = "The person.", body = PersonView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:write"])),
)]
pub(crate) async fn add_identifiers(
    Shared(state): Shared<State>,
    key: Secret<CustomersWrite>,
    InPath(id): InPath<PersonId>,
    mutation: Mutation,
) -> Response {
    let read = |mut fields: Fields| {
        let identifiers = read_identifiers(&mut fields, &key.caller);
        if identifiers.is_none() && fields.is_good() {
            fields.problem("identifiers", crate::json::MISSING);
        }
        Ok(fields.finish(identifiers)?)
    };
    // What is wrong with it the call itself says.
    let identifiers = mutation.read(read).unwrap_or_default();
    let weights = match key.caller.service.weigh_more(key.caller.merchant, id, &identifiers).await {
        Ok(weights) => weights,
        Err(error) => return read_failed(&error).respond(Dialect::Native),
    };
    mutation
        .run(
            &key.caller,
            read,
            move |transaction, by, identifiers| -> Result<_, PersonError> {
                let run = |transaction: &mut _| extend_person(transaction, by, id, &identifiers);
                let row = weighed(transaction, by, weights, run, |row| row)?;
                Ok((row, transaction.revision()))
            },
            move |(row, revision), _| {
                let view = PersonView::of(row, *revision, &|actor| state.app.label_of(actor));
                shown(StatusCode::OK, &view, id)
            },
        )
        .await
}

#[utoipa::path(
    delete,
    path = "/v1/persons/{id}",
    operation_id = "liftPerson",
    tag = "Persons",
    summary = "Lift a person's block",
    description = "As a unit: the entries that the block has made are deleted. What stood before stays as it was, and so does \
                   what somebody has set by hand since, or what a chargeback wants; `kept` names it. Twice is once.",
    params(schemas::PersonPath),
    responses((status = 200, description = "The person, and what became of the entries.", body = LiftedPersonView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:write"])),
)]
pub(crate) async fn lift(
    Shared(state): Shared<State>,
    key: Secret<CustomersWrite>,
    InPath(id): InPath<PersonId>,
    mutation: Mutation,
) -> Response {
    mutation
        .run(
            &key.caller,
            |fields| Ok(fields.finish(Some(()))?),
            move |transaction, by, ()| -> Result<_, PersonError> {
                let lifted = lift_person(transaction, by, id)?;
                Ok((lifted, transaction.revision()))
            },
            move |(lifted, revision), _| {
                let view = LiftedPersonView::of(lifted, *revision, &|actor| state.app.label_of(actor));
                shown(StatusCode::OK, &view, id)
            },
        )
        .await
}

/// A person that is found, or 404.
async fn find(
    state: &State,
    caller: &Caller,
    find: impl FnOnce(&MerchantView<'_>) -> Result<Option<PersonRow>, StorageError> + Send + 'static,
) -> Response {
    let show =
        |row, revision| answer::encode(&PersonView::of(&row, revision, &|actor| state.app.label_of(actor)));
    find_one(caller, (Dialect::Native, "person"), find, show).await
}

#[utoipa::path(
    get,
    path = "/v1/persons/{id}",
    operation_id = "getPerson",
    tag = "Persons",
    summary = "Get a blocked person",
    params(schemas::PersonPath),
    responses((status = 200, description = "The person.", body = PersonView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:read"])),
)]
pub(crate) async fn get(
    Shared(state): Shared<State>,
    key: Secret<CustomersRead>,
    InPath(id): InPath<PersonId>,
) -> Response {
    find(&state, &key.caller, move |view| PersonRow::find(view, id)).await
}

#[utoipa::path(
    get,
    path = "/v1/entries/{id}/person",
    operation_id = "getEntryPerson",
    tag = "Persons",
    summary = "Get the person that an entry belongs to",
    params(schemas::EntryPath),
    responses((status = 200, description = "The person; 404 when the entry is nobody's.", body = PersonView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:read"])),
)]
pub(crate) async fn of_entry(
    Shared(state): Shared<State>,
    key: Secret<CustomersRead>,
    InPath(id): InPath<EntryId>,
) -> Response {
    let of_entry = move |view: &MerchantView<'_>| {
        let held = view.holder_of_entry(id)?.filter(|held| held.entry == id);
        held.map_or(Ok(None), |held| PersonRow::find(view, held.person))
    };
    find(&state, &key.caller, of_entry).await
}

/// At most one identifier.
fn read_having(query: &mut Query, caller: &Caller) -> Option<Identifier> {
    let mut found = None;
    for kind in Kind::ALL.into_iter().filter(|kind| kind.is_of_one_person()) {
        let value =
            query.parse(kind.as_str(), |text| Identifier::parse_in(kind, text, || caller.phone_region()));
        match (value, &found) {
            (Some(value), None) => found = Some(value),
            (Some(_), Some(_)) => query.problem(kind.as_str(), "is one identifier too many: send one"),
            (None, _) => {}
        }
    }
    found
}

#[utoipa::path(
    get,
    path = "/v1/persons",
    operation_id = "listPersons",
    tag = "Persons",
    summary = "List blocked persons",
    params(schemas::PersonsQuery),
    responses((status = 200, description = "A page of persons, newest first.", body = Items<PersonView>)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:read"])),
)]
pub(crate) async fn list(
    Shared(state): Shared<State>,
    key: Secret<CustomersRead>,
    InQuery(mut query): InQuery,
) -> Response {
    let caller = &key.caller;
    let page = CursorPage::<PersonId>::read(&mut query);
    let with_lifted = query.flag("lifted").unwrap_or(false);
    let having = read_having(&mut query, caller);
    if let Err(details) = query.finish() {
        return ApiError::validation(details).respond(Dialect::Native);
    }
    let read = move |view: &MerchantView<'_>, (position, limit): Behind| {
        let having =
            having.map(|identifier| interdict_app::keys_of_standing(view, &identifier)).transpose()?;
        let having = having.unwrap_or_default();
        let filter = PersonFilter { is_standing: !with_lifted, having };
        let rows = view.persons(&filter, position, limit)?;
        let rows = rows.into_iter().map(|person| PersonRow::read(view, person));
        let revision = view.revision()?;
        rows.map(|row| Ok((row?, revision))).collect()
    };
    let cursor = |(row, _): &(PersonRow, i64)| Cursor {
        created_at: row.person.created_at,
        id: row.person.id.to_string(),
    };
    let show = |(row, revision)| PersonView::of(&row, revision, &|actor| state.app.label_of(actor));
    list_page(caller, page, read, cursor, show).await
}

//! `/v1/persons`: people who are blocked as a whole.
//!
//! Deliberately not here: what may be theirs ([`super::suggestions`]).

use axum::extract::State as Shared;
use axum::response::Response;
use http::StatusCode;
use interdict_app::store::{MerchantView, PersonFilter, StorageError};
use interdict_app::{
    Answer, Caller, NamedIdentifier, NewPersonBlock, PersonError, PersonRow, Place, block_person,
    extend_person, lift_person,
};
use interdict_domain::entry::EntrySource;
use interdict_domain::identifier::{Identifier, Kind, MerchantRef};
use interdict_domain::ids::{EntryId, PersonId};
use interdict_domain::person::{IDENTIFIERS_MAX, PersonTerms};
use interdict_domain::scopes::Scopes;
use interdict_domain::text::{PublicMessage, Reason};
use serde::Serialize;

use super::entries::reason_codes;
use super::list_page::list_page;
use super::list_status::scopes;
use crate::answer;
use crate::customer_id::{self, NamedCustomer};
use crate::dialect::Dialect;
use crate::error::{ApiError, Detail};
use crate::extract::{CustomersRead, CustomersWrite, InPath, InQuery, Secret};
use crate::interface::State;
use crate::json::Fields;
use crate::mutation::{Failure, Mutation, Refused, read_failed};
use crate::page::{Behind, Cursor, CursorPage, Items, Query};
use crate::schemas;
use crate::views::{BlockedPersonView, LiftedPersonView, PersonView};

/// What strangers share is no ground to block somebody as a person.
const SHARED_BY_STRANGERS: &str = "is of a kind that strangers share: it says nothing about one person. Block it by itself \
                                   with POST /v1/entries, or name an email, phone, device, cardFingerprint, iban or \
                                   merchantRef";

impl From<PersonError> for Failure {
    fn from(error: PersonError) -> Self {
        Self::Refused(Box::new(match error {
            PersonError::Storage(error) => return Self::Storage(error),
            PersonError::NotFound(what) => ApiError::not_found(what),
            PersonError::Invalid { path, issue } => ApiError::invalid(path, issue),
            PersonError::Allowed(places) => allowed(&places),
            PersonError::ManyPersons(persons) => {
                let ids: Vec<String> = persons.iter().map(ToString::to_string).collect();
                ApiError::conflict(
                    "These identifiers belong to different blocked persons. Lift the block of all but one of them \
                     (DELETE /v1/persons/{id}), then send this again; or name the identifiers of one person only.",
                )
                .with_member("persons", ids)
            }
            PersonError::NothingToBlock => ApiError::conflict(
                "This customer has no identifier that could be blocked: no email, phone or merchantRef, and no device, card or \
                 account in the log of decisions. Name identifiers, or blacklist the customer.",
            ),
            PersonError::NotInForce => ApiError::conflict(
                "This person is not blocked any more: the block was lifted or has ended. Block the person again with POST \
                 /v1/persons/block.",
            ),
            PersonError::Erased => ApiError::conflict(
                "Somebody whose identifier this was is erased: nothing is left that could be listed. Refuse the suggestion.",
            ),
            PersonError::ChangedMeanwhile => ApiError::conflict(
                "This was settled already. Read it again; to take an identifier off a person, delete its entry.",
            ),
        }))
    }
}

/// Names what is on the allow list by where it stands, never by its value.
fn allowed(places: &[Place]) -> ApiError {
    let error = ApiError::conflict(
        "What details names is on the allow list. Take it off that list first (DELETE /v1/entries/{id}), or leave it out: \
         nothing was blocked.",
    );
    let detail = |place: &Place| {
        let path = match place {
            Place::Listed(position) => format!("identifiers.{position}"),
            Place::OfCustomer | Place::OfAttempts => "customer".to_owned(),
        };
        Detail::new(path, "is on the allow list")
    };
    ApiError { details: places.iter().map(detail).collect(), ..error }
}

fn read_identifier(mut fields: Fields) -> Result<Identifier, Vec<Detail>> {
    let kind = fields.word("kind", &Kind::ALL.map(|kind| (kind.as_str(), kind)));
    let kind = fields.required("kind", kind);
    if kind.is_some_and(|kind| !kind.is_of_one_person()) {
        fields.problem("kind", SHARED_BY_STRANGERS);
    }
    let value = fields.parse("value", |text| match kind {
        Some(kind) if kind.is_of_one_person() => Identifier::parse(kind, text).map(Some),
        Some(_) | None => Ok(None),
    });
    let identifier = fields.required("value", value).flatten();
    fields.finish(identifier)
}

fn read_identifiers(fields: &mut Fields) -> Option<Vec<NamedIdentifier>> {
    let sent = fields.objects("identifiers", 1..=IDENTIFIERS_MAX);
    let items = fields.not_null("identifiers", sent)?;
    let mut identifiers = Vec::with_capacity(items.len());
    for (position, item) in items.into_iter().enumerate() {
        match read_identifier(item) {
            Ok(identifier) => {
                identifiers.push(NamedIdentifier { identifier, place: Place::Listed(position) });
            }
            Err(details) => fields.absorb(details),
        }
    }
    Some(identifiers)
}

/// Whom a body names.
enum Customer {
    Id(NamedCustomer),
    Ref(MerchantRef),
}

fn read_customer(text: &str) -> Result<Customer, interdict_domain::identifier::IdentifierError> {
    match customer_id::parse(text) {
        Ok(named) => Ok(Customer::Id(named)),
        Err(_) => MerchantRef::parse(text).map(Customer::Ref),
    }
}

fn read_block(mut fields: Fields) -> Result<(NewPersonBlock, Option<Customer>), Refused> {
    let identifiers = read_identifiers(&mut fields);
    let customer = fields.parse("customer", read_customer).value();
    let reason = fields.parse("reason", Reason::parse).value();
    let reason_code = fields.word("reasonCode", &reason_codes()).value();
    let public_message = fields.parse("publicMessage", PublicMessage::parse).value();
    let scopes = scopes(&mut fields).value().unwrap_or(Scopes::BOTH);
    let expires_at = fields.time("expiresAt").value();
    if identifiers.is_none() && customer.is_none() && fields.is_good() {
        fields.problem("identifiers", "or a customer is required");
    }
    let new = NewPersonBlock {
        identifiers: identifiers.unwrap_or_default(),
        left_out: Vec::new(),
        terms: PersonTerms { reason, reason_code, public_message, scopes, expires_at },
        source: EntrySource::Api,
    };
    Ok(fields.finish(Some((new, customer)))?)
}

/// Adds all that the named customer has.
async fn with_customer(
    caller: &Caller,
    (mut new, customer): (NewPersonBlock, Option<Customer>),
) -> Result<NewPersonBlock, Refused> {
    let Some(customer) = customer else { return Ok(new) };
    let (service, merchant) = (&caller.service, caller.merchant);
    let not_found = || Refused(ApiError::not_found("customer"));
    let failed = |error: StorageError| Refused(read_failed(&error));
    let id = match customer {
        Customer::Id(named) => named.id(),
        Customer::Ref(merchant_ref) => {
            let found = service.store().read(merchant, move |view| view.customer_by_ref(&merchant_ref)).await;
            found.map_err(failed)?.map(|customer| customer.id)
        }
    };
    let id = id.ok_or_else(not_found)?;
    let has = service.identifiers_of_customer(merchant, id).await.map_err(failed)?.ok_or_else(not_found)?;
    new.identifiers.extend(has.identifiers);
    new.left_out.extend(has.left_out);
    Ok(new)
}

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
                   identifiers on the allow list, are 409, and nothing is done.",
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
    let input = match mutation.read(read_block) {
        Ok(input) => with_customer(&key.caller, input).await,
        Err(refused) => Err(refused),
    };
    mutation
        .run(
            &key.caller,
            |_| input,
            |transaction, by, new| -> Result<_, PersonError> {
                let blocked = block_person(transaction, by, new)?;
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
    description = "What was refused before may be named here: somebody's word stands over what was said by itself.",
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
        let identifiers = read_identifiers(&mut fields);
        if identifiers.is_none() && fields.is_good() {
            fields.problem("identifiers", crate::json::MISSING);
        }
        Ok(fields.finish(identifiers)?)
    };
    mutation
        .run(
            &key.caller,
            read,
            move |transaction, by, identifiers| -> Result<_, PersonError> {
                let row = extend_person(transaction, by, id, &identifiers)?;
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
    let read = caller
        .service
        .store()
        .read(caller.merchant, move |view| Ok::<_, StorageError>((find(view)?, view.revision()?)));
    match read.await {
        Ok((Some(row), revision)) => {
            let view = PersonView::of(&row, revision, &|actor| state.app.label_of(actor));
            answer::json(StatusCode::OK, &view, revision)
        }
        Ok((None, _)) => ApiError::not_found("person").respond(Dialect::Native),
        Err(error) => read_failed(&error).respond(Dialect::Native),
    }
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
fn read_having(query: &mut Query) -> Option<Identifier> {
    let mut found = None;
    for kind in Kind::ALL.into_iter().filter(|kind| kind.is_of_one_person()) {
        let value = query.parse(kind.as_str(), |text| Identifier::parse(kind, text));
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
    let having = read_having(&mut query);
    if let Err(details) = query.finish() {
        return ApiError::validation(details).respond(Dialect::Native);
    }
    let read = move |view: &MerchantView<'_>, (position, limit): Behind| {
        let having =
            having.map(|identifier| interdict_app::key_of_standing(view, &identifier)).transpose()?;
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

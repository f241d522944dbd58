//! `/v1/entries`: the block and the allow list.

use axum::extract::State as Shared;
use axum::response::Response;
use http::StatusCode;
use interdict_app::store::{EntryFilter, EntryRow, MerchantView, PageRequest, StorageError};
use interdict_app::{
    Answer, Caller, EntryUpdate, NewEntry, Put, Service, UseCaseError, Weight, overriding, put_entry,
    put_update, unlist_entry,
};
use interdict_domain::clock::Timestamp;
use interdict_domain::entry::{Entry, EntrySource, List, ReasonCode, Strength};
use interdict_domain::identifier::{Identifier, IdentifierError, Kind};
use interdict_domain::ids::EntryId;
use interdict_domain::limits::Limits;
use interdict_domain::money::{AMOUNT_MAX, Currency, Money};
use interdict_domain::scopes::Scopes;
use interdict_domain::text::{PublicMessage, Reason};

use super::list_page::list_page;
use super::list_status::scopes;
use super::proposals::ProposalView;
use crate::answer;
use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::extract::{CustomersRead, CustomersWrite, InPath, InQuery, Secret};
use crate::find_one::find_one;
use crate::interface::State;
use crate::json::{Fields, Sent};
use crate::mutation::{Mutation, Refused, read_failed};
use crate::page::{Behind, Cursor, CursorPage, Items};
use crate::schemas;
use crate::views::EntryView;

pub(crate) fn reason_codes() -> Vec<(&'static str, ReasonCode)> {
    ReasonCode::ALL.iter().map(|code| (code.as_str(), *code)).collect()
}

/// The identifier that `kind` and `value` name, if it is one that may stand there.
pub(super) fn read_identifier(
    fields: &mut Fields,
    caller: &Caller,
    check: impl FnOnce(Identifier) -> Result<Identifier, IdentifierError>,
) -> Option<Identifier> {
    let kind = fields.word("kind", &Kind::ALL.map(|kind| (kind.as_str(), kind)));
    let kind = fields.required("kind", kind);
    let value = fields.parse("value", |text| match kind {
        Some(kind) => Identifier::parse_in(kind, text, || caller.phone_region()).and_then(check).map(Some),
        None => Ok(None),
    });
    fields.required("value", value).flatten()
}

pub(crate) fn read_new(mut fields: Fields, caller: &Caller) -> Result<NewEntry, Refused> {
    let lists = List::ALL.map(|list| (list.as_str(), list));
    let list = fields.word("list", &lists);
    let list = fields.required("list", list);
    let identifier = read_identifier(&mut fields, caller, Identifier::listable);
    let reason = fields.parse("reason", Reason::parse).value();
    let reason_code = fields.word("reasonCode", &reason_codes()).value();
    let public_message = fields.parse("publicMessage", PublicMessage::parse).value();
    let scopes = scopes(&mut fields).value().unwrap_or(Scopes::BOTH);
    let strengths = Strength::ALL.map(|strength| (strength.as_str(), strength));
    let strength = fields.word("strength", &strengths).value();
    let (starts_at, expires_at) = (fields.time("startsAt").value(), fields.time("expiresAt").value());
    let limits = read_limits(&mut fields).value().unwrap_or_default();
    let new = list.zip(identifier).map(|(list, identifier)| NewEntry {
        list,
        identifier,
        reason,
        reason_code,
        public_message,
        scopes,
        strength,
        starts_at,
        expires_at,
        source: EntrySource::Api,
        matching: None,
        limits,
    });
    Ok(fields.finish(new)?)
}

fn read_limits(fields: &mut Fields) -> Sent<Limits> {
    fields.object("limits", |mut inner| {
        let amount = inner.integer("maxAmount", 1..=AMOUNT_MAX).value();
        let currency = inner.parse("currency", Currency::parse).value();
        if amount.is_none() && currency.is_some() {
            inner.problem("currency", "says nothing without maxAmount");
        }
        let lapses = inner.flag("lapsesOnChargeback").value().unwrap_or(false);
        let currency = currency.unwrap_or(Currency::NGN);
        let max_amount = amount.and_then(|amount| Money::new(amount, currency).ok());
        inner.finish(Some(Limits { max_amount, lapses_on_chargeback: lapses }))
    })
}

fn read_update(mut fields: Fields) -> Result<EntryUpdate, Refused> {
    let strengths = Strength::ALL.map(|strength| (strength.as_str(), strength));
    let update = EntryUpdate {
        reason: fields.parse("reason", Reason::parse).update(),
        reason_code: fields.word("reasonCode", &reason_codes()).update(),
        public_message: fields.parse("publicMessage", PublicMessage::parse).update(),
        scopes: scopes(&mut fields).update(),
        strength: fields.word("strength", &strengths).update(),
        starts_at: fields.time("startsAt").update(),
        expires_at: fields.time("expiresAt").update(),
        limits: read_limits(&mut fields).update(),
    };
    Ok(fields.finish(Some(update))?)
}

/// A mutation's answer with the entry, found again by an erasure of the person.
fn shown(state: &State, status: StatusCode, row: &EntryRow, overridden_by: Option<EntryId>) -> Answer {
    let mut view = view(state, row);
    view.overridden_by = overridden_by;
    answer::about_identifier(answer::answer(status, &view), row.entry.key)
}

/// What became of an entry: it stands, or waits for a second person.
fn show_put(
    state: &State,
    service: &Service,
    (put, overridden_by): &(Put, Option<EntryId>),
    now: Timestamp,
) -> Answer {
    match put {
        Put::Entry(row, is_new) => {
            let status = if *is_new { StatusCode::CREATED } else { StatusCode::OK };
            shown(state, status, &service.with_pending_hits((**row).clone()), *overridden_by)
        }
        Put::Proposal(proposal) => {
            let view = ProposalView::of(state, proposal, now);
            answer::about_identifier(answer::answer(StatusCode::ACCEPTED, &view), proposal.entry.key)
        }
    }
}

pub(crate) fn view(state: &State, row: &EntryRow) -> EntryView {
    EntryView::of(row, &|actor| state.app.label_of(actor))
}

/// Where the next page begins behind an entry.
pub(crate) fn cursor(row: &EntryRow) -> Cursor {
    Cursor { created_at: row.entry.created_at, id: row.entry.id.to_string() }
}

/// What a call would have hit, read ahead of it where the merchant wants a second person for what hits many.
async fn weight<New>(
    mutation: &Mutation,
    caller: &Caller,
    read: impl FnOnce(Fields) -> Result<New, Refused>,
    weigh: impl AsyncFnOnce(New) -> Result<Option<Weight>, StorageError>,
) -> Result<Option<Weight>, StorageError> {
    if !caller.service.wants_second_approver(caller.merchant) {
        return Ok(None);
    }
    match mutation.read(read) {
        Ok(new) => weigh(new).await,
        // The call itself says what is wrong.
        Err(_) => Ok(None),
    }
}

#[utoipa::path(
    post,
    path = "/v1/entries",
    operation_id = "createEntry",
    tag = "Entries",
    summary = "Put an identifier on a list",
    request_body = schemas::EntryCreate,
    responses(
        (status = 201, description = "The new entry.", body = EntryView),
        (status = 200, description = "The entry that was there already, updated.", body = EntryView),
        (status = 202, description = "It hits more than the settings' `secondApprover` lets one person list: it waits \
                                      for another one, and does not stand yet.", body = ProposalView),
    ),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:write"])),
)]
pub(crate) async fn create(
    Shared(state): Shared<State>,
    key: Secret<CustomersWrite>,
    mutation: Mutation,
) -> Response {
    let (service, merchant) = (key.caller.service.clone(), key.caller.merchant);
    let read = |fields| read_new(fields, &key.caller);
    let weigh = async |new| service.weigh_entry(merchant, &new).await;
    let weight = match weight(&mutation, &key.caller, read, weigh).await {
        Ok(weight) => weight,
        Err(error) => return read_failed(&error).respond(Dialect::Native),
    };
    mutation
        .run_foreseeing(
            &key.caller,
            read,
            NewEntry::foreseen,
            move |transaction, by, new| {
                let put = put_entry(transaction, by, new, weight)?;
                let overridden_by = overriding(transaction, by, &put)?;
                Ok::<_, UseCaseError>((put, overridden_by))
            },
            move |put, by| show_put(&state, &service, put, by.now),
        )
        .await
}

#[utoipa::path(
    patch,
    path = "/v1/entries/{id}",
    operation_id = "updateEntry",
    tag = "Entries",
    summary = "Update an entry",
    params(schemas::EntryPath),
    request_body = Option<schemas::EntryUpdate>,
    responses(
        (status = 200, description = "The entry.", body = EntryView),
        (status = 202, description = "It would hit more than before, and more than the settings' `secondApprover` lets \
                                      one person list: it waits for another one, and stays as it is.", body = ProposalView),
    ),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:write"])),
)]
pub(crate) async fn update(
    Shared(state): Shared<State>,
    key: Secret<CustomersWrite>,
    InPath(id): InPath<EntryId>,
    mutation: Mutation,
) -> Response {
    let (service, merchant) = (key.caller.service.clone(), key.caller.merchant);
    let weigh = async |update| service.weigh_update(merchant, id, &update).await;
    let weight = match weight(&mutation, &key.caller, read_update, weigh).await {
        Ok(weight) => weight,
        Err(error) => return read_failed(&error).respond(Dialect::Native),
    };
    mutation
        .run(
            &key.caller,
            read_update,
            move |transaction, by, update| {
                let put = put_update(transaction, by, id, update, weight)?;
                let overridden_by = overriding(transaction, by, &put)?;
                Ok::<_, UseCaseError>((put, overridden_by))
            },
            move |put, by| show_put(&state, &service, put, by.now),
        )
        .await
}

#[utoipa::path(
    delete,
    path = "/v1/entries/{id}",
    operation_id = "deleteEntry",
    tag = "Entries",
    summary = "Take an identifier off its list",
    description = "What else stands against or for its owner stays.",
    params(schemas::EntryPath),
    responses((status = 204, description = "Gone.")),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:write"])),
)]
pub(crate) async fn delete(
    key: Secret<CustomersWrite>,
    InPath(id): InPath<EntryId>,
    mutation: Mutation,
) -> Response {
    mutation
        .run(
            &key.caller,
            |fields| Ok(fields.finish(Some(()))?),
            move |transaction, by, ()| unlist_entry(transaction, by, id),
            deleted,
        )
        .await
}

/// 204: nothing is left to show.
pub(crate) fn deleted(entry: &Entry, _: &interdict_app::store::Authorship<'_>) -> Answer {
    let empty = Answer { status: StatusCode::NO_CONTENT.as_u16(), ..Answer::default() };
    answer::about_identifier(empty, entry.key)
}

#[utoipa::path(
    get,
    path = "/v1/entries/{id}",
    operation_id = "getEntry",
    tag = "Entries",
    summary = "Get an entry",
    params(schemas::EntryPath),
    responses((status = 200, description = "The entry.", body = EntryView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:read"])),
)]
pub(crate) async fn get(
    Shared(state): Shared<State>,
    key: Secret<CustomersRead>,
    InPath(id): InPath<EntryId>,
) -> Response {
    let show = |row, _| answer::encode(&view(&state, &key.caller.service.with_pending_hits(row)));
    find_one(&key.caller, (Dialect::Native, "entry"), move |view| view.entry(id), show).await
}

#[utoipa::path(
    get,
    path = "/v1/entries",
    operation_id = "listEntries",
    tag = "Entries",
    summary = "List entries",
    params(schemas::EntriesQuery),
    responses((status = 200, description = "A page of entries, newest first.", body = Items<EntryView>)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:read"])),
)]
pub(crate) async fn list(
    Shared(state): Shared<State>,
    key: Secret<CustomersRead>,
    InQuery(mut query): InQuery,
) -> Response {
    let caller = &key.caller;
    let page = CursorPage::<EntryId>::read(&mut query);
    let lists = List::ALL.map(|list| (list.as_str(), list));
    let kinds = Kind::ALL.map(|kind| (kind.as_str(), kind));
    let filter = EntryFilter {
        list: query.word("list", &lists),
        kind: query.word("kind", &kinds),
        query: query.part(),
        active: query.flag("active"),
        identifier: None,
        now: caller.service.merchant_now(caller.merchant),
    };
    if let Err(details) = query.finish() {
        return ApiError::validation(details).respond(Dialect::Native);
    }
    let read = move |view: &MerchantView<'_>, (position, limit): Behind| {
        view.entries(&filter, PageRequest::After { position, limit })
    };
    let show = |row| view(&state, &caller.service.with_pending_hits(row));
    list_page(caller, page, read, cursor, show).await
}

//! `/blacklist`: emails that may not pay (Odus, The Blacklist). The block entries of kind `email`.

use axum::response::Response;
use http::StatusCode;
use interdict_app::store::{EntryFilter, EntryRow, MerchantView, PageRequest, StorageError};
use interdict_app::{Answer, NewEntry, UseCaseError, list_entry, unlist_entry};
use interdict_domain::entry::{Entry, EntrySource, List};
use interdict_domain::identifier::{Identifier, Kind};
use interdict_domain::ids::EntryId;
use interdict_domain::text::Reason;

use super::customers::rows_of;
use crate::answer;
use crate::dialect::Dialect;
use crate::extract::{CustomersRead, CustomersWrite, InPath, InQuery, Secret};
use crate::find_one::find_one;
use crate::json::Fields;
use crate::mutation::{Mutation, Refused, read_failed};
use crate::page::{Numbered, NumberedPage};
use crate::schemas;
use crate::v1::entries::deleted;
use crate::views::BlacklistEntryView;

fn email(text: &str) -> Result<Identifier, interdict_domain::identifier::IdentifierError> {
    Identifier::parse(Kind::Email, text)
}

fn read(mut fields: Fields) -> Result<NewEntry, Refused> {
    let identifier = fields.parse("email", email);
    let identifier = fields.required("email", identifier);
    let reason = fields.parse("reason", Reason::parse).value();
    let new = identifier
        .map(|identifier| NewEntry { reason, ..NewEntry::plain(List::Block, identifier, EntrySource::Api) });
    Ok(fields.finish(new)?)
}

fn shown((entry, is_new): &(Entry, bool)) -> Answer {
    let status = if *is_new { StatusCode::CREATED } else { StatusCode::OK };
    answer::about_identifier(answer::answer(status, &BlacklistEntryView::of(entry)), entry.key)
}

#[utoipa::path(
    post,
    path = "/blacklist",
    operation_id = "addToBlacklist",
    tag = "Blacklist",
    summary = "Add an entry to the Blacklist",
    request_body = schemas::BlacklistAdd,
    responses(
        (status = 201, description = "The new entry.", body = BlacklistEntryView),
        (status = 200, description = "Listed already: the same entry with the new reason.", body = BlacklistEntryView),
    ),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:write"])),
)]
pub(crate) async fn add(key: Secret<CustomersWrite>, mutation: Mutation) -> Response {
    mutation
        .run_foreseeing(&key.caller, read, NewEntry::foreseen, list_entry, |listed, _| shown(listed))
        .await
}

/// Whether an entry is one of Odus's Blacklist.
fn is_on_it(entry: &Entry) -> bool {
    entry.list() == List::Block && entry.kind == Kind::Email
}

#[utoipa::path(
    delete,
    path = "/blacklist/{id}",
    operation_id = "removeFromBlacklist",
    tag = "Blacklist",
    summary = "Remove an entry from the Blacklist",
    description = "The restriction flags of a customer stay as they are.",
    params(schemas::EntryPath),
    responses((status = 204, description = "Gone.")),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:write"])),
)]
pub(crate) async fn remove(
    key: Secret<CustomersWrite>,
    InPath(id): InPath<EntryId>,
    mutation: Mutation,
) -> Response {
    mutation
        .run(
            &key.caller,
            |fields| Ok(fields.finish(Some(()))?),
            move |transaction, by, ()| {
                let found = transaction.view().entry(id)?;
                found.filter(|row| is_on_it(&row.entry)).ok_or(UseCaseError::NotFound("entry"))?;
                unlist_entry(transaction, by, id)
            },
            deleted,
        )
        .await
}

#[utoipa::path(
    get,
    path = "/blacklist/{id}",
    operation_id = "getBlacklistEntry",
    tag = "Blacklist",
    summary = "Get an entry of the Blacklist",
    params(schemas::EntryPath),
    responses((status = 200, description = "The entry.", body = BlacklistEntryView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:read"])),
)]
pub(crate) async fn get(key: Secret<CustomersRead>, InPath(id): InPath<EntryId>) -> Response {
    let on_it = move |view: &MerchantView<'_>| Ok(view.entry(id)?.filter(|row| is_on_it(&row.entry)));
    let show = |row: EntryRow, _| answer::encode(&BlacklistEntryView::of(&row.entry));
    find_one(&key.caller, (Dialect::Odus, "entry"), on_it, show).await
}

#[utoipa::path(
    get,
    path = "/blacklist",
    operation_id = "listBlacklist",
    tag = "Blacklist",
    summary = "View the Blacklist",
    description = "Parameters that are not documented are ignored here.",
    params(schemas::NumberedQuery),
    responses((status = 200, description = "A page of the Blacklist.", body = Numbered<BlacklistEntryView>)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:read"])),
)]
pub(crate) async fn list(key: Secret<CustomersRead>, InQuery(mut query): InQuery) -> Response {
    let caller = &key.caller;
    let page = NumberedPage::read(&mut query);
    let identifier = query.filter_eq("email").map(email);
    if matches!(identifier, Some(Err(_))) {
        let nothing = page.answer(Vec::<BlacklistEntryView>::new(), 0);
        return answer::json(StatusCode::OK, &nothing, caller.service.readiness().revision);
    }
    let filter = EntryFilter {
        list: Some(List::Block),
        kind: Some(Kind::Email),
        query: None,
        active: None,
        identifier: identifier.and_then(Result::ok),
        now: caller.service.merchant_now(caller.merchant),
    };
    let rows = PageRequest::Numbered(rows_of(&page));
    let found = caller
        .service
        .store()
        .read(caller.merchant, move |view| {
            let count = view.count_entries(&filter)?;
            Ok::<_, StorageError>((view.entries(&filter, rows)?, count, view.revision()?))
        })
        .await;
    match found {
        Ok((rows, count, revision)) => {
            let data = rows.iter().map(|row| BlacklistEntryView::of(&row.entry)).collect();
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            answer::json(StatusCode::OK, &page.answer(data, count), revision)
        }
        Err(error) => read_failed(&error).respond(Dialect::Odus),
    }
}

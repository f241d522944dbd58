//! `/v1/entries/{id}/notes`: what people noted of an entry's identifier.

use axum::extract::State as Shared;
use axum::response::Response;
use http::StatusCode;
use interdict_app::note_entry;
use interdict_app::store::{MerchantView, Note, StorageError};
use interdict_domain::actor::Actor;
use interdict_domain::clock::Timestamp;
use interdict_domain::ids::{EntryId, NoteId};
use interdict_domain::text::Reason;
use serde::Serialize;
use utoipa::ToSchema;

use super::list_page::list_page;
use crate::answer;
use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::extract::{CustomersRead, CustomersWrite, InPath, InQuery, Secret};
use crate::interface::State;
use crate::mutation::{Mutation, read_failed};
use crate::page::{Behind, Cursor, CursorPage, Items};
use crate::schemas;
use crate::views::ActorView;

/// A note on an identifier. It outlives the entry that it was written on.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Note)]
pub(crate) struct NoteView {
    /// `note_` and a KSUID.
    #[schema(value_type = String)]
    id: NoteId,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    actor: ActorView,
    text: String,
}

impl NoteView {
    fn of(note: &Note, label_of: &dyn Fn(&Actor) -> Option<String>) -> Self {
        Self {
            id: note.id,
            at: note.at,
            actor: ActorView::of(&note.by, label_of),
            text: note.text.as_str().to_owned(),
        }
    }
}

#[utoipa::path(
    post,
    path = "/v1/entries/{id}/notes",
    operation_id = "createNote",
    tag = "Entries",
    summary = "Note something of an entry",
    description = "For the merchant's own people. The log belongs to the identifier, so that it outlives the entry; erasing the person takes it away.",
    params(schemas::EntryPath),
    request_body = schemas::NoteCreate,
    responses((status = 201, description = "The note.", body = NoteView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:write"])),
)]
pub(crate) async fn create(
    Shared(state): Shared<State>,
    key: Secret<CustomersWrite>,
    InPath(id): InPath<EntryId>,
    mutation: Mutation,
) -> Response {
    mutation
        .run(
            &key.caller,
            |mut fields| {
                let text = fields.parse("text", Reason::parse);
                let text = fields.required("text", text);
                Ok(fields.finish(text)?)
            },
            move |transaction, by, text| {
                let key = transaction.view().entry(id)?.map(|row| row.entry.key);
                Ok::<_, interdict_app::UseCaseError>((note_entry(transaction, by, id, text)?, key))
            },
            move |(note, key), _| {
                let view = NoteView::of(note, &|actor| state.app.label_of(actor));
                let shown = answer::answer(StatusCode::CREATED, &view);
                key.map_or(shown.clone(), |key| answer::about_identifier(shown, key))
            },
        )
        .await
}

#[utoipa::path(
    get,
    path = "/v1/entries/{id}/notes",
    operation_id = "listNotes",
    tag = "Entries",
    summary = "List an entry's notes",
    params(schemas::EntryPath, schemas::PageQuery),
    responses((status = 200, description = "A page of notes, newest first.", body = Items<NoteView>)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:read"])),
)]
pub(crate) async fn list(
    Shared(state): Shared<State>,
    key: Secret<CustomersRead>,
    InPath(id): InPath<EntryId>,
    InQuery(mut query): InQuery,
) -> Response {
    let caller = &key.caller;
    let page = CursorPage::<NoteId>::read(&mut query);
    if let Err(details) = query.finish() {
        return ApiError::validation(details).respond(Dialect::Native);
    }
    let found = caller
        .service
        .store()
        .read(caller.merchant, move |view| {
            Ok::<_, StorageError>(view.entry(id)?.map(|row| view.keys_of_entry(&row.entry)))
        })
        .await;
    let keys = match found {
        Ok(Some(keys)) => keys,
        Ok(None) => return ApiError::not_found("entry").respond(Dialect::Native),
        Err(error) => return read_failed(&error).respond(Dialect::Native),
    };
    let cursor = |note: &Note| Cursor { created_at: note.at, id: note.id.to_string() };
    let read = move |view: &MerchantView<'_>, (position, limit): Behind| view.notes(&keys, position, limit);
    list_page(caller, page, read, cursor, |note| NoteView::of(&note, &|actor| state.app.label_of(actor)))
        .await
}

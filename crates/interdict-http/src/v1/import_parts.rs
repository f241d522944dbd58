//! `/v1/imports/{id}/parts` and `/v1/imports/{id}/changed-since`: what the changes of an import prove, and the rows that
//! its undo has left alone.

use std::str::FromStr;

use axum::response::Response;
use http::StatusCode;
use interdict_app::store::{LeftPosition, MerchantView, PartDone, RowLeft, StorageError};
use interdict_domain::ids::ImportId;
use interdict_domain::import::Import;
use serde::Serialize;

use crate::answer;
use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::extract::{CustomersRead, InPath, InQuery, Secret};
use crate::mutation::read_failed;
use crate::page::{Cursor, CursorError, CursorPage, Items, Query};
use crate::schemas;
use crate::views::{ChangedSinceView, PartView};

#[utoipa::path(
    get,
    path = "/v1/imports/{id}/parts",
    operation_id = "listImportParts",
    tag = "Imports",
    summary = "List the parts of an import",
    description = "Each is one change: the lines that it took, and a digest of its rows. In the order of the file; behind \
                   them their undos, the last part's first. Parts whose changes were trimmed from the feed are missing, and \
                   one that changed nothing is none.",
    params(schemas::ImportPath, schemas::PageQuery),
    responses((status = 200, description = "A page of parts, oldest first.", body = Items<PartView>)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:read"])),
)]
pub(crate) async fn parts(
    key: Secret<CustomersRead>,
    InPath(id): InPath<ImportId>,
    InQuery(query): InQuery,
) -> Response {
    let read = move |view: &MerchantView<'_>, _: &Import, after: Option<i64>, rows| {
        view.import_parts(id, after.unwrap_or(0), rows)
    };
    page(&key, (id, query), read, |part: &PartDone| part.sequence.to_string(), PartView::of).await
}

#[utoipa::path(
    get,
    path = "/v1/imports/{id}/changed-since",
    operation_id = "listImportChangedSince",
    tag = "Imports",
    summary = "List what an undo has left alone",
    description = "The rows whose entries somebody had changed since, in the order of the file. Kept as long as the import's \
                   changes are kept in the feed.",
    params(schemas::ImportPath, schemas::PageQuery),
    responses((status = 200, description = "A page of rows, in the order of the file.", body = Items<ChangedSinceView>)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:read"])),
)]
pub(crate) async fn changed_since(
    key: Secret<CustomersRead>,
    InPath(id): InPath<ImportId>,
    InQuery(query): InQuery,
) -> Response {
    let read = |view: &MerchantView<'_>, import: &Import, after: Option<Left>, rows| {
        view.rows_left(import, after.map(|Left(position)| position), rows)
    };
    let place = |row: &RowLeft| format!("{}_{}", row.position.0, row.position.1);
    page(&key, (id, query), read, place, ChangedSinceView::of).await
}

/// A row's position, as a cursor has it.
struct Left(LeftPosition);

impl FromStr for Left {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let (part, place) = text.split_once('_').ok_or(CursorError)?;
        let number = |text: &str| text.parse().map_err(|_| CursorError);
        Ok(Self((number(part)?, number(place)?)))
    }
}

/// A page of what belongs to an import.
async fn page<Place, Row, Shown>(
    key: &Secret<CustomersRead>,
    (id, mut query): (ImportId, Query),
    read: impl FnOnce(&MerchantView<'_>, &Import, Option<Place>, i64) -> Result<Vec<Row>, StorageError>
    + Send
    + 'static,
    place: impl FnOnce(&Row) -> String,
    show: impl FnMut(Row) -> Shown,
) -> Response
where
    Place: FromStr + Send + 'static,
    Row: Send + 'static,
    Shown: Serialize,
{
    let asked = CursorPage::<Place>::read(&mut query);
    if let Err(details) = query.finish() {
        return ApiError::validation(details).respond(Dialect::Native);
    }
    let (limit, after) = (asked.limit, asked.position.map(|(_, place)| place));
    let rows = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let found = key.caller.service.store().read(key.caller.merchant, move |view| {
        let Some(import) = view.import(id)? else { return Ok(None) };
        let rows = read(view, &import, after, rows)?;
        Ok::<_, StorageError>(Some((import, rows, view.revision()?)))
    });
    match found.await {
        Ok(Some((import, rows, revision))) => {
            let cursor = |row: &Row| Cursor { created_at: import.created_at, id: place(row) };
            answer::json(StatusCode::OK, &Items::from_one_more(rows, limit, cursor).map(show), revision)
        }
        Ok(None) => ApiError::not_found("import").respond(Dialect::Native),
        Err(error) => read_failed(&error).respond(Dialect::Native),
    }
}

//! `/v1/imports`: files of many entries, taken as jobs.

use std::fs::File;

use axum::extract::{Request, State as Shared};
use axum::response::Response;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, StatusCode};
use interdict_app::store::WriteError;
use interdict_app::{Answer, Caller, ImportError, NewImport, Replayable, Upload, UploadError};
use interdict_domain::entry::List;
use interdict_domain::identifier::Kind;
use interdict_domain::ids::ImportId;
use interdict_domain::import::{Import, ImportFormat};

use super::export::{CSV, NDJSON, download};
use super::list_page::list_page;
use crate::answer;
use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::extract::{CustomersRead, CustomersWrite, InPath, InQuery, Secret};
use crate::interface::State;
use crate::mutation::{Mutation, at_length, idempotency_key, read_failed};
use crate::page::{Cursor, CursorPage, Items, Query};
use crate::schemas;
use crate::stream;
use crate::views::{ImportView, UndoneView};

/// What the caller is told; the log has the rest.
fn refused(error: &ImportError) -> ApiError {
    match error {
        ImportError::NotFound => ApiError::not_found("import"),
        ImportError::OtherFile => ApiError::idempotency_conflict(),
        ImportError::State(state) => {
            ApiError::conflict(format!("This import is {}: that cannot be done with it.", state.as_str()))
        }
        ImportError::Trimmed => ApiError::conflict(
            "The changes of this import are older than what is kept of the feed: it can no longer be undone.",
        ),
        ImportError::Storage(error) => read_failed(error),
        ImportError::Write(WriteError::Overloaded | WriteError::Away | WriteError::Stopped) => {
            ApiError::unavailable()
        }
        ImportError::NoFolder | ImportError::Write(_) | ImportError::Upload(UploadError::Io(_)) => {
            tracing::error!(error = error as &dyn std::error::Error, "an import failed");
            ApiError::internal()
        }
        ImportError::Upload(UploadError::TooLarge) => {
            ApiError::payload_too_large(usize::try_from(interdict_app::FILE_BYTES_MAX).unwrap_or(usize::MAX))
        }
    }
}

/// `text/csv` or `application/x-ndjson`, whatever the parameters.
fn format_of(headers: &HeaderMap) -> Result<ImportFormat, ApiError> {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("text/csv") {
        Ok(ImportFormat::Csv)
    } else if essence.eq_ignore_ascii_case("application/x-ndjson") {
        Ok(ImportFormat::Ndjson)
    } else {
        Err(ApiError::not_a_file_of_entries())
    }
}

fn read_new(query: &mut Query, format: ImportFormat, request: Option<[u8; 32]>) -> Option<NewImport> {
    let list = query.word("list", &List::ALL.map(|list| (list.as_str(), list)));
    if list.is_none() && query.get("list").is_none() {
        query.problem("list", "is required: block or allow");
    }
    let kind = query.word("kind", &Kind::ALL.map(|kind| (kind.as_str(), kind))).unwrap_or(Kind::Email);
    let is_dry_run = query.flag("dryRun").unwrap_or(false);
    list.map(|list| NewImport { list, kind, format, is_dry_run, request })
}

#[utoipa::path(
    post,
    path = "/v1/imports",
    operation_id = "createImport",
    tag = "Imports",
    summary = "Import a file of entries",
    description = "The file is the body, of at most 1 GiB and 10,000,000 rows. It is taken whole before the answer, and its \
                   rows after it, part by part; the same file or the same Idempotency-Key is the same import as long as that \
                   has not ended. Rows that cannot be taken are told with their line and reason, and the others are taken \
                   all the same. With `dryRun` the rows are checked and nothing is written before the import is started.",
    params(schemas::ImportQuery),
    request_body(content(
        (String = "text/csv", example = "email,reason\\nmallory@example.com,chargeback\\n"),
        (String = "application/x-ndjson", example = "{\"value\":\"mallory@example.com\"}\\n"),
    )),
    responses((status = 202, description = "The import, whose rows are being taken.", body = ImportView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:write"])),
)]
pub(crate) async fn create(
    Shared(state): Shared<State>,
    key: Secret<CustomersWrite>,
    InQuery(query): InQuery,
    request: Request,
) -> Response {
    let caller = &key.caller;
    match receive(&state, caller, query, request).await {
        Ok(Received { upload, new, replayable }) => {
            let create = Box::pin(async {
                answered(StatusCode::ACCEPTED, caller.service.create_import(caller, upload, new).await)
            });
            at_length(caller, replayable, false, create).await
        }
        Err(error) => error.respond(Dialect::Native),
    }
}

/// A file that has arrived, and what is to become of it.
struct Received {
    upload: Upload,
    new: NewImport,
    replayable: Option<Replayable>,
}

async fn receive(
    state: &State,
    caller: &Caller,
    mut query: Query,
    request: Request,
) -> Result<Received, ApiError> {
    let headers = request.headers();
    let format = format_of(headers)?;
    let idempotency_key = idempotency_key(headers)?;
    let request_key = idempotency_key.as_deref().map(|key| caller.service.import_request(key));
    let new = read_new(&mut query, format, request_key);
    query.finish().map_err(ApiError::validation)?;
    let new = new.ok_or_else(|| ApiError::invalid("list", "is required: block or allow"))?;
    let limit = state.options.import_bytes_max;
    let too_large = || ApiError::payload_too_large(usize::try_from(limit).unwrap_or(usize::MAX));
    let declared = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|declared| declared > limit) {
        return Err(too_large());
    }
    let words = request.uri().query().unwrap_or_default().to_owned();
    let upload = caller.service.begin_upload_of(limit).map_err(|error| refused(&error))?;
    let received = stream::receive(upload, request.into_body(), state.options.body_timeout).await?;
    let upload = received.map_err(|error| match error {
        UploadError::TooLarge => too_large(),
        error @ UploadError::Io(_) => refused(&ImportError::Upload(error)),
    })?;
    let replayable = idempotency_key
        .map(|key| caller.service.replayable("POST", "/v1/imports", &key, &words, &upload.digest()));
    Ok(Received { upload, new, replayable })
}

/// The import as the answer of a mutation.
fn answered(status: StatusCode, done: Result<Import, ImportError>) -> Result<Answer, ApiError> {
    let answer = |import| answer::answer(status, &ImportView::of(&import));
    done.map(answer).map_err(|error| refused(&error))
}

#[utoipa::path(
    get,
    path = "/v1/imports",
    operation_id = "listImports",
    tag = "Imports",
    summary = "List imports",
    params(schemas::PageQuery),
    responses((status = 200, description = "A page of imports, newest first.", body = Items<ImportView>)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:read"])),
)]
pub(crate) async fn list(key: Secret<CustomersRead>, InQuery(mut query): InQuery) -> Response {
    let caller = &key.caller;
    let page = CursorPage::<ImportId>::read(&mut query);
    if let Err(details) = query.finish() {
        return ApiError::validation(details).respond(Dialect::Native);
    }
    let cursor = |row: &Import| Cursor { created_at: row.created_at, id: row.id.to_string() };
    let show = |import| ImportView::of(&import);
    list_page(caller, page, |view, (position, limit)| view.imports(position, limit), cursor, show).await
}

async fn found<P: crate::extract::Needs>(key: &Secret<P>, id: ImportId) -> Result<Import, ApiError> {
    let caller = &key.caller;
    let read = caller.service.store().read(caller.merchant, move |view| view.import(id));
    read.await.map_err(|error| read_failed(&error))?.ok_or_else(|| ApiError::not_found("import"))
}

#[utoipa::path(
    get,
    path = "/v1/imports/{id}",
    operation_id = "getImport",
    tag = "Imports",
    summary = "Get an import",
    params(schemas::ImportPath),
    responses((status = 200, description = "The import.", body = ImportView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:read"])),
)]
pub(crate) async fn get(key: Secret<CustomersRead>, InPath(id): InPath<ImportId>) -> Response {
    match found(&key, id).await {
        Ok(import) => {
            let revision = key.caller.service.readiness().revision;
            answer::json(StatusCode::OK, &ImportView::of(&import), revision)
        }
        Err(error) => error.respond(Dialect::Native),
    }
}

#[utoipa::path(
    post,
    path = "/v1/imports/{id}/start",
    operation_id = "startImport",
    tag = "Imports",
    summary = "Carry a dry run out",
    description = "The file is not sent again. One that runs already, or is done, stays as it is.",
    params(schemas::ImportPath),
    responses((status = 200, description = "The import.", body = ImportView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:write"])),
)]
pub(crate) async fn start(
    key: Secret<CustomersWrite>,
    InPath(id): InPath<ImportId>,
    mutation: Mutation,
) -> Response {
    let caller = &key.caller;
    let start = async { answered(StatusCode::OK, caller.service.start_import(caller.merchant, id).await) };
    mutation.run_at_length(caller, start).await
}

#[utoipa::path(
    post,
    path = "/v1/imports/{id}/cancel",
    operation_id = "cancelImport",
    tag = "Imports",
    summary = "Stop an import",
    description = "What it has written stays, and can be undone.",
    params(schemas::ImportPath),
    responses((status = 200, description = "The import.", body = ImportView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:write"])),
)]
pub(crate) async fn cancel(
    key: Secret<CustomersWrite>,
    InPath(id): InPath<ImportId>,
    mutation: Mutation,
) -> Response {
    let caller = &key.caller;
    let cancel = async { answered(StatusCode::OK, caller.service.cancel_import(caller.merchant, id).await) };
    mutation.run_at_length(caller, cancel).await
}

#[utoipa::path(
    get,
    path = "/v1/imports/{id}/errors",
    operation_id = "getImportErrors",
    tag = "Imports",
    summary = "Get the bad rows of an import",
    description = "Kept for seven days, by the node that took the file. Each with the line in which it begins, the field, \
                   the reason, and the row as it came.",
    params(schemas::ImportPath),
    responses((status = 200, description = "CSV: line, column, reason, row.", body = String, content_type = "text/csv")),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:read"])),
)]
pub(crate) async fn errors(key: Secret<CustomersRead>, InPath(id): InPath<ImportId>) -> Response {
    let import = match found(&key, id).await {
        Ok(import) => import,
        Err(error) => return error.respond(Dialect::Native),
    };
    let service = &key.caller.service;
    let path = service.import_errors(id);
    if path.is_none() && import.counts.bad > 0 {
        return ApiError::import_errors_gone().respond(Dialect::Native);
    }
    let body = stream::send(move |out| match path {
        Some(path) => std::io::copy(&mut File::open(path)?, out).map(drop),
        None => out.write_all(b"line,column,reason,row\n"),
    });
    download(body, CSV, &format!("{id}-errors.csv"), service.readiness().revision)
}

#[utoipa::path(
    post,
    path = "/v1/imports/{id}/undo",
    operation_id = "undoImport",
    tag = "Imports",
    summary = "Undo an import",
    description = "Every entry is as it was before, or gone where it was not; one that somebody has changed since is left \
                   alone, and told. Called again it goes on where it was cut, or says again what it did.",
    params(schemas::ImportPath),
    responses((status = 200, description = "What was done.", body = UndoneView)),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:write"])),
)]
pub(crate) async fn undo(
    key: Secret<CustomersWrite>,
    InPath(id): InPath<ImportId>,
    mutation: Mutation,
) -> Response {
    let caller = key.caller.clone();
    // In a task of its own: whoever asked may go away, and half an undo is worse than a whole one.
    let undo = async {
        match tokio::spawn(async move { caller.service.undo_import(&caller, id).await }).await {
            Ok(Ok(undone)) => {
                let names_people = !undone.changed_since.is_empty();
                let answer = answer::answer(StatusCode::OK, &UndoneView::of(undone));
                Ok(Answer { names_people, ..answer })
            }
            Ok(Err(error)) => Err(refused(&error)),
            Err(_) => Err(ApiError::internal()),
        }
    };
    mutation.run_at_length(&key.caller, undo).await
}

/// The content type of a format.
pub(crate) const fn content_type(format: ImportFormat) -> HeaderValue {
    match format {
        ImportFormat::Csv => CSV,
        ImportFormat::Ndjson => NDJSON,
    }
}

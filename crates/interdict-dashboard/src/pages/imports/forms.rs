//! What the pages' forms do: a file arrives and is checked, and then taken, stopped or undone.

use axum::extract::multipart::{Field, Multipart};
use axum::extract::{Path, State as Shared};
use axum::response::Response;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, StatusCode};
use interdict_app::{FILE_BYTES_MAX, NewImport, Upload, UploadError, Uploading};
use interdict_domain::entry::List;
use interdict_domain::identifier::Kind;
use interdict_domain::import::ImportFormat;
use std::time::Duration;

use super::view::{found, refused};
use crate::answer::{self, Problem};
use crate::person::{BulkChange, Person};
use crate::state::State;
use crate::t;

/// More is no name of a list.
const WORD_BYTES_MAX: usize = 100;
/// What stands around a file in a form.
const FIELDS_BYTES_MAX: u64 = 64 * 1024;
/// A short undo is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// Takes a file, field by field as it arrives: the list comes before it.
pub(crate) async fn upload(
    Shared(state): Shared<State>,
    person: Person<BulkChange>,
    Path(mode): Path<String>,
    headers: HeaderMap,
    mut form: Multipart,
) -> Result<Response, Problem> {
    if announced_bytes(&headers).is_some_and(|bytes| bytes > FILE_BYTES_MAX + FIELDS_BYTES_MAX) {
        // Before it is sent for nothing.
        return Err(problem(StatusCode::PAYLOAD_TOO_LARGE, "import-too-large"));
    }
    let patience = state.options.body_timeout;
    let slow = || problem(StatusCode::REQUEST_TIMEOUT, "problem-slow");
    let mut list = None;
    loop {
        let field = tokio::time::timeout(patience, form.next_field()).await.map_err(|_| slow())?;
        let Some(field) = field.map_err(|_| Problem::invalid(&t("problem-form")))? else {
            return Err(Problem::invalid(&t("invalid-file")));
        };
        match field.name() {
            Some("list") => list = List::parse(&word(field, patience).await?),
            Some("file") => {
                let list = list.ok_or_else(|| Problem::invalid(&t("invalid-list")))?;
                let new = NewImport {
                    list,
                    kind: Kind::Email,
                    format: format_of(field.file_name().unwrap_or_default()),
                    is_dry_run: true,
                    request: None,
                };
                let upload = person.service().begin_upload().map_err(|error| refused(&error))?;
                let upload = receive(upload, field, patience).await?;
                if upload.is_empty() {
                    return Err(Problem::invalid(&t("invalid-file")));
                }
                let created = person.service().create_import(&person.caller(), upload, new).await;
                let import = created.map_err(|error| refused(&error))?;
                return Ok(answer::see_other(&format!("/dashboard/{mode}/imports/{}", import.id)));
            }
            _ => {}
        }
    }
}

/// How long the browser says that the form is.
fn announced_bytes(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn problem(status: StatusCode, text: &str) -> Problem {
    Problem { status, ..Problem::invalid(&t(text)) }
}

async fn word(mut field: Field<'_>, patience: Duration) -> Result<String, Problem> {
    let mut text = Vec::new();
    while let Some(piece) = next(&mut field, patience).await? {
        text.extend_from_slice(&piece);
        if text.len() > WORD_BYTES_MAX {
            return Err(Problem::invalid(&t("problem-form")));
        }
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

async fn next(field: &mut Field<'_>, patience: Duration) -> Result<Option<bytes::Bytes>, Problem> {
    let piece = tokio::time::timeout(patience, field.chunk()).await;
    let piece = piece.map_err(|_| problem(StatusCode::REQUEST_TIMEOUT, "problem-slow"))?;
    piece.map_err(|_| Problem::invalid(&t("problem-form")))
}

async fn receive(upload: Upload, mut field: Field<'_>, patience: Duration) -> Result<Upload, Problem> {
    let refused = |error| match error {
        UploadError::TooLarge => problem(StatusCode::PAYLOAD_TOO_LARGE, "import-too-large"),
        error @ UploadError::Io(_) => refused(&error.into()),
    };
    let uploading = Uploading::begin(upload).map_err(refused)?;
    while let Some(piece) = next(&mut field, patience).await? {
        if !uploading.push(piece).await {
            break;
        }
    }
    uploading.finish().await.map_err(refused)
}

fn format_of(name: &str) -> ImportFormat {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    if ["ndjson", "jsonl"].iter().any(|known| ending.eq_ignore_ascii_case(known)) {
        ImportFormat::Ndjson
    } else {
        ImportFormat::Csv
    }
}

/// Has the rows written that were checked.
pub(crate) async fn start(
    person: Person<BulkChange>,
    Path((mode, id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let import = found(&person, &id).await?;
    let started = person.service().start_import(person.signed_in.user.merchant, import.id).await;
    started.map_err(|error| refused(&error))?;
    Ok(back(&mode, &id))
}

/// Stops it.
pub(crate) async fn cancel(
    person: Person<BulkChange>,
    Path((mode, id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let import = found(&person, &id).await?;
    let cancelled = person.service().cancel_import(person.signed_in.user.merchant, import.id).await;
    cancelled.map_err(|error| refused(&error))?;
    Ok(back(&mode, &id))
}

/// Takes back what it did. A long undo goes on behind the page, which shows how far it is.
pub(crate) async fn undo(
    person: Person<BulkChange>,
    Path((mode, id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (import, caller) = (found(&person, &id).await?, person.caller());
    let undo = tokio::spawn(async move { caller.service.undo_import(&caller, import.id).await });
    match tokio::time::timeout(PATIENCE, undo).await {
        Ok(Ok(Err(error))) => Err(refused(&error)),
        Ok(Err(_)) => Err(Problem::ours()),
        Ok(Ok(Ok(_))) => Ok(back(&mode, &id)),
        Err(_) => Ok(answer::see_other(&format!("/dashboard/{mode}/imports/{id}?undoing=on"))),
    }
}

fn back(mode: &str, id: &str) -> Response {
    answer::see_other(&format!("/dashboard/{mode}/imports/{id}"))
}

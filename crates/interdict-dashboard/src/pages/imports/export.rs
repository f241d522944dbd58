//! Files to keep: a list, and the bad rows of an import.

use std::fs::File;
use std::io::Write;

use axum::body::Body;
use axum::extract::Path;
use axum::response::Response;
use interdict_app::{Export, ExportError, in_pieces};
use interdict_domain::entry::List;
use interdict_domain::identifier::Kind;
use interdict_domain::import::ImportFormat;

use super::view::found;
use crate::answer::{self, Problem};
use crate::form::InQuery;
use crate::person::{BulkChange, Person};
use crate::t;

/// A file of CSV that a thread of its own writes.
pub(crate) fn download(
    name: &str,
    write: impl FnOnce(&mut dyn Write) -> std::io::Result<()> + Send + 'static,
) -> Response {
    let pieces = futures_util::stream::unfold(in_pieces(write), async |mut waiting| {
        let piece = waiting.recv().await?;
        Some((piece, waiting))
    });
    answer::file(Body::from_stream(pieces), "text/csv; charset=utf-8", name)
}

/// A list, or one kind of it.
pub(crate) async fn export(person: Person<BulkChange>, InQuery(query): InQuery) -> Result<Response, Problem> {
    let list =
        query.text("list").and_then(List::parse).ok_or_else(|| Problem::invalid(&t("invalid-list")))?;
    let kind = query.text("kind").and_then(Kind::parse);
    let (service, merchant) = (person.service().clone(), person.signed_in.user.merchant);
    let what = Export { list, kind, format: ImportFormat::Csv };
    Ok(download(&format!("{}-entries.csv", list.as_str()), move |file| {
        match service.export_entries(merchant, what, file) {
            Ok(_) => Ok(()),
            Err(ExportError::Io(error)) => Err(error),
            Err(ExportError::Storage(error)) => {
                tracing::error!(error = &error as &dyn std::error::Error, "an export ends early");
                Err(std::io::Error::other(error))
            }
        }
    }))
}

/// The bad rows of an import.
pub(crate) async fn errors(
    person: Person<BulkChange>,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let import = found(&person, &id).await?;
    let path = person.service().import_errors(import.id);
    let path = path.ok_or_else(|| Problem::not_there(&t("import-errors-gone")))?;
    Ok(download(&format!("{}-errors.csv", import.id), move |file| {
        std::io::copy(&mut File::open(path)?, file).map(drop)
    }))
}

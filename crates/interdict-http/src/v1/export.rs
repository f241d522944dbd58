//! `/v1/entries/export`: a list as a file, as an import takes it again.

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use interdict_app::{Export, ExportError};
use interdict_domain::entry::List;
use interdict_domain::identifier::Kind;
use interdict_domain::import::ImportFormat;

use super::imports::content_type;
use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::extract::{CustomersRead, InQuery, Secret};
use crate::interface::REVISION;
use crate::schemas;
use crate::stream;

pub(crate) const CSV: HeaderValue = HeaderValue::from_static("text/csv; charset=utf-8");
pub(crate) const NDJSON: HeaderValue = HeaderValue::from_static("application/x-ndjson");

/// A file to keep, and nothing for a browser to show.
pub(crate) fn download(body: Body, content_type: HeaderValue, name: &str, revision: i64) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(disposition) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(CONTENT_DISPOSITION, disposition);
    }
    headers.insert(REVISION, HeaderValue::from(revision));
    response
}

#[utoipa::path(
    get,
    path = "/v1/entries/export",
    operation_id = "exportEntries",
    tag = "Imports",
    summary = "Export the entries of a list",
    description = "All terms of each entry, the newest first, as an import takes them again. Cells that a spreadsheet would \
                   take for a formula begin with an apostrophe. Blocks of people who were erased have no value, and are \
                   left out.",
    params(schemas::ExportQuery),
    responses((status = 200, description = "The file.", content(
        (String = "text/csv"),
        (String = "application/x-ndjson"),
    ))),
    security(("bearerAuth" = []), ("apiKey" = []), ("oauth2" = ["customers:read"])),
)]
pub(crate) async fn export(key: Secret<CustomersRead>, InQuery(mut query): InQuery) -> Response {
    let list = query.word("list", &List::ALL.map(|list| (list.as_str(), list)));
    if list.is_none() && query.get("list").is_none() {
        query.problem("list", "is required: block or allow");
    }
    let kind = query.word("kind", &Kind::ALL.map(|kind| (kind.as_str(), kind)));
    let formats: Vec<_> = ImportFormat::ALL.iter().map(|format| (format.as_str(), *format)).collect();
    let format = query.word("format", &formats).unwrap_or(ImportFormat::Csv);
    if let Err(details) = query.finish() {
        return ApiError::validation(details).respond(Dialect::Native);
    }
    let Some(list) = list else {
        return ApiError::invalid("list", "is required: block or allow").respond(Dialect::Native);
    };
    let (service, merchant) = (key.caller.service.clone(), key.caller.merchant);
    let revision = service.readiness().revision;
    let body =
        stream::send(move |out| match service.export_entries(merchant, Export { list, kind, format }, out) {
            Ok(_) => Ok(()),
            Err(ExportError::Io(error)) => Err(error),
            Err(ExportError::Storage(error)) => {
                tracing::error!(error = &error as &dyn std::error::Error, "an export ends early");
                Err(std::io::Error::other(error))
            }
        });
    let name = format!("{}-entries.{}", list.as_str(), format.as_str());
    download(body, content_type(format), &name, revision)
}

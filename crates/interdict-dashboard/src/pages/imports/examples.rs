//! Files to begin with: one of each format for each list, with every column.
//!
//! They are written here and not made, so that what is in them reads as people write it; a test sends each.

use axum::body::Body;
use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};

use crate::answer::Problem;
use crate::person::{BulkChange, Person};

/// By their names in the address, with their media types.
const FILES: [(&str, &str, &str); 4] = [
    ("blacklist.csv", "text/csv; charset=utf-8", include_str!("../../../examples/blacklist.csv")),
    ("blacklist.ndjson", "application/x-ndjson", include_str!("../../../examples/blacklist.ndjson")),
    ("whitelist.csv", "text/csv; charset=utf-8", include_str!("../../../examples/whitelist.csv")),
    ("whitelist.ndjson", "application/x-ndjson", include_str!("../../../examples/whitelist.ndjson")),
];

pub(crate) async fn example(
    _: Person<BulkChange>,
    Path((_, name)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let file = FILES.into_iter().find(|(file, ..)| *file == name);
    let (name, media_type, text) = file.ok_or_else(Problem::no_such_page)?;
    let mut response = Body::from(text).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(disposition) = HeaderValue::from_str(&format!("attachment; filename=\"example-{name}\"")) {
        headers.insert(CONTENT_DISPOSITION, disposition);
    }
    Ok(response)
}

//! Files to begin with: one of each format for each list, with every column.
//!
//! They are written here and not made, so that what is in them reads as people write it; a test sends each.

use axum::body::Body;
use axum::extract::Path;
use axum::response::Response;

use crate::answer::{self, Problem};
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
    Ok(answer::file(Body::from(text), media_type, &format!("example-{name}")))
}

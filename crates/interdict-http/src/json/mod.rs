//! Strict JSON: a body becomes a small tree, or one clear refusal, and [`Fields`] reads the tree and
//! collects every problem of it.
//!
//! Deliberately not here: JSON on the way out (serde does that), and anything that knows a route.

mod fields;
mod path;
mod sent;
mod tree;

pub use fields::Fields;
pub(crate) use fields::MISSING;
pub use path::Path;
pub use sent::Sent;
pub use tree::{Json, JsonError, MAX_DEPTH, parse};

/// Reads what nearly every caller sends, without a tree. None for anything else, which [`parse`] and [`Fields`] then
/// find the fault of, or none.
///
/// The encoding is checked for all of it at once, which takes a fraction of checking text by text.
pub(crate) fn read_usual<'a, T: serde::Deserialize<'a>>(bytes: &'a [u8]) -> Option<T> {
    serde_json::from_str(std::str::from_utf8(bytes).ok()?).ok()
}

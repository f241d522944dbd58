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

//! What must hold whatever comes in: a canonical form with one key, ranges that cover what lies in them, refusals that
//! say what would be right and repeat nothing.
//!
//! Deliberately not here: verdicts on particular texts, which stand beside each parser.

mod bodies;
mod files;
mod identifiers;

pub use bodies::json;
pub use files::rows;
pub use identifiers::identifier;

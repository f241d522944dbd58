//! The log of decisions: a SQLite file or a PostgreSQL schema of its own for each mode, beside the store and no part of
//! it. It is not in the feed, nothing rests on it, and what it loses is lost to readers alone (docs/adr/0031).
//!
//! What says who it was stands in one column, apart from the rest, and is found by keys: an erasure empties it.
//!
//! Deliberately not here: which decisions are kept, and the queue in front of it (`interdict-app`).

mod find;
mod forget;
mod rotation;
mod row;
mod store;

pub use find::DecisionFilter;
pub(crate) use find::STATEMENTS as FIND_STATEMENTS;
pub(crate) use forget::STATEMENTS as FORGET_STATEMENTS;
pub(crate) use row::STATEMENTS as ROW_STATEMENTS;
pub use row::{DecisionRow, SearchKey};
pub use store::DecisionStore;

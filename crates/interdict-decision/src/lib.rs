//! The index in memory, and the decision on it: may this customer pay, now, this way?
//!
//! - [`order`] is the seven tiers, as one table;
//! - [`Index`] holds every fact, [`Index::apply`] folds the feed into it;
//! - [`decide`] answers one [`Attempt`], in about a hundred nanoseconds, from memory alone;
//! - [`explanation`] says how it came about;
//! - `oracle` (under test, or with the feature of that name) is the naive scan that the index must
//!   equal.
//!
//! Deliberately not here: storage, the feed's transport, hashing and normalising (the lookups come
//! with their keys), the staleness of the index and what to do about it, hit counts. No async, no
//! I/O, no clock: the moment is a part of the attempt.

#![deny(clippy::wildcard_enum_match_arm)]

mod apply;
mod attempt;
mod decide;
mod decision;
pub mod explanation;
mod index;
#[cfg(any(test, feature = "oracle"))]
pub mod oracle;
pub mod order;
mod shortcut;
mod sources;
#[cfg(test)]
mod tests;

pub use attempt::{Attempt, FormerKey, Lookup};
pub use decide::decide;
pub use decision::{DecideError, Decision, Source, SourceKind, Sources, Value};
pub use explanation::Explanation;
pub use index::{BUCKETS, Digest, DigestKey, Fingerprint, Index, Reading, Statistics};
pub use order::{Code, Outcome, Tier};

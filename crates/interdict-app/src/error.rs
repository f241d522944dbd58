//! Why a use case says no. What is the store's fault stands apart from what is the caller's.

use interdict_storage::StorageError;

/// Why a use case on customers or entries says no.
#[derive(Debug, thiserror::Error)]
pub enum UseCaseError {
    /// The merchant has no such customer or entry in this mode.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The merchantRef belongs to another customer of the merchant.
    #[error("the merchantRef belongs to another customer")]
    RefTaken,
    /// A field means nothing together with what is stored.
    #[error("{path} {issue}")]
    Invalid {
        /// Which field.
        path: &'static str,
        /// What would be right.
        issue: &'static str,
    },
    /// Somebody else was faster: what was looked at is no longer so.
    #[error("it has changed meanwhile")]
    ChangedMeanwhile,
    /// The store failed.
    #[error("the store failed")]
    Storage(#[from] StorageError),
}

//! Why a use case on blocked persons says no.

use interdict_domain::ids::PersonId;
use interdict_storage::StorageError;

use crate::error::UseCaseError;

/// Why a use case on blocked persons says no.
#[derive(Debug, thiserror::Error)]
pub enum PersonError {
    /// The merchant has no such person, customer or suggestion in this mode.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// A field means nothing together with what is stored.
    #[error("{path} {issue}")]
    Invalid {
        /// Which field.
        path: &'static str,
        /// What would be right.
        issue: &'static str,
    },
    /// Some of the identifiers are on the allow list.
    #[error("identifiers are on the allow list")]
    Allowed(Vec<Place>),
    /// Some of the identifiers hit more than one person may block.
    #[error("identifiers hit more than one person may block")]
    NeedsSecondPerson(Vec<Place>),
    /// The identifiers belong to two persons or more.
    #[error("the identifiers belong to more than one blocked person")]
    ManyPersons(Vec<PersonId>),
    /// The customer has nothing that could be blocked.
    #[error("the customer has no identifier")]
    NothingToBlock,
    /// The person's block was lifted, or has ended.
    #[error("the person is not blocked any more")]
    NotInForce,
    /// The person whose identifier it is was erased, so that nothing is left to list.
    #[error("the identifier was erased")]
    Erased,
    /// Somebody else was faster: what was looked at is no longer so.
    #[error("it has changed meanwhile")]
    ChangedMeanwhile,
    /// The store failed.
    #[error("the store failed")]
    Storage(#[from] StorageError),
}

/// Where an identifier of a call stands: no message repeats what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the list of identifiers, from 0.
    Listed(usize),
    /// The customer has it, in its own record.
    OfCustomer,
    /// It is the blocked person's already.
    OfPerson,
    /// The customer came with it to pay. Nobody has named it, so that it is left out where it does not fit.
    OfAttempts,
}

impl From<UseCaseError> for PersonError {
    fn from(error: UseCaseError) -> Self {
        match error {
            UseCaseError::NotFound(what) => Self::NotFound(what),
            UseCaseError::Invalid { path, issue } => Self::Invalid { path, issue },
            UseCaseError::Storage(error) => Self::Storage(error),
            UseCaseError::RefTaken | UseCaseError::ChangedMeanwhile => Self::ChangedMeanwhile,
        }
    }
}

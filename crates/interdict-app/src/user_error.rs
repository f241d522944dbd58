//! Why a use case on people who sign in says no.

use interdict_domain::password::PasswordError;
use interdict_storage::{StorageError, WriteError};

use crate::error::UseCaseError;
use crate::password_hash::{HashError, HashingError};

/// Why a use case on people says no.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    /// The merchant has no such person.
    #[error("there is no such person")]
    NotFound,
    /// There is no such merchant.
    #[error("there is no such merchant")]
    NoMerchant,
    /// An email signs in to one merchant, as one person.
    #[error("somebody signs in with this email already: use another one")]
    EmailTaken,
    /// The password is not good.
    #[error("the password {0}")]
    Password(#[from] PasswordError),
    /// A use case on merchants or keys said no.
    #[error(transparent)]
    UseCase(UseCaseError),
    /// More waits than can be served soon.
    #[error("too much waits: try again in a few seconds")]
    Busy,
    /// The database cannot be reached, or the commit failed.
    #[error("nothing was changed, because it could not be written: try again")]
    NotWritten,
    /// A hash cannot be made.
    #[error("the password cannot be hashed")]
    Hash(#[from] HashError),
    /// The store failed.
    #[error("the store failed")]
    Storage(#[from] StorageError),
}

impl From<UseCaseError> for UserError {
    fn from(error: UseCaseError) -> Self {
        match error {
            UseCaseError::NotFound("merchant") => Self::NoMerchant,
            UseCaseError::Storage(error) => Self::Storage(error),
            other => Self::UseCase(other),
        }
    }
}

impl From<WriteError<Self>> for UserError {
    fn from(error: WriteError<Self>) -> Self {
        match error {
            WriteError::Refused(error) => error,
            WriteError::Overloaded => Self::Busy,
            WriteError::CommitFailed | WriteError::Away | WriteError::Stopped => Self::NotWritten,
        }
    }
}

impl From<HashingError> for UserError {
    fn from(error: HashingError) -> Self {
        match error {
            HashingError::TooMany => Self::Busy,
            HashingError::Failed => Self::Hash(HashError),
        }
    }
}

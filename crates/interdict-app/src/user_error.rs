//! Why a use case on people who sign in says no.

use interdict_domain::clock::Timestamp;
use interdict_domain::password::PasswordError;
use interdict_domain::role::Capability;
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
    /// The role may not do this.
    #[error("your role may not do this ({}): ask an owner or an admin", .0.as_str())]
    Forbidden(Capability),
    /// Nobody changes, disables or resets oneself.
    #[error("nobody does this to oneself: ask another owner or admin")]
    Oneself,
    /// A merchant has an owner who can sign in, always.
    #[error("this is the last owner who can sign in: make another one first")]
    LastOwner,
    /// Somebody else was faster.
    #[error("somebody changed this meanwhile: look at it again")]
    ChangedMeanwhile,
    /// The invitation was accepted, or replaced, or is over; or there never was one.
    #[error("the invitation is over: ask for another one")]
    InvitationOver,
    /// The person's own password was not right.
    #[error("the password is wrong")]
    WrongPassword,
    /// Too many passwords were wrong in a row.
    #[error("too many attempts failed: try again after {until}")]
    Locked {
        /// Until when.
        until: Timestamp,
    },
    /// Too many attempts came at once.
    #[error("too many attempts: try again in {retry_after_s} s")]
    TooMany {
        /// In how many seconds to try again.
        retry_after_s: u64,
    },
    /// The code of the second factor is not right.
    #[error("the code is wrong: is the clock of the device right?")]
    WrongCode,
    /// No secret waits for its first code.
    #[error("no second factor is being set up: begin anew")]
    NoEnrolment,
    /// There is a second factor already.
    #[error("the second factor is on: turn it off first")]
    SecondFactorIsOn,
    /// There is no second factor.
    #[error("there is no second factor")]
    NoSecondFactor,
    /// The second factor's secret was sealed under another pepper, or cannot be made.
    #[error("the second factor cannot be read or made")]
    SecondFactorUnreadable,
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

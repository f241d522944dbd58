//! How a command ends: what it says when it fails, and with which status.
//!
//! 0 is success (for `check`: allowed), 1 a failure (for `audit verify`: a fault), 2 a mistake in how
//! the command was called, 3 a payment that `check` finds blocked.

use std::fmt::{self, Write as _};
use std::process::ExitCode;

use interdict_app::store::WriteError;
use interdict_app::{UseCaseError, UserError};

/// The status of a payment that is blocked.
pub const BLOCKED: u8 = 3;
const FAILED: u8 = 1;
const MISUSED: u8 = 2;

/// A mistake in how the command was called. The message says how to do it right.
#[derive(Debug)]
pub struct Misuse(pub String);

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Misuse {}

/// A mistake in how the command was called, as an error.
pub fn misuse(message: impl Into<String>) -> anyhow::Error {
    anyhow::Error::new(Misuse(message.into()))
}

/// Says on standard error what went wrong, with every cause on a line of its own.
pub fn report(error: &anyhow::Error) -> ExitCode {
    let mut text = format!("error: {error}\n");
    for cause in error.chain().skip(1) {
        let _ = writeln!(text, "  because: {cause}");
    }
    crate::output::complain(&text);
    ExitCode::from(if error.is::<Misuse>() { MISUSED } else { FAILED })
}

/// What a use case on the core said, in the command line's words.
pub fn refused(error: WriteError<UseCaseError>) -> anyhow::Error {
    match error {
        WriteError::Refused(UseCaseError::NotFound("merchant")) => no_merchant(),
        WriteError::Refused(UseCaseError::NotFound(what)) => {
            misuse(format!("there is no such {what}: `interdict key list` shows those that there are"))
        }
        WriteError::Refused(UseCaseError::Invalid { path, issue }) => misuse(format!("the {path} {issue}")),
        WriteError::Refused(error) => anyhow::Error::new(error),
        other => anyhow::Error::new(other),
    }
}

/// What a use case on people said, in the command line's words.
pub fn refused_user(error: impl Into<UserError>) -> anyhow::Error {
    match error.into() {
        UserError::NoMerchant => no_merchant(),
        UserError::NotFound => {
            misuse("there is no such person: `interdict user list` shows those that there are")
        }
        error @ (UserError::EmailTaken | UserError::Password(_) | UserError::LastOwner) => {
            misuse(error.to_string())
        }
        error => anyhow::Error::new(error),
    }
}

fn no_merchant() -> anyhow::Error {
    misuse("there is no such merchant: make one with `interdict merchant create --name NAME`")
}

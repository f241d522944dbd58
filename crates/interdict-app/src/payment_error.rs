//! Why a use case on payments says no.

use interdict_domain::payment::PaymentStatus;
use interdict_storage::StorageError;

use crate::decide_payment::DecidePaymentError;
use crate::gateways::NoGateway;

/// Why a use case on payments says no.
#[derive(Debug, thiserror::Error)]
pub enum PaymentError {
    /// The merchant has no such thing in this mode.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// A field means nothing together with what is stored, or with what the gateway knows.
    #[error("{path} {issue}")]
    Invalid {
        /// Which field.
        path: &'static str,
        /// What would be right.
        issue: &'static str,
    },
    /// What was asked for cannot follow on where it stands.
    #[error("a {what} that is {from} cannot become {to}")]
    Illegal {
        /// What it is.
        what: &'static str,
        /// Where it stands.
        from: &'static str,
        /// What was asked for.
        to: &'static str,
    },
    /// The gateway is being asked about it right now.
    #[error("the gateway is being asked about this payment right now")]
    Busy,
    /// It cannot be decided.
    #[error(transparent)]
    Undecided(#[from] DecidePaymentError),
    /// There is nowhere to charge it.
    #[error(transparent)]
    NoGateway(#[from] NoGateway),
    /// The store failed.
    #[error("the store failed")]
    Storage(#[from] StorageError),
}

impl PaymentError {
    /// What was asked for cannot follow on where the payment stands.
    pub(crate) fn illegal(from: PaymentStatus, to: &'static str) -> Self {
        Self::Illegal { what: "payment", from: from.as_str(), to }
    }
}

//! What a decision was asked for: a word of the log of decisions.

use serde::{Deserialize, Serialize};

use crate::entry::words;
use crate::payment::PaymentOrigin;

words!(
    /// What a decision was asked for.
    DecisionOrigin {
        /// A call of the API that asks for this decision alone.
        Api = "api",
        /// One of many in a call of the API.
        Batch = "batch",
        /// A payment, or a sign-up that begins with one.
        Payment = "payment",
        /// A checkout.
        Checkout = "checkout",
        /// A renewal.
        Renewal = "renewal",
        /// A transaction that somebody else charges.
        Score = "score",
    }
);

impl DecisionOrigin {
    /// Whether money hangs on it, so that it is always offered to the log.
    pub const fn is_charge(self) -> bool {
        !matches!(self, Self::Api | Self::Batch)
    }
}

impl From<PaymentOrigin> for DecisionOrigin {
    fn from(origin: PaymentOrigin) -> Self {
        match origin {
            PaymentOrigin::Api | PaymentOrigin::SignUp => Self::Payment,
            PaymentOrigin::Checkout => Self::Checkout,
            PaymentOrigin::Renewal => Self::Renewal,
        }
    }
}

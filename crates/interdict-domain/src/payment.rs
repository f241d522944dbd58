//! Payments (Odus): an attempt to be paid, whether it came to money or not. Every charge is one,
//! renewals and checkouts included; an attempt that was refused is kept as well.
//!
//! Deliberately not here: who may pay (`interdict-decision`), and how money moves
//! (`interdict-gateway`).

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::entry::words;
use crate::identifier::{Email, Phone};
use crate::ids::{CheckoutId, CustomerId, PaymentId, SubscriptionId};
use crate::merchant::MerchantNumber;
use crate::money::Money;
use crate::pan::holds_pan;
use crate::scopes::Initiator;
use crate::text::Metadata;

words!(
    /// Where a payment stands (Odus).
    PaymentStatus {
        /// Made, not charged.
        Open = "open",
        /// The customer has to do something, such as 3DS.
        RequiresAction = "requires_action",
        /// The money was taken.
        Succeeded = "succeeded",
        /// Refused, by us or by the gateway: it never comes to money.
        Cancelled = "cancelled",
    }
);

words!(
    /// What a payment came from.
    PaymentOrigin {
        /// `POST /payments`.
        Api = "api",
        /// The hosted checkout.
        Checkout = "checkout",
        /// The first period of a subscription.
        SignUp = "sign_up",
        /// A later period of a subscription.
        Renewal = "renewal",
    }
);

words!(
    /// How a transaction ended (Odus).
    OutcomeStatus {
        /// It did what it should.
        Success = "success",
        /// Part of it.
        Partial = "partial",
        /// Nothing of it.
        Failure = "failure",
    }
);

words!(
    /// Whether another try may help (Odus).
    DeclineType {
        /// It may.
        Soft = "soft_decline",
        /// It will not.
        Hard = "hard_decline",
    }
);

/// Why a payment did not come to money (Odus).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How it ended.
    pub status: OutcomeStatus,
    /// A stable word: a decision's code, or the gateway's. Not for payers.
    pub error_code: Option<String>,
    /// For the merchant's own people. Not for payers.
    pub error_message: Option<String>,
    /// What the payer may be told.
    pub safe_error_message: Option<String>,
    /// Whether another try may help. Not for payers.
    pub decline_type: Option<DeclineType>,
}

impl Outcome {
    /// The money was taken.
    pub const fn success() -> Self {
        Self {
            status: OutcomeStatus::Success,
            error_code: None,
            error_message: None,
            safe_error_message: None,
            decline_type: None,
        }
    }

    /// The money was not taken: a stable word for it, why for the merchant's people, and what the payer may
    /// be told.
    pub fn failure(
        code: impl Into<String>,
        message: impl Into<String>,
        safe_message: impl Into<String>,
        decline_type: DeclineType,
    ) -> Self {
        Self {
            status: OutcomeStatus::Failure,
            error_code: Some(code.into()),
            error_message: Some(message.into()),
            safe_error_message: Some(safe_message.into()),
            decline_type: Some(decline_type),
        }
    }
}

/// What the customer has to do before the money can be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextAction {
    /// Where: a page to send the customer to.
    pub url: String,
}

words!(
    /// What a gateway is asked to do.
    Operation {
        /// The money is being taken.
        Charge = "charge",
        /// A charge that waits for the customer is being given up: we refuse it by now.
        Withdrawal = "withdrawal",
        /// Money is being given back.
        Reversal = "reversal",
    }
);

/// What was begun at the gateway and is not known to have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    /// What the gateway was asked.
    pub operation: Operation,
    /// For how many minor units.
    pub amount: i64,
    /// Until when somebody drives it to its end; after that, somebody else may.
    pub driven_until: Timestamp,
}

/// The longest token, in bytes.
const TOKEN_BYTES_MAX: usize = 255;

/// A gateway's token for a means of payment: never a card number.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PaymentMethod(String);

/// Why a text is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PaymentMethodError {
    /// Not the form of a token.
    #[error(
        "must be a gateway's token of 1 to 255 letters, digits, '_', '-', '.' or ':', such as pm_test_success"
    )]
    Form,
    /// A card number.
    #[error("must be a gateway's token, never a card number")]
    CardNumber,
}

impl PaymentMethod {
    /// Checks a token that came from outside. Which gateway knows it is the gateway's business.
    pub fn parse(text: &str) -> Result<Self, PaymentMethodError> {
        if holds_pan(text) {
            return Err(PaymentMethodError::CardNumber);
        }
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte);
        if text.is_empty() || text.len() > TOKEN_BYTES_MAX || !text.bytes().all(is_token) {
            return Err(PaymentMethodError::Form);
        }
        Ok(Self(text.to_owned()))
    }

    /// A token that was checked when it was stored.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The token.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Tokens never reach a log.
impl std::fmt::Debug for PaymentMethod {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PaymentMethod(…)")
    }
}

/// A payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Its id.
    pub id: PaymentId,
    /// Who is paid.
    pub merchant: MerchantNumber,
    /// How much.
    pub money: Money,
    /// Who started it.
    pub initiator: Initiator,
    /// Who pays, where that is a customer.
    pub customer: Option<CustomerId>,
    /// The email that came with the attempt.
    pub email: Option<Email>,
    /// The phone that came with the attempt.
    pub phone: Option<Phone>,
    /// Whether email and phone are the merchant's word. What a payer typed matches blocks only.
    pub payer_verified: bool,
    /// With what.
    pub payment_method: Option<PaymentMethod>,
    /// Whatever the merchant attached.
    pub metadata: Metadata,
    /// Where it stands.
    pub status: PaymentStatus,
    /// What it came from.
    pub origin: PaymentOrigin,
    /// Which subscription it is for, and the beginning of the period that it pays.
    pub period: Option<(SubscriptionId, Timestamp)>,
    /// Which checkout it is from.
    pub checkout: Option<CheckoutId>,
    /// The gateway's own id for it.
    pub gateway_reference: Option<String>,
    /// Minor units that were taken.
    pub amount_captured: i64,
    /// Minor units that were given back.
    pub amount_reversed: i64,
    /// When a chargeback was first recorded.
    pub chargeback_recorded_at: Option<Timestamp>,
    /// Why it did not come to money.
    pub outcome: Option<Outcome>,
    /// What the customer has to do.
    pub next_action: Option<NextAction>,
    /// What was begun at the gateway and is not known to have ended.
    pub pending: Option<Pending>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Payment {
    /// Ends it without money.
    pub fn cancel(&mut self, outcome: Outcome) {
        self.status = PaymentStatus::Cancelled;
        self.next_action = None;
        self.outcome = Some(outcome);
    }

    /// An open payment of which nothing else is known.
    pub fn new(
        id: PaymentId,
        merchant: MerchantNumber,
        money: Money,
        initiator: Initiator,
        origin: PaymentOrigin,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            merchant,
            money,
            initiator,
            customer: None,
            email: None,
            phone: None,
            payer_verified: true,
            payment_method: None,
            metadata: Metadata::default(),
            status: PaymentStatus::Open,
            origin,
            period: None,
            checkout: None,
            gateway_reference: None,
            amount_captured: 0,
            amount_reversed: 0,
            chargeback_recorded_at: None,
            outcome: None,
            next_action: None,
            pending: None,
            created_at: now,
            updated_at: now,
        }
    }

    /// Whether money was taken.
    pub const fn is_captured(&self) -> bool {
        self.amount_captured > 0
    }

    /// Whether all of it was given back.
    pub const fn is_fully_reversed(&self) -> bool {
        self.is_captured() && self.amount_reversed >= self.amount_captured
    }

    /// What can still be given back, in minor units.
    pub const fn reversible(&self) -> i64 {
        self.amount_captured.saturating_sub(self.amount_reversed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_never_a_card_number() {
        for text in ["pm_test_success", "tok_visa", "pm_1NxYz2", "src-9.a:b"] {
            assert_eq!(PaymentMethod::parse(text).unwrap().as_str(), text);
        }
        assert_eq!(PaymentMethod::parse("4242424242424242"), Err(PaymentMethodError::CardNumber));
        assert_eq!(PaymentMethod::parse("card-4242-4242-4242-4242"), Err(PaymentMethodError::CardNumber));
        for text in ["", "pm test", "pm\0", "é", &"x".repeat(256)] {
            assert_eq!(PaymentMethod::parse(text), Err(PaymentMethodError::Form));
        }
    }
}

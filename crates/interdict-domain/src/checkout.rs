//! Checkout sessions (Duro): somebody is about to pay on a page, by email or phone.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::entry::words;
use crate::identifier::{Email, Phone};
use crate::ids::{CheckoutId, PaymentId, PlanId, SubscriptionId};
use crate::merchant::MerchantNumber;
use crate::money::Money;
use crate::text::Metadata;

/// How long a session can be paid, on the merchant's clock: a day.
pub const CHECKOUT_LIFETIME_S: i64 = 24 * 60 * 60;

words!(
    /// Where a session stands.
    CheckoutStatus {
        /// It can be paid.
        Pending = "pending",
        /// The payer has to do something first.
        RequiresAction = "requires_action",
        /// It is paid.
        Succeeded = "succeeded",
        /// Its time is over.
        Expired = "expired",
    }
);

words!(
    /// How the payer pays (Duro).
    Rail {
        /// A card.
        Card = "card",
        /// A bank transfer.
        Transfer = "transfer",
        /// A code on a phone.
        Ussd = "ussd",
        /// An account of its own for this payment.
        VirtualAccount = "virtual_account",
        /// Taken from a bank account.
        DirectDebit = "direct_debit",
    }
);

/// A checkout session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkout {
    /// Its id.
    pub id: CheckoutId,
    /// Who is paid.
    pub merchant: MerchantNumber,
    /// SHA-256 of the token that opens it.
    pub token_digest: [u8; 32],
    /// How much; for a plan, what its first period costs.
    pub money: Money,
    /// For which plan, where it is a sign-up.
    pub plan: Option<PlanId>,
    /// The payer's email.
    pub email: Option<Email>,
    /// The payer's phone.
    pub phone: Option<Phone>,
    /// Whether email and phone are the merchant's word.
    pub payer_verified: bool,
    /// Where the payer goes afterwards.
    pub success_url: Option<String>,
    /// Whatever the merchant attached.
    pub metadata: Metadata,
    /// Where it stands, but for its time.
    pub status: CheckoutStatus,
    /// The newest attempt to pay it.
    pub payment: Option<PaymentId>,
    /// What came of a sign-up.
    pub subscription: Option<SubscriptionId>,
    /// Until when it can be paid, on the merchant's clock.
    pub expires_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Checkout {
    /// Where it stands at a moment of the merchant's clock.
    pub fn status_at(&self, now: Timestamp) -> CheckoutStatus {
        match self.status {
            CheckoutStatus::Pending | CheckoutStatus::RequiresAction if self.expires_at <= now => {
                CheckoutStatus::Expired
            }
            status => status,
        }
    }

    /// `subscription` or `one_time` (Duro).
    pub const fn kind(&self) -> &'static str {
        if self.plan.is_some() { "subscription" } else { "one_time" }
    }
}

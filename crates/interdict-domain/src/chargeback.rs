//! Chargebacks: a payment that its payer took back through the bank. Several may stand on one payment,
//! and each remembers what it did, so that winning one takes back nothing else (incidents 8 and 11).

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::entry::words;
use crate::identifier::Email;
use crate::ids::{ChargebackId, CustomerId, EntryId, PaymentId};
use crate::merchant::MerchantNumber;

words!(
    /// How a chargeback came to be known.
    ChargebackSource {
        /// Recorded by a call or by a person.
        Recorded = "recorded",
        /// A dispute at the provider.
        Dispute = "dispute",
        /// A warning of the provider before any dispute.
        FraudWarning = "fraud_warning",
    }
);

words!(
    /// What a chargeback has to do with a block.
    Hold {
        /// Nothing.
        None = "none",
        /// It wants the block, and somebody else has set it.
        Wants = "wants",
        /// It has set the block, and its reversal lifts it.
        Owns = "owns",
    }
);

impl Hold {
    /// Whether it wants the block to stand.
    pub const fn wants(self) -> bool {
        !matches!(self, Self::None)
    }
}

/// The longest reason of a provider, in bytes.
pub const PROVIDER_REASON_BYTES_MAX: usize = 255;

/// A chargeback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chargeback {
    /// Its id.
    pub id: ChargebackId,
    /// Whose.
    pub merchant: MerchantNumber,
    /// Of which payment.
    pub payment: PaymentId,
    /// Whose payment it was.
    pub customer: Option<CustomerId>,
    /// How it came to be known.
    pub source: ChargebackSource,
    /// The provider's own id for it.
    pub provider_reference: Option<String>,
    /// The provider's word for why.
    pub provider_reason: Option<String>,
    /// Whether it is what keeps customer-initiated payments blocked.
    pub cit: Hold,
    /// Whether it is what keeps merchant-initiated payments blocked.
    pub mit: Hold,
    /// Whether it is what keeps the email on the blacklist.
    pub email: Hold,
    /// That entry.
    pub entry: Option<EntryId>,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// When it was reversed: the dispute was won.
    pub reversed_at: Option<Timestamp>,
}

/// What is to be blocked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Consequences {
    /// Put this email on the blacklist.
    pub email: Option<Email>,
    /// Block customer-initiated payments.
    pub cit: bool,
    /// Block merchant-initiated payments.
    pub mit: bool,
}

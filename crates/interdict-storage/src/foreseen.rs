//! What a piece of work is going to read. On PostgreSQL the reads of a whole commit are fetched in one
//! round trip before the first piece of work runs; nothing depends on it but time.

use interdict_domain::clock::Timestamp;
use interdict_domain::entry::List;
use interdict_domain::identifier::{Identifier, MerchantRef, Pepper};
use interdict_domain::ids::{CustomerId, PaymentId};
use interdict_domain::merchant::MerchantNumber;

use crate::idempotency::RequestKey;
use crate::sql::Bound;
use crate::{customer, entry, idempotency, payment, settings};

/// A read that is going to come.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Foreseen {
    pub(crate) sql: &'static str,
    pub(crate) parameters: Vec<Bound>,
}

impl Foreseen {
    /// A customer by id.
    pub fn customer(merchant: MerchantNumber, id: CustomerId) -> Self {
        customer::foresee(merchant, id)
    }

    /// A customer by the merchant's own id.
    pub fn customer_by_ref(pepper: &Pepper, merchant: MerchantNumber, merchant_ref: &MerchantRef) -> Self {
        customer::foresee_by_ref(pepper, merchant, merchant_ref)
    }

    /// The entry of an identifier on a list.
    pub fn entry_of(pepper: &Pepper, merchant: MerchantNumber, list: List, identifier: &Identifier) -> Self {
        entry::foresee_of(pepper, merchant, list, identifier)
    }

    /// The answer that was given to a request.
    pub fn answer(merchant: MerchantNumber, request: RequestKey, now: Timestamp) -> Self {
        idempotency::foresee(merchant, request, now)
    }

    /// What the merchant has chosen.
    pub fn settings(merchant: MerchantNumber) -> Self {
        settings::foresee(merchant)
    }

    /// A payment by id.
    pub fn payment(merchant: MerchantNumber, id: PaymentId) -> Self {
        payment::foresee(merchant, id)
    }
}

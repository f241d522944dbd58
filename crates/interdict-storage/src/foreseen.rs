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

#[cfg(test)]
mod tests {
    use super::*;

    /// What a write makes untrue is found by the table, and by keys that are bytes: see
    /// `postgres/fetched.rs`.
    #[test]
    fn each_reads_one_table_by_a_key_that_its_rows_are_put_under() {
        let pepper = Pepper::from_bytes([7; 32]);
        let (merchant, id) = (MerchantNumber(1), interdict_domain::ids::Ksuid::from_bytes([3; 20]));
        let email = Identifier::parse(interdict_domain::identifier::Kind::Email, "a@example.com").unwrap();
        let all = [
            (Foreseen::customer(merchant, CustomerId::from_ksuid(id)), "customer", 1),
            (Foreseen::customer_by_ref(&pepper, merchant, &MerchantRef::parse("r").unwrap()), "customer", 1),
            (Foreseen::entry_of(&pepper, merchant, List::Block, &email), "entry", 1),
            (Foreseen::answer(merchant, RequestKey([1; 16]), Timestamp::from_micros(0)), "idempotency", 1),
            (Foreseen::payment(merchant, PaymentId::from_ksuid(id)), "payment", 1),
            (Foreseen::settings(merchant), "setting", 0),
        ];
        for (read, table, keys) in all {
            assert_eq!(read.sql.matches(" FROM ").count(), 1, "{}", read.sql);
            let found = read.sql.split_once(" FROM ").unwrap().1.split_whitespace().next();
            assert_eq!(found, Some(table));
            let bytes = read.parameters.iter().filter(|bound| matches!(bound, Bound::Bytes(_))).count();
            assert_eq!(bytes, keys);
        }
    }
}

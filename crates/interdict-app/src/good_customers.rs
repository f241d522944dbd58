//! Who is a good customer: one who has paid often and taken nothing back.
//!
//! Deliberately not here: what somebody ought to do for them.

use interdict_domain::clock::Timestamp;
use interdict_domain::customer::Customer;
use interdict_domain::ids::CustomerId;
use interdict_storage::{MerchantView, StorageError};

/// So many payments of a good customer have succeeded.
pub const GOOD_PAYMENTS: i64 = 3;
/// For so many days a good customer has taken nothing back.
pub const GOOD_DAYS: i64 = 180;
/// A good customer who is refused stays in the report for so many days.
pub const REFUSED_DAYS: i64 = 30;
/// Attempts that are looked through for refused customers, and customers who are judged: both the newest.
const REFUSED_MAX: i64 = 1_000;
const JUDGED_MAX: usize = 100;
const DAY_S: i64 = 86_400;

/// A good customer whom the lists have refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedCustomer {
    /// Who.
    pub customer: Customer,
    /// Payments that have succeeded.
    pub payments: i64,
    /// The newest attempt that was refused.
    pub refused_at: Timestamp,
}

/// How many payments of a good customer have succeeded; nothing for any other one.
pub(crate) fn good_payments(
    view: &MerchantView<'_>,
    customer: CustomerId,
    now: Timestamp,
) -> Result<Option<i64>, StorageError> {
    let payments = view.count_succeeded(customer)?;
    if payments < GOOD_PAYMENTS {
        return Ok(None);
    }
    let since = now.plus_seconds(-GOOD_DAYS * DAY_S);
    let mut chargebacks = view.chargebacks_of_customer(customer)?.into_iter();
    Ok(chargebacks.all(|chargeback| chargeback.recorded_at < since).then_some(payments))
}

/// The good ones among those who were refused lately, the newest attempt first: so many at most.
pub fn good_customers_refused(
    view: &MerchantView<'_>,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<RefusedCustomer>, StorageError> {
    let refused = view.refused_customers(now.plus_seconds(-REFUSED_DAYS * DAY_S), REFUSED_MAX)?;
    let mut good = Vec::new();
    for (id, refused_at) in refused.into_iter().take(JUDGED_MAX) {
        let Some(payments) = good_payments(view, id, now)? else { continue };
        good.extend(view.customer(id)?.map(|customer| RefusedCustomer { customer, payments, refused_at }));
        if good.len() >= limit {
            break;
        }
    }
    Ok(good)
}

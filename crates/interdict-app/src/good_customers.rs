//! Who is a good customer: one who has paid often and taken nothing back.
//!
//! Deliberately not here: what somebody ought to do for them.

use std::collections::HashSet;

use interdict_domain::clock::Timestamp;
use interdict_domain::customer::Customer;
use interdict_domain::ids::{CustomerId, Ksuid};
use interdict_storage::{MerchantView, RefusedAttempt, StorageError};

/// So many payments of a good customer have succeeded.
pub const GOOD_PAYMENTS: i64 = 3;
/// For so many days a good customer has taken nothing back.
pub const GOOD_DAYS: i64 = 180;
/// A good customer who is refused stays in the report for so many days.
pub const REFUSED_DAYS: i64 = 30;
/// Attempts that are looked through for a page, and how many are read at once.
const LOOKED_MAX: usize = 1_000;
const READ_AT_ONCE: i64 = 200;
const DAY_S: i64 = 86_400;

/// A good customer whom the lists have refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedCustomer {
    /// Who.
    pub customer: Customer,
    /// Payments that have succeeded.
    pub payments: i64,
    /// The newest attempt that was refused.
    pub refused: RefusedAttempt,
}

/// A page of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RefusedCustomers {
    /// The newest attempt first.
    pub customers: Vec<RefusedCustomer>,
    /// The last attempt that was looked at, where there may be more behind it. A page may be short, and even empty, and
    /// have another one behind it: so many attempts are looked at and not more.
    pub next: Option<(Timestamp, Ksuid)>,
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

/// The good ones among those who were refused lately, behind an attempt: so many at most.
pub fn good_customers_refused(
    view: &MerchantView<'_>,
    now: Timestamp,
    position: Option<(Timestamp, Ksuid)>,
    limit: usize,
) -> Result<RefusedCustomers, StorageError> {
    let since = now.plus_seconds(-REFUSED_DAYS * DAY_S);
    let (mut page, mut seen) = (RefusedCustomers { next: position, ..Default::default() }, HashSet::new());
    let mut looked = 0;
    loop {
        let attempts = view.refused_attempts(since, page.next, READ_AT_ONCE)?;
        let are_last = i64::try_from(attempts.len()).is_ok_and(|count| count < READ_AT_ONCE);
        let count = attempts.len();
        for (index, attempt) in attempts.into_iter().enumerate() {
            looked += 1;
            page.next = Some((attempt.at, attempt.payment.ksuid()));
            // Each once, with the newest attempt, on whichever page that is.
            if seen.insert(attempt.customer) && !view.was_refused_again(&attempt)? {
                page.customers.extend(judge(view, attempt, now)?);
            }
            let is_last = are_last && index + 1 == count;
            if !is_last && (page.customers.len() >= limit || looked >= LOOKED_MAX) {
                return Ok(page);
            }
        }
        if are_last {
            return Ok(RefusedCustomers { next: None, ..page });
        }
    }
}

fn judge(
    view: &MerchantView<'_>,
    refused: RefusedAttempt,
    now: Timestamp,
) -> Result<Option<RefusedCustomer>, StorageError> {
    let Some(payments) = good_payments(view, refused.customer, now)? else { return Ok(None) };
    let customer = view.customer(refused.customer)?;
    Ok(customer.map(|customer| RefusedCustomer { customer, payments, refused }))
}

//! Who is a good customer: one who has paid often and taken nothing back.
//!
//! Deliberately not here: what somebody ought to do for them.

use std::collections::HashSet;

use interdict_domain::clock::Timestamp;
use interdict_domain::customer::Customer;
use interdict_domain::ids::{CustomerId, Ksuid};
use interdict_domain::merchant::MerchantNumber;
use interdict_storage::{MerchantView, StorageError};

use crate::blocked_attempts::{BlockedAttempt, BlockedAttempts, BlockedOf};
use crate::service::Service;

/// So many payments of a good customer have succeeded.
pub const GOOD_PAYMENTS: i64 = 3;
/// For so many days a good customer has taken nothing back.
pub const GOOD_DAYS: i64 = 180;
/// A good customer who is refused stays in the report for so many days.
pub const REFUSED_DAYS: i64 = 30;
/// Attempts that are looked through for a page.
const LOOKED_MAX: usize = 1_000;
const DAY_S: i64 = 86_400;

/// A good customer whom the lists have refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedCustomer {
    /// Who.
    pub customer: Customer,
    /// Payments that have succeeded.
    pub payments: i64,
    /// The newest attempt that was refused.
    pub refused: BlockedAttempt,
}

/// A page of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RefusedCustomers {
    /// The newest attempt first.
    pub customers: Vec<RefusedCustomer>,
    /// The last attempt that was looked at, where there may be more behind it. A page may be short, and even empty, and
    /// have another one behind it: so many attempts are looked at and not more.
    pub next: Option<(Timestamp, Ksuid)>,
    /// From when on questions that were answered with a block are found, besides payments. Nothing where none is kept.
    pub since: Option<Timestamp>,
    /// The revision at which the customers were read.
    pub revision: i64,
}

impl Service {
    /// The good ones among those who were refused lately, behind an attempt: so many at most.
    pub async fn good_customers_refused(
        &self,
        merchant: MerchantNumber,
        position: Option<(Timestamp, Ksuid)>,
        limit: usize,
    ) -> Result<RefusedCustomers, StorageError> {
        let log = self.written_log().await.map(std::sync::Arc::clone);
        let now = self.clock.now();
        let read = move |view: &MerchantView<'_>| match log {
            Some(log) => {
                log.store.read_blocking(merchant, |log| refused(view, Some(log), now, position, limit))
            }
            None => refused(view, None, now, position, limit),
        };
        self.store.read(merchant, read).await
    }

    /// The same for a thread that may wait.
    pub(crate) fn good_customers_refused_blocking(
        &self,
        merchant: MerchantNumber,
        position: Option<(Timestamp, Ksuid)>,
        limit: usize,
    ) -> Result<RefusedCustomers, StorageError> {
        let now = self.clock.now();
        self.store.read_blocking(|view| {
            let view = view.merchant(merchant);
            match &self.decision_log {
                Some(log) => {
                    log.store.read_blocking(merchant, |log| refused(&view, Some(log), now, position, limit))
                }
                None => refused(&view, None, now, position, limit),
            }
        })
    }
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

fn refused(
    view: &MerchantView<'_>,
    log: Option<&MerchantView<'_>>,
    now: Timestamp,
    position: Option<(Timestamp, Ksuid)>,
    limit: usize,
) -> Result<RefusedCustomers, StorageError> {
    let since = now.plus_seconds(-REFUSED_DAYS * DAY_S);
    let attempts = BlockedAttempts { view, log, since };
    let oldest = log.map_or(Ok(None), MerchantView::oldest_decision)?;
    let mut page = RefusedCustomers {
        next: position,
        since: oldest.map(|oldest| oldest.max(since)),
        revision: view.revision()?,
        ..RefusedCustomers::default()
    };
    let (mut seen, mut looked) = (HashSet::new(), 0);
    loop {
        let (found, are_last) = attempts.behind(page.next)?;
        let count = found.len();
        for (index, BlockedOf { attempt, customers }) in found.into_iter().enumerate() {
            looked += customers.len().max(1);
            page.next = Some(attempt.place());
            for customer in customers {
                // Each once, with the newest attempt, on whichever page that is.
                if seen.insert(customer) && !attempts.is_refused_since(customer, attempt.place())? {
                    page.customers.extend(judge(view, customer, &attempt, now)?);
                }
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
    customer: CustomerId,
    refused: &BlockedAttempt,
    now: Timestamp,
) -> Result<Option<RefusedCustomer>, StorageError> {
    let Some(payments) = good_payments(view, customer, now)? else { return Ok(None) };
    let customer = view.customer(customer)?;
    Ok(customer.map(|customer| RefusedCustomer { customer, payments, refused: refused.clone() }))
}

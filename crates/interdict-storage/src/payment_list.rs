//! Payments in pages, with Odus's filters: by number, and behind a row of the page before.

use interdict_domain::clock::Timestamp;
use interdict_domain::identifier::Email;
use interdict_domain::ids::{CustomerId, Ksuid};
use interdict_domain::money::Currency;
use interdict_domain::payment::{Payment, PaymentStatus};
use interdict_domain::scopes::Initiator;

use crate::entry::keyset;
use crate::error::StorageError;
use crate::payment::{columns, read, refused_by_lists};
use crate::sql::{Value, params};
use crate::statements::statements;
use crate::view::{MerchantView, NumberedRows};

macro_rules! filter {
    () => {
        " AND (CAST($2 AS TEXT) IS NULL OR status = $2)
          AND (CAST($3 AS TEXT) IS NULL OR initiator = $3)
          AND (CAST($4 AS TEXT) IS NULL OR currency = $4)
          AND (CAST($5 AS BYTEA) IS NULL OR email_key = $5)
          AND (CAST($6 AS BIGINT) IS NULL OR $6 = CASE WHEN chargeback_recorded_at IS NULL THEN 0 ELSE 1 END)
          AND amount >= $7 AND amount <= $8 "
    };
}

// With a customer, its index is used; without one, the order by time.
macro_rules! of_customer {
    () => {
        " AND customer = $9 "
    };
}

// The engines do not see through a filter that may be absent: an email's and the refused ones' indexes need to be
// asked for.
macro_rules! of_email {
    () => {
        " AND email_key = $5 "
    };
}

macro_rules! after {
    () => {
        " AND (created_at, id) < ($9, $10) ORDER BY created_at DESC, id DESC LIMIT $11"
    };
}

statements! {
    SELECT_AFTER =
        concat!("SELECT ", columns!(), " FROM payment WHERE merchant = $1 ", filter!(), after!());
    SELECT_AFTER_OF_EMAIL =
        concat!("SELECT ", columns!(), " FROM payment WHERE merchant = $1 ", filter!(), of_email!(), after!());
    SELECT_REFUSED_AFTER = concat!("SELECT ", columns!(), " FROM payment WHERE merchant = $1 ", filter!(),
        " AND ", refused_by_lists!(), after!());
    SELECT_REFUSED_AFTER_OF_EMAIL = concat!("SELECT ", columns!(), " FROM payment WHERE merchant = $1 ",
        filter!(), of_email!(), " AND ", refused_by_lists!(), after!());
    SELECT_NEWEST = concat!("SELECT ", columns!(), " FROM payment WHERE merchant = $1 ", filter!(),
        " ORDER BY created_at DESC, id DESC LIMIT $9 OFFSET $10");
    SELECT_OLDEST = concat!("SELECT ", columns!(), " FROM payment WHERE merchant = $1 ", filter!(),
        " ORDER BY created_at, id LIMIT $9 OFFSET $10");
    SELECT_NEWEST_OF_CUSTOMER = concat!("SELECT ", columns!(), " FROM payment WHERE merchant = $1 ",
        filter!(), of_customer!(), " ORDER BY created_at DESC, id DESC LIMIT $10 OFFSET $11");
    SELECT_OLDEST_OF_CUSTOMER = concat!("SELECT ", columns!(), " FROM payment WHERE merchant = $1 ",
        filter!(), of_customer!(), " ORDER BY created_at, id LIMIT $10 OFFSET $11");
    COUNT = concat!("SELECT COUNT(*) FROM payment WHERE merchant = $1 ", filter!());
    COUNT_OF_CUSTOMER =
        concat!("SELECT COUNT(*) FROM payment WHERE merchant = $1 ", filter!(), of_customer!());
}

/// Which payments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PaymentFilter {
    /// Of which customer.
    pub customer: Option<CustomerId>,
    /// Standing where.
    pub status: Option<PaymentStatus>,
    /// Started by whom.
    pub initiator: Option<Initiator>,
    /// In which currency.
    pub currency: Option<Currency>,
    /// With exactly this email.
    pub email: Option<Email>,
    /// Whether a chargeback was recorded.
    pub chargebacked: Option<bool>,
    /// Of at least so many minor units.
    pub amount_min: Option<i64>,
    /// Of at most so many minor units.
    pub amount_max: Option<i64>,
}

impl MerchantView<'_> {
    /// A page of payments by number (Odus).
    pub fn payments(&self, filter: &PaymentFilter, page: NumberedRows) -> Result<Vec<Payment>, StorageError> {
        let sql = match (filter.customer.is_some(), page.ascending) {
            (false, false) => SELECT_NEWEST,
            (false, true) => SELECT_OLDEST,
            (true, false) => SELECT_NEWEST_OF_CUSTOMER,
            (true, true) => SELECT_OLDEST_OF_CUSTOMER,
        };
        self.with_filter(filter, |filters| {
            self.connection.query(sql, &[filters, params![page.limit, page.offset]].concat(), read)
        })
    }

    /// A page of payments, newest first, behind the last row of the page before; those alone that the lists
    /// refused, if wanted. The filter's customer is not asked for.
    pub fn payments_after(
        &self,
        filter: &PaymentFilter,
        refused_only: bool,
        position: Option<(Timestamp, Ksuid)>,
        limit: i64,
    ) -> Result<Vec<Payment>, StorageError> {
        let sql = match (refused_only, filter.email.is_some()) {
            (false, false) => SELECT_AFTER,
            (false, true) => SELECT_AFTER_OF_EMAIL,
            (true, false) => SELECT_REFUSED_AFTER,
            (true, true) => SELECT_REFUSED_AFTER_OF_EMAIL,
        };
        let (at, id) = keyset(position);
        let filter = PaymentFilter { customer: None, ..filter.clone() };
        self.with_filter(&filter, |filters| {
            self.connection.query(sql, &[filters, params![at, id, limit]].concat(), read)
        })
    }

    /// How many payments a filter lets through.
    pub fn count_payments(&self, filter: &PaymentFilter) -> Result<i64, StorageError> {
        let sql = if filter.customer.is_some() { COUNT_OF_CUSTOMER } else { COUNT };
        self.with_filter(filter, |filters| self.connection.query_one(sql, filters, |row| row.get(0)))
    }

    fn with_filter<T>(
        &self,
        filter: &PaymentFilter,
        run: impl FnOnce(&[Value<'_>]) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        let status = filter.status.map(PaymentStatus::as_str);
        let initiator = filter.initiator.map(Initiator::as_str);
        let currency = filter.currency.map(Currency::code);
        let email = filter.email.as_ref().map(|email| self.email_key(email).0);
        let chargebacked = filter.chargebacked.map(i64::from);
        let (least, most) = (filter.amount_min.unwrap_or(0), filter.amount_max.unwrap_or(i64::MAX));
        let customer = filter.customer.map(|id| *id.ksuid().bytes());
        let filters =
            params![self.merchant.0, status, initiator, currency, email, chargebacked, least, most, customer];
        // The customer is the last parameter of the statements that have it.
        let count = filters.len() - usize::from(customer.is_none());
        run(filters.get(..count).unwrap_or_default())
    }
}

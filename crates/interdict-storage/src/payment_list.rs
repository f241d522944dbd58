//! Payments in pages, by number and behind a row of the page before, and counted, with Odus's filters. Each
//! filter that leaves few of them has statements of its own, which go through its index.

use interdict_domain::clock::Timestamp;
use interdict_domain::identifier::Email;
use interdict_domain::ids::{CustomerId, Ksuid};
use interdict_domain::money::Currency;
use interdict_domain::payment::{Payment, PaymentStatus};
use interdict_domain::scopes::Initiator;

use crate::counter::{self, Counted};
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

macro_rules! page {
    ($few:expr, $index:expr, $order:expr, $limit:expr) => {
        concat!(
            "SELECT ",
            columns!(),
            " FROM payment WHERE merchant",
            $few,
            " = $1 ",
            filter!(),
            $index,
            " ORDER BY ",
            $order,
            " LIMIT ",
            $limit
        )
    };
}

macro_rules! count {
    ($few:expr, $index:expr) => {
        concat!("SELECT COUNT(*) FROM payment WHERE merchant", $few, " = $1 ", filter!(), $index)
    };
}

macro_rules! newest {
    () => {
        "created_at DESC, id DESC"
    };
}

macro_rules! oldest {
    () => {
        "created_at, id"
    };
}

// Rows that are named one by one: a planner might take the order's index for better.
macro_rules! of_email {
    () => {
        " AND id IN (SELECT id FROM payment WHERE merchant = $1 AND email_key = $5) "
    };
}

// Most payments succeed: those that did have no index of their own.
macro_rules! of_status {
    () => {
        " AND status = $2 AND status <> 'succeeded' "
    };
}

// The engines do not see through a filter that may be absent: the refused ones' index needs to be asked for.
macro_rules! refused {
    () => {
        concat!(" AND ", refused_by_lists!())
    };
}

macro_rules! after {
    ($few:expr, $index:expr) => {
        after!($few, $index, "($9, $10)", "$11")
    };
    ($few:expr, $index:expr, $position:expr, $limit:expr) => {
        concat!(
            "SELECT ",
            columns!(),
            " FROM payment WHERE merchant",
            $few,
            " = $1 ",
            filter!(),
            $index,
            " AND (created_at, id) < ",
            $position,
            " ORDER BY created_at DESC, id DESC LIMIT ",
            $limit
        )
    };
}

statements! {
    AFTER = after!("", "");
    AFTER_OF_CUSTOMER = after!("", " AND customer = $9 ", "($10, $11)", "$12");
    AFTER_REFUSED_OF_CUSTOMER =
        after!("", concat!(" AND customer = $9 ", refused!()), "($10, $11)", "$12");
    AFTER_OF_EMAIL = after!(" + 0", of_email!());
    AFTER_OF_STATUS = after!("", of_status!());
    AFTER_REFUSED = after!("", refused!());
    AFTER_REFUSED_OF_EMAIL = after!(" + 0", concat!(of_email!(), refused!()));
    NEWEST = page!("", "", newest!(), "$9 OFFSET $10");
    OLDEST = page!("", "", oldest!(), "$9 OFFSET $10");
    COUNT = count!("", "");
    NEWEST_OF_CUSTOMER = page!("", " AND customer = $9 ", newest!(), "$10 OFFSET $11");
    OLDEST_OF_CUSTOMER = page!("", " AND customer = $9 ", oldest!(), "$10 OFFSET $11");
    COUNT_OF_CUSTOMER = count!("", " AND customer = $9 ");
    NEWEST_OF_EMAIL = page!(" + 0", of_email!(), newest!(), "$9 OFFSET $10");
    OLDEST_OF_EMAIL = page!(" + 0", of_email!(), oldest!(), "$9 OFFSET $10");
    COUNT_OF_EMAIL = count!(" + 0", of_email!());
    NEWEST_DISPUTED = page!("", " AND chargeback_recorded_at IS NOT NULL ", newest!(), "$9 OFFSET $10");
    OLDEST_DISPUTED = page!("", " AND chargeback_recorded_at IS NOT NULL ", oldest!(), "$9 OFFSET $10");
    COUNT_DISPUTED = count!("", " AND chargeback_recorded_at IS NOT NULL ");
    NEWEST_OF_STATUS = page!("", of_status!(), newest!(), "$9 OFFSET $10");
    OLDEST_OF_STATUS = page!("", of_status!(), oldest!(), "$9 OFFSET $10");
    COUNT_OF_STATUS = count!("", of_status!());
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

/// The statements that go through an index: newest first, oldest first, and how many.
type Ways = [&'static str; 3];

impl PaymentFilter {
    fn ways(&self) -> Ways {
        match self {
            Self { customer: Some(_), .. } => [NEWEST_OF_CUSTOMER, OLDEST_OF_CUSTOMER, COUNT_OF_CUSTOMER],
            Self { email: Some(_), .. } => [NEWEST_OF_EMAIL, OLDEST_OF_EMAIL, COUNT_OF_EMAIL],
            Self { chargebacked: Some(true), .. } => [NEWEST_DISPUTED, OLDEST_DISPUTED, COUNT_DISPUTED],
            Self { status: None | Some(PaymentStatus::Succeeded), .. } => [NEWEST, OLDEST, COUNT],
            Self { status: Some(_), .. } => [NEWEST_OF_STATUS, OLDEST_OF_STATUS, COUNT_OF_STATUS],
        }
    }
}

impl MerchantView<'_> {
    /// A page of payments by number (Odus).
    pub fn payments(&self, filter: &PaymentFilter, page: NumberedRows) -> Result<Vec<Payment>, StorageError> {
        let [newest, oldest, _] = filter.ways();
        let sql = if page.ascending { oldest } else { newest };
        self.with_filter(filter, |filters| {
            self.connection.query(sql, &[filters, params![page.limit, page.offset]].concat(), read)
        })
    }

    /// A page of payments, newest first, behind the last row of the page before; those alone that the lists
    /// refused, if wanted.
    pub fn payments_after(
        &self,
        filter: &PaymentFilter,
        refused_only: bool,
        position: Option<(Timestamp, Ksuid)>,
        limit: i64,
    ) -> Result<Vec<Payment>, StorageError> {
        let sql = match (refused_only, filter) {
            (true, PaymentFilter { customer: Some(_), .. }) => AFTER_REFUSED_OF_CUSTOMER,
            (true, PaymentFilter { email: Some(_), .. }) => AFTER_REFUSED_OF_EMAIL,
            (true, _) => AFTER_REFUSED,
            (false, PaymentFilter { customer: Some(_), .. }) => AFTER_OF_CUSTOMER,
            (false, PaymentFilter { email: Some(_), .. }) => AFTER_OF_EMAIL,
            (false, PaymentFilter { status: None | Some(PaymentStatus::Succeeded), .. }) => AFTER,
            (false, PaymentFilter { status: Some(_), .. }) => AFTER_OF_STATUS,
        };
        let (at, id) = keyset(position);
        self.with_filter(filter, |filters| {
            self.connection.query(sql, &[filters, params![at, id, limit]].concat(), read)
        })
    }

    /// How many payments a filter lets through.
    pub fn count_payments(&self, filter: &PaymentFilter) -> Result<i64, StorageError> {
        if *filter == (PaymentFilter { status: filter.status, ..PaymentFilter::default() })
            && let Some(count) = counter::read(self, Counted::Payments(filter.status))?
        {
            return Ok(count);
        }
        let [.., count] = filter.ways();
        self.with_filter(filter, |filters| self.connection.query_one(count, filters, |row| row.get(0)))
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

//! Customers in pages and counted. Each filter that leaves few customers has statements of its own, which go
//! through its index: a condition that may be absent is nothing that a planner can use.

use interdict_domain::clock::Timestamp;
use interdict_domain::customer::{Customer, ListStatus};
use interdict_domain::identifier::Email;
use interdict_domain::ids::Ksuid;

use crate::counter::{self, Counted};
use crate::customer::{columns, read};
use crate::entry::keyset;
use crate::error::StorageError;
use crate::search::{self, Found, Route, Searched};
use crate::sql::{Value, params};
use crate::statements::statements;
use crate::view::{MerchantView, NumberedRows, PageRequest};

// The status as it counts now: one whose window is over is normal again.
macro_rules! filter {
    () => {
        " AND (CAST($2 AS TEXT) IS NULL OR search LIKE $2 ESCAPE '\\' OR phone LIKE $2 ESCAPE '\\')
          AND (CAST($3 AS TEXT) IS NULL OR $3 = CASE
                WHEN (list_from IS NULL OR list_from <= $4) AND (list_until IS NULL OR $4 < list_until)
                THEN list_status ELSE 'normal' END)
          AND (CAST($5 AS BIGINT) IS NULL OR $5 = CASE WHEN restrict_cit + restrict_mit > 0 THEN 1 ELSE 0 END)
          AND (CAST($6 AS BYTEA) IS NULL OR email_key = $6) "
    };
}

macro_rules! listed {
    () => {
        " AND list_status = $3 AND list_status <> 'normal' "
    };
}

macro_rules! restricted {
    () => {
        " AND (restrict_cit > 0 OR restrict_mit > 0) "
    };
}

macro_rules! of {
    () => {
        "merchant = $1 "
    };
}

// Of rows that are named one by one: a planner might take the order's index for better, and this is in none.
macro_rules! of_few {
    () => {
        "merchant + 0 = $1 "
    };
}

macro_rules! of_email {
    () => {
        " AND id IN (SELECT id FROM customer WHERE merchant = $1 AND email_key = $6) "
    };
}

macro_rules! after {
    ($merchant:expr, $index:expr, $end:expr) => {
        concat!(
            "SELECT ",
            columns!(),
            " FROM customer WHERE ",
            $merchant,
            filter!(),
            $index,
            " AND (created_at, id) < ($7, $8) ",
            $end
        )
    };
}

macro_rules! to_the_oldest {
    () => {
        " ORDER BY created_at DESC, id DESC LIMIT $9"
    };
}

// Apart: a planner that knows nothing of the bound takes the rows for few, and sorts them.
macro_rules! to_the_walks_end {
    () => {
        " AND created_at >= $9 ORDER BY created_at DESC, id DESC LIMIT $10"
    };
}

// Where a walk over so many rows as are looked at before an index is asked would end. What a filter leaves few of is
// walked over whole: most of what the index names would not pass it.
macro_rules! walk_end {
    ($index:expr, $rows:literal) => {
        concat!(
            "SELECT created_at FROM customer WHERE merchant = $1 AND (created_at, id) < ($2, $3) ",
            $index,
            " ORDER BY created_at DESC, id DESC LIMIT 1 OFFSET ",
            $rows
        )
    };
}

macro_rules! page {
    ($merchant:expr, $index:expr, $order:expr) => {
        concat!(
            "SELECT ",
            columns!(),
            " FROM customer WHERE ",
            $merchant,
            filter!(),
            $index,
            " ORDER BY ",
            $order,
            " LIMIT $7 OFFSET $8"
        )
    };
}

// Without a filter the rows that come before are counted off in the index.
macro_rules! whole_page {
    ($order:expr) => {
        concat!(
            "SELECT ",
            columns!(),
            " FROM customer WHERE merchant + 0 = $1 AND id IN (SELECT id FROM customer
              WHERE merchant = $1 ORDER BY ",
            $order,
            " LIMIT $2 OFFSET $3) ORDER BY ",
            $order
        )
    };
}

pub(crate) use {filter, listed, restricted};

statements! {
    AFTER = after!(of!(), "", to_the_oldest!());
    WALK = after!(of!(), "", to_the_walks_end!());
    AFTER_LISTED = after!(of!(), listed!(), to_the_oldest!());
    WALK_LISTED = after!(of!(), listed!(), to_the_walks_end!());
    AFTER_RESTRICTED = after!(of!(), restricted!(), to_the_oldest!());
    WALK_RESTRICTED = after!(of!(), restricted!(), to_the_walks_end!());
    AFTER_OF_EMAIL = after!(of_few!(), of_email!(), to_the_oldest!());
    WALK_END = walk_end!("", 4_096);
    WALK_END_LISTED = walk_end!(" AND list_status = $4 AND list_status <> 'normal' ", 16_384);
    WALK_END_RESTRICTED = walk_end!(restricted!(), 16_384);
    // One that was found by a part of its text, if it is what is wanted.
    SELECT_IF = concat!("SELECT ", columns!(), " FROM customer WHERE merchant = $1 ", filter!(), " AND id = $7");
    // All of them before any is chosen: a planner that thinks them many would walk over everything.
    FOUND_AFTER = concat!("WITH found AS MATERIALIZED (SELECT ", columns!(), " FROM customer WHERE merchant = $1 ",
        filter!(), " AND (search LIKE $2 ESCAPE '\\' OR phone LIKE $2 ESCAPE '\\'))
        SELECT ", columns!(), " FROM found
        WHERE (created_at, id) < ($7, $8) ORDER BY created_at DESC, id DESC LIMIT $9");
    PAGE_NEWEST = page!(of!(), "", "created_at DESC, id DESC");
    PAGE_OLDEST = page!(of!(), "", "created_at, id");
    PAGE_NEWEST_OF_EMAIL = page!(of_few!(), of_email!(), "created_at DESC, id DESC");
    PAGE_OLDEST_OF_EMAIL = page!(of_few!(), of_email!(), "created_at, id");
    WHOLE_PAGE_NEWEST = whole_page!("created_at DESC, id DESC");
    WHOLE_PAGE_OLDEST = whole_page!("created_at, id");
    COUNT = concat!("SELECT COUNT(*) FROM customer WHERE merchant = $1 ", filter!());
    COUNT_LISTED = concat!("SELECT COUNT(*) FROM customer WHERE merchant = $1 ", filter!(), listed!());
    COUNT_RESTRICTED = concat!("SELECT COUNT(*) FROM customer WHERE merchant = $1 ", filter!(), restricted!());
    COUNT_OF_EMAIL = concat!("SELECT COUNT(*) FROM customer WHERE merchant + 0 = $1 ", filter!(), of_email!());
}

/// Which customers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerFilter {
    /// Part of email, phone, name, ref or id, in any case.
    pub query: Option<String>,
    /// The list status as it counts now.
    pub list_status: Option<ListStatus>,
    /// Whether a restriction flag is set.
    pub restricted: Option<bool>,
    /// Exactly this email.
    pub email: Option<Email>,
    /// Now.
    pub now: Timestamp,
}

/// The index that a filter goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    All,
    Listed,
    Restricted,
    OfEmail,
}

impl CustomerFilter {
    pub(crate) fn way(&self) -> Way {
        let is_listed = matches!(self.list_status, Some(ListStatus::Blacklisted | ListStatus::Whitelisted));
        match (&self.email, is_listed, self.restricted) {
            (Some(_), ..) => Way::OfEmail,
            (None, true, _) => Way::Listed,
            (None, false, Some(true)) => Way::Restricted,
            (None, false, _) => Way::All,
        }
    }

    fn is_none(&self) -> bool {
        let Self { query, list_status, restricted, email, now: _ } = self;
        query.is_none() && list_status.is_none() && restricted.is_none() && email.is_none()
    }
}

impl Way {
    const fn after(self) -> &'static str {
        match self {
            Self::All => AFTER,
            Self::Listed => AFTER_LISTED,
            Self::Restricted => AFTER_RESTRICTED,
            Self::OfEmail => AFTER_OF_EMAIL,
        }
    }

    const fn walk(self) -> &'static str {
        match self {
            Self::All | Self::OfEmail => WALK,
            Self::Listed => WALK_LISTED,
            Self::Restricted => WALK_RESTRICTED,
        }
    }

    const fn count(self) -> &'static str {
        match self {
            Self::All => COUNT,
            Self::Listed => COUNT_LISTED,
            Self::Restricted => COUNT_RESTRICTED,
            Self::OfEmail => COUNT_OF_EMAIL,
        }
    }
}

type Position = (Timestamp, Ksuid);

impl MerchantView<'_> {
    /// A page of customers.
    pub fn customers(
        &self,
        filter: &CustomerFilter,
        page: PageRequest,
    ) -> Result<Vec<Customer>, StorageError> {
        match (page, filter.query.as_deref()) {
            (PageRequest::After { position, limit }, None) => {
                self.customers_after(filter, position, None, limit)
            }
            (PageRequest::After { position, limit }, Some(part)) => {
                self.customers_with(filter, part, position, limit)
            }
            (PageRequest::Numbered(rows), _) => self.numbered_customers(filter, rows),
        }
    }

    /// How many customers a filter lets through.
    pub fn count_customers(&self, filter: &CustomerFilter) -> Result<i64, StorageError> {
        if filter.is_none()
            && let Some(count) = counter::read(self, Counted::Customers)?
        {
            return Ok(count);
        }
        self.with_customer_filter(filter, |filters| {
            self.connection.query_one(filter.way().count(), filters, |row| row.get(0))
        })
    }

    pub(crate) fn with_customer_filter<T>(
        &self,
        filter: &CustomerFilter,
        run: impl FnOnce(&[Value<'_>]) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        let pattern = filter.query.as_deref().map(search::pattern);
        let status = filter.list_status.map(ListStatus::as_str);
        let (now, restricted) = (filter.now.micros(), filter.restricted.map(i64::from));
        let email = filter.email.as_ref().map(|email| self.email_key(email).0);
        run(params![self.merchant.0, pattern, status, now, restricted, email])
    }

    /// Those before a position and not before a moment, newest first.
    fn customers_after(
        &self,
        filter: &CustomerFilter,
        position: Option<Position>,
        since: Option<i64>,
        limit: i64,
    ) -> Result<Vec<Customer>, StorageError> {
        let (at, id) = keyset(position);
        self.with_customer_filter(filter, |filters| {
            let query = |sql: &'static str, more: &[Value<'_>]| {
                self.connection.query(sql, &[filters, more].concat(), read)
            };
            match since {
                None => query(filter.way().after(), params![at, id, limit]),
                Some(since) => query(filter.way().walk(), params![at, id, since, limit]),
            }
        })
    }

    /// Those with a part in their text: the newest are looked at one by one, which finds what many have. What
    /// few have stands in an index.
    fn customers_with(
        &self,
        filter: &CustomerFilter,
        part: &str,
        position: Option<Position>,
        limit: i64,
    ) -> Result<Vec<Customer>, StorageError> {
        if let Some(rows) = search::few(self, Searched::Customers, part)? {
            return self.customers_of(filter, &rows, keyset(position), limit);
        }
        let walk_end = self.end_of_customers_walk(filter, position)?;
        let mut found = self.customers_after(filter, position, walk_end, limit)?;
        let missing = limit.saturating_sub_unsigned(found.len() as u64);
        let Some(walk_end) = walk_end.filter(|_| missing > 0) else { return Ok(found) };
        // All that is not older was looked at.
        let rest = (Timestamp::from_micros(walk_end), Ksuid::from_bytes([0; 20]));
        match search::route(self, Searched::Customers, part)? {
            Route::Walk => found.extend(self.customers_after(filter, Some(rest), None, missing)?),
            Route::Statement => self.with_customer_filter(filter, |filters| {
                let (at, id) = keyset(Some(rest));
                let parameters = [filters, params![at, id, missing]].concat();
                found.extend(self.connection.query(FOUND_AFTER, &parameters, read)?);
                Ok(())
            })?,
            Route::Rows(rows) => {
                found.extend(self.customers_of(filter, &rows, keyset(Some(rest)), missing)?);
            }
        }
        Ok(found)
    }

    /// Those of some rows that a filter lets through.
    fn customers_of(
        &self,
        filter: &CustomerFilter,
        rows: &[Found],
        before: Found,
        limit: i64,
    ) -> Result<Vec<Customer>, StorageError> {
        self.with_customer_filter(filter, |filters| {
            let wanted = |id: &[u8; 20]| {
                self.connection.query_optional(SELECT_IF, &[filters, params![id]].concat(), read)
            };
            search::pick(rows, before, limit, wanted)
        })
    }

    /// The moment at which a walk of bounded length ends; nothing when it would reach the oldest.
    fn end_of_customers_walk(
        &self,
        filter: &CustomerFilter,
        position: Option<Position>,
    ) -> Result<Option<i64>, StorageError> {
        let (at, id) = keyset(position);
        let place = params![self.merchant.0, at, id];
        let status = filter.list_status.map(ListStatus::as_str);
        let end = |sql: &'static str, more: &[Value<'_>]| {
            self.connection.query_optional(sql, &[place, more].concat(), |row| row.get(0))
        };
        match filter.way() {
            Way::All => end(WALK_END, &[]),
            Way::Listed => end(WALK_END_LISTED, params![status]),
            Way::Restricted => end(WALK_END_RESTRICTED, &[]),
            Way::OfEmail => Ok(None),
        }
    }

    fn numbered_customers(
        &self,
        filter: &CustomerFilter,
        rows: NumberedRows,
    ) -> Result<Vec<Customer>, StorageError> {
        let more = params![rows.limit, rows.offset];
        if filter.is_none() {
            let sql = if rows.ascending { WHOLE_PAGE_OLDEST } else { WHOLE_PAGE_NEWEST };
            return self.connection.query(sql, params![self.merchant.0, rows.limit, rows.offset], read);
        }
        let sql = match (filter.email.is_some(), rows.ascending) {
            (false, false) => PAGE_NEWEST,
            (false, true) => PAGE_OLDEST,
            (true, false) => PAGE_NEWEST_OF_EMAIL,
            (true, true) => PAGE_OLDEST_OF_EMAIL,
        };
        self.with_customer_filter(filter, |filters| {
            self.connection.query(sql, &[filters, more].concat(), read)
        })
    }
}

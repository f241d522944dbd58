//! Windows that end by themselves: the decision sees it at once, on the clock; here each end becomes a change, once, so
//! that the audit says when somebody was free again and why.
//!
//! Deliberately not here: when it is looked for, and on whose clock.

use interdict_domain::change::{Action, Subject};
use interdict_domain::clock::Timestamp;
use interdict_domain::ids::Ksuid;
use interdict_domain::merchant::MerchantNumber;

use crate::error::StorageError;
use crate::sql::{Row, params};
use crate::statements::statements;
use crate::transaction::{Authorship, MerchantTransaction};
use crate::view::{MerchantView, View};
use crate::{customer, entry, feed};

statements! {
    NEXT_MERCHANT = "SELECT MIN(merchant) FROM
        (SELECT MIN(merchant) AS merchant FROM entry WHERE merchant > $1 AND expires_at IS NOT NULL
         UNION ALL
         SELECT MIN(merchant) AS merchant FROM customer WHERE merchant > $1 AND list_until IS NOT NULL) AS ending";
    SELECT_REACHED = "SELECT at, id FROM window_end WHERE merchant = $1 AND what = $2";
    PUT_REACHED = "INSERT INTO window_end (merchant, what, at, id) VALUES ($1, $2, $3, $4)
                   ON CONFLICT (merchant, what) DO UPDATE SET at = excluded.at, id = excluded.id";
    ENDED_ENTRIES = concat!("SELECT ", entry::columns!(), " FROM entry WHERE merchant = $1
        AND expires_at IS NOT NULL AND (expires_at, id) > ($2, $3) AND expires_at <= $4
        ORDER BY expires_at, id LIMIT $5");
    ENDED_CUSTOMERS = concat!("SELECT ", customer::columns!(), " FROM customer WHERE merchant = $1
        AND list_until IS NOT NULL AND (list_until, id) > ($2, $3) AND list_until <= $4
        ORDER BY list_until, id LIMIT $5");
}

/// What has windows.
#[derive(Clone, Copy)]
enum What {
    Entry,
    Customer,
}

impl What {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Entry => "entry",
            Self::Customer => "customer",
        }
    }
}

type Place = (i64, [u8; 20]);

impl View<'_> {
    /// The next merchant, by number, with anything that ends or has ended.
    pub fn next_merchant_with_ends(
        &self,
        after: MerchantNumber,
    ) -> Result<Option<MerchantNumber>, StorageError> {
        let next: Option<i64> =
            self.connection.query_one(NEXT_MERCHANT, params![after.0], |row| row.get(0))?;
        Ok(next.map(MerchantNumber))
    }
}

impl MerchantView<'_> {
    /// Whether a window has ended that no change says.
    pub fn has_unrecorded_ends(&self, now: Timestamp) -> Result<bool, StorageError> {
        let entries = self.ended(ENDED_ENTRIES, What::Entry, (now, 1), |_| Ok(()))?;
        Ok(!entries.is_empty()
            || !self.ended(ENDED_CUSTOMERS, What::Customer, (now, 1), |_| Ok(()))?.is_empty())
    }

    fn ended<T>(
        &self,
        sql: &'static str,
        what: What,
        (now, limit): (Timestamp, i64),
        read: impl Fn(Row<'_>) -> Result<T, StorageError>,
    ) -> Result<Vec<T>, StorageError> {
        let reached = self.connection.query_optional(
            SELECT_REACHED,
            params![self.merchant.0, what.as_str()],
            |row| -> Result<Place, StorageError> { Ok((row.get(0)?, row.get(1)?)) },
        )?;
        let (at, id) = reached.unwrap_or((i64::MIN, [0; 20]));
        self.connection.query(sql, params![self.merchant.0, at, id, now.micros(), limit], read)
    }
}

impl MerchantTransaction<'_, '_> {
    /// Records so many ends at most, the earliest first, and says how many.
    pub fn record_ends(&mut self, by: &Authorship<'_>, limit: i64) -> Result<usize, StorageError> {
        let view = self.view();
        let entries = view.ended(ENDED_ENTRIES, What::Entry, (by.merchant_now, limit), entry::read)?;
        for ended in &entries {
            // What an erasure left says nothing more about anybody.
            let body = if ended.value.is_some() {
                Some((feed::body(Some(ended), Some(ended))?, Some(ended.key)))
            } else {
                None
            };
            self.append(by, Action::EntryExpired, Subject::Entry(ended.id), Vec::new(), body)?;
        }
        let last = entries.last().map(|ended| (ended.window.until(), ended.id.ksuid()));
        self.reach(What::Entry, last)?;
        let rest = limit.saturating_sub_unsigned(entries.len() as u64);
        let customers =
            view.ended(ENDED_CUSTOMERS, What::Customer, (by.merchant_now, rest), customer::read)?;
        for ended in &customers {
            let body = feed::body(Some(ended), Some(ended))?;
            let subject = Subject::Customer(ended.id);
            self.append(by, Action::CustomerListStatusExpired, subject, Vec::new(), Some((body, None)))?;
        }
        let last = customers.last().map(|ended| (ended.standing.window.until(), ended.id.ksuid()));
        self.reach(What::Customer, last)?;
        Ok(entries.len() + customers.len())
    }

    fn reach(&self, what: What, last: Option<(Option<Timestamp>, Ksuid)>) -> Result<(), StorageError> {
        let Some((Some(at), id)) = last else { return Ok(()) };
        let (at, id) = (at.micros(), *id.bytes());
        self.transaction.connection.execute(PUT_REACHED, params![self.merchant.0, what.as_str(), at, id])
    }
}

//! The lists the other way round: the oldest first, behind the last row of the page before.
//!
//! Deliberately not here: a quick way for a part of a text. Every row from the oldest on is looked at then, so that
//! the dashboard offers this order only where nothing is searched.

use interdict_domain::clock::Timestamp;
use interdict_domain::customer::Customer;
use interdict_domain::ids::Ksuid;

use crate::customer_list::{CustomerFilter, Way, filter as customer_filter, listed, restricted};
use crate::entry::{EntryRow, read_with_hits, with_hits};
use crate::entry_list::{EntryFilter, filter as entry_filter, of_kind, on_list};
use crate::error::StorageError;
use crate::sql::params;
use crate::statements::statements;
use crate::view::MerchantView;
use crate::{customer, entry};

macro_rules! customers {
    ($index:expr) => {
        concat!(
            "SELECT ",
            customer::columns!(),
            " FROM customer WHERE merchant = $1 ",
            customer_filter!(),
            $index,
            " AND (created_at, id) > ($7, $8) ORDER BY created_at, id LIMIT $9"
        )
    };
}

macro_rules! entries {
    ($index:expr) => {
        concat!(
            "SELECT ",
            entry::columns!(),
            with_hits!(),
            " FROM entry WHERE merchant = $1 ",
            entry_filter!(),
            $index,
            " AND (created_at, id) > ($8, $9) ORDER BY created_at, id LIMIT $10"
        )
    };
}

statements! {
    CUSTOMERS = customers!("");
    CUSTOMERS_LISTED = customers!(listed!());
    CUSTOMERS_RESTRICTED = customers!(restricted!());
    ENTRIES = entries!(on_list!());
    ENTRIES_OF_KIND = entries!(of_kind!());
}

fn keyset(position: Option<(Timestamp, Ksuid)>) -> (i64, [u8; 20]) {
    position.map_or((i64::MIN, [0; 20]), |(at, id)| (at.micros(), *id.bytes()))
}

impl MerchantView<'_> {
    /// A page of customers, the oldest first.
    pub fn oldest_customers(
        &self,
        filter: &CustomerFilter,
        position: Option<(Timestamp, Ksuid)>,
        limit: i64,
    ) -> Result<Vec<Customer>, StorageError> {
        let (at, id) = keyset(position);
        let sql = match filter.way() {
            Way::All | Way::OfEmail => CUSTOMERS,
            Way::Listed => CUSTOMERS_LISTED,
            Way::Restricted => CUSTOMERS_RESTRICTED,
        };
        self.with_customer_filter(filter, |filters| {
            self.connection.query(sql, &[filters, params![at, id, limit]].concat(), customer::read)
        })
    }

    /// A page of the entries of the filter's list, the oldest first; none without a list.
    pub fn oldest_entries(
        &self,
        filter: &EntryFilter,
        position: Option<(Timestamp, Ksuid)>,
        limit: i64,
    ) -> Result<Vec<EntryRow>, StorageError> {
        let (at, id) = keyset(position);
        let sql = if filter.kind.is_some() { ENTRIES_OF_KIND } else { ENTRIES };
        self.with_entry_filter(filter, |filters| {
            self.connection.query(sql, &[filters, params![at, id, limit]].concat(), read_with_hits)
        })
    }
}

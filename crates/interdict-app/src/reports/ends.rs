//! What has an end: entries, and list statuses of customers. Those that came, and those that will.

use interdict_domain::clock::Timestamp;
use interdict_domain::customer::{Customer, ListStatus};
use interdict_domain::entry::List;
use interdict_domain::ids::Ksuid;
use interdict_storage::{EntryFilter, EntryRow, MerchantView, StorageError};

/// Something that ends, or has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ends {
    /// An entry.
    Entry(Box<EntryRow>),
    /// A customer's list status.
    Customer(Box<Customer>),
}

impl Ends {
    /// When, and which: where it stands among the others.
    pub fn place(&self) -> (Timestamp, Ksuid) {
        match self {
            // What has no end is in no report.
            Self::Entry(row) => {
                (row.entry.window.until().unwrap_or(row.entry.created_at), row.entry.id.ksuid())
            }
            Self::Customer(customer) => {
                (customer.standing.window.until().unwrap_or(customer.created_at), customer.id.ksuid())
            }
        }
    }
}

/// What has ended by a moment, the newest end first.
pub fn ended(
    view: &MerchantView<'_>,
    by: Timestamp,
    position: Option<(Timestamp, Ksuid)>,
    limit: i64,
) -> Result<Vec<Ends>, StorageError> {
    let mut found = Vec::new();
    for list in List::ALL {
        let entries = view.entries_ended(&EntryFilter::of(list, by), by, position, limit)?;
        found.extend(entries.into_iter().map(Box::new).map(Ends::Entry));
    }
    let customers = view.list_status_ended(by, position, limit)?;
    found.extend(customers.into_iter().map(Box::new).map(Ends::Customer));
    found.sort_unstable_by_key(|one| std::cmp::Reverse(one.place()));
    found.truncate(usize::try_from(limit).unwrap_or(0));
    Ok(found)
}

/// What ends after a moment and not after another, the next end first; behind a place, if one is given.
pub fn ending(
    view: &MerchantView<'_>,
    (after, until): (Timestamp, Timestamp),
    position: Option<(Timestamp, Ksuid)>,
    limit: i64,
) -> Result<Vec<Ends>, StorageError> {
    // A cursor of yesterday does not bring back what has ended since.
    let place = position.filter(|(at, _)| *at > after).map_or((after, None), |(at, id)| (at, Some(id)));
    let mut found = Vec::new();
    for list in List::ALL {
        let entries = view.entries_ending(&EntryFilter::of(list, after), place, until, limit)?;
        found.extend(entries.into_iter().map(Box::new).map(Ends::Entry));
    }
    for status in [ListStatus::Blacklisted, ListStatus::Whitelisted] {
        let customers = view.list_status_ending(status, place, until, limit)?;
        found.extend(customers.into_iter().map(Box::new).map(Ends::Customer));
    }
    found.sort_unstable_by_key(Ends::place);
    found.truncate(usize::try_from(limit).unwrap_or(0));
    Ok(found)
}

//! A page of one identifier's entries where some stand under former peppers: put together of a page under each.
//!
//! Deliberately not here: the pages themselves ([`crate::entry_list`]).

use crate::entry::EntryRow;
use crate::entry_list::EntryFilter;
use crate::error::StorageError;
use crate::view::{MerchantView, NumberedRows, PageRequest};

impl MerchantView<'_> {
    /// A page of entries. What an erasure has left of an identifier may stand under former peppers.
    pub fn entries(&self, filter: &EntryFilter, page: PageRequest) -> Result<Vec<EntryRow>, StorageError> {
        if filter.identifier.is_none() || self.pepper.is_alone() {
            return self.entries_under_one(filter, page);
        }
        let (all, offset, limit, ascending) = match page {
            PageRequest::After { limit, .. } => (page, 0, limit, false),
            PageRequest::Numbered(NumberedRows { offset, limit, ascending }) => {
                let rows = NumberedRows { offset: 0, limit: offset.saturating_add(limit), ascending };
                (PageRequest::Numbered(rows), offset, limit, ascending)
            }
        };
        let mut found = Vec::new();
        for view in self.under_each_pepper() {
            found.extend(view.entries_under_one(filter, all)?);
        }
        found.sort_unstable_by_key(|row| (row.entry.created_at, row.entry.id.ksuid()));
        if !ascending {
            found.reverse();
        }
        let (offset, limit) = (usize::try_from(offset).unwrap_or(0), usize::try_from(limit).unwrap_or(0));
        Ok(found.into_iter().skip(offset).take(limit).collect())
    }
}

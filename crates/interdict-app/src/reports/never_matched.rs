//! Entries that were among no decision's sources, as the hits were last written: some seconds ago.

use interdict_domain::clock::Timestamp;
use interdict_domain::entry::List;
use interdict_domain::ids::Ksuid;
use interdict_storage::{EntryFilter, EntryRow, MerchantView, StorageError};

/// Those that were made by a moment, newest first; of both lists, unless one is named.
pub fn never_matched(
    view: &MerchantView<'_>,
    list: Option<List>,
    by: Timestamp,
    position: Option<(Timestamp, Ksuid)>,
    limit: i64,
) -> Result<Vec<EntryRow>, StorageError> {
    // The largest id there is stands behind all of its own moment.
    let newest = (by, Ksuid::from_bytes([0xff; 20]));
    let position = position.map_or(newest, |position| position.min(newest));
    let mut found = Vec::new();
    for list in List::ALL.into_iter().filter(|one| list.is_none_or(|wanted| *one == wanted)) {
        let filter = EntryFilter::of(list, by);
        found.extend(view.entries_never_matched(&filter, Some(position), limit)?);
    }
    found.sort_unstable_by_key(|row| std::cmp::Reverse((row.entry.created_at, row.entry.id.ksuid())));
    found.truncate(usize::try_from(limit).unwrap_or(0));
    Ok(found)
}

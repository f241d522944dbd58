//! The hard block that stands over an exemption: it is on its list, and lets nobody through (incident 10).
//!
//! Deliberately not here: what beats what (`interdict-decision`), and blocks of customers, whom an entry does not name.

use interdict_domain::entry::{List, Strength};
use interdict_domain::identifier::Reaches;
use interdict_domain::ids::EntryId;
use interdict_storage::{Authorship, MerchantTransaction, StorageError};

use crate::propose_entry::Put;

/// The block that covers what an exemption is of, counts now or later, and for an initiator for which the exemption is
/// meant. Nothing where it counts, or waits, or is a block itself.
pub fn overriding(
    transaction: &MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    put: &Put,
) -> Result<Option<EntryId>, StorageError> {
    let Put::Entry(row, _) = put else { return Ok(None) };
    let entry = &row.entry;
    let Some(identifier) = entry.identifier().filter(|_| entry.list() == List::Allow) else {
        return Ok(None);
    };
    let (pepper, merchant) = (transaction.pepper(), transaction.merchant());
    let mut keys = identifier.keys(pepper, merchant);
    Reaches::EVERY.for_each_wider(identifier.kind(), identifier.value(), |wider| {
        keys.extend(pepper.all().map(|one| wider.key(one, merchant)));
    });
    let found = transaction.view().entries_under(&keys)?;
    let block = found.into_iter().map(|row| row.entry).find(|other| {
        other.list() == List::Block
            && other.strength == Strength::Hard
            && other.scopes.overlaps(entry.scopes)
            && !other.window.has_ended(by.merchant_now)
    });
    Ok(block.map(|block| block.id))
}

//! Noting something of an entry: what was found out, what was agreed, why it stays.

use interdict_domain::ids::EntryId;
use interdict_domain::text::Reason;
use interdict_storage::{Authorship, MerchantTransaction, Note};

use crate::error::UseCaseError;

/// Adds to the note log of an entry's identifier. Nothing of the entry itself changes.
pub fn note_entry(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    id: EntryId,
    text: Reason,
) -> Result<Note, UseCaseError> {
    let row = transaction.view().entry(id)?.ok_or(UseCaseError::NotFound("entry"))?;
    if row.entry.value.is_none() {
        // Who it was is forgotten, and nothing new is to be written of it.
        return Err(UseCaseError::Invalid { path: "text", issue: "cannot be kept: the person was erased" });
    }
    Ok(transaction.put_note(by, &row.entry, text)?)
}

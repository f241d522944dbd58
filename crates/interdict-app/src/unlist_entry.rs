//! Deleting an entry.

use interdict_domain::entry::Entry;
use interdict_domain::ids::EntryId;
use interdict_storage::{Authorship, MerchantTransaction};

use crate::error::UseCaseError;
use crate::lift_person::leave_person;

/// Deletes an entry; the customer's own flags and status stay as they are. One of a blocked person's is taken off the
/// person, and stays off.
pub fn unlist_entry(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    id: EntryId,
) -> Result<Entry, UseCaseError> {
    let row = transaction.view().entry(id)?.ok_or(UseCaseError::NotFound("entry"))?;
    transaction.delete_entry(by, &row.entry)?;
    leave_person(transaction, by, &row.entry)?;
    Ok(row.entry)
}

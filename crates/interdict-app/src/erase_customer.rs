//! Erasing a person: personal data goes, the blocks stay in force (invariant 12).

use interdict_domain::ids::CustomerId;
use interdict_storage::{Authorship, Erased, MerchantTransaction};

use crate::error::UseCaseError;
use crate::manage_subscription::end_all;

/// Erases a customer: the row, all that the feed ever said of the person, the answers kept for
/// replays. Blocks on its email, phone and ref stay as keys without plain text.
pub fn erase_customer(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    id: CustomerId,
) -> Result<Erased, UseCaseError> {
    let customer = transaction.view().customer(id)?.ok_or(UseCaseError::NotFound("customer"))?;
    // Nobody is charged for somebody who is forgotten.
    end_all(transaction, by, id)?;
    Ok(transaction.erase_customer(by, &customer)?)
}

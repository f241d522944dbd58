//! What becomes of the subscriptions of those whom an import blocks.

use interdict_domain::clock::Timestamp;
use interdict_domain::entry::List;
use interdict_domain::identifier::Identifier;
use interdict_domain::scopes::Initiator;
use interdict_domain::settings::OnBlacklist;
use interdict_storage::{
    Authorship, Counted, ImportPart, ImportedRow, MerchantTransaction, PartTaken, StorageError,
};

use crate::manage_subscription::follow_listing;

/// What the merchant wants done with the subscriptions of those who were just blocked. Costs nothing where there are
/// none.
pub(crate) fn follow_rows(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    taken: &PartTaken,
    part: &ImportPart,
) -> Result<(), StorageError> {
    let view = transaction.view();
    if taken.import.list != List::Block
        || taken.written.is_empty()
        || view.settings()?.on_blacklist == OnBlacklist::Hold
        || view.totals()?.of(Counted::Subscriptions(None)) == 0
    {
        return Ok(());
    }
    let written = taken.written.iter().filter_map(|index| part.rows.get(*index));
    for row in written.filter(|row| blocks_renewals(row, by.merchant_now)) {
        if let Ok(identifier) = Identifier::parse(row.kind, &row.value) {
            follow_listing(transaction, by, &identifier)?;
        }
    }
    Ok(())
}

fn blocks_renewals(row: &ImportedRow, now: Timestamp) -> bool {
    row.window.contains(now) && row.scopes.contains(Initiator::Merchant)
}

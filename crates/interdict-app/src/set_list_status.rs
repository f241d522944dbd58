//! Blacklisting and whitelisting a customer: one exclusive status (Duro, Idenza).

use interdict_domain::change::Action;
use interdict_domain::clock::Timestamp;
use interdict_domain::customer::{Customer, ListStanding, ListStatus};
use interdict_domain::ids::CustomerId;
use interdict_domain::scopes::{Initiator, Scopes};
use interdict_domain::text::Reason;
use interdict_domain::window::Window;
use interdict_storage::{Authorship, MerchantTransaction};

use crate::error::UseCaseError;
use crate::manage_subscription::follow_blacklisting;

/// A status to set. It replaces the old one whole: a re-block without an end clears an old end
/// (incident 3), and without a reason the old reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewListStatus {
    /// Blacklisted or whitelisted.
    pub status: ListStatus,
    /// Why.
    pub reason: Option<Reason>,
    /// For which initiators.
    pub scopes: Scopes,
    /// Until when.
    pub expires_at: Option<Timestamp>,
}

/// Sets a customer's list status, moving it off the other list.
pub fn set_list_status(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    id: CustomerId,
    new: NewListStatus,
) -> Result<Customer, UseCaseError> {
    if new.expires_at.is_some_and(|end| end <= by.merchant_now) {
        return Err(UseCaseError::Invalid { path: "expiresAt", issue: "must lie in the future" });
    }
    let window = Window::new(None, new.expires_at)
        .map_err(|_| UseCaseError::Invalid { path: "expiresAt", issue: "must lie in the future" })?;
    let before = transaction.view().customer(id)?.ok_or(UseCaseError::NotFound("customer"))?;
    let standing = ListStanding { status: new.status, reason: new.reason, scopes: new.scopes, window };
    let after = Customer { standing, updated_at: by.now, ..before.clone() };
    transaction.put_customer(by, action(new.status), Some(&before), &after)?;
    if new.status == ListStatus::Blacklisted && new.scopes.contains(Initiator::Merchant) {
        follow_blacklisting(transaction, by, id)?;
    }
    Ok(after)
}

/// Takes a customer off a list, back to normal. Being on another list, or on none, is left as it is:
/// lifting a block that is not there must not lift a trust that is.
pub fn clear_list_status(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    id: CustomerId,
    status: ListStatus,
) -> Result<Customer, UseCaseError> {
    let before = transaction.view().customer(id)?.ok_or(UseCaseError::NotFound("customer"))?;
    if before.standing.status != status {
        return Ok(before);
    }
    let after = Customer { standing: ListStanding::NORMAL, updated_at: by.now, ..before.clone() };
    transaction.put_customer(by, Action::CustomerListStatusCleared, Some(&before), &after)?;
    Ok(after)
}

/// What setting a status is called in the feed.
pub(crate) fn action(status: ListStatus) -> Action {
    match status {
        ListStatus::Normal => Action::CustomerListStatusCleared,
        ListStatus::Blacklisted => Action::CustomerBlacklisted,
        ListStatus::Whitelisted => Action::CustomerWhitelisted,
    }
}

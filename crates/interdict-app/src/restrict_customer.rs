//! Restricting a customer: two flags and one reason (Odus, Restrictions).

use interdict_domain::change::Action;
use interdict_domain::customer::Customer;
use interdict_domain::ids::CustomerId;
use interdict_domain::text::Reason;
use interdict_storage::{Authorship, MerchantTransaction};

use crate::error::UseCaseError;

/// What to change: an omitted flag or reason keeps its value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RestrictionUpdate {
    /// Block customer-initiated payments.
    pub cit: Option<bool>,
    /// Block merchant-initiated payments.
    pub mit: Option<bool>,
    /// Why; an inner `None` clears it.
    pub reason: Option<Option<Reason>>,
}

/// Sets the flags. Both false clears the reason.
pub fn restrict_customer(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    id: CustomerId,
    update: RestrictionUpdate,
) -> Result<Customer, UseCaseError> {
    let before = transaction.view().customer(id)?.ok_or(UseCaseError::NotFound("customer"))?;
    if update == RestrictionUpdate::default() {
        return Ok(before);
    }
    let mut after = before.clone();
    let restriction = &mut after.restriction;
    restriction.cit = update.cit.unwrap_or(restriction.cit);
    restriction.mit = update.mit.unwrap_or(restriction.mit);
    if let Some(reason) = update.reason {
        restriction.reason = reason;
    }
    let action = if restriction.is_restricted() {
        Action::CustomerRestricted
    } else {
        restriction.reason = None;
        Action::CustomerUnrestricted
    };
    after.updated_at = by.now;
    transaction.put_customer(by, action, Some(&before), &after)?;
    // What is said here stands on its own: no chargeback's reversal lifts it.
    transaction.disown_restrictions(id, update.cit == Some(true), update.mit == Some(true))?;
    Ok(after)
}

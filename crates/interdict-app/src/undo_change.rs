//! Undoing a change: how a customer's restriction and list status, or an entry, were before it. It is a change
//! like any other, by whoever undoes; nothing is taken out of the feed.
//!
//! Only the newest change of its subject can be undone: what came after it was meant to stand on it.

use interdict_domain::change::{Action, Subject};
use interdict_domain::customer::Customer;
use interdict_domain::entry::{Entry, List};
use interdict_domain::ids::CustomerId;
use interdict_storage::{Authorship, MerchantTransaction, Recorded};

use crate::error::UseCaseError;
use crate::list_entry::{NewEntry, list_entry};
use crate::set_list_status::action;
use crate::unlist_entry::unlist_entry;
use crate::update_entry::{EntryUpdate, update_entry};

/// What was put back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undone {
    /// A customer's restriction and list status.
    Customer(CustomerId),
    /// An entry of the block list.
    Block,
    /// An entry of the allow list.
    Allow,
}

/// Undoes a change; nothing where there is nothing to undo, or something else has changed it since.
pub fn undo_change(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    sequence: i64,
) -> Result<Option<Undone>, UseCaseError> {
    let view = transaction.view();
    let found = view.changes_after(sequence.saturating_sub(1), 1)?.pop();
    let Some(item) = found.filter(|item| item.change.sequence == sequence) else { return Ok(None) };
    let newest = view.history(item.change.subject, i64::MAX, 1)?;
    if newest.first().is_none_or(|newest| newest.change.sequence != sequence) {
        return Ok(None);
    }
    match (item.change.subject, item.before, item.after) {
        (Subject::Customer(id), Some(Recorded::Customer(before)), Some(_)) => {
            put_customer_back(transaction, by, id, *before)
        }
        (Subject::Entry(id), None, Some(Recorded::Entry(_))) => {
            unlist_entry(transaction, by, id)?;
            Ok(Some(undone(id.list())))
        }
        (Subject::Entry(_), Some(Recorded::Entry(before)), after) => {
            put_entry_back(transaction, by, *before, after.is_some())
        }
        _ => Ok(None),
    }
}

const fn undone(list: List) -> Undone {
    match list {
        List::Block => Undone::Block,
        List::Allow => Undone::Allow,
    }
}

fn put_customer_back(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    id: CustomerId,
    before: Customer,
) -> Result<Option<Undone>, UseCaseError> {
    let Some(now) = transaction.view().customer(id)? else { return Ok(None) };
    let what = if before.standing != now.standing {
        action(before.standing.status)
    } else if before.restriction.is_restricted() {
        Action::CustomerRestricted
    } else {
        Action::CustomerUnrestricted
    };
    let (cit, mit) = (before.restriction.cit, before.restriction.mit);
    let after = Customer {
        restriction: before.restriction,
        standing: before.standing,
        updated_at: by.now,
        ..now.clone()
    };
    transaction.put_customer(by, what, Some(&now), &after)?;
    transaction.disown_restrictions(id, cit, mit)?;
    Ok(Some(Undone::Customer(id)))
}

/// With all its terms; an end that has passed meanwhile makes it impossible, and is said.
fn put_entry_back(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    before: Entry,
    is_there: bool,
) -> Result<Option<Undone>, UseCaseError> {
    let list = before.list();
    let Some(value) = &before.value else { return Ok(None) };
    if is_there {
        let update = EntryUpdate {
            reason: Some(before.reason),
            reason_code: Some(before.reason_code),
            public_message: Some(before.public_message),
            scopes: Some(Some(before.scopes)),
            strength: Some(Some(before.strength)),
            starts_at: Some(before.window.from()),
            expires_at: Some(before.window.until()),
            limits: Some(Some(before.limits)),
        };
        update_entry(transaction, by, before.id, update)?;
        return Ok(Some(undone(list)));
    }
    let identifier = interdict_domain::identifier::Identifier::parse(before.kind, value)
        .map_err(|_| UseCaseError::Invalid { path: "value", issue: "is no longer a valid identifier" })?;
    if transaction.view().entry_of(list, &identifier.matched(before.matching))?.is_some() {
        // Listed anew meanwhile, as another entry.
        return Ok(None);
    }
    let new = NewEntry {
        list,
        identifier,
        reason: before.reason,
        reason_code: before.reason_code,
        public_message: before.public_message,
        scopes: before.scopes,
        strength: Some(before.strength),
        starts_at: before.window.from(),
        expires_at: before.window.until(),
        source: before.source,
        matching: Some(before.matching),
        limits: before.limits,
    };
    list_entry(transaction, by, new)?;
    Ok(Some(undone(list)))
}

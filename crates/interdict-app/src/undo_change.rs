//! Undoing a change: how a customer's restriction and list status, an entry, or a person's block were before it. It is a change
//! like any other, by whoever undoes; nothing is taken out of the feed.
//!
//! Only the newest change of its subject can be undone: what came after it was meant to stand on it.

use interdict_domain::change::{Action, Subject};
use interdict_domain::clock::Timestamp;
use interdict_domain::customer::Customer;
use interdict_domain::entry::{Entry, List};
use interdict_domain::ids::{CustomerId, PersonId};
use interdict_domain::person::BlockedPerson;
use interdict_storage::{Authorship, HistoryItem, MerchantTransaction, MerchantView, Recorded, StorageError};

use crate::error::UseCaseError;
use crate::lift_person::{block_again, lift_person, put_terms_back, rejoin_person};
use crate::list_entry::{NewEntry, list_entry};
use crate::person_error::PersonError;
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
    /// A person's block.
    Person(PersonId),
}

/// Changes in which the one is looked for that can be undone: so many notes may stand on it.
const NEWEST_LOOKED: i64 = 20;

/// Of one subject's changes, the newest first, the one that can be undone if any can: on a note nothing stands.
pub fn newest_to_undo(history: &[HistoryItem]) -> Option<&HistoryItem> {
    history.iter().find(|item| item.change.action != Action::EntryNoted)
}

/// Whether a change has made something that can be put back now. That nothing came after it is the caller's to know.
pub fn is_undoable(item: &HistoryItem, now: Timestamp) -> bool {
    // What would be over at once is not put back.
    let was_over = matches!(&item.before, Some(Recorded::Entry(before)) if before.window.has_ended(now));
    puts_back(item) && !was_over
}

/// Whether there is anything that a change has made of what it is about.
fn puts_back(item: &HistoryItem) -> bool {
    match (item.change.subject, &item.before, &item.after) {
        (Subject::Customer(_), Some(Recorded::Customer(before)), Some(Recorded::Customer(after))) => {
            before.restriction != after.restriction || before.standing != after.standing
        }
        (Subject::Entry(_), None, Some(Recorded::Entry(_))) => true,
        (Subject::Entry(_), Some(Recorded::Entry(before)), after) => {
            before.value.is_some() && item.before != *after
        }
        (Subject::Person(_), _, Some(Recorded::Person(_))) => {
            matches!(item.change.action, Action::PersonBlocked | Action::PersonLifted)
        }
        _ => false,
    }
}

/// Undoes a change; nothing where there is nothing to undo, or something else has changed it since.
pub fn undo_change(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    sequence: i64,
) -> Result<Option<Undone>, UseCaseError> {
    let view = transaction.view();
    let found = view.changes_after(sequence.saturating_sub(1), 1)?.pop();
    let is_it = |item: &HistoryItem| item.change.sequence == sequence && puts_back(item);
    let Some(item) = found.filter(is_it) else { return Ok(None) };
    let newest = view.history(item.change.subject, i64::MAX, NEWEST_LOOKED)?;
    if newest_to_undo(&newest).is_none_or(|newest| newest.change.sequence != sequence)
        || !is_as_left(&view, &item)?
    {
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
            put_entry_back(transaction, by, *before, (after.is_some(), item.change.at))
        }
        (Subject::Person(id), before, Some(Recorded::Person(_))) => {
            let before = before.and_then(|before| match before {
                Recorded::Person(person) => Some(*person),
                Recorded::Customer(_) | Recorded::Entry(_) | Recorded::User(_) => None,
            });
            let undone = put_person_back(transaction, by, (id, item.change.action), before)?;
            Ok(undone.then_some(Undone::Person(id)))
        }
        _ => Ok(None),
    }
}

/// Whether an entry still is what a change has made of it, and no import or erasure came since. Those are found by what
/// they left: should one be missed, what it did must not be undone with another.
fn is_as_left(view: &MerchantView<'_>, item: &HistoryItem) -> Result<bool, StorageError> {
    let Subject::Entry(id) = item.change.subject else { return Ok(true) };
    if view.newest_of_many(id)?.is_some_and(|sequence| sequence > item.change.sequence) {
        return Ok(false);
    }
    let Some(Recorded::Entry(after)) = &item.after else { return Ok(true) };
    // A change writes times in milliseconds.
    let terms = |entry: &Entry| {
        let times = (entry.updated_at.whole_millis(), entry.window.whole_millis());
        (times, entry.scopes, entry.strength, entry.limits)
    };
    Ok(view.entry(id)?.is_some_and(|row| {
        let now = row.entry;
        terms(&now) == terms(after)
            && now.value == after.value
            && now.reason == after.reason
            && now.reason_code == after.reason_code
            && now.public_message == after.public_message
    }))
}

fn put_person_back(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    (id, action): (PersonId, Action),
    before: Option<BlockedPerson>,
) -> Result<bool, UseCaseError> {
    let undone = match (action, before) {
        (Action::PersonBlocked, None) => lift_person(transaction, by, id).map(|_| true),
        (Action::PersonBlocked, Some(before)) if before.lifted_at.is_some() => {
            lift_person(transaction, by, id).map(|_| true)
        }
        (Action::PersonBlocked, Some(before)) => put_terms_back(transaction, by, before),
        (Action::PersonLifted, Some(before)) => block_again(transaction, by, &before),
        _ => Ok(false),
    };
    undone.map_err(|error| match error {
        PersonError::Storage(error) => UseCaseError::Storage(error),
        PersonError::Invalid { path, issue } => UseCaseError::Invalid { path, issue },
        PersonError::NotFound(_)
        | PersonError::Allowed(_)
        | PersonError::NeedsSecondPerson(_)
        | PersonError::ManyPersons(_)
        | PersonError::NothingToBlock
        | PersonError::NotInForce
        | PersonError::Erased
        | PersonError::ChangedMeanwhile => UseCaseError::ChangedMeanwhile,
    })
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
    (is_there, at): (bool, Timestamp),
) -> Result<Option<Undone>, UseCaseError> {
    let list = before.list();
    let Some(identifier) = before.identifier() else { return Ok(None) };
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
    if transaction.view().entry_of(list, &identifier)?.is_some() {
        // Listed anew meanwhile, as another entry.
        return Ok(None);
    }
    let (made, _) = list_entry(transaction, by, NewEntry::again(identifier, before))?;
    rejoin_person(transaction, by, &made, at)?;
    Ok(Some(undone(list)))
}

//! Lifting a person's block as a unit: what the block has made goes, and what was there before stays as it was. And
//! taking one identifier off a person.
//!
//! Blocks are held for each source (incident 11): an entry that somebody has set by hand since, or that a chargeback wants,
//! goes on standing.

use interdict_domain::change::Action;
use interdict_domain::chargeback::Hold;
use interdict_domain::clock::Timestamp;
use interdict_domain::entry::{Entry, EntrySource};
use interdict_domain::ids::{PersonId, SuggestionId};
use interdict_domain::person::{BlockedPerson, PersonIdentifier, Suggestion, SuggestionState};
use interdict_storage::{Authorship, MerchantTransaction, StorageError};

use crate::block_person::{PersonRow, set_person};
use crate::hold_identifier::{Ground, Target, hold_identifier, is_as_left, with_effect};
use crate::list_entry::{NewEntry, list_entry};
use crate::person_error::PersonError;

/// A person whose block was lifted, with what became of the entries.
#[derive(Clone, Debug)]
pub struct LiftedPerson {
    /// The person, as it is since.
    pub row: PersonRow,
    /// What the block had made, and what is gone.
    pub deleted: Vec<Entry>,
    /// What stays, and why.
    pub kept: Vec<(Entry, KeptFor)>,
}

/// Why an entry stays when a person's block is lifted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KeptFor {
    /// It stood there before.
    Before,
    /// Somebody has set it since.
    Since,
    /// A chargeback wants it.
    Chargeback,
}

impl KeptFor {
    /// Each of them once.
    pub const ALL: [Self; 3] = [Self::Before, Self::Since, Self::Chargeback];

    /// The word, as in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::Since => "since",
            Self::Chargeback => "chargeback",
        }
    }
}

/// Lifts a person's block. Twice is once.
pub fn lift_person(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    id: PersonId,
) -> Result<LiftedPerson, PersonError> {
    let before = transaction.view().person(id)?.ok_or(PersonError::NotFound("person"))?;
    let (mut deleted, mut kept) = (Vec::new(), Vec::new());
    if before.lifted_at.is_some() {
        return Ok(LiftedPerson { row: PersonRow::read(&transaction.view(), before)?, deleted, kept });
    }
    let person = BlockedPerson { lifted_at: Some(by.now), updated_at: by.now, ..before.clone() };
    transaction.put_person(by, Action::PersonLifted, Some(&before), &person)?;
    for held in transaction.view().person_identifiers(id)? {
        let Some(row) = transaction.view().entry(held.entry)? else { continue };
        match release(transaction, by, &person, &held, row.entry)? {
            Released::Deleted(entry) => deleted.push(entry),
            Released::Kept(entry, why) => kept.push((entry, why)),
        }
    }
    transaction.release_person(id)?;
    transaction.delete_open_suggestions(id)?;
    let row = PersonRow::read(&transaction.view(), person)?;
    Ok(LiftedPerson { row, deleted, kept })
}

enum Released {
    Deleted(Entry),
    Kept(Entry, KeptFor),
}

/// Lets go of one entry.
fn release(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    person: &BlockedPerson,
    held: &PersonIdentifier,
    entry: Entry,
) -> Result<Released, StorageError> {
    if let Some(found) = held.found.filter(|found| is_as_left(&entry, *found, person.terms.effect())) {
        let restored = with_effect(&entry, found, by);
        transaction.put_entry(by, Action::EntryUpdated, Some(&entry), &restored)?;
        return Ok(Released::Kept(restored, KeptFor::Before));
    }
    if !held.owns(&entry) {
        let why = if held.found.is_some() { KeptFor::Before } else { KeptFor::Since };
        return Ok(Released::Kept(entry, why));
    }
    let wanting = transaction.view().chargebacks_of_entry(entry.id)?;
    if let Some(mut heir) = wanting.into_iter().find(|heir| heir.email == Hold::Wants) {
        heir.email = Hold::Owns;
        transaction.put_chargeback(by, None, &heir)?;
        let entry = hand_over(transaction, by, &entry, EntrySource::Chargeback)?;
        return Ok(Released::Kept(entry, KeptFor::Chargeback));
    }
    transaction.delete_entry(by, &entry)?;
    Ok(Released::Deleted(entry))
}

/// Makes an entry another source's.
fn hand_over(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    entry: &Entry,
    source: EntrySource,
) -> Result<Entry, StorageError> {
    let after = Entry { source, updated_at: by.now, ..entry.clone() };
    transaction.put_entry(by, Action::EntryUpdated, Some(entry), &after)?;
    Ok(after)
}

/// Keeps an entry that somebody else lets go of, for the blocked person whose it is; false when it is nobody's.
pub(crate) fn keep_for_person(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    entry: &Entry,
) -> Result<bool, StorageError> {
    let Some(held) = transaction.view().holder_of_entry(entry.id)? else { return Ok(false) };
    hand_over(transaction, by, entry, EntrySource::Person)?;
    transaction.put_person_identifier(&PersonIdentifier { found: None, ..held })?;
    Ok(true)
}

/// Takes an identifier off the person whose it is, because somebody has deleted its entry. Nothing puts it back by itself.
pub(crate) fn leave_person(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    entry: &Entry,
) -> Result<(), StorageError> {
    let view = transaction.view();
    let Some(held) = view.holder_of_entry(entry.id)? else { return Ok(()) };
    let Some(person) = view.person(held.person)? else { return Ok(()) };
    let known = view.suggestion_of(person.id, held.key)?;
    transaction.put_person(by, Action::PersonReduced, Some(&person), &person)?;
    transaction.delete_person_identifier(&held)?;
    let settled = Some((by.now, by.actor.clone()));
    let suggestion = match known {
        Some(known) => Suggestion { state: SuggestionState::Refused, settled, ..known },
        None => Suggestion {
            id: SuggestionId::generate(by.now, by.random),
            person: person.id,
            kind: held.kind,
            key: held.key,
            value: entry.value.clone(),
            state: SuggestionState::Refused,
            held_back: None,
            matched: held.trace.map(|trace| trace.matched),
            seen: 0,
            first_decision: held.trace.map(|trace| trace.decision),
            last_decision: held.trace.map(|trace| trace.decision),
            created_at: by.now,
            last_seen_at: by.now,
            settled,
        },
    };
    transaction.put_suggestion(&suggestion)
}

/// Puts an entry that is there again back to the person from whom it was taken at a moment.
pub(crate) fn rejoin_person(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    entry: &Entry,
    taken_at: Timestamp,
) -> Result<(), StorageError> {
    let view = transaction.view();
    let Some(suggestion) = view.refused_at(entry.key, taken_at)? else { return Ok(()) };
    let person = view.person(suggestion.person)?.filter(|person| person.lifted_at.is_none());
    let Some(person) = person.filter(|_| view.holder(entry.key).is_ok_and(|holder| holder.is_none())) else {
        return Ok(());
    };
    transaction.put_person(by, Action::PersonExtended, Some(&person), &person)?;
    transaction.delete_suggestion(suggestion.id)?;
    transaction.put_person_identifier(&PersonIdentifier {
        person: person.id,
        kind: entry.kind,
        key: entry.key,
        entry: entry.id,
        found: None,
        added_at: by.now,
        added_by: by.actor.clone(),
        trace: None,
    })
}

/// Blocks a person again whose block was lifted, as it was; false when an identifier is another person's by now, or an
/// entry that the block had made cannot be told any more.
pub(crate) fn block_again(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    person: &BlockedPerson,
) -> Result<bool, PersonError> {
    let mut targets = Vec::new();
    for held in transaction.view().person_identifiers(person.id)? {
        if transaction.view().holder(held.key)?.is_some() {
            return Ok(false);
        }
        let Some(target) = target_of(transaction, &held)? else { return Ok(false) };
        targets.push((target, held));
    }
    let before = transaction.view().person(person.id)?;
    let again = BlockedPerson { lifted_at: None, updated_at: by.now, ..person.clone() };
    transaction.put_person(by, Action::PersonBlocked, before.as_ref(), &again)?;
    for (target, held) in targets {
        match target {
            Known::There(target) => {
                hold_identifier(
                    transaction,
                    by,
                    &again,
                    target,
                    &Ground { trace: held.trace, ..Ground::default() },
                )?;
            }
            Known::Gone(entry, new) => {
                let made = list_entry(transaction, by, new)?.0;
                let identifier = PersonIdentifier { entry: made.id, found: None, ..held };
                debug_assert_eq!(made.key, entry.key);
                transaction.put_person_identifier(&identifier)?;
            }
        }
    }
    Ok(true)
}

/// What stands of an identifier that was a person's.
enum Known {
    There(Target),
    Gone(Box<Entry>, NewEntry),
}

fn target_of(
    transaction: &MerchantTransaction<'_, '_>,
    held: &PersonIdentifier,
) -> Result<Option<Known>, StorageError> {
    let view = transaction.view();
    if let Some(row) = view.entry(held.entry)? {
        let identifier = row.entry.identifier();
        return Ok(identifier.map(|identifier| Known::There(Target { identifier, entry: Some(row.entry) })));
    }
    let last = view.history(interdict_domain::change::Subject::Entry(held.entry), i64::MAX, 1)?.pop();
    let Some(interdict_storage::Recorded::Entry(entry)) = last.and_then(|item| item.before) else {
        return Ok(None);
    };
    let Some(identifier) = entry.identifier() else { return Ok(None) };
    if let Some(standing) = view.entry_of(entry.list(), &identifier)? {
        return Ok(Some(Known::There(Target { identifier, entry: Some(standing) })));
    }
    Ok(Some(Known::Gone(entry.clone(), NewEntry::again(identifier, *entry))))
}

/// Puts the terms of a person's block back that it had before.
pub(crate) fn put_terms_back(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    before: BlockedPerson,
) -> Result<bool, PersonError> {
    let Some(now) = transaction.view().person(before.id)?.filter(|person| person.lifted_at.is_none()) else {
        return Ok(false);
    };
    let after = BlockedPerson { terms: before.terms, updated_at: by.now, ..now.clone() };
    set_person(transaction, by, Some(&now), &after)?;
    Ok(true)
}

//! Putting one identifier to a blocked person's: an entry is made for it, or the one that stands there is taken along as
//! strong as the person's block is, and remembered as it was.
//!
//! Deliberately not here: whose it may be, which whoever calls has looked at.

use interdict_domain::change::Action;
use interdict_domain::entry::{Entry, EntrySource, List};
use interdict_domain::identifier::Identifier;
use interdict_domain::person::{BlockedPerson, Effect, PersonIdentifier, Trace};
use interdict_domain::scopes::Initiator;
use interdict_domain::text::Reason;
use interdict_storage::{Authorship, MerchantTransaction, MerchantView, StorageError};

use crate::error::UseCaseError;
use crate::list_entry::{NewEntry, list_entry, listed_as};
use crate::manage_subscription::follow_listing;

/// An identifier as it would be listed, with what stands there.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) identifier: Identifier,
    pub(crate) entry: Option<Entry>,
}

impl Target {
    /// By the policy that holds for emails.
    pub(crate) fn of(view: &MerchantView<'_>, identifier: &Identifier) -> Result<Self, StorageError> {
        let (identifier, entry) = listed_as(view, List::Block, identifier, None)?;
        Ok(Self { identifier, entry })
    }
}

/// Why an identifier becomes a person's.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ground {
    /// The attempt with which it came, if nobody said it by hand.
    pub(crate) trace: Option<Trace>,
    /// What the entry says instead of the person's own reason.
    pub(crate) reason: Option<Reason>,
    /// Whether nobody said it at all.
    pub(crate) is_by_policy: bool,
    /// What the person's block did before, if its terms are being set anew.
    pub(crate) was: Option<Effect>,
}

/// Makes it the person's; says so when it was not before.
pub(crate) fn hold_identifier(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    person: &BlockedPerson,
    target: Target,
    ground: &Ground,
) -> Result<bool, UseCaseError> {
    let held = transaction.view().holder_of(&target.identifier)?.filter(|held| held.person == person.id);
    // What was erased may stand under a former pepper: there it stays.
    let own = || target.identifier.key(transaction.pepper(), transaction.merchant());
    let key = held.as_ref().map_or_else(own, |held| held.key);
    let is_new = held.is_none();
    let was = ground.was.unwrap_or(person.terms.effect());
    let (entry, found) = match (&target.entry, &held) {
        (None, _) => (make_entry(transaction, by, person, target.identifier, ground)?, None),
        (Some(entry), Some(held)) if held.owns(entry) => (set_terms(transaction, by, person, entry)?, None),
        (Some(entry), held) => {
            let before = held.as_ref().and_then(|held| held.found);
            let found = before.filter(|found| is_as_left(entry, *found, was)).unwrap_or(Effect::of(entry));
            (strengthen(transaction, by, entry, found.joined(person.terms.effect()))?, Some(found))
        }
    };
    transaction.put_person_identifier(&PersonIdentifier {
        person: person.id,
        kind: entry.kind,
        key,
        entry: entry.id,
        found,
        added_at: by.now,
        added_by: by.actor.clone(),
        trace: ground.trace,
    })?;
    Ok(is_new)
}

/// Whether an entry that stood there is as a person's block has left it.
pub(crate) fn is_as_left(entry: &Entry, found: Effect, block: Effect) -> bool {
    let now = Effect::of(entry);
    now != found && now == found.joined(block)
}

fn make_entry(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    person: &BlockedPerson,
    identifier: Identifier,
    ground: &Ground,
) -> Result<Entry, UseCaseError> {
    let (terms, effect) = (person.terms.clone(), person.terms.effect());
    let matching = Some(identifier.matching());
    let new = NewEntry {
        list: List::Block,
        identifier,
        reason: ground.reason.clone().or(terms.reason),
        reason_code: terms.reason_code,
        public_message: terms.public_message,
        scopes: effect.scopes,
        strength: Some(effect.strength),
        starts_at: None,
        expires_at: terms.expires_at,
        source: if ground.is_by_policy { EntrySource::Rule } else { EntrySource::Person },
        matching,
        limits: interdict_domain::limits::Limits::NONE,
    };
    Ok(list_entry(transaction, by, new)?.0)
}

/// Gives an entry of the block's own the terms that the person's block has now.
fn set_terms(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    person: &BlockedPerson,
    before: &Entry,
) -> Result<Entry, UseCaseError> {
    let (terms, effect) = (&person.terms, person.terms.effect());
    // What a policy has put there says for itself why.
    let reason = if before.source == EntrySource::Rule { &before.reason } else { &terms.reason };
    let after = Entry {
        reason: reason.clone(),
        reason_code: terms.reason_code,
        public_message: terms.public_message.clone(),
        scopes: effect.scopes,
        strength: effect.strength,
        window: effect.window,
        updated_at: before.updated_at,
        ..before.clone()
    };
    if after == *before {
        return Ok(after);
    }
    put(transaction, by, before, Entry { updated_at: by.now, ..after })
}

/// Lets an entry of somebody else do what the person's block needs of it.
fn strengthen(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    before: &Entry,
    effect: Effect,
) -> Result<Entry, UseCaseError> {
    if Effect::of(before) == effect {
        return Ok(before.clone());
    }
    put(transaction, by, before, with_effect(before, effect, by))
}

/// The same entry with another effect.
pub(crate) fn with_effect(entry: &Entry, effect: Effect, by: &Authorship<'_>) -> Entry {
    let Effect { scopes, strength, window } = effect;
    Entry { scopes, strength, window, updated_at: by.now, ..entry.clone() }
}

fn put(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    before: &Entry,
    after: Entry,
) -> Result<Entry, UseCaseError> {
    transaction.put_entry(by, Action::EntryUpdated, Some(before), &after)?;
    if let Some(identifier) = after.identifier()
        && after.scopes.contains(Initiator::Merchant)
        && after.window.contains(by.merchant_now)
    {
        follow_listing(transaction, by, &identifier)?;
    }
    Ok(after)
}

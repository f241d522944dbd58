//! Blocking a person: one block over all identifiers that are known to be theirs.
//!
//! Deliberately not here: what a customer has ([`crate::customer_identifiers`]), and lifting ([`crate::lift_person`]).

use interdict_domain::change::Action;
use interdict_domain::entry::{EntrySource, List};
use interdict_domain::identifier::Identifier;
use interdict_domain::ids::PersonId;
use interdict_domain::person::{BlockedPerson, HeldBack, PersonIdentifier, PersonTerms, SuggestionState};
use interdict_storage::{Authorship, EntryRow, MerchantTransaction, MerchantView, StorageError};

use crate::hold_identifier::{Ground, Target, hold_identifier};
use crate::list_entry::{standing_entry, window};
use crate::person_error::{PersonError, Place};

/// An identifier to block, with where the call has it.
#[derive(Clone, Debug)]
pub struct NamedIdentifier {
    /// What.
    pub identifier: Identifier,
    /// Where.
    pub place: Place,
}

/// A person to block.
#[derive(Clone, Debug)]
pub struct NewPersonBlock {
    /// All that is theirs; the same one twice is once.
    pub identifiers: Vec<NamedIdentifier>,
    /// What was left out before.
    pub left_out: Vec<LeftOut>,
    /// What the block says.
    pub terms: PersonTerms,
    /// Where it comes from.
    pub source: EntrySource,
}

/// A person with the entries that the block is made of.
#[derive(Clone, Debug)]
pub struct PersonRow {
    /// The person.
    pub person: BlockedPerson,
    /// What is theirs, the first one first.
    pub identifiers: Vec<PersonEntry>,
}

/// An identifier of a person's, with its entry.
#[derive(Clone, Debug)]
pub struct PersonEntry {
    /// Whose it is, and why.
    pub identifier: PersonIdentifier,
    /// The entry as it is.
    pub entry: EntryRow,
}

/// An identifier that a customer came with, and that was not blocked all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Which.
    pub identifier: Identifier,
    /// Why.
    pub why: HeldBack,
}

/// A person who is blocked now.
#[derive(Clone, Debug)]
pub struct BlockedRow {
    /// The person.
    pub row: PersonRow,
    /// Whether the person is new.
    pub is_new: bool,
    /// What the customer came with and was not blocked.
    pub left_out: Vec<LeftOut>,
}

impl PersonRow {
    /// What is stored of a person; of one whose block was lifted no identifiers.
    pub fn read(view: &MerchantView<'_>, person: BlockedPerson) -> Result<Self, StorageError> {
        let mut identifiers = Vec::new();
        if person.lifted_at.is_none() {
            for identifier in view.person_identifiers(person.id)? {
                let entry = view.entry(identifier.entry)?;
                identifiers.extend(entry.map(|entry| PersonEntry { identifier, entry }));
            }
        }
        Ok(Self { person, identifiers })
    }

    /// The same by id.
    pub fn find(view: &MerchantView<'_>, id: PersonId) -> Result<Option<Self>, StorageError> {
        view.person(id)?.map(|person| Self::read(view, person)).transpose()
    }
}

/// Blocks a person. When one of the identifiers is a blocked person's, that person's block takes the new terms, all of them,
/// and the rest of the identifiers.
pub fn block_person(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    new: NewPersonBlock,
) -> Result<BlockedRow, PersonError> {
    window(by.merchant_now, None, new.terms.expires_at)?;
    let Looked { targets, persons, mut left_out } = look_at(&transaction.view(), by, None, &new.identifiers)?;
    left_out.extend(new.left_out);
    if targets.is_empty() {
        return Err(PersonError::NothingToBlock);
    }
    let before = match persons[..] {
        [] => None,
        [id] => transaction.view().person(id)?,
        _ => return Err(PersonError::ManyPersons(persons)),
    };
    let person = BlockedPerson {
        id: before.as_ref().map_or_else(|| PersonId::generate(by.now, by.random), |person| person.id),
        terms: new.terms,
        source: before.as_ref().map_or(new.source, |person| person.source),
        created_by: before.as_ref().map_or_else(|| by.actor.clone(), |person| person.created_by.clone()),
        created_at: before.as_ref().map_or(by.now, |person| person.created_at),
        updated_at: by.now,
        lifted_at: None,
    };
    set_person(transaction, by, before.as_ref(), &person)?;
    add_targets(transaction, by, &person, (targets, before.is_some()), &Ground::default())?;
    let row = PersonRow::read(&transaction.view(), person)?;
    Ok(BlockedRow { row, is_new: before.is_none(), left_out })
}

/// Puts more identifiers to a blocked person's, by somebody's word.
pub fn extend_person(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    id: PersonId,
    identifiers: &[NamedIdentifier],
) -> Result<PersonRow, PersonError> {
    let person = person_in_force(transaction, by, id)?;
    let Looked { targets, mut persons, .. } = look_at(&transaction.view(), by, Some(id), identifiers)?;
    persons.dedup();
    if persons.len() > 1 {
        return Err(PersonError::ManyPersons(persons));
    }
    add_targets(transaction, by, &person, (targets, true), &Ground::default())?;
    Ok(PersonRow::read(&transaction.view(), person)?)
}

/// A person whose block stands and counts now.
pub(crate) fn person_in_force(
    transaction: &MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    id: PersonId,
) -> Result<BlockedPerson, PersonError> {
    let person = transaction.view().person(id)?.ok_or(PersonError::NotFound("person"))?;
    if person.is_in_force(by.merchant_now) { Ok(person) } else { Err(PersonError::NotInForce) }
}

/// Whether somebody is let through with an identifier.
pub(crate) fn is_allowed(
    view: &MerchantView<'_>,
    by: &Authorship<'_>,
    identifier: &Identifier,
) -> Result<bool, StorageError> {
    let standing = standing_entry(view, List::Allow, identifier)?;
    Ok(standing.is_some_and(|entry| !entry.window.has_ended(by.merchant_now)))
}

/// What identifiers a call is about.
#[derive(Default)]
struct Looked {
    /// Each once.
    targets: Vec<Target>,
    /// Whose they are.
    persons: Vec<PersonId>,
    left_out: Vec<LeftOut>,
}

/// What stands where, and whose it is. What nobody has named settles no question: it comes last, and only where it fits.
fn look_at(
    view: &MerchantView<'_>,
    by: &Authorship<'_>,
    person: Option<PersonId>,
    identifiers: &[NamedIdentifier],
) -> Result<Looked, PersonError> {
    let mut looked = Looked { persons: person.into_iter().collect(), ..Looked::default() };
    let (mut keys, mut allowed) = (Vec::new(), Vec::new());
    let is_named = |named: &&NamedIdentifier| named.place != Place::OfAttempts;
    let unnamed = identifiers.iter().filter(|named| !is_named(named));
    for named in identifiers.iter().filter(is_named).chain(unnamed) {
        let target = Target::of(view, &named.identifier)?;
        let key = view.key_of(&target.identifier);
        let is_allowed = is_allowed(view, by, &named.identifier)?;
        let holder = view.holder_of(&target.identifier)?.map(|held| held.person);
        if is_named(&named) {
            allowed.extend(is_allowed.then_some(named.place));
        } else if let Some(why) = misfit(view, &looked.persons, (&target.identifier, holder), is_allowed)? {
            looked.left_out.push(LeftOut { identifier: named.identifier.clone(), why });
            continue;
        }
        if !keys.contains(&key) {
            keys.push(key);
            looked.targets.push(target);
            looked.persons.extend(holder.filter(|holder| !looked.persons.contains(holder)));
        }
    }
    if allowed.is_empty() { Ok(looked) } else { Err(PersonError::Allowed(allowed)) }
}

/// Why what nobody has named does not become the person's.
fn misfit(
    view: &MerchantView<'_>,
    persons: &[PersonId],
    (identifier, holder): (&Identifier, Option<PersonId>),
    is_allowed: bool,
) -> Result<Option<HeldBack>, StorageError> {
    if is_allowed {
        return Ok(Some(HeldBack::Allowed));
    }
    if holder.is_some_and(|holder| !persons.is_empty() && !persons.contains(&holder)) {
        return Ok(Some(HeldBack::TwoPersons));
    }
    for person in persons {
        let said = view.suggestion_about(*person, identifier)?;
        if said.is_some_and(|said| said.state == SuggestionState::Refused) {
            return Ok(Some(HeldBack::Refused));
        }
    }
    Ok(None)
}

/// Writes a new person or new terms, and gives the terms to what is the person's already.
pub(crate) fn set_person(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    before: Option<&BlockedPerson>,
    person: &BlockedPerson,
) -> Result<(), PersonError> {
    let Some(before) = before else {
        return Ok(transaction.put_person(by, Action::PersonBlocked, None, person)?);
    };
    if before.terms == person.terms {
        return Ok(());
    }
    transaction.put_person(by, Action::PersonBlocked, Some(before), person)?;
    let view = transaction.view();
    for held in view.person_identifiers(person.id)? {
        let Some(row) = view.entry(held.entry)? else { continue };
        let Some(identifier) = identifier_of(&row) else { continue };
        let target = Target { identifier, entry: Some(row.entry) };
        let ground = Ground { trace: held.trace, was: Some(before.terms.effect()), ..Ground::default() };
        hold_identifier(transaction, by, person, target, &ground)?;
    }
    Ok(())
}

/// What an entry lists; nothing when the person was erased.
pub(crate) fn identifier_of(row: &EntryRow) -> Option<Identifier> {
    let identifier = Identifier::parse(row.entry.kind, row.entry.value.as_deref()?).ok()?;
    Some(identifier.matched(row.entry.matching))
}

/// Puts identifiers to a person's, each with a change of its own where the person was there before.
pub(crate) fn add_targets(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    person: &BlockedPerson,
    (targets, is_extension): (Vec<Target>, bool),
    ground: &Ground,
) -> Result<(), PersonError> {
    for target in targets {
        let view = transaction.view();
        let is_new = view.holder_of(&target.identifier)?.is_none();
        if is_new && is_extension {
            transaction.put_person(by, Action::PersonExtended, Some(person), person)?;
        }
        // Somebody's word, or a policy's that looked at what was refused: what waits or was refused is settled.
        if let Some(mut suggestion) = view.suggestion_about(person.id, &target.identifier)?
            && suggestion.state != SuggestionState::Accepted
        {
            suggestion.state = SuggestionState::Accepted;
            suggestion.settled = Some((by.now, by.actor.clone()));
            transaction.put_suggestion(&suggestion)?;
        }
        hold_identifier(transaction, by, person, target, ground)?;
    }
    Ok(())
}

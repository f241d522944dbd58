//! A person's block where a merchant wants a second person for what hits many: each identifier is weighed as an entry of
//! its own is, and where one of them would have to wait the call is refused, whole
//! ([0045](../../../docs/adr/0045-a-persons-block-does-not-wait.md)).
//!
//! Deliberately not here: how much is much, and for whom ([`crate::propose_entry`]). What a policy puts to a person by
//! itself is not weighed: few come with it, or it is only suggested.

use interdict_domain::entry::{Entry, EntrySource, List};
use interdict_domain::identifier::Identifier;
use interdict_domain::ids::{PersonId, SuggestionId};
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::person::HeldBack;
use interdict_domain::scopes::Scopes;
use interdict_storage::{Authorship, MerchantTransaction, MerchantView, StorageError};

use crate::block_person::{LeftOut, NamedIdentifier, NewPersonBlock, PersonRow};
use crate::hold_identifier::Target;
use crate::list_entry::NewEntry;
use crate::person_error::{PersonError, Place};
use crate::propose_entry::{Weight, widens};
use crate::service::Service;
use crate::settle_suggestion::as_suggested;

/// What identifiers of a person would have hit, weighed before the commit that blocks them.
#[derive(Clone, Debug)]
pub struct PersonWeights {
    weighed: Vec<Weighed>,
    /// Whose they are, or are to be.
    persons: Vec<PersonId>,
}

#[derive(Clone, Debug)]
struct Weighed {
    identifier: Identifier,
    place: Place,
    weight: Weight,
}

impl Service {
    /// What a person's new block would have hit, where somebody has to know. What a customer came with and nobody has
    /// named is left out where it hits too many.
    pub async fn weigh_person(
        &self,
        merchant: MerchantNumber,
        new: NewPersonBlock,
    ) -> Result<(NewPersonBlock, Option<PersonWeights>), StorageError> {
        let weighed = self.weigh_identifiers(merchant, new.identifiers.clone(), new.terms.scopes).await?;
        let Some(PersonWeights { weighed, persons }) = weighed else { return Ok((new, None)) };
        let read = |view: &MerchantView<'_>| Ok::<_, StorageError>(view.settings()?.second_approver);
        let Some(wanted) = self.store.read(merchant, read).await? else { return Ok((new, None)) };
        let (mut kept, mut new) = (Vec::new(), new);
        for one in weighed {
            if one.place == Place::OfAttempts && one.weight.is_more_than(wanted) {
                let is_it =
                    |named: &NamedIdentifier| named.place == one.place && named.identifier == one.identifier;
                new.identifiers.retain(|named| !is_it(named));
                new.left_out.push(LeftOut { identifier: one.identifier, why: HeldBack::SecondPerson });
            } else {
                kept.push(one);
            }
        }
        Ok((new, Some(PersonWeights { weighed: kept, persons })))
    }

    /// The same for more identifiers of a person who is blocked.
    pub async fn weigh_more(
        &self,
        merchant: MerchantNumber,
        id: PersonId,
        identifiers: &[NamedIdentifier],
    ) -> Result<Option<PersonWeights>, StorageError> {
        if !self.wants_second_approver(merchant) {
            return Ok(None);
        }
        let person = self.store.read(merchant, move |view| view.person(id)).await?;
        let Some(person) = person else { return Ok(None) };
        let weights = self.weigh_identifiers(merchant, identifiers.to_vec(), person.terms.scopes).await?;
        Ok(weights.map(|weights| PersonWeights { persons: vec![id], ..weights }))
    }

    /// The same for what was suggested.
    pub async fn weigh_suggestion(
        &self,
        merchant: MerchantNumber,
        id: SuggestionId,
    ) -> Result<Option<PersonWeights>, StorageError> {
        if !self.wants_second_approver(merchant) {
            return Ok(None);
        }
        let find = move |view: &MerchantView<'_>| -> Result<_, StorageError> {
            let Some(suggestion) = view.suggestion(id)? else { return Ok(None) };
            let person = view.person(suggestion.person)?;
            Ok(as_suggested(view, &suggestion).zip(person))
        };
        let Some((identifier, person)) = self.store.read(merchant, find).await? else { return Ok(None) };
        let named = vec![NamedIdentifier { identifier, place: Place::Listed(0) }];
        let weighed = self.weigh_each(merchant, named, person.terms.scopes).await?;
        Ok(Some(PersonWeights { weighed, persons: vec![person.id] }))
    }

    /// Each of them, and what is the persons' already whose they are: new terms count for that, too.
    async fn weigh_identifiers(
        &self,
        merchant: MerchantNumber,
        identifiers: Vec<NamedIdentifier>,
        scopes: Scopes,
    ) -> Result<Option<PersonWeights>, StorageError> {
        if !self.wants_second_approver(merchant) {
            return Ok(None);
        }
        let as_listed = move |view: &MerchantView<'_>| as_listed(view, &identifiers);
        let (listed, persons) = self.store.read(merchant, as_listed).await?;
        let weighed = self.weigh_each(merchant, listed, scopes).await?;
        Ok(Some(PersonWeights { weighed, persons }))
    }

    async fn weigh_each(
        &self,
        merchant: MerchantNumber,
        listed: Vec<NamedIdentifier>,
        scopes: Scopes,
    ) -> Result<Vec<Weighed>, StorageError> {
        let mut weighed = Vec::new();
        for NamedIdentifier { identifier, place } in listed {
            let matching = Some(identifier.matching());
            let plain = NewEntry::plain(List::Block, identifier, EntrySource::Person);
            let new = NewEntry { scopes, matching, ..plain };
            let weight = self.weigh_entry(merchant, &new).await?;
            weighed.extend(weight.map(|weight| Weighed { identifier: new.identifier, place, weight }));
        }
        Ok(weighed)
    }
}

/// The identifiers as they stand or would be listed, with what is the persons' already whose they are.
fn as_listed(
    view: &MerchantView<'_>,
    identifiers: &[NamedIdentifier],
) -> Result<(Vec<NamedIdentifier>, Vec<PersonId>), StorageError> {
    let (mut listed, mut persons) = (Vec::new(), Vec::new());
    for named in identifiers {
        let Target { identifier, entry } = Target::of(view, &named.identifier)?;
        // What is listed already is somebody's word.
        let is_brought = named.place == Place::OfAttempts && entry.is_some();
        let place = if is_brought { Place::OfCustomer } else { named.place };
        let holder = view.holder_of(&identifier)?.map(|held| held.person);
        persons.extend(holder.filter(|holder| !persons.contains(holder)));
        listed.push(NamedIdentifier { identifier, place });
    }
    for person in &persons {
        for held in view.person_identifiers(*person)? {
            let identifier = view.entry(held.entry)?.and_then(|row| row.entry.identifier());
            let is_new = |identifier: &Identifier| listed.iter().all(|one| one.identifier != *identifier);
            let more = identifier.filter(is_new);
            listed.extend(more.map(|identifier| NamedIdentifier { identifier, place: Place::OfPerson }));
        }
    }
    Ok((listed, persons))
}

/// Runs what blocks a person's identifiers, and refuses it where one of the entries hits more than before and more than
/// one person may block. The commit has then done nothing.
pub fn weighed<'t, 's, T>(
    transaction: &mut MerchantTransaction<'t, 's>,
    by: &Authorship<'_>,
    weights: Option<PersonWeights>,
    run: impl FnOnce(&mut MerchantTransaction<'t, 's>) -> Result<T, PersonError>,
    row: impl FnOnce(&T) -> &PersonRow,
) -> Result<T, PersonError> {
    let Some(wanted) = transaction.view().settings()?.second_approver else { return run(transaction) };
    // It was turned on since.
    let PersonWeights { weighed, persons } = weights.ok_or(PersonError::ChangedMeanwhile)?;
    let view = transaction.view();
    let mut held_before = Vec::new();
    for person in persons {
        let row = PersonRow::find(&view, person)?;
        held_before.extend(row.into_iter().flat_map(|row| row.identifiers).map(|held| held.entry.entry));
    }
    let stood = weighed.iter().map(|one| view.entry_of(List::Block, &one.identifier));
    let stood: Vec<Option<Entry>> = stood.collect::<Result<_, StorageError>>()?;
    let done = run(transaction)?;
    let mut places = Vec::new();
    for held in &row(&done).identifiers {
        let after = &held.entry.entry;
        let found = weighed.iter().zip(&stood).find(|(one, _)| one.weight.is_of(after.key));
        match found {
            Some((one, before)) => {
                let is_wider = before.as_ref().is_none_or(|before| widens(before, after, by.merchant_now));
                places.extend((is_wider && one.weight.is_more_than(wanted)).then_some(one.place));
            }
            // Somebody else was faster, or the rule of emails was changed since.
            None if !held_before.contains(after) => return Err(PersonError::ChangedMeanwhile),
            None => {}
        }
    }
    if places.is_empty() { Ok(done) } else { Err(PersonError::NeedsSecondPerson(places)) }
}

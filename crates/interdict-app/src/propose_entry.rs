//! Putting an entry on a list, or proposing it, where the merchant wants a second person to approve what hits many.
//!
//! Deliberately not here: approving ([`crate::decide_proposal`]). What names one payer by itself, a chargeback, an
//! erasure, Odus's and Idenza's calls, never waits: it goes through [`list_entry`].

use interdict_domain::change::Action;
use interdict_domain::clock::Timestamp;
use interdict_domain::entry::{Entry, List, Strength};
use interdict_domain::identifier::IdentifierKey;
use interdict_domain::ids::{EntryId, ProposalId};
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::proposal::{Blast, PROPOSAL_S, Proposal, ProposalState};
use interdict_domain::scopes::Initiator;
use interdict_domain::settings::SecondApprover;
use interdict_domain::window::Window;
use interdict_storage::{Authorship, EntryRow, MerchantTransaction, MerchantView, StorageError};

use crate::error::UseCaseError;
use crate::list_entry::{NewEntry, apply, compose, listed_as};
use crate::preview_entry::{AtLeast, Terms};
use crate::service::Service;
use crate::update_entry::{EntryUpdate, updated};

/// So many proposals may wait at once.
const OPEN_MAX: i64 = 100;

/// What an entry would have hit, weighed before its commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weight {
    key: IdentifierKey,
    customers: Blast,
    attempts: Blast,
}

impl Weight {
    /// Whether it is what stands under a key.
    pub(crate) fn is_of(&self, key: IdentifierKey) -> bool {
        self.key == key
    }

    /// Whether it is more than one person may list.
    pub(crate) fn is_more_than(&self, wanted: SecondApprover) -> bool {
        let is_much = |blast: Blast| blast.count > i64::from(wanted.threshold) || blast.is_least;
        is_much(self.customers) || is_much(self.attempts)
    }
}

/// What became of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Put {
    /// It stands; whether it is new.
    Entry(Box<EntryRow>, bool),
    /// It waits for a second person.
    Proposal(Box<Proposal>),
}

impl Service {
    /// Whether a merchant wants a second person for what hits many, as far as is known here. The commit looks again.
    pub fn wants_second_approver(&self, merchant: MerchantNumber) -> bool {
        self.index.wants_second_approver(merchant)
    }

    /// What a new entry would have hit, where somebody has to know.
    pub async fn weigh_entry(
        &self,
        merchant: MerchantNumber,
        new: &NewEntry,
    ) -> Result<Option<Weight>, StorageError> {
        if !self.wants_second_approver(merchant) {
            return Ok(None);
        }
        let listed = new.clone();
        let find = move |view: &MerchantView<'_>| {
            Ok::<_, StorageError>(listed_as(view, listed.list, &listed.identifier, listed.matching)?.0)
        };
        let identifier = self.store.read(merchant, find).await?;
        let strength = new.strength.unwrap_or_else(|| identifier.kind().default_strength());
        let terms = Terms { identifier, list: new.list, scopes: new.scopes, strength };
        self.weigh(merchant, terms).await.map(Some)
    }

    /// The same for a change of one.
    pub async fn weigh_update(
        &self,
        merchant: MerchantNumber,
        id: EntryId,
        update: &EntryUpdate,
    ) -> Result<Option<Weight>, StorageError> {
        if !self.wants_second_approver(merchant) {
            return Ok(None);
        }
        let (update, now) = (update.clone(), self.clock.now());
        let find = move |view: &MerchantView<'_>| -> Result<Option<Entry>, StorageError> {
            // What cannot be is refused in the commit.
            Ok(view.entry(id)?.and_then(|row| updated(&row.entry, update, now).ok()))
        };
        let Some(entry) = self.store.read(merchant, find).await? else { return Ok(None) };
        let Some(identifier) = entry.identifier() else { return Ok(None) };
        let terms = Terms { identifier, list: entry.list(), scopes: entry.scopes, strength: entry.strength };
        self.weigh(merchant, terms).await.map(Some)
    }

    async fn weigh(&self, merchant: MerchantNumber, terms: Terms) -> Result<Weight, StorageError> {
        let key = terms.identifier.key(&self.pepper, merchant);
        let preview = self.preview(merchant, terms).await?;
        let blast = |number: AtLeast| Blast {
            count: i64::try_from(number.count).unwrap_or(i64::MAX),
            is_least: number.is_least,
        };
        Ok(Weight { key, customers: blast(preview.customers), attempts: blast(preview.attempts.total) })
    }
}

/// Lists an identifier, or proposes it.
pub fn put_entry(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    new: NewEntry,
    weight: Option<Weight>,
) -> Result<Put, UseCaseError> {
    let identifier = new.identifier.clone();
    let (after, before) = compose(transaction, by, new)?;
    if let Some(weight) = has_to_wait(transaction, by, before.as_ref(), &after, weight)? {
        return propose(transaction, by, before.as_ref(), after, weight);
    }
    apply(transaction, by, before.as_ref(), &after, &identifier)?;
    // A new one was never hit.
    let row = if before.is_some() { transaction.view().entry(after.id)? } else { None };
    let row = row.unwrap_or(EntryRow { entry: after, hits: 0, last_hit_at: None });
    Ok(Put::Entry(Box::new(row), before.is_none()))
}

/// Changes an entry, or proposes to.
pub fn put_update(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    id: EntryId,
    update: EntryUpdate,
    weight: Option<Weight>,
) -> Result<Put, UseCaseError> {
    let row = transaction.view().entry(id)?.ok_or(UseCaseError::NotFound("entry"))?;
    let before = row.entry;
    let after = updated(&before, update, by.now)?;
    if after.value.is_some()
        && let Some(weight) = has_to_wait(transaction, by, Some(&before), &after, weight)?
    {
        return propose(transaction, by, Some(&before), after, weight);
    }
    transaction.put_entry(by, Action::EntryUpdated, Some(&before), &after)?;
    Ok(Put::Entry(Box::new(EntryRow { entry: after, ..row }), false))
}

/// The weight of an entry that hits more than the merchant lets through with one person.
fn has_to_wait(
    transaction: &MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    before: Option<&Entry>,
    after: &Entry,
    weight: Option<Weight>,
) -> Result<Option<Weight>, UseCaseError> {
    let Some(wanted) = transaction.view().settings()?.second_approver else { return Ok(None) };
    if !before.is_none_or(|before| widens(before, after, by.merchant_now)) {
        return Ok(None);
    }
    // It was turned on, or the rule of emails was changed, since it was weighed.
    let weight = weight.filter(|weight| weight.is_of(after.key)).ok_or(UseCaseError::ChangedMeanwhile)?;
    Ok(Some(weight).filter(|weight| weight.is_more_than(wanted)))
}

/// Whether an entry hits more than before: for another initiator, more strongly, within wider limits, or at another time.
pub(crate) fn widens(before: &Entry, after: &Entry, now: Timestamp) -> bool {
    let adds = |initiator| after.scopes.contains(initiator) && !before.scopes.contains(initiator);
    let hardens =
        before.list() == List::Block && before.strength == Strength::Soft && after.strength == Strength::Hard;
    let unbinds = !after.limits.is_within(before.limits);
    Initiator::ALL.into_iter().any(adds)
        || hardens
        || unbinds
        || reaches_out(before.window, after.window, now)
}

/// Whether a window has a moment to come that another one has not.
fn reaches_out(before: Window, after: Window, now: Timestamp) -> bool {
    if after.has_ended(now) {
        return false;
    }
    // What has begun has always stood.
    let start = |window: Window| window.from().filter(|from| *from > now);
    let begins_sooner = match (start(before), start(after)) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(before), Some(after)) => after < before,
    };
    let ends_later = match (before.until(), after.until()) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(before), Some(after)) => after > before,
    };
    begins_sooner || ends_later
}

fn propose(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    before: Option<&Entry>,
    entry: Entry,
    weight: Weight,
) -> Result<Put, UseCaseError> {
    let since = by.now.plus_seconds(-PROPOSAL_S);
    if transaction.view().count_open_proposals(by.now, since)? >= OPEN_MAX {
        let issue = "needs a second person, and 100 proposals wait already: have some approved or refused";
        return Err(UseCaseError::Invalid { path: "value", issue });
    }
    let proposal = Proposal {
        id: ProposalId::generate(by.now, by.random),
        seen: before.map(|before| before.updated_at),
        entry,
        customers: weight.customers,
        attempts: weight.attempts,
        state: ProposalState::Open,
        created_by: by.actor.clone(),
        created_at: by.now,
        expires_at: by.now.plus_seconds(PROPOSAL_S),
        decided: None,
    };
    transaction.put_proposal(by, Action::EntryProposed, &proposal)?;
    Ok(Put::Proposal(Box::new(proposal)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_reaches_out_where_it_has_a_moment_to_come_that_the_other_has_not() {
        let at = Timestamp::from_micros;
        let window =
            |from: Option<i64>, until: Option<i64>| Window::new(from.map(at), until.map(at)).unwrap();
        let now = at(50);
        for (before, after, expected) in [
            ((None, None), (None, None), false),
            ((None, Some(90)), (None, None), true),
            ((None, Some(90)), (None, Some(91)), true),
            ((None, Some(90)), (None, Some(80)), false),
            ((None, Some(20)), (None, Some(30)), false),
            ((None, Some(20)), (None, Some(60)), true),
            ((Some(60), None), (None, None), true),
            ((Some(60), None), (Some(55), None), true),
            ((Some(60), None), (Some(70), None), false),
            ((Some(10), None), (Some(20), None), false),
            ((None, None), (Some(60), Some(70)), false),
            ((Some(60), None), (None, Some(40)), false),
        ] {
            let (before, after) = (window(before.0, before.1), window(after.0, after.1));
            assert_eq!(reaches_out(before, after, now), expected, "{before:?} {after:?}");
        }
    }
}

//! Approving a proposal, or refusing it: a person's, and another one's than who proposed it.

use interdict_domain::actor::Actor;
use interdict_domain::change::Action;
use interdict_domain::entry::Entry;
use interdict_domain::ids::{ProposalId, UserId};
use interdict_domain::proposal::{Proposal, ProposalState};
use interdict_storage::{Authorship, MerchantTransaction, StorageError};

use crate::list_entry::apply;

/// Why a proposal is not approved or refused.
#[derive(Debug, thiserror::Error)]
pub enum ProposalError {
    /// The merchant has none such in this mode.
    #[error("there is no such proposal")]
    NotFound,
    /// Nobody approves what they have proposed themselves.
    #[error("somebody else has to approve it")]
    Own,
    /// It was approved or refused, or its time is over.
    #[error("it no longer waits")]
    Over,
    /// The entry that it would change has changed since, or came or went.
    #[error("the entry has changed since it was proposed")]
    EntryChanged,
    /// The entry would have ended already.
    #[error("the entry's own end has come")]
    Ended,
    /// The store failed.
    #[error("the store failed")]
    Storage(#[from] StorageError),
}

fn open_one(
    transaction: &MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    id: ProposalId,
) -> Result<Proposal, ProposalError> {
    let proposal = transaction.view().proposal(id)?.ok_or(ProposalError::NotFound)?;
    if proposal.is_open(by.now) { Ok(proposal) } else { Err(ProposalError::Over) }
}

/// Does what was proposed, exactly, in the name of who proposed it; that it was approved stands beside it.
pub fn approve_proposal(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    person: UserId,
    id: ProposalId,
) -> Result<Entry, ProposalError> {
    let mut proposal = open_one(transaction, by, id)?;
    if proposal.created_by == Actor::user(person) {
        return Err(ProposalError::Own);
    }
    let entry = &proposal.entry;
    if entry.window.has_ended(by.merchant_now) {
        return Err(ProposalError::Ended);
    }
    let identifier = entry.identifier().ok_or(ProposalError::EntryChanged)?;
    let before = transaction.view().entry_of(entry.list(), &identifier)?;
    if before.as_ref().map(|before| before.updated_at) != proposal.seen {
        return Err(ProposalError::EntryChanged);
    }
    let after = Entry {
        created_at: before.as_ref().map_or(by.now, |before| before.created_at),
        updated_at: by.now,
        ..entry.clone()
    };
    proposal.state = ProposalState::Approved;
    proposal.decided = Some((person, by.now));
    transaction.put_proposal(by, Action::EntryApproved, &proposal)?;
    // Last, so that it can be undone.
    let proposer = Authorship { actor: &proposal.created_by, ..*by };
    apply(transaction, &proposer, before.as_ref(), &after, &identifier)?;
    Ok(after)
}

/// Refuses it. Who proposed it may, too: that takes it back.
pub fn refuse_proposal(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    person: UserId,
    id: ProposalId,
) -> Result<(), ProposalError> {
    let mut proposal = open_one(transaction, by, id)?;
    proposal.state = ProposalState::Refused;
    proposal.decided = Some((person, by.now));
    transaction.put_proposal(by, Action::EntryRefused, &proposal)?;
    Ok(())
}

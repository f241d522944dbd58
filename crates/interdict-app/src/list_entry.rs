//! Putting an identifier on a list.

use interdict_domain::change::Action;
use interdict_domain::clock::Timestamp;
use interdict_domain::entry::{Entry, EntrySource, List, ReasonCode, Strength};
use interdict_domain::identifier::{EmailMatching, Identifier, IdentifierKey, Kind};
use interdict_domain::ids::EntryId;
use interdict_domain::limits::Limits;
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::scopes::{Initiator, Scopes};
use interdict_domain::text::{PublicMessage, Reason};
use interdict_domain::window::Window;
use interdict_storage::{Authorship, Foreseen, MerchantTransaction, MerchantView, StorageError};

use crate::error::UseCaseError;
use crate::manage_subscription::follow_listing;
use crate::service::Service;

/// What a window cannot do.
pub const ENDS_BEFORE_IT_BEGINS: &str = "must lie after startsAt";
/// What it would say has no meaning there.
pub(crate) const NO_STRENGTH: &str = "is of the block list: an exemption is neither hard nor soft";
/// A payment and its customer say nothing of the rest.
pub(crate) const CANNOT_LAPSE: &str =
    "is for an email, emailDomain, phone or merchantRef: of other kinds no chargeback says whose it is";

/// An entry to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntry {
    /// On which list.
    pub list: List,
    /// What is listed.
    pub identifier: Identifier,
    /// Why.
    pub reason: Option<Reason>,
    /// Why, as one of seven.
    pub reason_code: Option<ReasonCode>,
    /// What the payer is told.
    pub public_message: Option<PublicMessage>,
    /// For which initiators; both unless said otherwise.
    pub scopes: Scopes,
    /// How strongly; the kind's own unless said otherwise.
    pub strength: Option<Strength>,
    /// From when.
    pub starts_at: Option<Timestamp>,
    /// Until when.
    pub expires_at: Option<Timestamp>,
    /// Where it comes from.
    pub source: EntrySource,
    /// For which addresses an email stands; what the settings say unless said otherwise.
    pub matching: Option<EmailMatching>,
    /// What an exemption does not go beyond.
    pub limits: Limits,
}

impl NewEntry {
    /// An entry that says nothing but what is listed.
    pub fn plain(list: List, identifier: Identifier, source: EntrySource) -> Self {
        Self {
            list,
            identifier,
            reason: None,
            reason_code: None,
            public_message: None,
            scopes: Scopes::BOTH,
            strength: None,
            starts_at: None,
            expires_at: None,
            source,
            matching: None,
            limits: Limits::NONE,
        }
    }

    /// An entry that was there before, as it was.
    pub(crate) fn again(identifier: Identifier, before: Entry) -> Self {
        let list = before.list();
        Self {
            list,
            identifier,
            reason: before.reason,
            reason_code: before.reason_code,
            public_message: before.public_message,
            scopes: before.scopes,
            strength: Some(before.strength).filter(|_| list == List::Block),
            starts_at: before.window.from(),
            expires_at: before.window.until(),
            source: before.source,
            matching: Some(before.matching),
            limits: before.limits,
        }
    }

    /// What listing it is going to read.
    pub fn foreseen(&self, service: &Service, merchant: MerchantNumber) -> Vec<Foreseen> {
        let entry = Foreseen::entry_of(service.pepper(), merchant, self.list, &self.identifier);
        vec![entry, Foreseen::settings(merchant)]
    }
}

/// Lists an identifier. Listed already: the same entry takes the new terms, all of them, so that a new
/// block without an end clears an old end (incident 3). Returns whether it is new.
pub fn list_entry(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    new: NewEntry,
) -> Result<(Entry, bool), UseCaseError> {
    let identifier = new.identifier.clone();
    let (after, before) = compose(transaction, by, new)?;
    apply(transaction, by, before.as_ref(), &after, &identifier)?;
    Ok((after, before.is_none()))
}

/// The entry as it would be, and as it is.
pub(crate) fn compose(
    transaction: &MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    new: NewEntry,
) -> Result<(Entry, Option<Entry>), UseCaseError> {
    let strength = strength_of(new.list, new.identifier.kind(), new.strength)?;
    limits_of(new.list, new.identifier.kind(), new.limits)?;
    let window = window(by.merchant_now, new.starts_at, new.expires_at)?;
    let (identifier, before) = listed_as(&transaction.view(), new.list, &new.identifier, new.matching)?;
    let kind = identifier.kind();
    let after = Entry {
        id: before.as_ref().map_or_else(|| EntryId::generate(new.list, by.now, by.random), |entry| entry.id),
        kind,
        value: Some(identifier.value().to_owned()),
        matching: identifier.matching(),
        key: identifier.key(transaction.pepper(), transaction.merchant()),
        reason: new.reason,
        reason_code: new.reason_code,
        public_message: new.public_message,
        scopes: new.scopes,
        strength,
        window,
        limits: new.limits,
        source: new.source,
        created_by: before.as_ref().map_or_else(|| by.actor.clone(), |entry| entry.created_by.clone()),
        created_at: before.as_ref().map_or(by.now, |entry| entry.created_at),
        updated_at: by.now,
        erased_customer: None,
        generation: None,
    };
    Ok((after, before))
}

/// Writes the entry, and what follows from it for those who have the identifier.
pub(crate) fn apply(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    before: Option<&Entry>,
    after: &Entry,
    identifier: &Identifier,
) -> Result<(), StorageError> {
    let action = if before.is_some() { Action::EntryUpdated } else { Action::EntryCreated };
    transaction.put_entry(by, action, before, after)?;
    // One that begins later, or is for customers' own payments alone, blocks no renewal.
    let blocks_renewals =
        after.window.contains(by.merchant_now) && after.scopes.contains(Initiator::Merchant);
    if after.list() == List::Block && blocks_renewals {
        follow_listing(transaction, by, identifier)?;
    }
    Ok(())
}

/// The entry that a new one on a list would only change.
pub(crate) fn standing_entry(
    view: &MerchantView<'_>,
    list: List,
    identifier: &Identifier,
) -> Result<Option<Entry>, StorageError> {
    if let Some(exact) = view.entry_of(list, identifier)? {
        return Ok(Some(exact));
    }
    match view.settings()?.email_matching {
        EmailMatching::Exact => Ok(None),
        matching => view.entry_of(list, &identifier.matched(matching)),
    }
}

/// Where what blocks an identifier stands, or would stand, by the policy that holds: under the present pepper, and under
/// those of before.
pub fn keys_of_standing(
    view: &MerchantView<'_>,
    identifier: &Identifier,
) -> Result<Vec<IdentifierKey>, StorageError> {
    Ok(view.keys_of(&listed_as(view, List::Block, identifier, None)?.0))
}

/// What is listed, by the policy that holds, and the entry of it that is there already. One that was listed exactly, under
/// another policy, goes on standing for itself alone: its policy never changes under it.
pub(crate) fn listed_as(
    view: &MerchantView<'_>,
    list: List,
    identifier: &Identifier,
    matching: Option<EmailMatching>,
) -> Result<(Identifier, Option<Entry>), StorageError> {
    if identifier.kind() != Kind::Email {
        return Ok((identifier.clone(), view.entry_of(list, identifier)?));
    }
    let chosen = match matching {
        Some(matching) => matching,
        None => view.settings()?.email_matching,
    };
    let exact = view.entry_of(list, identifier)?;
    if chosen == EmailMatching::Exact || (exact.is_some() && matching.is_none()) {
        return Ok((identifier.clone(), exact));
    }
    let matched = identifier.matched(chosen);
    let before = view.entry_of(list, &matched)?;
    Ok((matched, before))
}

/// How strongly an entry blocks; the kind's own unless said otherwise. An exemption blocks nothing: it shows the kind's own,
/// and another one would be a write without effect.
pub(crate) fn strength_of(
    list: List,
    kind: Kind,
    strength: Option<Strength>,
) -> Result<Strength, UseCaseError> {
    let own = kind.default_strength();
    match strength {
        Some(other) if list == List::Allow && other != own => {
            Err(UseCaseError::Invalid { path: "strength", issue: NO_STRENGTH })
        }
        said => Ok(said.unwrap_or(own)),
    }
}

/// Limits are of an exemption. A block that would hold only up to an amount is not what anybody means, and neither is an
/// exemption that is to end with a chargeback of which nobody knows whether it is its own.
pub(crate) fn limits_of(list: List, kind: Kind, limits: Limits) -> Result<(), UseCaseError> {
    if list == List::Block && !limits.is_none() {
        return Err(UseCaseError::Invalid {
            path: "limits",
            issue: "are for the allow list: a block has none",
        });
    }
    if limits.lapses_on_chargeback && !kind.is_known_of_payer() {
        return Err(UseCaseError::Invalid { path: "limits.lapsesOnChargeback", issue: CANNOT_LAPSE });
    }
    Ok(())
}

/// A window that still lies before us, at least in part: a block that never counts would be a silent
/// no-op.
pub(crate) fn window(
    now: Timestamp,
    starts_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
) -> Result<Window, UseCaseError> {
    if expires_at.is_some_and(|end| end <= now) {
        return Err(UseCaseError::Invalid { path: "expiresAt", issue: "must lie in the future" });
    }
    Window::new(starts_at, expires_at)
        .map_err(|_| UseCaseError::Invalid { path: "expiresAt", issue: ENDS_BEFORE_IT_BEGINS })
}

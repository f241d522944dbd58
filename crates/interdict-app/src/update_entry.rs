//! Changing the terms of an entry. Its list, kind and value never change: that would be another entry.

use interdict_domain::change::Action;
use interdict_domain::clock::Timestamp;
use interdict_domain::entry::{Entry, ReasonCode, Strength};
use interdict_domain::ids::EntryId;
use interdict_domain::limits::Limits;
use interdict_domain::scopes::Scopes;
use interdict_domain::text::{PublicMessage, Reason};
use interdict_domain::window::Window;
use interdict_storage::{Authorship, EntryRow, MerchantTransaction};

use crate::error::UseCaseError;
use crate::list_entry::{ENDS_BEFORE_IT_BEGINS, limits_of, strength_of};

/// What to change: an outer `None` keeps a field, an inner one clears it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntryUpdate {
    /// Why.
    pub reason: Option<Option<Reason>>,
    /// Why, as one of seven.
    pub reason_code: Option<Option<ReasonCode>>,
    /// What the payer is told.
    pub public_message: Option<Option<PublicMessage>>,
    /// For which initiators; cleared means both.
    pub scopes: Option<Option<Scopes>>,
    /// How strongly; cleared means the kind's own.
    pub strength: Option<Option<Strength>>,
    /// From when.
    pub starts_at: Option<Option<Timestamp>>,
    /// Until when.
    pub expires_at: Option<Option<Timestamp>>,
    /// What an exemption does not go beyond; all of it anew, and cleared means nothing.
    pub limits: Option<Option<Limits>>,
}

/// Changes only what is sent. An end in the past is allowed here: it ends the entry now.
pub fn update_entry(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    id: EntryId,
    update: EntryUpdate,
) -> Result<EntryRow, UseCaseError> {
    let row = transaction.view().entry(id)?.ok_or(UseCaseError::NotFound("entry"))?;
    let after = updated(&row.entry, update, by.now)?;
    transaction.put_entry(by, Action::EntryUpdated, Some(&row.entry), &after)?;
    Ok(EntryRow { entry: after, ..row })
}

/// The entry as it would be.
pub(crate) fn updated(before: &Entry, update: EntryUpdate, now: Timestamp) -> Result<Entry, UseCaseError> {
    let starts_at = update.starts_at.unwrap_or(before.window.from());
    let expires_at = update.expires_at.unwrap_or(before.window.until());
    let window = Window::new(starts_at, expires_at)
        .map_err(|_| UseCaseError::Invalid { path: "expiresAt", issue: ENDS_BEFORE_IT_BEGINS })?;
    let limits = update.limits.map_or(before.limits, Option::unwrap_or_default);
    // What stands may have been listed when more was taken.
    if limits != before.limits {
        limits_of(before.list(), before.kind, limits)?;
    }
    let strength = match update.strength {
        // What stands may have been listed when anything was taken.
        None => before.strength,
        Some(said) => strength_of(before.list(), before.kind, said)?,
    };
    Ok(Entry {
        reason: update.reason.unwrap_or_else(|| before.reason.clone()),
        reason_code: update.reason_code.unwrap_or(before.reason_code),
        public_message: update.public_message.unwrap_or_else(|| before.public_message.clone()),
        scopes: update.scopes.map_or(before.scopes, |scopes| scopes.unwrap_or(Scopes::BOTH)),
        strength,
        window,
        limits,
        updated_at: now,
        ..before.clone()
    })
}

//! Keys in the hands of people: those of the merchant, by what the role may do in each mode.
//!
//! Deliberately not here: what a key is and how it ends ([`crate::create_key`]), which the command line shares.

use interdict_domain::clock::Timestamp;
use interdict_domain::credential::{Credential, CredentialKind, Permissions};
use interdict_domain::ids::KeyId;
use interdict_domain::mode::Mode;
use interdict_domain::role::Capability;
use interdict_domain::text::Name;
use interdict_storage::{Transaction, View};

use crate::app::App;
use crate::create_key::{NewKey, NewKeyOptions, revoke_key, rotate_key};
use crate::error::UseCaseError;
use crate::sessions::SignedIn;
use crate::team::acting;
use crate::user_error::UserError;

/// The longest overlap of a rotation: 30 days.
pub const OVERLAP_S_MAX: i64 = 30 * 86_400;

/// What key somebody wants.
#[derive(Clone, Debug)]
pub struct NewKeyOfUser {
    /// For which mode.
    pub mode: Mode,
    /// Of which kind.
    pub kind: CredentialKind,
    /// What people call it.
    pub name: Name,
    /// What it may do; of no meaning for a publishable key.
    pub permissions: Permissions,
    /// Until when.
    pub expires_at: Option<Timestamp>,
}

/// A key of the merchant that whoever acts may manage. Of others' keys nobody learns that they are there.
fn managed_key(view: &View<'_>, by: &SignedIn, id: KeyId) -> Result<Credential, UserError> {
    let actor = acting(view, by, Capability::ViewKeys)?;
    let found = view.credential(id)?.filter(|credential| credential.merchant == actor.merchant);
    let credential = found.ok_or(UserError::UseCase(UseCaseError::NotFound("key")))?;
    acting(view, by, Capability::to_manage_keys(credential.mode))?;
    Ok(credential)
}

impl App {
    /// The merchant's keys of both modes, oldest first, without their secrets.
    pub async fn list_keys(&self, by: &SignedIn) -> Result<Vec<Credential>, UserError> {
        let by = by.clone();
        self.core
            .read_all(move |view| {
                let actor = acting(view, &by, Capability::ViewKeys)?;
                Ok(view.credentials(Some(actor.merchant))?)
            })
            .await
    }

    /// Makes a key; its secret is shown once.
    pub async fn create_key_by_user(&self, by: &SignedIn, new: NewKeyOfUser) -> Result<NewKey, UserError> {
        let actor = by.clone();
        self.change_core(by.actor(), move |transaction, authorship| -> Result<NewKey, UserError> {
            let actor = acting(&transaction.view(), &actor, Capability::to_manage_keys(new.mode))?;
            if new.expires_at.is_some_and(|end| end <= authorship.now) {
                let issue = "must lie in the future";
                return Err(UserError::UseCase(UseCaseError::Invalid { path: "expiresAt", issue }));
            }
            let options = NewKeyOptions {
                merchant: actor.merchant,
                mode: new.mode,
                kind: new.kind,
                name: new.name.as_str().to_owned(),
                permissions: new.permissions,
                expires_at: new.expires_at,
            };
            let key = NewKey::generate(options, authorship.now, authorship.random);
            key.save(transaction, authorship)?;
            Ok(key)
        })
        .await
    }

    /// Makes a key like another one, which ends after an overlap of 0 s to 30 days. One that is to end already was
    /// rotated or revoked by somebody else: whoever comes second is told.
    pub async fn rotate_key_by_user(
        &self,
        by: &SignedIn,
        id: KeyId,
        overlap_s: i64,
    ) -> Result<NewKey, UserError> {
        if !(0..=OVERLAP_S_MAX).contains(&overlap_s) {
            let issue = "must be from 0 to 30 days";
            return Err(UserError::UseCase(UseCaseError::Invalid { path: "overlap", issue }));
        }
        let actor = by.clone();
        self.change_core(by.actor(), move |transaction, authorship| -> Result<NewKey, UserError> {
            if managed_key(&transaction.view(), &actor, id)?.revoked_at.is_some() {
                return Err(UserError::ChangedMeanwhile);
            }
            Ok(rotate_key(transaction, authorship, id, authorship.now.plus_seconds(overlap_s))?)
        })
        .await
    }

    /// Ends a key now.
    pub async fn revoke_key_by_user(&self, by: &SignedIn, id: KeyId) -> Result<Credential, UserError> {
        let actor = by.clone();
        let revoke = move |transaction: &mut Transaction<'_>,
                           authorship: &interdict_storage::Authorship<'_>| {
            managed_key(&transaction.view(), &actor, id)?;
            Ok::<_, UserError>(revoke_key(transaction, authorship, id, authorship.now)?)
        };
        self.change_core(by.actor(), revoke).await
    }
}

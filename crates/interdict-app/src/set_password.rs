//! Giving somebody a new password from the command line: the way back in for whoever is locked out, with the
//! second factor or without.
//!
//! Deliberately not here: people who change their own.

use std::sync::Arc;

use interdict_domain::change::Action;
use interdict_domain::ids::UserId;
use interdict_domain::password::Password;
use interdict_domain::user::User;
use interdict_storage::{Authorship, Transaction};

use crate::app::App;
use crate::invite_user::SecondFactorAfterReset;
use crate::password_hash::PasswordHash;
use crate::second_factor::take_second_factor;
use crate::user_error::UserError;

/// Sets somebody's password, ends what is signed in with the old one, lifts a lock, and takes the second factor
/// if that is lost.
pub fn set_password(
    transaction: &mut Transaction<'_>,
    by: &Authorship<'_>,
    id: UserId,
    password: PasswordHash,
    second_factor: SecondFactorAfterReset,
) -> Result<User, UserError> {
    let mut account = transaction.view().user(id)?.ok_or(UserError::NotFound)?;
    let before = account.user.clone();
    account.password_hash = Some(password.0);
    account.invitation = None;
    account.user.invitation_ends_at = None;
    account.user.version = before.version.saturating_add(1);
    if second_factor == SecondFactorAfterReset::Removed && take_second_factor(transaction, &mut account)? {
        transaction.note_user(by, Action::UserSecondFactorDisabled, &before)?;
    }
    transaction.change_user(by, Action::UserPasswordChanged, &before, &account)?;
    transaction.end_sessions(id, None, by.now)?;
    transaction.put_sign_in_failures(&before.email, None)?;
    Ok(account.user)
}

impl App {
    /// The hash of a new password, beside what decides.
    pub async fn hash_password(&self, password: Password) -> Result<PasswordHash, UserError> {
        Ok(self.sign_ins.hashing.hash(password, Arc::clone(&self.random)).await?)
    }
}

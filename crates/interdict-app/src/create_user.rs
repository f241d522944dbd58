//! Making a person who signs in, with a password: by the command line and at the first start.
//!
//! Deliberately not here: invitations, by which people make people.

use interdict_domain::change::Action;
use interdict_domain::identifier::Email;
use interdict_domain::ids::UserId;
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::role::Role;
use interdict_domain::user::User;
use interdict_storage::{Authorship, Transaction, UserAccount};

use crate::password_hash::PasswordHash;
use crate::user_error::UserError;

/// Whom to make.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// For whom it signs in.
    pub merchant: MerchantNumber,
    /// By what it signs in.
    pub email: Email,
    /// What it may do.
    pub role: Role,
    /// Its password, hashed: that takes long, and a commit does not wait for it.
    pub password: PasswordHash,
}

/// Makes somebody who signs in.
pub fn create_user(
    transaction: &mut Transaction<'_>,
    by: &Authorship<'_>,
    new: NewUser,
) -> Result<User, UserError> {
    let NewUser { merchant, email, role, password } = new;
    let mut account = new_account(transaction, by, merchant, email, role)?;
    account.password_hash = Some(password.0);
    transaction.create_user(by, Action::UserCreated, &account)?;
    Ok(account.user)
}

/// Somebody who cannot sign in yet, and is not kept yet.
pub(crate) fn new_account(
    transaction: &Transaction<'_>,
    by: &Authorship<'_>,
    merchant: MerchantNumber,
    email: Email,
    role: Role,
) -> Result<UserAccount, UserError> {
    let view = transaction.view();
    if view.merchant_record(merchant)?.is_none() {
        return Err(UserError::NoMerchant);
    }
    if view.user_by_email(&email)?.is_some() {
        return Err(UserError::EmailTaken);
    }
    let user = User {
        id: UserId::generate(by.now, by.random),
        merchant,
        email,
        role,
        version: 1,
        second_factor: false,
        created_at: by.now,
        last_signed_in_at: None,
        invitation_ends_at: None,
        disabled_at: None,
    };
    Ok(UserAccount {
        user,
        password_hash: None,
        second_factor: None,
        second_factor_step: 0,
        pending_factor: None,
        invitation: None,
    })
}

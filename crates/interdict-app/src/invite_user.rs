//! Invitations: a link that is shown once, valid for three days, by which somebody chooses a password: the first
//! one, or a new one in place of one that was forgotten.
//!
//! Deliberately not here: mail. Whoever invites hands on the link.

use interdict_domain::actor::Actor;
use interdict_domain::change::Action;
use interdict_domain::clock::Timestamp;
use interdict_domain::identifier::Email;
use interdict_domain::ids::UserId;
use interdict_domain::password::Password;
use interdict_domain::role::{Capability, Role};
use interdict_domain::user::User;
use interdict_storage::UserAccount;

use crate::app::App;
use crate::create_user::new_account;
use crate::second_factor::take_second_factor;
use crate::secret_token::SecretToken;
use crate::sessions::SignedIn;
use crate::team::{acting, keep_an_owner, managed, may_manage};
use crate::user_error::UserError;

/// How long an invitation can be accepted.
const LIFETIME_S: i64 = 72 * 3_600;

/// An invitation, which is shown once.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// Who is invited.
    pub user: User,
    /// For the link.
    pub token: SecretToken,
    /// Until when it can be accepted.
    pub ends_at: Timestamp,
}

/// What becomes of the second factor of somebody who is let in anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecondFactorAfterReset {
    /// It is asked for as before.
    Kept,
    /// It is taken away, with the recovery codes: the device is lost, too.
    Removed,
}

/// Opens an invitation on an account, and says until when.
fn invite(account: &mut UserAccount, token: &SecretToken, now: Timestamp) -> Timestamp {
    let ends_at = now.plus_seconds(LIFETIME_S);
    account.invitation = Some(token.digest());
    account.user.invitation_ends_at = Some(ends_at);
    ends_at
}

/// Whether an invitation can be accepted at a moment.
fn is_open(account: &UserAccount, now: Timestamp) -> bool {
    account.user.disabled_at.is_none() && account.user.invitation_ends_at.is_some_and(|end| now < end)
}

impl App {
    /// Invites somebody to sign in for the merchant.
    pub async fn invite_user(
        &self,
        by: &SignedIn,
        email: Email,
        role: Role,
    ) -> Result<Invitation, UserError> {
        let (actor, token) = (by.clone(), SecretToken::generate(self.random.as_ref()));
        self.change_core(by.actor(), move |transaction, authorship| -> Result<Invitation, UserError> {
            let actor = acting(&transaction.view(), &actor, Capability::ManageTeam)?;
            may_manage(&actor, role)?;
            let mut account = new_account(transaction, authorship, actor.merchant, email, role)?;
            let ends_at = invite(&mut account, &token, authorship.now);
            transaction.create_user(authorship, Action::UserInvited, &account)?;
            Ok(Invitation { user: account.user, token, ends_at })
        })
        .await
    }

    /// Invites somebody anew who forgot the password, or let the invitation pass. The password and what is
    /// signed in with it end at once.
    pub async fn reset_user(
        &self,
        by: &SignedIn,
        id: UserId,
        version: i64,
        second_factor: SecondFactorAfterReset,
    ) -> Result<Invitation, UserError> {
        let (actor, token) = (by.clone(), SecretToken::generate(self.random.as_ref()));
        self.change_core(by.actor(), move |transaction, authorship| -> Result<Invitation, UserError> {
            let (_, mut account) = managed(transaction, &actor, id, version)?;
            keep_an_owner(&transaction.view(), account.user.merchant, id)?;
            let before = account.user.clone();
            account.password_hash = None;
            account.user.version = before.version.saturating_add(1);
            let ends_at = invite(&mut account, &token, authorship.now);
            if second_factor == SecondFactorAfterReset::Removed
                && take_second_factor(transaction, &mut account)?
            {
                transaction.note_user(authorship, Action::UserSecondFactorDisabled, &before)?;
            }
            transaction.change_user(authorship, Action::UserInvited, &before, &account)?;
            transaction.end_sessions(id, None, authorship.now)?;
            Ok(Invitation { user: account.user, token, ends_at })
        })
        .await
    }

    /// Who an open invitation is for.
    pub async fn invitation(&self, token: &str) -> Result<User, UserError> {
        Ok(self.invited(token).await?.1.user)
    }

    /// Accepts an invitation by choosing a password. The person signs in with it then, like everybody.
    pub async fn accept_invitation(&self, token: &str, password: &str) -> Result<User, UserError> {
        let (digest, account) = self.invited(token).await?;
        let password = Password::parse(password, &account.user.email)?;
        let hash = self.hash_password(password).await?;
        let id = account.user.id;
        self.change_core(Actor::user(id), move |transaction, authorship| -> Result<User, UserError> {
            let found = transaction.view().user_by_invitation(&digest)?;
            let open = found.filter(|account| is_open(account, authorship.now));
            let mut account = open.ok_or(UserError::InvitationOver)?;
            account.password_hash = Some(hash.0);
            account.invitation = None;
            account.user.invitation_ends_at = None;
            account.user.version = account.user.version.saturating_add(1);
            let user = account.user.clone();
            transaction.change_user(authorship, Action::UserPasswordChanged, &user, &account)?;
            transaction.put_sign_in_failures(&user.email, None)?;
            Ok(user)
        })
        .await
    }

    async fn invited(&self, token: &str) -> Result<([u8; 32], UserAccount), UserError> {
        let digest = SecretToken::parse(token).ok_or(UserError::InvitationOver)?.digest();
        let found = self.core.read_all(move |view| view.user_by_invitation(&digest)).await?;
        let now = self.clock.now();
        let account = found.filter(|account| is_open(account, now)).ok_or(UserError::InvitationOver)?;
        Ok((digest, account))
    }
}

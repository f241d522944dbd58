//! People who manage people: who may touch whom. Whoever acts is read anew inside of each commit, so that a
//! role that was just taken away does nothing more.
//!
//! Deliberately not here: what a role may do (`interdict-domain`), and invitations ([`crate::invite_user`]).

use interdict_domain::change::Action;
use interdict_domain::ids::UserId;
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::role::{Capability, Role};
use interdict_domain::user::User;
use interdict_storage::{Transaction, UserAccount, View};

use crate::app::App;
use crate::disable_user::{disable_user, enable_user};
use crate::sessions::SignedIn;
use crate::user_error::UserError;

/// Whoever acts, as of now, if the role may do so.
pub(crate) fn acting(view: &View<'_>, by: &SignedIn, capability: Capability) -> Result<User, UserError> {
    let account = view.user(by.user.id)?.ok_or(UserError::NotFound)?;
    if account.user.may(capability) { Ok(account.user) } else { Err(UserError::Forbidden(capability)) }
}

/// Whether somebody may manage people of a role.
pub(crate) fn may_manage(actor: &User, role: Role) -> Result<(), UserError> {
    match role {
        Role::Owner if !actor.may(Capability::ManageOwners) => {
            Err(UserError::Forbidden(Capability::ManageOwners))
        }
        _ => Ok(()),
    }
}

/// Somebody of the same merchant whom whoever acts may manage, as it was when they decided to.
pub(crate) fn managed(
    transaction: &Transaction<'_>,
    by: &SignedIn,
    id: UserId,
    version: i64,
) -> Result<(User, UserAccount), UserError> {
    let view = transaction.view();
    let actor = acting(&view, by, Capability::ManageTeam)?;
    let account = view.merchant(actor.merchant).user(id)?.ok_or(UserError::NotFound)?;
    if account.user.id == actor.id {
        return Err(UserError::Oneself);
    }
    may_manage(&actor, account.user.role)?;
    if account.user.version != version {
        return Err(UserError::ChangedMeanwhile);
    }
    Ok((actor, account))
}

/// Refuses to take the last owner who can sign in from a merchant.
pub(crate) fn keep_an_owner(view: &View<'_>, merchant: MerchantNumber, but: UserId) -> Result<(), UserError> {
    let is_able = |user: &User| {
        user.role == Role::Owner && user.disabled_at.is_none() && user.invitation_ends_at.is_none()
    };
    let users = view.users(Some(merchant))?;
    let is_last = users.iter().any(|user| user.id == but && is_able(user))
        && !users.iter().any(|user| user.id != but && is_able(user));
    if is_last { Err(UserError::LastOwner) } else { Ok(()) }
}

impl App {
    /// Who signs in for the merchant, oldest first.
    pub async fn list_users(&self, by: &SignedIn) -> Result<Vec<User>, UserError> {
        let by = by.clone();
        self.core
            .read_all(move |view| {
                let actor = acting(view, &by, Capability::ViewTeam)?;
                Ok(view.users(Some(actor.merchant))?)
            })
            .await
    }

    /// Gives somebody else another role. `version` is the person's when the role was chosen.
    pub async fn change_role(
        &self,
        by: &SignedIn,
        id: UserId,
        version: i64,
        role: Role,
    ) -> Result<User, UserError> {
        let actor = by.clone();
        self.change_core(by.actor(), move |transaction, authorship| -> Result<User, UserError> {
            let (actor, mut account) = managed(transaction, &actor, id, version)?;
            may_manage(&actor, role)?;
            if account.user.role == role {
                return Ok(account.user);
            }
            keep_an_owner(&transaction.view(), account.user.merchant, id)?;
            let before = account.user.clone();
            account.user.role = role;
            account.user.version = before.version.saturating_add(1);
            transaction.change_user(authorship, Action::UserRoleChanged, &before, &account)?;
            Ok(account.user)
        })
        .await
    }

    /// Keeps somebody else from signing in, and ends what is signed in.
    pub async fn disable_user(&self, by: &SignedIn, id: UserId, version: i64) -> Result<User, UserError> {
        let actor = by.clone();
        self.change_core(by.actor(), move |transaction, authorship| -> Result<User, UserError> {
            managed(transaction, &actor, id, version)?;
            disable_user(transaction, authorship, id)
        })
        .await
    }

    /// Lets somebody else sign in again.
    pub async fn enable_user(&self, by: &SignedIn, id: UserId, version: i64) -> Result<User, UserError> {
        let actor = by.clone();
        self.change_core(by.actor(), move |transaction, authorship| -> Result<User, UserError> {
            managed(transaction, &actor, id, version)?;
            enable_user(transaction, authorship, id)
        })
        .await
    }
}

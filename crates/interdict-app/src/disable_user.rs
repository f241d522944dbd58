//! Keeping somebody from signing in, at once and everywhere, and letting them in again.

use interdict_domain::change::Action;
use interdict_domain::clock::Timestamp;
use interdict_domain::ids::UserId;
use interdict_domain::user::User;
use interdict_storage::{Authorship, Transaction};

use crate::team::keep_an_owner;
use crate::user_error::UserError;

/// Disables somebody, and ends what is signed in. Whoever is disabled already stays so; the last owner is not.
pub fn disable_user(
    transaction: &mut Transaction<'_>,
    by: &Authorship<'_>,
    id: UserId,
) -> Result<User, UserError> {
    let view = transaction.view();
    let account = view.user(id)?.ok_or(UserError::NotFound)?;
    keep_an_owner(&view, account.user.merchant, id)?;
    let user = put(transaction, by, id, Action::UserDisabled, Some(by.now))?;
    transaction.end_sessions(id, None, by.now)?;
    Ok(user)
}

/// Lets somebody sign in again.
pub fn enable_user(
    transaction: &mut Transaction<'_>,
    by: &Authorship<'_>,
    id: UserId,
) -> Result<User, UserError> {
    put(transaction, by, id, Action::UserEnabled, None)
}

fn put(
    transaction: &mut Transaction<'_>,
    by: &Authorship<'_>,
    id: UserId,
    action: Action,
    disabled_at: Option<Timestamp>,
) -> Result<User, UserError> {
    let mut account = transaction.view().user(id)?.ok_or(UserError::NotFound)?;
    if account.user.disabled_at.is_some() == disabled_at.is_some() {
        return Ok(account.user);
    }
    let before = account.user.clone();
    account.user.disabled_at = disabled_at;
    account.user.version = before.version.saturating_add(1);
    transaction.change_user(by, action, &before, &account)?;
    Ok(account.user)
}

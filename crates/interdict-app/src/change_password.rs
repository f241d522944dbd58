//! A person's own password: changed by whoever knows the old one.
//!
//! Deliberately not here: a new one for whoever has forgotten it ([`crate::invite_user`], [`crate::set_password`]).

use interdict_domain::change::Action;
use interdict_domain::password::Password;

use crate::app::App;
use crate::sessions::SignedIn;
use crate::user_error::UserError;

impl App {
    /// Changes the person's password, and ends the other sessions.
    pub async fn change_password(&self, by: &SignedIn, old: &str, new: &str) -> Result<(), UserError> {
        let new = Password::parse(new, &by.user.email)?;
        let known = self.check_own_password(by, old).await?;
        let hash = self.hash_password(new).await?;
        let (id, session) = (by.user.id, by.session.id);
        self.change_core(by.actor(), move |transaction, authorship| -> Result<(), UserError> {
            let mut account = transaction.view().user(id)?.ok_or(UserError::NotFound)?;
            if account.password_hash.as_deref() != Some(known.as_str()) {
                return Err(UserError::ChangedMeanwhile);
            }
            account.password_hash = Some(hash.0);
            let user = account.user.clone();
            transaction.change_user(authorship, Action::UserPasswordChanged, &user, &account)?;
            transaction.end_sessions(id, Some(session), authorship.now)?;
            Ok(())
        })
        .await
    }

    /// Checks the person's own password, and gives its hash. Wrong ones count like those at the door: a session
    /// that was stolen is no place to try them.
    pub(crate) async fn check_own_password(&self, by: &SignedIn, shown: &str) -> Result<String, UserError> {
        let (id, email) = (by.user.id, by.user.email.clone());
        self.sign_ins.check_email(&email).map_err(|retry_after_s| UserError::TooMany { retry_after_s })?;
        let asked = email.clone();
        let (account, failures) = self
            .core
            .read_all(move |view| -> Result<_, UserError> {
                Ok((view.user(id)?.ok_or(UserError::NotFound)?, view.sign_in_failures(&asked)?))
            })
            .await?;
        if let Some(until) = failures.and_then(|failures| failures.locked_until(self.clock.now())) {
            return Err(UserError::Locked { until });
        }
        let hash = account.password_hash.ok_or(UserError::WrongPassword)?;
        if self.sign_ins.hashing.verify(Password::shown(shown), Some(hash.clone())).await? {
            return Ok(hash);
        }
        Err(match self.count_failure(email).await? {
            Some(until) => UserError::Locked { until },
            None => UserError::WrongPassword,
        })
    }
}

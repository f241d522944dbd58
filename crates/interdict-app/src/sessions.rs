//! Sessions: who a token belongs to, and the end of it. The rows are read each time, so that a role that
//! changed, a person who was disabled and a session that was ended count at once, on every node.
//!
//! Deliberately not here: how a session begins ([`crate::sign_in`]).

use std::sync::Arc;

use interdict_domain::actor::Actor;
use interdict_domain::change::Action;
use interdict_domain::ids::SessionId;
use interdict_domain::mode::Mode;
use interdict_domain::role::Capability;
use interdict_domain::user::{Session, User};
use interdict_storage::{StorageError, Transaction, WriteError};

use crate::app::App;
use crate::caller::{Caller, Shown};
use crate::secret_token::SecretToken;
use crate::user_error::UserError;

/// So often is it written that a session was used.
const SEEN_EVERY_S: i64 = 60;

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The secret of the session.
    pub token: SecretToken,
    /// The session.
    pub session: Session,
    /// Who it is, as of this request.
    pub user: User,
}

impl SignedIn {
    /// Whether the person's role may do something.
    pub const fn may(&self, capability: Capability) -> bool {
        self.user.may(capability)
    }

    /// The person as a caller of the use cases, in the session's mode.
    pub fn caller(&self, app: &App) -> Caller {
        Caller {
            service: Arc::clone(app.service(self.session.mode)),
            merchant: self.user.merchant,
            shown: Shown::Session(self.user.id),
            permissions: self.user.role.permissions(),
        }
    }

    /// Who stands in the changes.
    pub fn actor(&self) -> Actor {
        Actor::user(self.user.id)
    }
}

impl App {
    /// Who a token belongs to; nothing when it opens nothing, for whatever reason.
    pub async fn session(&self, token: &str) -> Result<Option<SignedIn>, StorageError> {
        let Some(token) = SecretToken::parse(token) else { return Ok(None) };
        let digest = token.digest();
        let found = self
            .core
            .read_all(move |view| -> Result<_, StorageError> {
                let Some(session) = view.session_by_digest(&digest)? else { return Ok(None) };
                Ok(view.user(session.user)?.map(|account| (session, account.user)))
            })
            .await?;
        let now = self.clock.now();
        let works =
            |(session, user): &(Session, User)| session.is_valid_at(now) && user.disabled_at.is_none();
        let Some((session, user)) = found.filter(works) else { return Ok(None) };
        if now >= session.last_seen_at.plus_seconds(SEEN_EVERY_S) {
            self.see_session(session.id).await;
        }
        Ok(Some(SignedIn { token, session, user }))
    }

    /// Whoever is signed in stays so when this cannot be written: it is tried again at the next request.
    async fn see_session(&self, id: SessionId) {
        let now = self.clock.now();
        let see = move |transaction: &mut Transaction<'_>| transaction.see_session(id, now);
        let written: Result<_, WriteError<StorageError>> = self.core.write(see).await;
        if let Err(error) = written {
            tracing::debug!(
                error = &error as &dyn std::error::Error,
                "that a session was used is not written"
            );
        }
    }

    /// The person's sessions that go on, newest first.
    pub async fn list_sessions(&self, by: &SignedIn) -> Result<Vec<Session>, StorageError> {
        let (user, now) = (by.user.id, self.clock.now());
        let mut sessions = self.core.read_all(move |view| view.sessions_of(user)).await?;
        sessions.retain(|session| session.is_valid_at(now));
        Ok(sessions)
    }

    /// Ends one of the person's sessions: with its own id, signs out. False when it had ended already.
    pub async fn end_session(&self, by: &SignedIn, id: SessionId) -> Result<bool, UserError> {
        let user = by.user.clone();
        self.change_core(by.actor(), move |transaction, authorship| -> Result<bool, UserError> {
            let ended = transaction.end_session(user.id, id, authorship.now)?;
            if ended {
                transaction.note_user(authorship, Action::SessionEnded, &user)?;
            }
            Ok(ended)
        })
        .await
    }

    /// Ends the person's other sessions, and says how many there were.
    pub async fn end_other_sessions(&self, by: &SignedIn) -> Result<u64, UserError> {
        let (user, own) = (by.user.clone(), by.session.id);
        self.change_core(by.actor(), move |transaction, authorship| -> Result<u64, UserError> {
            let ended = transaction.end_sessions(user.id, Some(own), authorship.now)?;
            if ended > 0 {
                transaction.note_user(authorship, Action::SessionEnded, &user)?;
            }
            Ok(ended)
        })
        .await
    }

    /// Turns the session to a mode.
    pub async fn set_session_mode(&self, by: &SignedIn, mode: Mode) -> Result<(), UserError> {
        let id = by.session.id;
        self.change_core(by.actor(), move |transaction, _| -> Result<(), UserError> {
            Ok(transaction.set_session_mode(id, mode)?)
        })
        .await
    }
}

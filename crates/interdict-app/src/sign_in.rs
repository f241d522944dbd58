//! Signing in: email and password, then a second factor where there is one, become a session.
//!
//! The same answer, after as long, for an email that is unknown, a password that is wrong and a person who
//! is disabled; failures are counted and locked by email, whether anybody has it or not. A second factor is
//! never asked for before the password was right.
//!
//! Deliberately not here: cookies, what a session may do, and signing in at an issuer (`sign_in_by_oidc.rs`), which
//! begins its sessions here.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use interdict_domain::actor::Actor;
use interdict_domain::change::Action;
use interdict_domain::clock::{Clock, Timestamp};
use interdict_domain::identifier::Email;
use interdict_domain::ids::SessionId;
use interdict_domain::mode::Mode;
use interdict_domain::password::Password;
use interdict_domain::user::{FAILURES_MAX, Failures, SESSION_S, Session};
use interdict_storage::{Authorship, StorageError, Transaction, UserAccount, WriteError};
use zeroize::Zeroizing;

use crate::app::App;
use crate::limiter::{Limiter, Network, Uptime};
use crate::password_hash::{Hashing, HashingError};
use crate::second_factor::ShownFactor;
use crate::secret_token::SecretToken;
use crate::sessions::SignedIn;
use crate::user_error::UserError;

/// What is kept of how a browser calls itself.
const USER_AGENT_CHARS_MAX: usize = 200;

/// An office behind one address signs in within a minute; whoever tries passwords waits.
const ADDRESS_BURST: NonZeroU32 = positive(30);
const ADDRESS_PERIOD: Duration = Duration::from_secs(2);
/// Above what locks an email, so that people hear of the lock and not of the rate.
const EMAIL_BURST: NonZeroU32 = positive(20);
const EMAIL_PERIOD: Duration = Duration::from_secs(15);

const fn positive(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}

/// What somebody signs in with.
pub struct SignIn {
    /// As typed.
    pub email: String,
    /// As typed.
    pub password: Zeroizing<String>,
    /// A code of the second factor, or a recovery code; nothing at the first attempt.
    pub code: Option<String>,
    /// From where.
    pub address: IpAddr,
    /// What the browser calls itself.
    pub user_agent: String,
}

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Email and password do not belong together, or the person is disabled: the caller is not told which.
    #[error("email or password is wrong")]
    Refused,
    /// The password is right, and a code is missing: the same again, with one.
    #[error("a code of the second factor is needed")]
    SecondFactorNeeded,
    /// The password is right, the code is not, or was used before.
    #[error("the code is wrong, or was used before: take the next one")]
    WrongCode,
    /// Too many attempts failed in a row. Said of emails that nobody has, too.
    #[error("too many attempts failed: try again after {until}")]
    Locked {
        /// Until when.
        until: Timestamp,
    },
    /// Too many attempts came at once.
    #[error("too many attempts: try again in {retry_after_s} s")]
    TooMany {
        /// In how many seconds to try again.
        retry_after_s: u64,
    },
    /// The database cannot be reached, or the commit failed.
    #[error("nobody can be signed in now: try again")]
    Unavailable,
    /// The store failed.
    #[error("the store failed")]
    Storage(#[from] StorageError),
}

impl From<WriteError<Self>> for SignInError {
    fn from(error: WriteError<Self>) -> Self {
        match error {
            WriteError::Refused(error) => error,
            WriteError::Overloaded => Self::TooMany { retry_after_s: 1 },
            WriteError::CommitFailed | WriteError::Away | WriteError::Stopped => Self::Unavailable,
        }
    }
}

impl From<UserError> for SignInError {
    fn from(error: UserError) -> Self {
        match error {
            UserError::Storage(error) => Self::Storage(error),
            UserError::Busy => Self::TooMany { retry_after_s: 1 },
            error => {
                tracing::error!(error = &error as &dyn std::error::Error, "nobody can be signed in");
                Self::Unavailable
            }
        }
    }
}

impl From<HashingError> for SignInError {
    fn from(error: HashingError) -> Self {
        match error {
            HashingError::TooMany => Self::TooMany { retry_after_s: 1 },
            HashingError::Failed => Self::Unavailable,
        }
    }
}

/// What signing in needs beside the stores.
pub(crate) struct SignIns {
    pub(crate) hashing: Hashing,
    by_address: Limiter<Network, Uptime>,
    by_email: Limiter<Box<str>, Uptime>,
}

impl SignIns {
    pub(crate) fn new(clock: &Arc<dyn Clock>) -> Self {
        let uptime = || Uptime(Arc::clone(clock));
        Self {
            hashing: Hashing::new(),
            by_address: Limiter::new(ADDRESS_BURST, ADDRESS_PERIOD, uptime()),
            by_email: Limiter::new(EMAIL_BURST, EMAIL_PERIOD, uptime()),
        }
    }

    fn check(&self, address: IpAddr, email: &Email) -> Result<(), SignInError> {
        self.check_address(address)
            .and_then(|()| self.check_email(email))
            .map_err(|retry_after_s| SignInError::TooMany { retry_after_s })
    }

    /// Counts an attempt from an address, or says in how many seconds to come again.
    pub(crate) fn check_address(&self, address: IpAddr) -> Result<(), u64> {
        self.by_address.check(Network::of(address))
    }

    /// Counts an attempt at somebody's password, or says in how many seconds to come again.
    pub(crate) fn check_email(&self, email: &Email) -> Result<(), u64> {
        self.by_email.check(email.as_str().into())
    }
}

/// How a session begins.
pub(crate) struct Beginning {
    /// From where.
    pub(crate) address: IpAddr,
    /// What the browser calls itself.
    pub(crate) user_agent: String,
    /// What the audit says of it.
    pub(crate) action: Action,
}

/// The secret of a session, which the browser keeps.
pub type SessionToken = SecretToken;

impl App {
    /// Signs somebody in. The token is new each time: one that was there before opens nothing more.
    pub async fn sign_in(&self, shown: SignIn) -> Result<SignedIn, SignInError> {
        let Ok(email) = Email::parse(&shown.email) else { return Err(SignInError::Refused) };
        self.sign_ins.check(shown.address, &email)?;
        let account = self.who_signs_in(&email).await?;
        let hash = account.as_ref().and_then(|account| account.password_hash.clone());
        let is_right = self.sign_ins.hashing.verify(Password::shown(&shown.password), hash).await?;
        let Some(account) = account.filter(|_| is_right) else {
            return Err(self.refuse(email, SignInError::Refused).await);
        };
        let factor = match (&account.second_factor, &shown.code) {
            (None, _) => None,
            (Some(_), None) => return Err(SignInError::SecondFactorNeeded),
            (Some(_), Some(code)) => Some(self.read_factor(&account, code).await?),
        };
        let beginning =
            Beginning { address: shown.address, user_agent: shown.user_agent, action: Action::UserSignedIn };
        self.begin_session(account, beginning, factor).await
    }

    /// Reads a code of the second factor; one that is wrong counts as a failure.
    pub(crate) async fn read_factor(
        &self,
        account: &UserAccount,
        code: &str,
    ) -> Result<ShownFactor, SignInError> {
        match ShownFactor::read(&self.vault, account, code, self.clock.now())? {
            Some(factor) => Ok(factor),
            None => Err(self.refuse(account.user.email.clone(), SignInError::WrongCode).await),
        }
    }

    /// Whoever may sign in with an email; the same refusal of one that is locked, whether anybody has it or not.
    pub(crate) async fn who_signs_in(&self, email: &Email) -> Result<Option<UserAccount>, SignInError> {
        let asked = email.clone();
        let (account, failures) = self
            .core
            .read_all(move |view| -> Result<_, StorageError> {
                Ok((view.user_by_email(&asked)?, view.sign_in_failures(&asked)?))
            })
            .await?;
        if let Some(until) = failures.and_then(|failures| failures.locked_until(self.clock.now())) {
            return Err(SignInError::Locked { until });
        }
        Ok(account.filter(|account| account.user.disabled_at.is_none()))
    }

    /// Counts a failure, and gives what the caller is told.
    pub(crate) async fn refuse(&self, email: Email, told: SignInError) -> SignInError {
        match self.count_failure(email).await {
            Ok(Some(until)) => SignInError::Locked { until },
            Ok(None) => told,
            Err(error) => error.into(),
        }
    }

    /// Counts a failure, and says until when the email is locked, if it is.
    pub(crate) async fn count_failure(&self, email: Email) -> Result<Option<Timestamp>, UserError> {
        let count = move |transaction: &mut Transaction<'_>, by: &Authorship<'_>| {
            let view = transaction.view();
            let before = view.sign_in_failures(&email)?;
            if let Some(until) = before.and_then(|failures| failures.locked_until(by.now)) {
                // Not counted: nobody can keep somebody else out for ever by going on.
                return Ok(Some(until));
            }
            let user = view.user_by_email(&email)?;
            let failures = Failures::and_one(before, by.now);
            transaction.put_sign_in_failures(&email, Some(failures))?;
            if failures.count == FAILURES_MAX
                && let Some(account) = user
            {
                transaction.note_user(by, Action::UserLocked, &account.user)?;
            }
            Ok::<_, UserError>(failures.locked_until(by.now))
        };
        self.change_core(Actor::system(), count).await
    }

    /// Begins the session of somebody who has shown everything; a code that was used before counts as a failure.
    pub(crate) async fn begin_session(
        &self,
        account: UserAccount,
        beginning: Beginning,
        factor: Option<ShownFactor>,
    ) -> Result<SignedIn, SignInError> {
        let email = account.user.email.clone();
        match self.keep_session(account, beginning, factor).await {
            Err(SignInError::WrongCode) => Err(self.refuse(email, SignInError::WrongCode).await),
            other => other,
        }
    }

    /// Keeps the session, unless what was shown is no longer so.
    async fn keep_session(
        &self,
        account: UserAccount,
        beginning: Beginning,
        factor: Option<ShownFactor>,
    ) -> Result<SignedIn, SignInError> {
        let id = account.user.id;
        let token = SecretToken::generate(self.random.as_ref());
        let digest = token.digest();
        let Beginning { address, user_agent, action } = beginning;
        let (user_agent, address) = (printable(&user_agent), address.to_string());
        let begin = move |transaction: &mut Transaction<'_>, by: &Authorship<'_>| {
            let view = transaction.view();
            let now_stored = view.user(account.user.id)?.filter(|stored| {
                stored.user.disabled_at.is_none()
                    && stored.password_hash == account.password_hash
                    && stored.second_factor == account.second_factor
            });
            let mut stored = now_stored.ok_or(SignInError::Refused)?;
            // Of many attempts at once, those that were still under way when the lock came count as later ones.
            let failures = view.sign_in_failures(&stored.user.email)?;
            if let Some(until) = failures.and_then(|failures| failures.locked_until(by.now)) {
                return Err(SignInError::Locked { until });
            }
            if let Some(factor) = &factor
                && !factor.spend(transaction, &mut stored)?
            {
                return Err(SignInError::WrongCode);
            }
            if failures.is_some() {
                transaction.put_sign_in_failures(&stored.user.email, None)?;
            }
            stored.user.last_signed_in_at = Some(by.now);
            let session = Session {
                id: SessionId::generate(by.now, by.random),
                user: stored.user.id,
                mode: Mode::Test,
                created_at: by.now,
                last_seen_at: by.now,
                expires_at: by.now.plus_seconds(SESSION_S),
                second_factor_passed: factor.is_some(),
                user_agent,
                address,
                ended_at: None,
            };
            transaction.create_session(&session, &digest)?;
            transaction.keep_user(&stored)?;
            transaction.note_user(by, action, &stored.user)?;
            Ok((session, stored.user))
        };
        let actor = Actor::user(id);
        let (session, user) = self.change_core(actor, begin).await?;
        Ok(SignedIn { token, session, user })
    }
}

/// Without control characters, and not too long.
fn printable(text: &str) -> String {
    text.chars().filter(|char| !char.is_control()).take(USER_AGENT_CHARS_MAX).collect()
}

//! People who sign in to the dashboard, and their sessions.
//!
//! Deliberately not here: passwords ([`crate::password`]), what a role may do ([`crate::role`]), and the
//! secrets of either, which never leave the store and the use cases.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::identifier::Email;
use crate::ids::{SessionId, UserId};
use crate::merchant::MerchantNumber;
use crate::mode::Mode;
use crate::role::{Capability, Role};

/// Somebody who signs in, without any secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// For whom it signs in: for one merchant.
    pub merchant: MerchantNumber,
    /// By what it signs in: nobody else has it, at no merchant.
    pub email: Email,
    /// What it may do.
    pub role: Role,
    /// Counts up when others change it: a form that was filled in on an older one is refused.
    pub version: i64,
    /// Whether it signs in with a second factor.
    pub second_factor: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last signed in.
    pub last_signed_in_at: Option<Timestamp>,
    /// Until when its invitation can be accepted, if one is open.
    pub invitation_ends_at: Option<Timestamp>,
    /// When it was disabled.
    pub disabled_at: Option<Timestamp>,
}

impl User {
    /// Whether its role may do something. Somebody disabled may nothing.
    pub const fn may(&self, capability: Capability) -> bool {
        self.disabled_at.is_none() && self.role.may(capability)
    }
}

/// What a change says about a user, as long as that was not erased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserRecord {
    /// Its email.
    pub email: Email,
    /// Its role.
    pub role: Role,
    /// Whether it was disabled.
    pub disabled: bool,
}

impl From<&User> for UserRecord {
    fn from(user: &User) -> Self {
        Self { email: user.email.clone(), role: user.role, disabled: user.disabled_at.is_some() }
    }
}

/// How long a session lasts at most.
pub const SESSION_S: i64 = 7 * 86_400;
/// How long it lasts unused.
pub const SESSION_IDLE_S: i64 = 12 * 3_600;

/// A browser that is signed in. Its token exists as SHA-256 only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id, not a secret.
    pub id: SessionId,
    /// Who signed in.
    pub user: UserId,
    /// Which of the two stores it looks at.
    pub mode: Mode,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, to about a minute.
    pub last_seen_at: Timestamp,
    /// When it ends, however much it is used.
    pub expires_at: Timestamp,
    /// Whether a second factor was shown.
    pub second_factor_passed: bool,
    /// What the browser calls itself.
    pub user_agent: String,
    /// From where it began.
    pub address: String,
    /// When somebody ended it.
    pub ended_at: Option<Timestamp>,
}

impl Session {
    /// Whether it works at a moment.
    pub fn is_valid_at(&self, moment: Timestamp) -> bool {
        self.ended_at.is_none()
            && moment < self.expires_at
            && moment < self.last_seen_at.plus_seconds(SESSION_IDLE_S)
    }
}

/// So many wrong attempts in a row lock an email.
pub const FAILURES_MAX: i64 = 10;
/// How long it is locked. After so long without an attempt, earlier ones are forgotten.
pub const LOCK_S: i64 = 15 * 60;

/// Wrong attempts to sign in under one email, whether anybody has it or not: an answer must not tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failures {
    /// How many in a row.
    pub count: i64,
    /// When the last one was.
    pub last_at: Timestamp,
}

impl Failures {
    /// When they are forgotten, and a lock is over.
    pub const fn end_at(&self) -> Timestamp {
        self.last_at.plus_seconds(LOCK_S)
    }

    /// Until when they lock the email, if they do at a moment.
    pub fn locked_until(&self, moment: Timestamp) -> Option<Timestamp> {
        (self.count >= FAILURES_MAX && moment < self.end_at()).then(|| self.end_at())
    }

    /// One more at a moment.
    #[must_use]
    pub fn and_one(before: Option<Self>, moment: Timestamp) -> Self {
        let counted =
            before.filter(|failures| moment < failures.end_at()).map_or(0, |failures| failures.count);
        Self { count: counted.saturating_add(1), last_at: moment }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_failures_lock_for_a_quarter_of_an_hour_and_a_pause_forgets() {
        let at = |seconds| Timestamp::from_micros(0).plus_seconds(seconds);
        let mut failures = None;
        for second in 0..10 {
            assert_eq!(failures.and_then(|failures: Failures| failures.locked_until(at(second))), None);
            failures = Some(Failures::and_one(failures, at(second)));
        }
        let locked = failures.unwrap();
        assert_eq!(locked.locked_until(at(9)), Some(at(9 + LOCK_S)));
        assert_eq!(locked.locked_until(at(9 + LOCK_S)), None);
        assert_eq!(Failures::and_one(failures, at(9 + LOCK_S)).count, 1);
        assert_eq!(Failures::and_one(failures, at(8 + LOCK_S)).count, 11);
    }
}

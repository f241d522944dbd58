//! Sessions of people who signed in, and failed attempts to, in the core. Tokens exist as SHA-256 only
//! (invariant 11). Neither stands in the feed: what people should hear of is said of the user.

use interdict_domain::clock::Timestamp;
use interdict_domain::identifier::Email;
use interdict_domain::ids::{Ksuid, SessionId, UserId};
use interdict_domain::mode::Mode;
use interdict_domain::user::{Failures, Session};

use crate::error::StorageError;
use crate::sql::{Row, params};
use crate::statements::statements;
use crate::transaction::Transaction;
use crate::user::email_key;
use crate::view::View;

macro_rules! columns {
    () => {
        "id, user_id, mode, created_at, last_seen_at, expires_at, second_factor_passed, user_agent, address,
         ended_at"
    };
}

statements! {
    INSERT = concat!("INSERT INTO session (", columns!(), ", digest)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)");
    SELECT_BY_DIGEST = concat!("SELECT ", columns!(), " FROM session WHERE digest = $1");
    SELECT_OF_USER = concat!("SELECT ", columns!(), " FROM session
        WHERE user_id = $1 ORDER BY created_at DESC, id DESC");
    SEE = "UPDATE session SET last_seen_at = $1 WHERE id = $2 AND last_seen_at < $1";
    SET_MODE = "UPDATE session SET mode = $1 WHERE id = $2 AND ended_at IS NULL";
    PASS = "UPDATE session SET second_factor_passed = 1 WHERE id = $1";
    END = "UPDATE session SET ended_at = $1 WHERE id = $2 AND user_id = $3 AND ended_at IS NULL";
    END_OTHERS = "UPDATE session SET ended_at = $1
        WHERE user_id = $2 AND id <> $3 AND ended_at IS NULL AND expires_at > $1";
    END_ALL = "UPDATE session SET ended_at = $1 WHERE user_id = $2 AND ended_at IS NULL AND expires_at > $1";
    FORGET = "DELETE FROM session WHERE expires_at <= $1";
    SELECT_FAILURES = "SELECT failures, last_at FROM sign_in_failure WHERE email_key = $1";
    PUT_FAILURES = "INSERT INTO sign_in_failure (email_key, failures, last_at) VALUES ($1, $2, $3)
                    ON CONFLICT (email_key) DO UPDATE SET failures = excluded.failures, last_at = excluded.last_at";
    DELETE_FAILURES = "DELETE FROM sign_in_failure WHERE email_key = $1";
    FORGET_FAILURES = "DELETE FROM sign_in_failure WHERE last_at <= $1";
}

fn read(row: Row<'_>) -> Result<Session, StorageError> {
    Ok(Session {
        id: SessionId::from_ksuid(Ksuid::from_bytes(row.get(0)?)),
        user: UserId::from_ksuid(Ksuid::from_bytes(row.get(1)?)),
        mode: Mode::parse(row.text(2)?).ok_or(StorageError::Corrupt("mode"))?,
        created_at: Timestamp::from_micros(row.get(3)?),
        last_seen_at: Timestamp::from_micros(row.get(4)?),
        expires_at: Timestamp::from_micros(row.get(5)?),
        second_factor_passed: row.get(6)?,
        user_agent: row.get(7)?,
        address: row.get(8)?,
        ended_at: row.get::<Option<i64>>(9)?.map(Timestamp::from_micros),
    })
}

impl View<'_> {
    /// A session by the SHA-256 of its token, whether it works or not.
    pub fn session_by_digest(&self, digest: &[u8; 32]) -> Result<Option<Session>, StorageError> {
        self.connection.query_optional(SELECT_BY_DIGEST, params![digest], read)
    }

    /// The sessions of a user, newest first, those that are over among them until they are forgotten.
    pub fn sessions_of(&self, user: UserId) -> Result<Vec<Session>, StorageError> {
        self.connection.query(SELECT_OF_USER, params![&user.ksuid().bytes()[..]], read)
    }

    /// The wrong attempts under an email.
    pub fn sign_in_failures(&self, email: &Email) -> Result<Option<Failures>, StorageError> {
        let key = email_key(self.pepper, email);
        self.connection.query_optional(SELECT_FAILURES, params![key.0], |row| {
            Ok(Failures { count: row.get(0)?, last_at: Timestamp::from_micros(row.get(1)?) })
        })
    }
}

impl Transaction<'_> {
    /// Keeps a new session.
    pub fn create_session(&mut self, new: &Session, digest: &[u8; 32]) -> Result<(), StorageError> {
        self.connection.execute(
            INSERT,
            params![
                &new.id.ksuid().bytes()[..],
                &new.user.ksuid().bytes()[..],
                new.mode.as_str(),
                new.created_at.micros(),
                new.last_seen_at.micros(),
                new.expires_at.micros(),
                i64::from(new.second_factor_passed),
                new.user_agent,
                new.address,
                new.ended_at.map(Timestamp::micros),
                digest,
            ],
        )
    }

    /// Notes that a session was used.
    pub fn see_session(&mut self, id: SessionId, at: Timestamp) -> Result<(), StorageError> {
        self.connection.execute(SEE, params![at.micros(), &id.ksuid().bytes()[..]])
    }

    /// Turns a session to a mode.
    pub fn set_session_mode(&mut self, id: SessionId, mode: Mode) -> Result<(), StorageError> {
        self.connection.execute(SET_MODE, params![mode.as_str(), &id.ksuid().bytes()[..]])
    }

    /// Notes that a second factor was shown in a session.
    pub fn pass_second_factor(&mut self, id: SessionId) -> Result<(), StorageError> {
        self.connection.execute(PASS, params![&id.ksuid().bytes()[..]])
    }

    /// Ends a session of a user; false when it has none such that goes on.
    pub fn end_session(&mut self, user: UserId, id: SessionId, at: Timestamp) -> Result<bool, StorageError> {
        let ended = self
            .connection
            .execute_counted(END, params![at.micros(), &id.ksuid().bytes()[..], &user.ksuid().bytes()[..]])?;
        Ok(ended > 0)
    }

    /// Ends the sessions of a user, all of them or all but one, and says how many went on until now.
    pub fn end_sessions(
        &mut self,
        user: UserId,
        but: Option<SessionId>,
        at: Timestamp,
    ) -> Result<u64, StorageError> {
        let user = user.ksuid();
        match but {
            Some(but) => self.connection.execute_counted(
                END_OTHERS,
                params![at.micros(), &user.bytes()[..], &but.ksuid().bytes()[..]],
            ),
            None => self.connection.execute_counted(END_ALL, params![at.micros(), &user.bytes()[..]]),
        }
    }

    /// Forgets sessions that have expired at a moment, and failures that are as old as another.
    pub fn forget_sign_ins(
        &mut self,
        expired_at: Timestamp,
        failed_at: Timestamp,
    ) -> Result<(), StorageError> {
        self.connection.execute(FORGET, params![expired_at.micros()])?;
        self.connection.execute(FORGET_FAILURES, params![failed_at.micros()])
    }

    /// Keeps the wrong attempts under an email; none forgets them.
    pub fn put_sign_in_failures(
        &mut self,
        email: &Email,
        failures: Option<Failures>,
    ) -> Result<(), StorageError> {
        let key = email_key(self.pepper, email);
        match failures {
            Some(failures) => self
                .connection
                .execute(PUT_FAILURES, params![key.0, failures.count, failures.last_at.micros()]),
            None => self.connection.execute(DELETE_FAILURES, params![key.0]),
        }
    }
}

//! People who sign in, in the core: with hashes and sealed bytes, never with a secret (invariant 11).
//!
//! Deliberately not here: sessions and failed attempts ([`crate::session`]), and who may change whom.

use interdict_domain::change::{Action, Subject};
use interdict_domain::clock::Timestamp;
use interdict_domain::identifier::{Email, IdentifierKey, Kind, Pepper};
use interdict_domain::ids::{Ksuid, UserId};
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::role::Role;
use interdict_domain::user::{User, UserRecord};

use crate::error::StorageError;
use crate::feed;
use crate::sql::{Row, params};
use crate::statements::statements;
use crate::transaction::{Authorship, NewChange, Transaction};
use crate::view::{MerchantView, View};

macro_rules! columns {
    () => {
        "id, merchant, email, role, version, password_hash, second_factor, second_factor_step, pending_factor,
         invitation, invitation_ends_at, created_at, last_signed_in_at, disabled_at"
    };
}

statements! {
    INSERT = concat!("INSERT INTO user_account (", columns!(), ", email_key)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)");
    UPDATE = "UPDATE user_account SET role = $1, version = $2, password_hash = $3, second_factor = $4,
              second_factor_step = $5, pending_factor = $6, invitation = $7, invitation_ends_at = $8,
              last_signed_in_at = $9, disabled_at = $10 WHERE id = $11";
    SELECT = concat!("SELECT ", columns!(), " FROM user_account WHERE id = $1");
    SELECT_OF_MERCHANT = concat!("SELECT ", columns!(), " FROM user_account WHERE id = $1 AND merchant = $2");
    SELECT_BY_EMAIL = concat!("SELECT ", columns!(), " FROM user_account WHERE email_key = $1");
    SELECT_BY_INVITATION = concat!("SELECT ", columns!(), " FROM user_account WHERE invitation = $1");
    SELECT_ALL = concat!("SELECT ", columns!(), " FROM user_account
        WHERE CAST($1 AS BIGINT) IS NULL OR merchant = $1 ORDER BY created_at, id");
    COUNT = "SELECT COUNT(*) FROM user_account";
    INSERT_CODE = "INSERT INTO recovery_code (user_id, digest) VALUES ($1, $2)";
    DELETE_CODES = "DELETE FROM recovery_code WHERE user_id = $1";
    DELETE_CODE = "DELETE FROM recovery_code WHERE user_id = $1 AND digest = $2";
    COUNT_CODES = "SELECT COUNT(*) FROM recovery_code WHERE user_id = $1";
}

/// A user with what it signs in by. Never shown: there is no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct UserAccount {
    /// All that may be shown.
    pub user: User,
    /// The password's hash; none until the invitation is accepted.
    pub password_hash: Option<String>,
    /// The second factor's secret, sealed.
    pub second_factor: Option<Vec<u8>>,
    /// The step of the last code that was accepted: no code counts twice.
    pub second_factor_step: i64,
    /// A secret, sealed, that was shown and not confirmed by a code yet.
    pub pending_factor: Option<Vec<u8>>,
    /// SHA-256 of the token of an open invitation.
    pub invitation: Option<[u8; 32]>,
}

/// Emails are compared over all merchants, where keys of customers are of one: the number is nobody's.
const NOBODY: MerchantNumber = MerchantNumber(0);

/// Where a user with an email is found.
pub(crate) fn email_key(pepper: &Pepper, email: &Email) -> IdentifierKey {
    pepper.key(NOBODY, Kind::Email, email.as_str())
}

fn read(row: Row<'_>) -> Result<UserAccount, StorageError> {
    let time = |index| Ok::<_, StorageError>(row.get::<Option<i64>>(index)?.map(Timestamp::from_micros));
    let second_factor: Option<Vec<u8>> = row.get(6)?;
    let user = User {
        id: UserId::from_ksuid(Ksuid::from_bytes(row.get(0)?)),
        merchant: MerchantNumber(row.get(1)?),
        email: Email::from_stored(row.get(2)?),
        role: Role::parse(row.text(3)?).ok_or(StorageError::Corrupt("role"))?,
        version: row.get(4)?,
        second_factor: second_factor.is_some(),
        created_at: Timestamp::from_micros(row.get(11)?),
        last_signed_in_at: time(12)?,
        invitation_ends_at: time(10)?,
        disabled_at: time(13)?,
    };
    Ok(UserAccount {
        user,
        password_hash: row.get(5)?,
        second_factor,
        second_factor_step: row.get(7)?,
        pending_factor: row.get(8)?,
        invitation: row.get(9)?,
    })
}

impl View<'_> {
    /// A user by id, of whatever merchant.
    pub fn user(&self, id: UserId) -> Result<Option<UserAccount>, StorageError> {
        self.connection.query_optional(SELECT, params![&id.ksuid().bytes()[..]], read)
    }

    /// A user by email.
    pub fn user_by_email(&self, email: &Email) -> Result<Option<UserAccount>, StorageError> {
        self.connection.query_optional(SELECT_BY_EMAIL, params![email_key(self.pepper, email).0], read)
    }

    /// A user by the SHA-256 of the token of its open invitation.
    pub fn user_by_invitation(&self, digest: &[u8; 32]) -> Result<Option<UserAccount>, StorageError> {
        self.connection.query_optional(SELECT_BY_INVITATION, params![digest], read)
    }

    /// The users of a merchant, or all of them, oldest first.
    pub fn users(&self, merchant: Option<MerchantNumber>) -> Result<Vec<User>, StorageError> {
        let accounts = self.connection.query(SELECT_ALL, params![merchant.map(|number| number.0)], read)?;
        Ok(accounts.into_iter().map(|account| account.user).collect())
    }

    /// How many users there are, of all merchants.
    pub fn count_users(&self) -> Result<i64, StorageError> {
        self.connection.query_one(COUNT, &[], |row| row.get(0))
    }

    /// How many recovery codes a user has left.
    pub fn count_recovery_codes(&self, id: UserId) -> Result<i64, StorageError> {
        self.connection.query_one(COUNT_CODES, params![&id.ksuid().bytes()[..]], |row| row.get(0))
    }
}

impl MerchantView<'_> {
    /// A user of the merchant.
    pub fn user(&self, id: UserId) -> Result<Option<UserAccount>, StorageError> {
        self.connection.query_optional(
            SELECT_OF_MERCHANT,
            params![&id.ksuid().bytes()[..], self.merchant.0],
            read,
        )
    }
}

impl Transaction<'_> {
    /// Keeps a new user.
    pub fn create_user(
        &mut self,
        by: &Authorship<'_>,
        action: Action,
        account: &UserAccount,
    ) -> Result<(), StorageError> {
        let user = &account.user;
        self.connection.execute(
            INSERT,
            params![
                &user.id.ksuid().bytes()[..],
                user.merchant.0,
                user.email.as_str(),
                user.role.as_str(),
                user.version,
                account.password_hash,
                account.second_factor,
                account.second_factor_step,
                account.pending_factor,
                account.invitation,
                user.invitation_ends_at.map(Timestamp::micros),
                user.created_at.micros(),
                user.last_signed_in_at.map(Timestamp::micros),
                user.disabled_at.map(Timestamp::micros),
                email_key(self.pepper, &user.email).0,
            ],
        )?;
        self.user_changed(by, action, None, user)
    }

    /// Keeps what became of a user, and says so.
    pub fn change_user(
        &mut self,
        by: &Authorship<'_>,
        action: Action,
        before: &User,
        account: &UserAccount,
    ) -> Result<(), StorageError> {
        self.keep_user(account)?;
        self.user_changed(by, action, Some(before), &account.user)
    }

    /// Keeps what became of a user, of which nobody needs to hear. Not a change.
    pub fn keep_user(&mut self, account: &UserAccount) -> Result<(), StorageError> {
        let user = &account.user;
        self.connection.execute(
            UPDATE,
            params![
                user.role.as_str(),
                user.version,
                account.password_hash,
                account.second_factor,
                account.second_factor_step,
                account.pending_factor,
                account.invitation,
                user.invitation_ends_at.map(Timestamp::micros),
                user.last_signed_in_at.map(Timestamp::micros),
                user.disabled_at.map(Timestamp::micros),
                &user.id.ksuid().bytes()[..],
            ],
        )
    }

    /// Says something of a user of which no row tells.
    pub fn note_user(
        &mut self,
        by: &Authorship<'_>,
        action: Action,
        user: &User,
    ) -> Result<(), StorageError> {
        self.append_of(by, action, user, None)
    }

    fn user_changed(
        &mut self,
        by: &Authorship<'_>,
        action: Action,
        before: Option<&User>,
        after: &User,
    ) -> Result<(), StorageError> {
        let (before, after_record) = (before.map(UserRecord::from), UserRecord::from(after));
        // What is the same before and after is not kept once more.
        let says_nothing = before.as_ref() == Some(&after_record);
        let personal =
            if says_nothing { None } else { Some(feed::body(before.as_ref(), Some(&after_record))?) };
        self.append_of(by, action, after, personal)
    }

    fn append_of(
        &mut self,
        by: &Authorship<'_>,
        action: Action,
        user: &User,
        personal: Option<String>,
    ) -> Result<(), StorageError> {
        self.append(NewChange {
            merchant: user.merchant,
            action,
            subject: Subject::User(user.id),
            facts: Vec::new(),
            personal: personal.map(|body| (body, None)),
            by,
        })?;
        Ok(())
    }

    /// Gives a user recovery codes, as SHA-256, instead of those that it had.
    pub fn put_recovery_codes(&mut self, id: UserId, digests: &[[u8; 32]]) -> Result<(), StorageError> {
        self.connection.execute(DELETE_CODES, params![&id.ksuid().bytes()[..]])?;
        digests.iter().try_for_each(|digest| {
            self.connection.execute(INSERT_CODE, params![&id.ksuid().bytes()[..], digest])
        })
    }

    /// Uses up a recovery code; false when the user has no such code.
    pub fn use_recovery_code(&mut self, id: UserId, digest: &[u8; 32]) -> Result<bool, StorageError> {
        let used = self.connection.execute_counted(DELETE_CODE, params![&id.ksuid().bytes()[..], digest])?;
        Ok(used > 0)
    }
}

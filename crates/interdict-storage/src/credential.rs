//! Credentials, in the core: everything but the secrets, which exist as SHA-256 only (invariant 11).

use interdict_domain::change::{Action, Subject};
use interdict_domain::clock::Timestamp;
use interdict_domain::credential::{Credential, CredentialKind, Permissions};
use interdict_domain::ids::{KeyId, Ksuid};
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::mode::Mode;

use crate::error::StorageError;
use crate::sql::{Row, params};
use crate::statements::statements;
use crate::transaction::{Authorship, NewChange, Transaction};
use crate::view::View;

macro_rules! columns {
    () => {
        "id, merchant, mode, kind, name, last_four, digest, permissions, created_at, expires_at,
         last_used_at, revoked_at"
    };
}

statements! {
    INSERT = concat!("INSERT INTO credential (", columns!(), ")
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)");
    REVOKE = "UPDATE credential SET revoked_at = $1 WHERE id = $2";
    TOUCH = "UPDATE credential SET last_used_at = $1 WHERE id = $2";
    SELECT = concat!("SELECT ", columns!(), " FROM credential WHERE id = $1");
    SELECT_BY_DIGEST = concat!("SELECT ", columns!(), " FROM credential WHERE digest = $1");
    SELECT_OF_MERCHANT = concat!("SELECT ", columns!(), " FROM credential
        WHERE CAST($1 AS BIGINT) IS NULL OR merchant = $1 ORDER BY created_at, id");
}

fn read(row: Row<'_>) -> Result<Credential, StorageError> {
    let word = |index: usize| row.text(index);
    Ok(Credential {
        id: KeyId::from_ksuid(Ksuid::from_bytes(row.get(0)?)),
        merchant: MerchantNumber(row.get(1)?),
        mode: Mode::parse(word(2)?).ok_or(StorageError::Corrupt("mode"))?,
        kind: CredentialKind::parse(word(3)?).ok_or(StorageError::Corrupt("kind of credential"))?,
        name: row.get(4)?,
        last_four: row.get(5)?,
        digest: row.get(6)?,
        permissions: Permissions::parse(word(7)?).map_err(|_| StorageError::Corrupt("permissions"))?,
        created_at: Timestamp::from_micros(row.get(8)?),
        expires_at: row.get::<Option<i64>>(9)?.map(Timestamp::from_micros),
        last_used_at: row.get::<Option<i64>>(10)?.map(Timestamp::from_micros),
        revoked_at: row.get::<Option<i64>>(11)?.map(Timestamp::from_micros),
    })
}

impl View<'_> {
    /// A credential by id.
    pub fn credential(&self, id: KeyId) -> Result<Option<Credential>, StorageError> {
        self.connection.query_optional(SELECT, params![&id.ksuid().bytes()[..]], read)
    }

    /// A credential by the SHA-256 of its secret.
    pub fn credential_by_digest(&self, digest: &[u8; 32]) -> Result<Option<Credential>, StorageError> {
        self.connection.query_optional(SELECT_BY_DIGEST, params![digest], read)
    }

    /// The credentials of a merchant, or all of them, oldest first.
    pub fn credentials(&self, merchant: Option<MerchantNumber>) -> Result<Vec<Credential>, StorageError> {
        self.connection.query(SELECT_OF_MERCHANT, params![merchant.map(|number| number.0)], read)
    }
}

impl Transaction<'_> {
    /// What can be read, as of this moment in the commit.
    pub fn view(&self) -> View<'_> {
        View { connection: self.connection, pepper: self.pepper }
    }

    /// Keeps a new credential.
    pub fn create_credential(&mut self, by: &Authorship<'_>, new: &Credential) -> Result<(), StorageError> {
        self.connection.execute(
            INSERT,
            params![
                &new.id.ksuid().bytes()[..],
                new.merchant.0,
                new.mode.as_str(),
                new.kind.as_str(),
                new.name,
                new.last_four,
                new.digest,
                new.permissions.names().join(","),
                new.created_at.micros(),
                new.expires_at.map(Timestamp::micros),
                new.last_used_at.map(Timestamp::micros),
                new.revoked_at.map(Timestamp::micros),
            ],
        )?;
        self.credential_changed(by, new, Action::KeyCreated)
    }

    /// Ends a credential at a moment.
    pub fn revoke_credential(
        &mut self,
        by: &Authorship<'_>,
        credential: &Credential,
        at: Timestamp,
    ) -> Result<(), StorageError> {
        self.connection.execute(REVOKE, params![at.micros(), &credential.id.ksuid().bytes()[..]])?;
        self.credential_changed(by, credential, Action::KeyRevoked)
    }

    fn credential_changed(
        &mut self,
        by: &Authorship<'_>,
        credential: &Credential,
        action: Action,
    ) -> Result<(), StorageError> {
        self.append(NewChange {
            merchant: credential.merchant,
            action,
            subject: Subject::Key(credential.id),
            facts: Vec::new(),
            personal: None,
            by,
        })?;
        Ok(())
    }

    /// Notes when a credential was last used. Not a change.
    pub fn touch_credential(&mut self, id: KeyId, at: Timestamp) -> Result<(), StorageError> {
        self.connection.execute(TOUCH, params![at.micros(), &id.ksuid().bytes()[..]])?;
        Ok(())
    }
}

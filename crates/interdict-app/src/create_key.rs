//! Making, rotating and revoking keys.

use interdict_domain::clock::{Random, Timestamp};
use interdict_domain::credential::{Credential, CredentialKind, Permissions};
use interdict_domain::ids::KeyId;
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::mode::Mode;
use interdict_storage::{Authorship, Transaction};
use sha2::{Digest as _, Sha256};

use crate::error::UseCaseError;

/// Hex digits of a key's secret part: 192 bits.
pub(crate) const SECRET_DIGITS: usize = 48;

/// What key to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKeyOptions {
    /// Whose.
    pub merchant: MerchantNumber,
    /// For which mode.
    pub mode: Mode,
    /// Of which kind.
    pub kind: CredentialKind,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub permissions: Permissions,
    /// Until when.
    pub expires_at: Option<Timestamp>,
}

/// A key with its secret, which is shown once and kept nowhere.
#[derive(Clone)]
pub struct NewKey {
    /// What is kept.
    pub credential: Credential,
    /// What is shown once.
    pub secret: String,
}

impl NewKey {
    /// Makes a key; [`Self::save`] keeps it.
    pub fn generate(options: NewKeyOptions, now: Timestamp, random: &dyn Random) -> Self {
        let prefix = match options.kind {
            CredentialKind::Secret => "sk",
            CredentialKind::Publishable => "pk",
            CredentialKind::Oauth => "oas",
        };
        let mut bytes = [0_u8; SECRET_DIGITS / 2];
        random.fill(&mut bytes);
        let secret = format!("{prefix}_{}_{}", options.mode.as_str(), hex::encode(bytes));
        let last_four = secret.get(secret.len().saturating_sub(4)..).unwrap_or_default().to_owned();
        let permissions = match options.kind {
            CredentialKind::Publishable => Permissions::NONE,
            CredentialKind::Secret | CredentialKind::Oauth => options.permissions,
        };
        let credential = Credential {
            id: KeyId::generate(now, random),
            merchant: options.merchant,
            mode: options.mode,
            kind: options.kind,
            name: options.name,
            last_four,
            digest: Sha256::digest(secret.as_bytes()).into(),
            permissions,
            created_at: now,
            expires_at: options.expires_at,
            last_used_at: None,
            revoked_at: None,
        };
        Self { credential, secret }
    }

    /// Keeps the key, without its secret.
    pub fn save(&self, transaction: &mut Transaction<'_>, by: &Authorship<'_>) -> Result<(), UseCaseError> {
        if transaction.view().merchant_record(self.credential.merchant)?.is_none() {
            return Err(UseCaseError::NotFound("merchant"));
        }
        Ok(transaction.create_credential(by, &self.credential)?)
    }
}

/// Ends a key at a moment. One that has an earlier end keeps it.
pub fn revoke_key(
    transaction: &mut Transaction<'_>,
    by: &Authorship<'_>,
    id: KeyId,
    at: Timestamp,
) -> Result<Credential, UseCaseError> {
    let mut credential = transaction.view().credential(id)?.ok_or(UseCaseError::NotFound("key"))?;
    let at = credential.revoked_at.map_or(at, |revoked| revoked.min(at));
    transaction.revoke_credential(by, &credential, at)?;
    credential.revoked_at = Some(at);
    Ok(credential)
}

/// Makes a key like another one, which ends at a moment: until then both work.
pub fn rotate_key(
    transaction: &mut Transaction<'_>,
    by: &Authorship<'_>,
    id: KeyId,
    old_ends_at: Timestamp,
) -> Result<NewKey, UseCaseError> {
    let old = transaction.view().credential(id)?.ok_or(UseCaseError::NotFound("key"))?;
    if !old.is_valid_at(by.now) {
        return Err(UseCaseError::Invalid { path: "key", issue: "is revoked or expired: make a new one" });
    }
    let options = NewKeyOptions {
        merchant: old.merchant,
        mode: old.mode,
        kind: old.kind,
        name: old.name.clone(),
        permissions: old.permissions,
        expires_at: old.expires_at,
    };
    let new = NewKey::generate(options, by.now, by.random);
    new.save(transaction, by)?;
    revoke_key(transaction, by, id, old_ends_at)?;
    Ok(new)
}

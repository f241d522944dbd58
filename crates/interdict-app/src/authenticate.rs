//! From a credential to a caller.

use std::sync::Arc;

use interdict_domain::credential::CredentialKind;
use interdict_domain::ids::KeyId;
use interdict_storage::StorageError;
use sha2::{Digest as _, Sha256};

use crate::app::App;
use crate::caller::{Caller, Shown};
use crate::directory::Known;

/// Why a credential opens nothing.
#[derive(Debug, thiserror::Error)]
pub enum AuthenticateError {
    /// It is unknown, revoked or expired: the caller is not told which.
    #[error("the credential opens nothing")]
    Invalid,
    /// The store that knows cannot be read.
    #[error("the credentials cannot be read")]
    Storage(#[from] StorageError),
}

impl App {
    /// What a credential opens, from memory. Nothing when it is not known here: it may have been made
    /// by a command beside, see [`Self::authenticate`].
    pub fn authenticate_from_memory(&self, secret: &str) -> Option<Caller> {
        let known = if is_key(secret) {
            self.directory.by_digest(&Sha256::digest(secret.as_bytes()).into())?
        } else {
            self.directory.by_id(self.verify_token(secret)?)?
        };
        self.caller(&known)
    }

    /// What a credential opens. An unknown, well-formed key is looked up once in the store: a key
    /// works when the command that made it returns.
    pub async fn authenticate(&self, secret: &str) -> Result<Caller, AuthenticateError> {
        if let Some(caller) = self.authenticate_from_memory(secret) {
            return Ok(caller);
        }
        if !is_key(secret)
            && let Some(id) = self.verify_token(secret)
        {
            return self.authenticate_client(id).await;
        }
        if !is_well_formed(secret) {
            return Err(AuthenticateError::Invalid);
        }
        let digest: [u8; 32] = Sha256::digest(secret.as_bytes()).into();
        if self.directory.by_digest(&digest).is_some() {
            return Err(AuthenticateError::Invalid);
        }
        let found = self.core.read_all(move |view| view.credential_by_digest(&digest)).await?;
        let credential = found.ok_or(AuthenticateError::Invalid)?;
        self.caller(&self.directory.found(credential)).ok_or(AuthenticateError::Invalid)
    }

    /// The client of a good token that is not known here: another node may have sold it.
    async fn authenticate_client(&self, id: KeyId) -> Result<Caller, AuthenticateError> {
        if self.directory.by_id(id).is_some() {
            return Err(AuthenticateError::Invalid);
        }
        let found = self.core.read_all(move |view| view.credential(id)).await?;
        let credential = found.ok_or(AuthenticateError::Invalid)?;
        self.caller(&self.directory.found(credential)).ok_or(AuthenticateError::Invalid)
    }

    /// The caller behind a known credential, if that works now and may call anything by itself: an
    /// OAuth client's secret only buys tokens.
    fn caller(&self, known: &Arc<Known>) -> Option<Caller> {
        let now = self.clock.now();
        let credential = &known.credential;
        if !credential.is_valid_at(now) {
            return None;
        }
        known.touch(now);
        Some(Caller {
            service: Arc::clone(self.service(credential.mode)),
            merchant: credential.merchant,
            shown: match credential.kind {
                CredentialKind::Publishable => Shown::Publishable(credential.id),
                CredentialKind::Secret | CredentialKind::Oauth => Shown::Secret(credential.id),
            },
            permissions: credential.permissions,
        })
    }
}

fn is_key(secret: &str) -> bool {
    secret.starts_with("sk_") || secret.starts_with("pk_")
}

/// Whether a text has the form of a key: only such are worth a look into the store.
fn is_well_formed(secret: &str) -> bool {
    ["sk_test_", "sk_live_", "pk_test_", "pk_live_"].iter().any(|prefix| {
        secret.strip_prefix(prefix).is_some_and(|rest| {
            rest.len() == crate::create_key::SECRET_DIGITS
                && rest.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
    })
}

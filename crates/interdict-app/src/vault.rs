//! Secrets that have to be read again, such as a provider's key: encrypted at rest under a key that is
//! derived from the pepper, which is not in the database (invariant 11).
//!
//! Deliberately not here: secrets that are only compared. Those are kept as hashes.

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use interdict_domain::clock::Random;
use interdict_domain::identifier::Pepper;

const NONCE_BYTES: usize = 24;

/// A secret cannot be read: it was written under another pepper, or altered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a secret was encrypted under another pepper, or altered")]
pub struct VaultError;

/// Encrypts and decrypts.
#[derive(Clone)]
pub(crate) struct Vault(XChaCha20Poly1305);

impl Vault {
    pub(crate) fn new(pepper: &Pepper) -> Self {
        let key = pepper.derive("interdict 2026-11 provider secrets");
        Self(XChaCha20Poly1305::new(&key.into()))
    }

    /// Encrypts a secret for one place: moved to another, it cannot be read.
    pub(crate) fn seal(&self, secret: &str, place: &str, random: &dyn Random) -> Result<Vec<u8>, VaultError> {
        let mut nonce = [0_u8; NONCE_BYTES];
        random.fill(&mut nonce);
        let payload = Payload { msg: secret.as_bytes(), aad: place.as_bytes() };
        let sealed = self.0.encrypt(&XNonce::from(nonce), payload).map_err(|_| VaultError)?;
        Ok([&nonce[..], &sealed].concat())
    }

    /// Decrypts a secret of a place.
    pub(crate) fn open(&self, sealed: &[u8], place: &str) -> Result<String, VaultError> {
        let (nonce, body) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(VaultError)?;
        let payload = Payload { msg: body, aad: place.as_bytes() };
        let secret = self.0.decrypt(&XNonce::from(*nonce), payload).map_err(|_| VaultError)?;
        String::from_utf8(secret).map_err(|_| VaultError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sevens;

    impl Random for Sevens {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }

    #[test]
    fn a_secret_opens_in_its_place_under_its_pepper_alone() {
        let pepper = |digit: &str| Pepper::parse(&digit.repeat(64)).unwrap();
        let vault = Vault::new(&pepper("1"));
        let sealed = vault.seal("sk_live_abc", "live 1 key", &Sevens).unwrap();
        assert!(!sealed.windows(7).any(|window| window == b"sk_live"));
        assert_eq!(vault.open(&sealed, "live 1 key").as_deref(), Ok("sk_live_abc"));
        assert_eq!(vault.open(&sealed, "live 2 key"), Err(VaultError));
        assert_eq!(Vault::new(&pepper("2")).open(&sealed, "live 1 key"), Err(VaultError));
        let mut altered = sealed.clone();
        altered[30] ^= 1;
        assert_eq!(vault.open(&altered, "live 1 key"), Err(VaultError));
        assert_eq!(vault.open(&sealed[..10], "live 1 key"), Err(VaultError));
    }
}

//! The one key for disk and memory: keyed BLAKE3, 128 bits, of merchant, kind and normalised value.
//! Its secret, the pepper, lives outside the database, so that a stolen database cannot be searched
//! for a known email.

use std::fmt;

use super::{EmailMatching, Kind};
use crate::merchant::MerchantNumber;

/// Where an identifier is found, in memory and on disk. Already a hash: its own bits choose slots.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdentifierKey(pub [u8; 16]);

impl fmt::Debug for IdentifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl serde::Serialize for IdentifierKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        hex::serde::serialize(self.0, serializer)
    }
}

impl<'de> serde::Deserialize<'de> for IdentifierKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        hex::serde::deserialize(deserializer).map(Self)
    }
}

/// In the place of a kind's code, under which no kind will ever be.
const PLUS_ALIAS_CODE: u8 = 129;
const PROVIDER_CODE: u8 = 130;

/// The secret under all keys: 32 bytes, written as 64 hex digits.
#[derive(Clone)]
pub struct Pepper([u8; 32]);

/// A pepper file that holds something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a pepper is 64 hex digits")]
pub struct PepperError;

impl Pepper {
    /// From raw bytes, fresh from a generator.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// From 64 hex digits; surrounding white space is ignored.
    pub fn parse(text: &str) -> Result<Self, PepperError> {
        let mut bytes = [0_u8; 32];
        hex::decode_to_slice(text.trim(), &mut bytes).map_err(|_| PepperError)?;
        Ok(Self(bytes))
    }

    /// As 64 hex digits, for the pepper file.
    pub fn to_hex(&self) -> String {
        hex::encode(self.0)
    }

    /// The key of a normalised value. The length of each part is fixed or last, so that no two
    /// inputs run into one another.
    pub fn key(&self, merchant: MerchantNumber, kind: Kind, value: &str) -> IdentifierKey {
        self.key_of(merchant, kind.code(), value)
    }

    /// The same for a value that stands for more than itself by a policy: such keys are apart from each other and
    /// from those of all kinds.
    pub fn matched_key(
        &self,
        merchant: MerchantNumber,
        kind: Kind,
        matching: EmailMatching,
        value: &str,
    ) -> IdentifierKey {
        let code = match (kind, matching) {
            (Kind::Email, EmailMatching::PlusAlias) => PLUS_ALIAS_CODE,
            (Kind::Email, EmailMatching::Provider) => PROVIDER_CODE,
            (_, _) => kind.code(),
        };
        self.key_of(merchant, code, value)
    }

    fn key_of(&self, merchant: MerchantNumber, code: u8, value: &str) -> IdentifierKey {
        // Up to 55 bytes of value fit one BLAKE3 block together with the prefix: the common case
        // is hashed from the stack in one go.
        let mut block = [0_u8; 64];
        let digest = if let Some(room) = block.get_mut(9..9 + value.len()) {
            room.copy_from_slice(value.as_bytes());
            if let Some(head) = block.first_chunk_mut::<8>() {
                *head = merchant.0.to_le_bytes();
            }
            if let Some(byte) = block.get_mut(8) {
                *byte = code;
            }
            blake3::keyed_hash(&self.0, block.get(..9 + value.len()).unwrap_or_default())
        } else {
            let mut hasher = blake3::Hasher::new_keyed(&self.0);
            hasher.update(&merchant.0.to_le_bytes());
            hasher.update(&[code]);
            hasher.update(value.as_bytes());
            hasher.finalize()
        };
        let mut key = [0_u8; 16];
        key.copy_from_slice(digest.as_bytes().first_chunk::<16>().unwrap_or(&[0; 16]));
        IdentifierKey(key)
    }

    /// Tells one pepper from another without giving it away; stored beside the data, so that a node
    /// with another pepper refuses to start.
    pub fn fingerprint(&self) -> [u8; 16] {
        let derived = blake3::derive_key("interdict 2026-11 pepper fingerprint", &self.0);
        let mut fingerprint = [0_u8; 16];
        fingerprint.copy_from_slice(derived.first_chunk::<16>().unwrap_or(&[0; 16]));
        fingerprint
    }

    /// A secret for another purpose, derived from this one.
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        blake3::derive_key(purpose, &self.0)
    }
}

impl fmt::Debug for Pepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pepper(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_differ_by_merchant_kind_value_and_pepper() {
        let pepper = Pepper::from_bytes([7; 32]);
        let key = |merchant, kind, value: &str| pepper.key(MerchantNumber(merchant), kind, value);
        let long = "x".repeat(200);
        assert_ne!(key(1, Kind::Email, "a@b.co"), key(2, Kind::Email, "a@b.co"));
        assert_ne!(key(1, Kind::Email, "a"), key(1, Kind::Device, "a"));
        assert_ne!(key(1, Kind::Email, &long), key(1, Kind::Email, "x"));
        assert_ne!(
            key(1, Kind::Email, "a"),
            Pepper::from_bytes([8; 32]).key(MerchantNumber(1), Kind::Email, "a")
        );
    }

    #[test]
    fn the_short_and_the_long_way_give_the_same_key() {
        let pepper = Pepper::from_bytes([7; 32]);
        for length in 50..60 {
            let value = "v".repeat(length);
            let mut hasher = blake3::Hasher::new_keyed(&[7; 32]);
            hasher.update(&1_i64.to_le_bytes());
            hasher.update(&[1]);
            hasher.update(value.as_bytes());
            let key = pepper.key(MerchantNumber(1), Kind::Email, &value);
            assert_eq!(key.0[..], hasher.finalize().as_bytes()[..16]);
        }
    }

    #[test]
    fn a_pepper_never_shows_itself() {
        let pepper = Pepper::parse(&"0a".repeat(32)).unwrap();
        assert_eq!(format!("{pepper:?}"), "Pepper(…)");
        assert!(Pepper::parse("0a0a").is_err());
        assert_eq!(Pepper::parse(&format!(" {}\n", pepper.to_hex())).unwrap().0, pepper.0);
    }
}

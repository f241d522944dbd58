//! The one key for disk and memory: keyed BLAKE3, 128 bits, of merchant, kind and normalised value.
//! Its secret, the pepper, lives outside the database, so that a stolen database cannot be searched
//! for a known email ([`super::Pepper`]).
//!
//! Deliberately not here: how a key is made.

use std::fmt;

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

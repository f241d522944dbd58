//! The pepper: the secret under all keys, and those that were in use before it.
//!
//! A rotation puts a new one in front ([0039](../../../../docs/adr/0039-a-pepper-has-generations.md)). What has plain text
//! is hashed anew under it; what has none keeps its key, and is found under the pepper that made it.

use std::fmt;
use std::sync::Arc;

use super::{EmailMatching, IdentifierKey, Kind};
use crate::merchant::MerchantNumber;

/// In the place of a kind's code, under which no kind will ever be.
const PLUS_ALIAS_CODE: u8 = 129;
const PROVIDER_CODE: u8 = 130;

/// Which pepper in a row of them. The first one is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Generation(pub u32);

impl Generation {
    /// Of a pepper that nothing came before.
    pub const FIRST: Self = Self(1);
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The secret under all keys, 32 bytes, with those of before that something may still stand under.
#[derive(Clone)]
pub struct Pepper {
    secret: [u8; 32],
    generation: Generation,
    /// The newest first; nothing for most.
    former: Option<Arc<[Self]>>,
}

/// A pepper file that holds something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a pepper is 64 hex digits; after a rotation a line each, with its generation before it, the newest first"
)]
pub struct PepperError;

impl Pepper {
    /// From raw bytes, fresh from a generator.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self { secret: bytes, generation: Generation::FIRST, former: None }
    }

    /// From 64 hex digits; or, where there was a rotation, from a line for each generation, `2 0a0a…`, the newest
    /// first. White space around is ignored.
    pub fn parse(text: &str) -> Result<Self, PepperError> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let peppers: Vec<Self> = lines.map(Self::parse_line).collect::<Result<_, _>>()?;
        let descends = peppers.is_sorted_by(|newer, older| newer.generation > older.generation);
        let mut peppers = peppers.into_iter();
        let current = peppers.next().filter(|_| descends).ok_or(PepperError)?;
        Ok(current.with_former(peppers.collect()))
    }

    fn parse_line(line: &str) -> Result<Self, PepperError> {
        let (generation, digits) = match line.split_once(' ') {
            None => (Generation::FIRST, line),
            Some((number, digits)) => {
                let number = number.parse().ok().filter(|number| *number > 0).ok_or(PepperError)?;
                (Generation(number), digits.trim())
            }
        };
        let mut secret = [0_u8; 32];
        hex::decode_to_slice(digits, &mut secret).map_err(|_| PepperError)?;
        Ok(Self { secret, generation, former: None })
    }

    /// The content of the pepper file: what [`Self::parse`] reads.
    pub fn to_text(&self) -> String {
        if self.former.is_none() && self.generation == Generation::FIRST {
            return format!("{}\n", hex::encode(self.secret));
        }
        let line = |pepper: &Self| format!("{} {}\n", pepper.generation, hex::encode(pepper.secret));
        std::iter::once(self).chain(self.former()).map(line).collect()
    }

    fn with_former(self, former: Vec<Self>) -> Self {
        Self { former: if former.is_empty() { None } else { Some(former.into()) }, ..self }
    }

    /// With another secret in front, fresh from a generator. This one is a former one of it.
    #[must_use]
    pub fn rotated(&self, bytes: [u8; 32]) -> Self {
        let generation = Generation(self.generation.0.saturating_add(1));
        let own = Self { former: None, ..self.clone() };
        let former = std::iter::once(own).chain(self.former().cloned()).collect();
        Self { secret: bytes, generation, former: None }.with_former(former)
    }

    /// The same with only those of the former ones that are wanted.
    #[must_use]
    pub fn keeping(&self, is_wanted: impl Fn(&Self) -> bool) -> Self {
        self.clone().with_former(self.former().filter(|former| is_wanted(former)).cloned().collect())
    }

    /// Which one in the row it is.
    pub const fn generation(&self) -> Generation {
        self.generation
    }

    /// Those of before, the newest first. None of them has former ones of its own.
    pub fn former(&self) -> impl Iterator<Item = &Self> {
        self.former.iter().flat_map(|former| former.iter())
    }

    /// This one and those of before.
    pub fn all(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(self.former())
    }

    /// Whether nothing came before it that is still needed.
    pub const fn is_alone(&self) -> bool {
        self.former.is_none()
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
            blake3::keyed_hash(&self.secret, block.get(..9 + value.len()).unwrap_or_default())
        } else {
            let mut hasher = blake3::Hasher::new_keyed(&self.secret);
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
        let derived = blake3::derive_key("interdict 2026-11 pepper fingerprint", &self.secret);
        let mut fingerprint = [0_u8; 16];
        fingerprint.copy_from_slice(derived.first_chunk::<16>().unwrap_or(&[0; 16]));
        fingerprint
    }

    /// A secret for another purpose, derived from this one.
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        blake3::derive_key(purpose, &self.secret)
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
        assert_eq!(Pepper::parse(&format!(" {}\n", pepper.to_text())).unwrap().secret, pepper.secret);
    }

    #[test]
    fn a_rotation_puts_another_in_front_and_the_file_tells_them_apart() {
        let first = Pepper::parse(&"0a".repeat(32)).unwrap();
        assert_eq!(first.to_text(), format!("{}\n", "0a".repeat(32)), "as it always was");
        let third = first.rotated([2; 32]).rotated([3; 32]);
        assert_eq!(
            third.to_text(),
            format!("3 {}\n2 {}\n1 {}\n", "03".repeat(32), "02".repeat(32), "0a".repeat(32))
        );
        let read = Pepper::parse(&third.to_text()).unwrap();
        let generations = |pepper: &Pepper| pepper.all().map(|one| one.generation().0).collect::<Vec<_>>();
        assert_eq!(generations(&read), [3, 2, 1]);
        let key = |pepper: &Pepper| pepper.key(MerchantNumber(1), Kind::Email, "a");
        assert_eq!(key(&read), key(&Pepper::from_bytes([3; 32])));
        assert_eq!(read.former().map(key).last(), Some(key(&first)));
        let kept = read.keeping(|former| former.generation() == Generation::FIRST);
        assert_eq!(generations(&kept), [3, 1]);
        let alone = read.keeping(|_| false);
        assert!(alone.is_alone());
        assert_eq!(alone.to_text(), format!("3 {}\n", "03".repeat(32)));
        assert_eq!(generations(&alone.rotated([4; 32])), [4, 3]);
    }

    #[test]
    fn a_damaged_file_is_no_pepper() {
        let hex = "0a".repeat(32);
        for text in [
            String::new(),
            format!("{hex}\n{hex}\n"),
            format!("1 {hex}\n2 {hex}\n"),
            format!("2 {hex}\n2 {hex}\n"),
            format!("0 {hex}\n"),
            format!("2 {hex}\n1 0a0a\n"),
            format!("x {hex}\n"),
        ] {
            assert!(Pepper::parse(&text).is_err(), "{text}");
        }
    }
}

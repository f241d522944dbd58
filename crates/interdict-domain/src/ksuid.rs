//! KSUIDs: twenty bytes, four of time and sixteen of randomness, as 27 characters of base62.
//!
//! The codec is our own: exact, without allocation, and strict about the 160 bits. Deliberately not
//! here: prefixes and the types that carry them ([`crate::ids`]).

use std::fmt;

use crate::clock::{Random, Timestamp};

/// Seconds between the Unix epoch and the KSUID epoch.
const EPOCH_S: i64 = 1_400_000_000;
/// Characters of a KSUID in base62.
pub(crate) const TEXT_LENGTH: usize = 27;
/// The digits in ASCII order, so that texts sort as the bytes do.
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Base62 digits that are worked on at once: the most whose power fits 32 bits.
const CHUNK_DIGITS: usize = 5;
/// 62 to the power of [`CHUNK_DIGITS`].
const CHUNK_BASE: u64 = 62 * 62 * 62 * 62 * 62;

/// Twenty bytes: four of time (seconds, big endian), sixteen of randomness.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ksuid([u8; 20]);

impl Ksuid {
    /// A new KSUID of this moment.
    pub fn generate(now: Timestamp, random: &dyn Random) -> Self {
        let mut bytes = [0_u8; 20];
        random.fill(&mut bytes);
        Self(bytes).at(now)
    }

    /// The least KSUID of a moment's second: whatever was made before it is less.
    pub fn least_of(moment: Timestamp) -> Self {
        Self([0; 20]).at(moment)
    }

    fn at(mut self, moment: Timestamp) -> Self {
        let seconds = (moment.seconds() - EPOCH_S).clamp(0, i64::from(u32::MAX));
        let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
        if let Some(head) = self.0.first_chunk_mut::<4>() {
            *head = seconds.to_be_bytes();
        }
        self
    }

    /// The one behind it, for what is made at once: neighbours in a file stay neighbours in a table.
    #[must_use]
    pub fn successor(self) -> Self {
        let mut bytes = self.0;
        if let Some(tail) = bytes.last_chunk_mut::<16>() {
            *tail = u128::from_be_bytes(*tail).wrapping_add(1).to_be_bytes();
        }
        Self(bytes)
    }

    /// The raw bytes, as stored.
    pub const fn bytes(&self) -> &[u8; 20] {
        &self.0
    }

    /// From the raw bytes, as stored.
    pub const fn from_bytes(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    /// The 27 characters, all of them ASCII letters and digits.
    pub fn encode(&self) -> [u8; TEXT_LENGTH] {
        let mut text = [b'0'; TEXT_LENGTH];
        let mut limbs = self.limbs();
        // Each division takes almost thirty bits off the number: so many limbs at the head are empty.
        let empty = [0_usize, 0, 1, 2, 3, 4];
        for (places, empty) in text.rchunks_mut(CHUNK_DIGITS).zip(empty) {
            // Long division of the whole number; the remainder is the next five digits.
            let mut remainder = 0_u64;
            for limb in limbs.iter_mut().skip(empty) {
                let dividend = (remainder << 32) | *limb;
                *limb = dividend / CHUNK_BASE;
                remainder = dividend % CHUNK_BASE;
            }
            for place in places.iter_mut().rev() {
                // The remainder is below 62, so that `get` always finds a digit.
                *place = digit(remainder % 62);
                remainder /= 62;
            }
        }
        text
    }

    /// From 27 characters of base62. None for other lengths, other characters, and numbers that need
    /// more than 160 bits.
    pub fn decode(text: &str) -> Option<Self> {
        let text: &[u8; TEXT_LENGTH] = text.as_bytes().try_into().ok()?;
        // Two digits first, so that the rest falls into chunks of five.
        let (head, tail) = text.split_at_checked(TEXT_LENGTH % CHUNK_DIGITS)?;
        let mut limbs = [0_u64, 0, 0, 0, chunk(head)?];
        for digits in tail.chunks_exact(CHUNK_DIGITS) {
            let mut carry = chunk(digits)?;
            for limb in limbs.iter_mut().rev() {
                let product = *limb * CHUNK_BASE + carry;
                *limb = product & u64::from(u32::MAX);
                carry = product >> 32;
            }
            if carry != 0 {
                return None;
            }
        }
        let mut bytes = [0_u8; 20];
        for (place, limb) in bytes.chunks_exact_mut(4).zip(limbs) {
            place.copy_from_slice(&u32::try_from(limb).ok()?.to_be_bytes());
        }
        Some(Self(bytes))
    }

    /// Five numbers of 32 bits, the highest first, each in a `u64` that has room for products.
    fn limbs(&self) -> [u64; 5] {
        let mut limbs = [0_u64; 5];
        for (limb, bytes) in limbs.iter_mut().zip(self.0.as_chunks::<4>().0) {
            *limb = u64::from(u32::from_be_bytes(*bytes));
        }
        limbs
    }
}

/// The character of a digit below 62.
fn digit(value: u64) -> u8 {
    usize::try_from(value).ok().and_then(|index| ALPHABET.get(index)).copied().unwrap_or(b'0')
}

/// The number that up to five base62 digits write.
fn chunk(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0_u64, |number, byte| {
        let value = match byte {
            b'0'..=b'9' => byte - b'0',
            b'A'..=b'Z' => byte - b'A' + 10,
            b'a'..=b'z' => byte - b'a' + 36,
            _ => return None,
        };
        Some(number * 62 + u64::from(value))
    })
}

impl fmt::Display for Ksuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(std::str::from_utf8(&self.encode()).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Ksuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_successor_comes_directly_behind() {
        let one = Ksuid::from_bytes([1; 20]);
        let next = one.successor();
        assert!(one < next && next.bytes()[..19] == one.bytes()[..19]);
        let mut last = [0xff; 20];
        last[0] = 7;
        let wrapped = Ksuid::from_bytes(last).successor();
        assert_eq!((wrapped.bytes()[0], wrapped.bytes()[19]), (7, 0), "the time stays");
    }

    #[test]
    fn known_vectors() {
        for (text, hexadecimal) in [
            ("0ujtsYcgvSTl8PAuAdqWYSMnLOv", "0669f7efb5a1cd34b5f99d1154fb6853345c9735"),
            ("000000000000000000000000000", "0000000000000000000000000000000000000000"),
            ("aWgEPTl1tmebfsQzFP4bxwgy80V", "ffffffffffffffffffffffffffffffffffffffff"),
        ] {
            let ksuid = Ksuid::decode(text).unwrap();
            assert_eq!(hex::encode(ksuid.bytes()), hexadecimal);
            assert_eq!(ksuid.to_string(), text);
        }
    }

    #[test]
    fn more_than_160_bits_and_other_characters_are_refused() {
        for text in [
            "aWgEPTl1tmebfsQzFP4bxwgy80W",
            "zzzzzzzzzzzzzzzzzzzzzzzzzzz",
            "0ujtsYcgvSTl8PAuAdqWYSMnLO",
            "0ujtsYcgvSTl8PAuAdqWYSMnLO-",
            "0ujtsYcgvSTl8PAuAdqWYSMnLOvv",
            "0ujtsYcgvSTl8PAuAdqWYSMnLé",
            "",
        ] {
            assert_eq!(Ksuid::decode(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn bytes_survive_the_round_trip_and_sort_as_their_texts(a: [u8; 20], b: [u8; 20]) {
            let (a, b) = (Ksuid(a), Ksuid(b));
            prop_assert_eq!(Ksuid::decode(&a.to_string()), Some(a));
            prop_assert_eq!(a.cmp(&b), a.encode().cmp(&b.encode()));
        }

        #[test]
        fn any_27_ascii_characters_are_refused_or_survive(text in "[ -~]{27}") {
            if let Some(ksuid) = Ksuid::decode(&text) {
                prop_assert_eq!(ksuid.to_string(), text);
            }
        }

        #[test]
        fn any_27_base62_digits_are_refused_or_survive(text in "[0-9A-Za-z]{27}") {
            if let Some(ksuid) = Ksuid::decode(&text) {
                prop_assert_eq!(ksuid.to_string(), text);
            }
        }

        #[test]
        fn no_text_panics(text: String) {
            let _ = Ksuid::decode(&text);
        }
    }
}

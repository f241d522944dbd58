//! An entry in memory: one cache line with its key, and its texts beside when it has some.

use std::sync::Arc;

use interdict_domain::change::EntryFact;
use interdict_domain::clock::Timestamp;
use interdict_domain::entry::{List, Strength};
use interdict_domain::identifier::{IdentifierKey, Kind};
use interdict_domain::ids::{EntryId, Ksuid};
use interdict_domain::money::Money;
use interdict_domain::scopes::Scopes;
use interdict_domain::window::Window;

use super::lines::{WORDS, low};
use crate::order::Tier;

/// A window in 16 bytes. The ends that no [`Timestamp`] can say mean that an end is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PackedWindow {
    from: i64,
    until: i64,
}

impl PackedWindow {
    pub(crate) fn pack(window: Window) -> Self {
        Self {
            from: window.from().map_or(i64::MIN, Timestamp::micros),
            until: window.until().map_or(i64::MAX, Timestamp::micros),
        }
    }

    /// The window; none when it is not one, which a reader takes for always.
    pub(crate) fn unpack(self) -> Option<Window> {
        let from = (self.from != i64::MIN).then(|| Timestamp::from_micros(self.from));
        let until = (self.until != i64::MAX).then(|| Timestamp::from_micros(self.until));
        Window::new(from, until).ok()
    }
}

/// An entry without its texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct EntryRecord {
    pub(crate) id: EntryId,
    pub(crate) kind: Kind,
    pub(crate) strength: Strength,
    pub(crate) scopes: Scopes,
    pub(crate) window: PackedWindow,
}

/// An entry that was found, with what stands beside its line.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FoundEntry {
    pub(crate) record: EntryRecord,
    /// The largest payment that it exempts.
    pub(crate) max_amount: Option<Money>,
    pub(crate) reason: Option<Arc<str>>,
    pub(crate) public_message: Option<Arc<str>>,
}

/// The bits of the fifth word above the id's last four bytes. The lowest one tells an entry's line
/// from a link's.
const IS_ENTRY: u64 = 1;
const IS_ALLOW: u64 = 1 << 1;
const IS_SOFT: u64 = 1 << 2;
const SCOPES_SHIFT: u32 = 3;
const KIND_SHIFT: u32 = 8;

impl EntryRecord {
    pub(crate) fn new(fact: &EntryFact) -> Self {
        Self {
            id: fact.id,
            kind: fact.kind,
            strength: fact.strength,
            scopes: fact.scopes,
            window: PackedWindow::pack(fact.window),
        }
    }

    /// Where it stands in the order when it matches.
    #[inline]
    pub(crate) const fn tier(&self) -> Tier {
        Tier::of_entry(self.id.list(), self.strength)
    }

    /// A line: the key, the id and what is small, the window, and where its texts are.
    pub(super) fn pack(&self, key: IdentifierKey, texts: u32) -> [u64; WORDS] {
        let [key_low, key_high] = key_words(key);
        let ksuid = self.id.ksuid();
        let mut id = [0; 24];
        id.iter_mut().zip(ksuid.bytes()).for_each(|(byte, &of_id)| *byte = of_id);
        let [id_low, id_mid, id_high] = words(&id);
        let allow = if self.id.list() == List::Allow { IS_ALLOW } else { 0 };
        let soft = if self.strength == Strength::Soft { IS_SOFT } else { 0 };
        let kind = Kind::ALL.into_iter().position(|kind| kind == self.kind).unwrap_or(usize::MAX);
        let small = IS_ENTRY | allow | soft | u64::from(self.scopes.bits()) << SCOPES_SHIFT;
        let small = small | (kind as u64 & 0xFF) << KIND_SHIFT;
        let (from, until) = (self.window.from.cast_unsigned(), self.window.until.cast_unsigned());
        [key_low, key_high, id_low, id_mid, id_high | small << 32, from, until, u64::from(texts)]
    }

    /// The entry in a line and where its texts are; none when the line holds no entry.
    #[inline]
    pub(super) fn unpack(line: &[u64; WORDS]) -> Option<(Self, u32)> {
        let [_, _, id_low, id_mid, id_high, from, until, texts] = *line;
        let small = id_high >> 32;
        if small & IS_ENTRY == 0 {
            return None;
        }
        let mut id = [0; 20];
        let bytes = [id_low, id_mid, id_high].map(u64::to_le_bytes);
        id.iter_mut().zip(bytes.as_flattened()).for_each(|(byte, &of_id)| *byte = of_id);
        let list = if small & IS_ALLOW == 0 { List::Block } else { List::Allow };
        let record = Self {
            id: EntryId::from_parts(list, Ksuid::from_bytes(id)),
            kind: *Kind::ALL.get((small >> KIND_SHIFT & 0xFF) as usize)?,
            strength: if small & IS_SOFT == 0 { Strength::Hard } else { Strength::Soft },
            scopes: Scopes::from_bits((small >> SCOPES_SHIFT & 3) as u8)?,
            window: PackedWindow { from: from.cast_signed(), until: until.cast_signed() },
        };
        Some((record, low(texts)))
    }
}

/// A key as the first two words of a line.
#[inline]
pub(super) fn key_words(key: IdentifierKey) -> [u64; 2] {
    words(&key.0)
}

/// The key in the first two words of a line.
pub(super) fn key_of(line: &[u64; WORDS]) -> IdentifierKey {
    let [low, high, ..] = *line;
    IdentifierKey((u128::from(high) << 64 | u128::from(low)).to_le_bytes())
}

#[inline]
fn words<const N: usize>(bytes: &[u8]) -> [u64; N] {
    let (chunks, _) = bytes.as_chunks::<8>();
    let mut words = [0; N];
    words.iter_mut().zip(chunks).for_each(|(word, chunk)| *word = u64::from_le_bytes(*chunk));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_survives_packing() {
        let at = Timestamp::from_micros;
        let windows = [
            Window::ALWAYS,
            Window::new(Some(at(i64::MIN)), Some(at(i64::MAX))).unwrap(),
            Window::new(Some(at(-5)), Some(at(10))).unwrap(),
        ];
        let key = IdentifierKey(*b"0123456789abcdef");
        let ksuid = Ksuid::from_bytes(*b"ABCDEFGHIJKLMNOPQRST");
        for (list, strength, scopes) in [
            (List::Block, Strength::Hard, Scopes::BOTH),
            (List::Block, Strength::Soft, Scopes::CIT),
            (List::Allow, Strength::Hard, Scopes::MIT),
        ] {
            for (kind, window) in Kind::ALL.into_iter().zip(windows.into_iter().cycle()) {
                let id = EntryId::from_parts(list, ksuid);
                let window = PackedWindow::pack(window);
                let record = EntryRecord { id, kind, strength, scopes, window };
                let line = record.pack(key, 77);
                assert_eq!(EntryRecord::unpack(&line), Some((record, 77)));
                assert_eq!(key_of(&line), key);
                assert_eq!(line[..2], key_words(key));
            }
        }
        assert_eq!(EntryRecord::unpack(&[0; WORDS]), None);
    }

    #[test]
    fn a_window_survives_packing() {
        let at = Timestamp::from_micros;
        for from in [None, Some(at(i64::MIN)), Some(at(10))] {
            for until in [None, Some(at(20)), Some(at(i64::MAX))] {
                let window = Window::new(from, until).unwrap();
                assert_eq!(PackedWindow::pack(window).unpack(), Some(window));
            }
        }
    }
}

//! The key table: from an identifier's key to the sources that stand on it.
//!
//! The key is a hash already, so its own bits choose. [`Table`] leads from them to a line: an entry,
//! whole, or a link to the customers that have the identifier. What has no fixed size, the texts of
//! entries and lists of customers, lies beside under locks, which only those meet who need it.
//!
//! Not here: the customers themselves, and ranges.

use std::sync::Arc;

use interdict_domain::identifier::IdentifierKey;
use interdict_domain::ids::EntryId;
use parking_lot::Mutex;
use smallvec::SmallVec;

use super::Statistics;
use super::ahead::{fetch_found, fetch_homes};
use super::entries::{EntryRecord, FoundEntry, key_of, key_words};
use super::lines::{Lines, Numbers, WORDS, low};
use super::parts::{part_of, visit_part};
use super::place::{Place, Position, Target};
use super::shelves::{Catalogue, Shelves};
use super::sides::Sides;
use super::table::{Chain, Slot, Table, Writing};
use super::texts::Texts;

/// What stands on a key.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) entries: SmallVec<[FoundEntry; 2]>,
    /// The customers that have the identifier.
    pub(crate) customers: SmallVec<[Position; 2]>,
    /// Something is there that cannot be read.
    pub(crate) unreadable: bool,
}

/// What the applying thread keeps in mind.
#[derive(Default)]
struct Applying {
    table: Writing,
    lines: Numbers,
    catalogue: Catalogue,
    entries: usize,
    links: usize,
}

/// The key table.
pub(crate) struct Keys {
    table: Table,
    lines: Lines,
    shelves: Shelves,
    sides: Sides,
    applying: Mutex<Applying>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}

#[inline]
fn hash(key: IdentifierKey) -> u64 {
    let [low, _] = key_words(key);
    low
}

/// The part of the table to which a key belongs.
pub(super) fn key_part(key: IdentifierKey) -> u32 {
    part_of(hash(key))
}

/// A link's line: the key and the place of its customers.
fn pack_link(key: IdentifierKey, place: Place) -> [u64; WORDS] {
    let [low, high] = key_words(key);
    [low, high, u64::from(place.bits()), 0, 0, 0, 0, 0]
}

fn unpack_link(line: &[u64; WORDS]) -> Place {
    let [_, _, place, ..] = *line;
    Place::from_bits(low(place))
}

impl Found {
    #[inline]
    fn clear(&mut self) {
        // Asked first, because this is nearly always so, and emptying takes longer.
        if !self.is_empty() {
            *self = Self::default();
        }
    }

    /// Whether nothing stands on the key.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.customers.is_empty() && !self.unreadable
    }
}

impl Keys {
    pub(crate) fn with_capacity(keys: usize) -> Self {
        Self {
            table: Table::with_capacity(keys),
            lines: Lines::new(),
            shelves: Shelves::new(),
            sides: Sides::new(),
            applying: Mutex::new(Applying::default()),
        }
    }

    /// The common cases in few instructions (see [`Table::read_one`]): nothing that matters stands on the
    /// key, or one entry, which is shown. False in any other case, which [`Self::find`] is for; perhaps
    /// something was shown even so.
    #[inline]
    pub(crate) fn glance(&self, key: IdentifierKey, show: impl FnOnce(FoundEntry)) -> bool {
        self.table.read_one(hash(key), |slot| slot.is_quiet() || self.show_entry(key, slot, show))
    }

    #[inline]
    pub(crate) fn fetch(&self, keys: impl Iterator<Item = IdentifierKey>) {
        fetch_homes(&self.table, keys.map(hash));
    }

    pub(crate) fn fetch_found(&self, keys: impl Iterator<Item = IdentifierKey>) {
        fetch_found(&self.table, &self.lines, keys.map(hash));
    }

    #[inline]
    fn show_entry(&self, key: IdentifierKey, slot: Slot, show: impl FnOnce(FoundEntry)) -> bool {
        let Some(line) = self.lines.get(slot.position()) else { return false };
        let line = line.words();
        if key_of(&line) != key {
            return true;
        }
        match EntryRecord::unpack(&line) {
            Some((record, texts)) => match self.with_texts(record, texts) {
                Some(entry) => show(entry),
                None => return false,
            },
            None => return false,
        }
        true
    }

    /// Finds what stands on a key, as it is at one moment; of customers only the marked ones, unless
    /// all are wanted.
    #[inline]
    pub(crate) fn find(&self, key: IdentifierKey, all: bool, found: &mut Found) {
        let whole = self.table.read(hash(key), found, Found::clear, |found, slot| {
            if all || !slot.is_quiet() {
                self.gather(key, slot.position(), all, found);
            }
        });
        found.unreadable |= !whole;
    }

    #[inline]
    fn gather(&self, key: IdentifierKey, position: u32, all: bool, found: &mut Found) {
        let Some(line) = self.lines.get(position) else { return found.unreadable = true };
        let line = line.words();
        if key_of(&line) != key {
            return;
        }
        match EntryRecord::unpack(&line) {
            Some((record, texts)) => match self.with_texts(record, texts) {
                Some(entry) => found.entries.push(entry),
                None => found.unreadable = true,
            },
            None => self.sides.gather_customers(position, unpack_link(&line), all, found),
        }
    }

    /// An entry with its texts; none when they cannot be read.
    #[inline]
    fn with_texts(&self, record: EntryRecord, number: u32) -> Option<FoundEntry> {
        if number == 0 {
            return Some(FoundEntry { record, max_amount: None, reason: None, public_message: None });
        }
        self.shelves.get(number, |texts| FoundEntry {
            record,
            max_amount: texts.max_amount,
            reason: texts.first.clone(),
            public_message: texts.second.clone(),
        })
    }

    /// Puts an entry, in one step. Returns the texts that no entry has any more.
    pub(crate) fn put_entry(
        &self,
        key: IdentifierKey,
        entry: &EntryRecord,
        texts: Option<Arc<Texts>>,
    ) -> Option<Arc<Texts>> {
        let applying = &mut *self.applying.lock();
        let Applying { table, lines, catalogue, entries, .. } = applying;
        let old_texts = self.table.change(table, hash(key), |chain| {
            let there = self.slot_of(chain, key, |line| is_entry(line, entry.id));
            let (position, old_texts) = match there {
                Some((slot, line)) => (slot.position(), texts_of(&line)),
                None => (lines.take(), 0),
            };
            let texts = texts.map_or(0, |texts| self.shelves.keep(catalogue, texts));
            if let Some(line) = self.lines.reach(position) {
                line.set_all(entry.pack(key, texts));
            }
            if there.is_none() {
                *entries += 1;
                chain.insert(Slot::new(hash(key), position, false));
            }
            old_texts
        })?;
        // Only now, when no reader can still come by them.
        self.shelves.forget(catalogue, old_texts)
    }

    /// Removes an entry. Returns its texts when no other entry has them.
    pub(crate) fn remove_entry(&self, key: IdentifierKey, id: EntryId) -> Option<Arc<Texts>> {
        let applying = &mut *self.applying.lock();
        let Applying { table, lines, catalogue, entries, .. } = applying;
        let (slot, line) = self.table.change(table, hash(key), |chain| {
            let (slot, line) = self.slot_of(chain, key, |line| is_entry(line, id))?;
            chain.remove(slot);
            Some((slot, line))
        })??;
        *entries -= 1;
        lines.give_back(slot.position());
        self.shelves.forget(catalogue, texts_of(&line))
    }

    /// Leads a key to a customer, or marks anew one that it leads to.
    pub(crate) fn link(&self, key: IdentifierKey, customer: Position, marked: bool) {
        let applying = &mut *self.applying.lock();
        let Applying { table, lines, links, .. } = applying;
        self.table.change(table, hash(key), |chain| {
            let new = Place::pack(Target::Customer { position: customer, marked });
            let there = self.slot_of(chain, key, is_link);
            let (position, place) = match there {
                Some((slot, line)) => {
                    (slot.position(), self.sides.join(slot.position(), unpack_link(&line), customer, new))
                }
                None => (lines.take(), new),
            };
            if let Some(line) = self.lines.reach(position) {
                line.set_all(pack_link(key, place));
            }
            let slot = Slot::new(hash(key), position, !place.is_marked());
            if let Some((old, _)) = there {
                chain.replace(old, slot);
            } else {
                *links += 1;
                chain.insert(slot);
            }
        });
    }

    /// Leads a key to a customer no more.
    pub(crate) fn unlink(&self, key: IdentifierKey, customer: Position) {
        let applying = &mut *self.applying.lock();
        let Applying { table, lines, links, .. } = applying;
        self.table.change(table, hash(key), |chain| {
            let Some((slot, line)) = self.slot_of(chain, key, is_link) else { return };
            match self.sides.leave(slot.position(), unpack_link(&line), customer) {
                None => {
                    chain.remove(slot);
                    lines.give_back(slot.position());
                    *links -= 1;
                }
                Some(place) => {
                    if let Some(line) = self.lines.get(slot.position()) {
                        line.set_all(pack_link(key, place));
                    }
                    chain.replace(slot, Slot::new(hash(key), slot.position(), !place.is_marked()));
                }
            }
        });
    }

    /// The slot that leads to a line of this key, and the line.
    fn slot_of(
        &self,
        chain: &Chain<'_>,
        key: IdentifierKey,
        is_it: impl Fn(&[u64; WORDS]) -> bool,
    ) -> Option<(Slot, [u64; WORDS])> {
        chain.matching(hash(key)).find_map(|slot| {
            let line = self.lines.get(slot.position())?.words();
            (key_of(&line) == key && is_it(&line)).then_some((slot, line))
        })
    }

    /// Shows what stands on the keys of a part, while nothing is applied; and how many of the customers, from
    /// the first one on, a decision without an explanation sees: none when it does not look there at all.
    pub(super) fn visit_part(&self, part: u32, mut visit: impl FnMut(IdentifierKey, &Found, Option<usize>)) {
        let _still = self.applying.lock();
        let (mut found, mut seen) = (Found::default(), Found::default());
        visit_part(&self.table, part, |slot| {
            found.clear();
            seen.clear();
            let key = self.lines.get(slot.position()).map(|line| key_of(&line.words()));
            let key = key.unwrap_or(IdentifierKey([0; 16]));
            self.gather(key, slot.position(), true, &mut found);
            // Only who shares an identifier may be passed over on it.
            let is_shared = found.customers.len() > 1;
            if is_shared {
                self.gather(key, slot.position(), false, &mut seen);
            }
            let customers = if is_shared { &seen.customers } else { &found.customers };
            visit(key, &found, (!slot.is_quiet()).then_some(customers.len()));
        });
    }

    pub(crate) fn count(&self, statistics: &mut Statistics) {
        let applying = self.applying.lock();
        statistics.entries += applying.entries;
        statistics.links += applying.links;
        statistics.key_bytes += self.table.bytes();
        statistics.source_bytes += self.lines.bytes() + self.shelves.bytes() + self.sides.bytes();
    }
}

fn is_entry(line: &[u64; WORDS], id: EntryId) -> bool {
    EntryRecord::unpack(line).is_some_and(|(entry, _)| entry.id == id)
}

fn is_link(line: &[u64; WORDS]) -> bool {
    EntryRecord::unpack(line).is_none()
}

fn texts_of(line: &[u64; WORDS]) -> u32 {
    EntryRecord::unpack(line).map_or(0, |(_, texts)| texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_leads_nowhere_is_unreadable() {
        let keys = Keys::with_capacity(0);
        let (key, mut found) = (IdentifierKey([7; 16]), Found::default());
        keys.link(key, Position(3), true);
        let nowhere = Place::pack(Target::Cluster { position: 12, marked: true });
        keys.lines.get(1).unwrap().set_all(pack_link(key, nowhere));
        keys.find(key, false, &mut found);
        assert!(found.unreadable);
    }

    #[test]
    fn another_key_of_the_same_hash_is_not_found() {
        let keys = Keys::with_capacity(0);
        let (key, mut other, mut found) = (IdentifierKey([7; 16]), [7; 16], Found::default());
        other[15] = 8;
        keys.link(key, Position(3), true);
        keys.find(IdentifierKey(other), true, &mut found);
        assert!(found.customers.is_empty() && !found.unreadable);
        keys.find(key, true, &mut found);
        assert_eq!(found.customers.as_slice(), [Position(3)]);
    }
}

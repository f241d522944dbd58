//! Counting which entries decide, in memory: a decision touches no storage (invariant 1). Written
//! every second by the service, so many at a time; a crash loses what is not written yet (docs/adr/0005).
//!
//! A hit is noted first, at the end of a short list, and counted with its neighbours: the table of counts
//! is as large as the entries that were hit are many, so that each count waits for the memory. Counts that
//! follow one another wait together.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};

use interdict_domain::clock::Timestamp;
use interdict_domain::ids::EntryId;
use parking_lot::Mutex;

/// Lists side by side, so that workers seldom meet.
const LISTS: usize = 16;
/// Hits that a list may hold.
const NOTED_MAX: usize = 256;

/// What was counted since the last write.
pub(crate) type Pending = HashMap<EntryId, (i64, Timestamp), BuildHasherDefault<IdHasher>>;

/// The counters.
#[derive(Default)]
pub(crate) struct Hits {
    noted: [List; LISTS],
    /// Taken after a list's lock, never before.
    counts: Mutex<Counts>,
}

#[derive(Default)]
#[repr(align(128))] // No two locks in one cache line.
struct List(Mutex<Vec<(EntryId, Timestamp)>>);

/// Two tables, so that each entry has its turn: what is hit again while it waits to be written does not go
/// before those who wait, too.
#[derive(Default)]
struct Counts {
    gathering: Pending,
    /// Written first, to the last one.
    leaving: Pending,
}

impl Counts {
    fn add(&mut self, entry: EntryId, hits: i64, last: Timestamp) {
        let counted = self.gathering.entry(entry).or_insert((0, last));
        *counted = (counted.0.saturating_add(hits), counted.1.max(last));
    }

    fn get(&self, entry: EntryId) -> Option<(i64, Timestamp)> {
        let (gathering, leaving) = (self.gathering.get(&entry), self.leaving.get(&entry));
        let sum = |(hits, last): (i64, Timestamp), &(more, later): &(i64, Timestamp)| {
            (hits.saturating_add(more), last.max(later))
        };
        gathering.copied().map(|one| leaving.map_or(one, |other| sum(one, other))).or(leaving.copied())
    }
}

impl Hits {
    /// Counts a hit.
    pub(crate) fn count(&self, entry: EntryId, now: Timestamp) {
        let Some(list) = self.noted.get(own_list()) else { return };
        let mut noted = list.0.lock();
        noted.push((entry, now));
        if noted.len() >= NOTED_MAX {
            self.count_noted(&mut noted);
        }
    }

    /// Counts many hits of one moment.
    pub(crate) fn count_all(&self, entries: &[EntryId], now: Timestamp) {
        if !entries.is_empty() {
            let mut counts = self.counts.lock();
            for entry in entries {
                counts.add(*entry, 1, now);
            }
        }
    }

    fn count_noted(&self, noted: &mut Vec<(EntryId, Timestamp)>) {
        if !noted.is_empty() {
            let mut counts = self.counts.lock();
            for (entry, now) in noted.drain(..) {
                counts.add(entry, 1, now);
            }
        }
    }

    fn count_all_noted(&self) {
        for list in &self.noted {
            self.count_noted(&mut list.0.lock());
        }
    }

    /// What is counted and not written yet.
    pub(crate) fn pending(&self, entry: EntryId) -> Option<(i64, Timestamp)> {
        self.count_all_noted();
        self.counts.lock().get(entry)
    }

    /// Takes out at most so many, to be written.
    pub(crate) fn take(&self, most: usize) -> Pending {
        self.count_all_noted();
        let mut counts = self.counts.lock();
        let Counts { gathering, leaving } = &mut *counts;
        if leaving.is_empty() {
            std::mem::swap(gathering, leaving);
        }
        if leaving.len() <= most {
            return std::mem::take(leaving);
        }
        let some: Vec<EntryId> = leaving.keys().take(most).copied().collect();
        some.into_iter().filter_map(|entry| leaving.remove_entry(&entry)).collect()
    }

    /// Puts back what could not be written.
    pub(crate) fn put_back(&self, pending: Pending) {
        let mut counts = self.counts.lock();
        for (entry, (hits, last)) in pending {
            counts.add(entry, hits, last);
        }
    }
}

/// The list of this thread: threads take turns when they begin.
fn own_list() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static OWN: usize = NEXT.fetch_add(1, Ordering::Relaxed) % LISTS;
    }
    OWN.with(|own| *own)
}

/// Takes the end of an id, which is random and of our own making: nobody can choose ids that collide.
#[derive(Default)]
pub(crate) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        let end = bytes.last_chunk::<8>().map_or(0, |end| u64::from_le_bytes(*end));
        self.0 = (self.0 ^ end).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    /// The lengths and lists that stand before an id tell nothing apart.
    fn write_usize(&mut self, _: usize) {}

    fn write_isize(&mut self, _: isize) {}

    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }
}

#[cfg(test)]
mod tests {
    use interdict_domain::entry;
    use interdict_domain::ids::Ksuid;

    use super::*;

    fn entry(number: u16) -> EntryId {
        let mut bytes = [0; 20];
        bytes[18..].copy_from_slice(&number.to_be_bytes());
        EntryId::from_parts(entry::List::Block, Ksuid::from_bytes(bytes))
    }

    #[test]
    fn nothing_is_lost_and_everybody_has_a_turn_while_others_are_hit_again() {
        let (hits, at) = (Hits::default(), Timestamp::from_micros);
        let mut written = HashMap::new();
        for round in 0..10 {
            for number in 0..1_000 {
                hits.count(entry(number), at(round));
            }
            hits.count_all(&[entry(7), entry(7)], at(round));
            for (entry, (count, _)) in hits.take(150) {
                *written.entry(entry).or_insert(0) += count;
            }
            let pending = hits.pending(entry(7)).map_or(0, |(count, _)| count);
            assert_eq!(pending + written.get(&entry(7)).copied().unwrap_or(0), 3 * (round + 1));
        }
        assert_eq!(written.len(), 1_000, "ten times 150 are enough for each");
        loop {
            let rest = hits.take(150);
            if rest.is_empty() {
                break;
            }
            for (entry, (count, _)) in rest {
                *written.entry(entry).or_insert(0) += count;
            }
        }
        assert_eq!(written.values().sum::<i64>(), 10 * 1_002);
        assert_eq!(hits.pending(entry(7)), None);
    }

    #[test]
    fn what_is_put_back_is_added_to_what_came_since() {
        let (hits, at) = (Hits::default(), Timestamp::from_micros);
        hits.count(entry(1), at(5));
        let taken = hits.take(10);
        hits.count(entry(1), at(3));
        hits.put_back(taken);
        assert_eq!(hits.pending(entry(1)), Some((2, at(5))));
    }
}

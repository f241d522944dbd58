//! The table: from a hash to numbers, by linear hashing (Litwin, 1980).
//!
//! A bucket is a cache line: a version, a link to what overflows, and seven slots. The table grows by
//! one bucket at a time, which takes half of the slots of another: no pause, whatever its size. A
//! miss costs one cache line.
//!
//! Not here: what the numbers mean. A slot has 35 bits of the hash, so that one in some billion is of
//! another key: whoever follows its number compares the key.

use std::sync::atomic::{AtomicU32, Ordering};

use super::lines::{LINES_MAX, Line, Lines, Numbers, WORDS, low};

/// The buckets that an empty table has. At least one, or there would be nowhere to look.
const BUCKETS_MIN: u32 = 16;
/// Slots for each two buckets, on the average. Few, because then nearly no bucket overflows.
const SLOTS_PER_TWO_BUCKETS: u64 = 5;
/// How often a reader looks again before it lets others run: the writer may have been stopped in the
/// middle of a change.
const SPINS: u32 = 64;

const POSITION_BITS: u32 = LINES_MAX.ilog2();
const QUIET: u64 = 1 << POSITION_BITS;
const HASH_SHIFT: u32 = POSITION_BITS + 1;

/// A part of a hash, a position, and whether it needs to be followed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Slot(pub(super) u64);

impl Slot {
    /// A quiet slot's position leads to something that matters only to an explanation. A position
    /// that is too high to be said leads nowhere.
    pub(super) fn new(hash: u64, position: u32, quiet: bool) -> Self {
        let position = u64::from(position.min(LINES_MAX - 1));
        Self(hash << HASH_SHIFT | position | if quiet { QUIET } else { 0 })
    }

    pub(super) const fn position(self) -> u32 {
        low(self.0 & (QUIET - 1))
    }

    pub(super) const fn is_quiet(self) -> bool {
        self.0 & QUIET != 0
    }

    /// Whether it may be of this hash: if it is not empty, which is for the caller to ask.
    #[inline]
    pub(super) const fn matches(self, hash: u64) -> bool {
        self.0 ^ hash << HASH_SHIFT < 1 << HASH_SHIFT
    }

    /// The lower bits of its hash.
    pub(super) const fn hash(self) -> u64 {
        self.0 >> HASH_SHIFT
    }

    /// No position is 0.
    pub(super) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// A bit of the hash that it has; the lower ones choose buckets.
    const fn has_bit(self, bit: u32) -> bool {
        self.0 >> HASH_SHIFT >> bit & 1 == 1
    }
}

/// The table. One thread changes it, with its [`Writing`]; any number read.
pub(super) struct Table {
    pub(super) buckets: Lines,
    overflow: Lines,
    /// How many buckets there are.
    count: AtomicU32,
}

/// What the writing thread keeps in mind.
#[derive(Default)]
pub(super) struct Writing {
    overflow: Numbers,
    slots: u64,
}

/// What a head leads on to, in its lower half.
const fn overflow(head: u64) -> u32 {
    low(head)
}

/// Where a hash belongs in so many buckets.
#[inline]
const fn home(hash: u64, count: u32) -> u32 {
    let level = count.ilog2();
    let wide = low(hash & ((2 << level) - 1));
    if wide < count { wide } else { wide & ((1 << level) - 1) }
}

impl Table {
    /// A table with room for so many slots.
    pub(super) fn with_capacity(slots: usize) -> Self {
        let wanted = u64::try_from(slots).unwrap_or(u64::MAX).saturating_mul(2) / SLOTS_PER_TWO_BUCKETS;
        let count = u32::try_from(wanted).unwrap_or(LINES_MAX).clamp(BUCKETS_MIN, LINES_MAX);
        let table = Self { buckets: Lines::new(), overflow: Lines::new(), count: AtomicU32::new(count) };
        for number in 0..count {
            table.buckets.reach(number);
        }
        table
    }

    #[inline]
    pub(super) fn home(&self, hash: u64) -> u32 {
        home(hash, self.count())
    }

    #[inline]
    pub(super) fn count(&self) -> u32 {
        self.count.load(Ordering::Acquire)
    }

    /// The common cases in few instructions, so that the processor begins the next decision while it
    /// waits for the memory of this one: at most one slot matches, and nothing is being changed. False
    /// in any other case, which [`Self::read`] is for, and when `see` says so.
    #[inline]
    pub(super) fn read_one(&self, hash: u64, see: impl FnOnce(Slot) -> bool) -> bool {
        let count = self.count.load(Ordering::Acquire);
        let Some(bucket) = self.buckets.get(home(hash, count)) else { return false };
        let Some(version) = bucket.begin() else { return false };
        let [head, slots @ ..] = bucket.words();
        // Without a branch: which of them match or are empty, nobody could predict.
        let mut matching = 0_u32;
        for (at, &slot) in (1..).zip(&slots) {
            matching |= u32::from(Slot(slot).matches(hash)) << at;
        }
        let done = match matching {
            0 => true,
            one if one.is_power_of_two() => see(Slot(bucket.word(one.trailing_zeros() as usize))),
            _ => false,
        };
        // A bucket that has been split may be unchanged since.
        let same = bucket.still(version) && self.count.load(Ordering::Relaxed) == count;
        done && same && overflow(head) == 0
    }

    /// Shows the slots that match a hash, all as they were at one moment. It may take several goes:
    /// each begins with `forget`. False when something could not be read.
    #[inline]
    pub(super) fn read<T>(
        &self,
        hash: u64,
        seen: &mut T,
        forget: impl Fn(&mut T),
        see: impl Fn(&mut T, Slot),
    ) -> bool {
        let mut spins = 0;
        loop {
            forget(seen);
            let number = self.home(hash);
            let Some(bucket) = self.buckets.get(number) else { return false };
            if let Some(version) = bucket.begin() {
                let whole = self.matching(bucket, hash, |slot| see(seen, slot));
                // A bucket that has been split may be unchanged since.
                if bucket.still(version) && self.home(hash) == number {
                    return whole;
                }
            }
            wait_a_little(&mut spins);
        }
    }

    /// The line that a head leads on to.
    pub(super) fn after(&self, head: u64) -> Option<&Line> {
        let number = overflow(head);
        if number == 0 { None } else { self.overflow.get(number) }
    }

    #[inline]
    fn matching(&self, bucket: &Line, hash: u64, mut each: impl FnMut(Slot)) -> bool {
        let mut line = bucket;
        loop {
            let [head, slots @ ..] = line.words();
            // All seven first and without a branch: which of them are empty, nobody could predict.
            let any = slots.iter().fold(false, |any, &slot| any | Slot(slot).matches(hash));
            if any {
                let matching = slots.map(Slot).into_iter().filter(|slot| slot.matches(hash));
                matching.filter(|slot| !slot.is_empty()).for_each(&mut each);
            }
            match self.after(head) {
                Some(more) => line = more,
                None => return overflow(head) == 0,
            }
        }
    }

    /// Makes a change to what belongs to a hash, which readers see whole or not at all, and then grows
    /// the table when there is need.
    pub(super) fn change<T>(
        &self,
        writing: &mut Writing,
        hash: u64,
        make: impl FnOnce(&mut Chain<'_>) -> T,
    ) -> Option<T> {
        let bucket = self.buckets.get(self.home(hash))?;
        let open = Open::new(bucket);
        let answer = make(&mut Chain { table: self, bucket, writing });
        drop(open);
        let count = self.count.load(Ordering::Relaxed);
        if writing.slots * 2 > u64::from(count) * SLOTS_PER_TWO_BUCKETS && count < LINES_MAX {
            self.split(writing, count);
        }
        Some(answer)
    }

    /// Adds a bucket, and moves into it what belongs there by one more bit of the hash.
    #[cold]
    fn split(&self, writing: &mut Writing, count: u32) {
        let level = count.ilog2();
        let Some(old) = self.buckets.get(count - (1 << level)) else { return };
        let Some(new) = self.buckets.reach(count) else { return };
        let _open = Open::new(old);
        let old = Chain { table: self, bucket: old, writing };
        let moving: Vec<Slot> = old.all().filter(|slot| slot.has_bit(level)).collect();
        let mut new = Chain { table: self, bucket: new, writing: old.writing };
        for &slot in &moving {
            new.insert(slot);
        }
        // Nobody has looked there yet. For a moment what moves is in both places, never in none.
        self.count.store(count + 1, Ordering::Release);
        let mut old = Chain { bucket: old.bucket, ..new };
        for slot in moving {
            old.remove(slot);
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.buckets.bytes() + self.overflow.bytes()
    }
}

/// A bucket that is being changed. It must be closed also when the change panics: readers would wait.
struct Open<'a>(&'a Line);

impl<'a> Open<'a> {
    fn new(bucket: &'a Line) -> Self {
        bucket.open();
        Self(bucket)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// A bucket and what overflows from it, for the writing thread.
pub(super) struct Chain<'a> {
    table: &'a Table,
    bucket: &'a Line,
    writing: &'a mut Writing,
}

impl<'a> Chain<'a> {
    fn lines(&self) -> impl Iterator<Item = &'a Line> + use<'a> {
        let table = self.table;
        std::iter::successors(Some(self.bucket), |line| table.after(line.word(0)))
    }

    /// Where a slot stands; an empty one by 0.
    fn place(&self, slot: u64) -> Option<(&'a Line, usize)> {
        self.lines().find_map(|line| {
            let at = (1..WORDS).find(|&at| line.word(at) == slot)?;
            Some((line, at))
        })
    }

    fn all(&self) -> impl Iterator<Item = Slot> + use<'a> {
        let slots = self.lines().flat_map(|line| line.words().into_iter().skip(1));
        slots.map(Slot).filter(|slot| !slot.is_empty())
    }

    /// The slots that match a hash.
    pub(super) fn matching(&self, hash: u64) -> impl Iterator<Item = Slot> + use<'a> {
        self.all().filter(move |slot| slot.matches(hash))
    }

    pub(super) fn insert(&mut self, slot: Slot) {
        self.writing.slots += 1;
        if let Some((line, at)) = self.place(0) {
            line.set(at, slot.0);
        } else {
            let number = self.writing.overflow.take();
            // Past the most there can be, the link leads nowhere: whoever follows it is told so.
            if let Some(line) = self.table.overflow.reach(number) {
                line.set_all([0, slot.0, 0, 0, 0, 0, 0, 0]);
            }
            let last = self.lines().last().unwrap_or(self.bucket);
            last.set(0, last.word(0) | u64::from(number));
        }
    }

    pub(super) fn replace(&self, slot: Slot, with: Slot) {
        if let Some((line, at)) = self.place(slot.0) {
            line.set(at, with.0);
        }
    }

    /// Removes a slot, and then the lines that have nothing left.
    pub(super) fn remove(&mut self, slot: Slot) {
        let Some((line, at)) = self.place(slot.0) else { return };
        line.set(at, 0);
        self.writing.slots -= 1;
        let mut before = self.bucket;
        while let Some(line) = self.table.after(before.word(0)) {
            let [head, slots @ ..] = line.words();
            if slots == [0; WORDS - 1] {
                self.writing.overflow.give_back(overflow(before.word(0)));
                before.set(0, before.word(0) >> 32 << 32 | u64::from(overflow(head)));
            } else {
                before = line;
            }
        }
    }
}

#[cold]
fn wait_a_little(spins: &mut u32) {
    *spins += 1;
    if spins.is_multiple_of(SPINS) {
        std::thread::yield_now();
    } else {
        std::hint::spin_loop();
    }
}

#[cfg(test)]
mod tests {
    use super::super::parts::{PARTS, part_of, visit_part};
    use super::*;

    fn positions(table: &Table, hash: u64) -> Vec<u32> {
        let mut seen = Vec::new();
        assert!(table.read(hash, &mut seen, Vec::clear, |seen, slot| seen.push(slot.position())));
        seen.sort_unstable();
        seen
    }

    #[test]
    fn a_grown_table_has_every_slot_and_a_shrunken_one_gives_its_lines_back() {
        let (table, mut writing) = (Table::with_capacity(0), Writing::default());
        let hash = |number: u32| u64::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let numbers = 1..=20_000;
        for number in numbers.clone() {
            let slot = Slot::new(hash(number), number, number.is_multiple_of(3));
            table.change(&mut writing, hash(number), |chain| chain.insert(slot)).unwrap();
        }
        assert_eq!(table.count.load(Ordering::Relaxed), 8_000);
        for number in numbers.clone() {
            assert_eq!(positions(&table, hash(number)), [number]);
        }
        let mut all = 0;
        for part in 0..PARTS {
            visit_part(&table, part, |slot| {
                assert_eq!(part_of(hash(slot.position())), part);
                assert_eq!(slot.is_quiet(), slot.position().is_multiple_of(3));
                all += 1;
            });
        }
        assert_eq!(all, numbers.clone().count());
        for number in numbers.clone() {
            let slot = Slot::new(hash(number), number, number.is_multiple_of(3));
            table.change(&mut writing, hash(number), |chain| chain.remove(slot)).unwrap();
            assert_eq!(positions(&table, hash(number)), Vec::<u32>::new());
        }
        assert_eq!(writing.slots, 0);
    }

    #[test]
    fn many_slots_of_one_hash_overflow_and_are_all_found() {
        let (table, mut writing) = (Table::with_capacity(0), Writing::default());
        for position in 1..=100 {
            table.change(&mut writing, 7, |chain| chain.insert(Slot::new(7, position, false)));
        }
        assert_eq!(positions(&table, 7), (1..=100).collect::<Vec<u32>>());
        assert_eq!(positions(&table, 7 + (1 << 34)), Vec::<u32>::new());
        for position in (1..=100).filter(|position| position % 10 != 0) {
            table.change(&mut writing, 7, |chain| chain.remove(Slot::new(7, position, false)));
        }
        assert_eq!(positions(&table, 7), (1..=10).map(|ten| ten * 10).collect::<Vec<u32>>());
    }

    #[test]
    fn an_empty_slot_matches_nothing_not_even_the_hash_zero() {
        let table = Table::with_capacity(0);
        assert_eq!(positions(&table, 0), Vec::<u32>::new());
    }

    #[test]
    fn a_position_that_cannot_be_said_leads_nowhere() {
        assert_eq!(Slot::new(1, u32::MAX, false).position(), LINES_MAX - 1);
    }
}

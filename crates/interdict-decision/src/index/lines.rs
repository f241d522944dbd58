//! Cache lines that one thread writes while many read them: what the key table is made of.
//!
//! A line is eight words of 64 bits, each an atomic, so that reading one that is being written is a
//! defined thing to do: the reader gets a mixture, sees by the line's version that it did, and reads
//! again ([`Line::begin`], [`Line::still`]; a sequence lock). So readers write nothing, not even a
//! lock, and a decision's few cache misses overlap with those of the next one.
//!
//! Lines never move and are never given back: a grown table has more of them, and the freed ones are
//! used again.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering, fence};

/// Words of a line.
pub(super) const WORDS: usize = 8;

/// Eight words: a bucket of the table, what overflows from one, or what stands on a key.
#[derive(Default)]
#[repr(align(64))] // One cache line, never two.
pub(super) struct Line([AtomicU64; WORDS]);

impl Line {
    #[inline]
    pub(super) fn words(&self) -> [u64; WORDS] {
        self.0.each_ref().map(|word| word.load(Ordering::Relaxed))
    }

    #[inline]
    pub(super) fn word(&self, at: usize) -> u64 {
        self.0.get(at).map_or(0, |word| word.load(Ordering::Relaxed))
    }

    pub(super) fn set(&self, at: usize, value: u64) {
        if let Some(word) = self.0.get(at) {
            word.store(value, Ordering::Relaxed);
        }
    }

    pub(super) fn set_all(&self, words: [u64; WORDS]) {
        for (word, value) in self.0.iter().zip(words) {
            word.store(value, Ordering::Relaxed);
        }
    }

    fn head(&self) -> &AtomicU64 {
        let [head, ..] = &self.0;
        head
    }

    /// The version of a bucket, in the upper half of its first word; none while it is being changed.
    #[inline]
    pub(super) fn begin(&self) -> Option<u64> {
        let version = self.head().load(Ordering::Acquire) >> 32;
        version.is_multiple_of(2).then_some(version)
    }

    /// Whether all that was read since [`Self::begin`] is of one moment.
    #[inline]
    pub(super) fn still(&self, version: u64) -> bool {
        fence(Ordering::Acquire);
        self.head().load(Ordering::Relaxed) >> 32 == version
    }

    /// Makes the version odd, before a change. For the one thread that writes.
    pub(super) fn open(&self) {
        let head = self.head().load(Ordering::Relaxed);
        self.head().store(next_version(head), Ordering::Relaxed);
        fence(Ordering::Release);
    }

    /// Makes the version even, after a change.
    pub(super) fn close(&self) {
        let head = self.head().load(Ordering::Relaxed);
        self.head().store(next_version(head), Ordering::Release);
    }
}

const fn next_version(head: u64) -> u64 {
    head.wrapping_add(1 << 32)
}

/// The lower half of a word.
#[inline]
#[allow(clippy::cast_possible_truncation, reason = "the mask leaves what fits")]
pub(super) const fn low(word: u64) -> u32 {
    (word & 0xFFFF_FFFF) as u32
}

/// Lines of the first eight chunks. Every eight chunks their size doubles: so there are few chunks,
/// and at most an eighth of the lines is there too early.
const FIRST_BITS: u32 = 6;
const FIRST: u32 = 1 << FIRST_BITS;
/// Most lines there can be.
pub(super) const LINES_MAX: u32 = 1 << 28;
const CHUNKS: usize = ((LINES_MAX.ilog2() - FIRST_BITS - 2) * 8) as usize;

/// Lines by number. They come into being in chunks, as they are reached.
pub(super) struct Lines {
    chunks: [OnceLock<Box<[Line]>>; CHUNKS],
}

/// A line's chunk, its place in the chunk, and how many lines the chunk has.
#[inline]
const fn address(number: u32) -> (usize, usize, usize) {
    // Like a floating-point number with three bits of mantissa.
    let shifted = number.saturating_add(8 * FIRST);
    let bits = shifted.ilog2() - 3;
    let chunk = (bits - FIRST_BITS) * 8 + (shifted >> bits & 7);
    (chunk as usize, (shifted & ((1 << bits) - 1)) as usize, 1 << bits)
}

impl Lines {
    pub(super) const fn new() -> Self {
        Self { chunks: [const { OnceLock::new() }; CHUNKS] }
    }

    /// The line with a number; none when it has not been reached yet.
    #[inline]
    pub(super) fn get(&self, number: u32) -> Option<&Line> {
        let (chunk, at, _) = address(number);
        self.chunks.get(chunk)?.get()?.get(at)
    }

    /// The line with a number, made when it is not there; none past the most.
    pub(super) fn reach(&self, number: u32) -> Option<&Line> {
        if number >= LINES_MAX {
            return None;
        }
        let (chunk, at, size) = address(number);
        self.chunks.get(chunk)?.get_or_init(|| (0..size).map(|_| Line::default()).collect()).get(at)
    }

    pub(super) fn bytes(&self) -> usize {
        let there = self.chunks.iter().filter_map(OnceLock::get);
        size_of::<Self>() + there.map(|chunk| size_of_val::<[Line]>(chunk)).sum::<usize>()
    }
}

/// Which numbers of some [`Lines`] are in use. For the one thread that writes.
#[derive(Default)]
pub(super) struct Numbers {
    last: u32,
    free: Vec<u32>,
}

impl Numbers {
    /// A free number, from 1 on: 0 means none. Past the most there can be, a number without a line.
    pub(super) fn take(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.last = self.last.saturating_add(1).min(LINES_MAX);
            self.last
        })
    }

    pub(super) fn give_back(&mut self, number: u32) {
        if number < LINES_MAX {
            self.free.push(number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_cache_line() {
        assert_eq!((size_of::<Line>(), align_of::<Line>()), (64, 64));
    }

    #[test]
    fn every_number_has_a_place_of_its_own() {
        let mut expected = (0, 0);
        for number in 0..100_000 {
            let (chunk, at, size) = address(number);
            assert_eq!((chunk, at), expected, "of {number}");
            expected = if at + 1 == size { (chunk + 1, 0) } else { (chunk, at + 1) };
        }
        let (chunk, _, _) = address(LINES_MAX - 1);
        assert!(chunk < CHUNKS, "{chunk}");
    }

    #[test]
    fn a_line_is_there_when_it_was_reached() {
        let lines = Lines::new();
        assert!(lines.get(1_000).is_none());
        lines.reach(1_000).unwrap().set(3, 7);
        assert_eq!(lines.get(1_000).unwrap().word(3), 7);
        assert!(lines.reach(LINES_MAX).is_none());
    }

    #[test]
    fn a_reader_sees_that_a_line_changed() {
        let line = Line::default();
        let version = line.begin().unwrap();
        assert!(line.still(version));
        line.open();
        assert_eq!(line.begin(), None);
        assert!(!line.still(version));
        line.close();
        assert!(line.begin().is_some() && !line.still(version));
    }
}

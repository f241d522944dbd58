//! Fetching ahead: the processor is told which lines will be wanted, and does not wait for them. All those of a decision
//! together cost little more than one.
//!
//! One right after the other: each as soon as its key was hashed, the next hash waited instead (docs/performance.md).
//!
//! Not here: answers. A hint changes nothing but the time.

use branches::prefetch_read_data;

use super::lines::{Line, Lines};
use super::table::{Slot, Table};

/// Into the nearest cache.
const NEAREST: i32 = 0;

#[inline]
fn fetch(line: &Line) {
    prefetch_read_data::<_, NEAREST>(line);
}

/// Fetches where these hashes belong.
#[inline]
pub(super) fn fetch_homes(table: &Table, hashes: impl Iterator<Item = u64>) {
    for hash in hashes {
        if let Some(bucket) = table.buckets.get(table.home(hash)) {
            fetch(bucket);
        }
    }
}

/// Fetches what the homes of these hashes lead to, which have been fetched.
pub(super) fn fetch_found(table: &Table, lines: &Lines, hashes: impl Iterator<Item = u64>) {
    for hash in hashes {
        if let Some(bucket) = table.buckets.get(table.home(hash))
            && let Some(line) = first_match(bucket, hash).and_then(|slot| lines.get(slot.position()))
        {
            fetch(line);
        }
    }
}

/// A slot that matches a hash, if a bucket has one now.
#[inline]
fn first_match(bucket: &Line, hash: u64) -> Option<Slot> {
    let [_, slots @ ..] = bucket.words();
    let slots = slots.map(Slot);
    // Without a branch: which of them match, nobody could predict.
    let mut matching = 0_u32;
    for (at, slot) in (0..).zip(&slots) {
        matching |= u32::from(slot.matches(hash)) << at;
    }
    slots.get(matching.trailing_zeros() as usize).copied()
}

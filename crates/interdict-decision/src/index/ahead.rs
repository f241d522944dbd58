//! Reading ahead: many keys' lines are touched, one after the other, before the first of them is wanted.
//! A load that nothing waits for overlaps with the next one.
//!
//! Not here: answers. What is read is thrown away, and may be half of a change.

use super::lines::Lines;
use super::table::{Slot, Table};

/// Reads the table's lines of all these hashes, then the lines that they lead to.
pub(super) fn read_ahead(table: &Table, lines: &Lines, hashes: impl Iterator<Item = u64> + Clone) {
    let mut read = 0_u64;
    for hash in hashes.clone() {
        read ^= table.buckets.get(table.home(hash)).map_or(0, |bucket| bucket.word(0));
    }
    for hash in hashes {
        let slot = first_match(table, hash);
        if let Some(line) = slot.and_then(|slot| lines.get(slot.position())) {
            read ^= line.word(0);
        }
    }
    // Otherwise the compiler would see that nobody wants to know.
    std::hint::black_box(read);
}

/// A slot that matches a hash, if its first line has one now.
#[inline]
fn first_match(table: &Table, hash: u64) -> Option<Slot> {
    let [_, slots @ ..] = table.buckets.get(table.home(hash))?.words();
    let slots = slots.map(Slot);
    // Without a branch: which of them match, nobody could predict.
    let mut matching = 0_u32;
    for (at, slot) in (0..).zip(&slots) {
        matching |= u32::from(slot.matches(hash)) << at;
    }
    slots.get(matching.trailing_zeros() as usize).copied()
}

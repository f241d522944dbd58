//! Reading ahead: many keys' lines are touched, one after the other, before the first of them is wanted.
//! A load that nothing waits for overlaps with the next one.
//!
//! Where the lines are is worked out before, apart: the arithmetic for it has instructions that wait for whatever was in
//! their register before (`bsr` on x86-64), and that would be what is being loaded of the line before.
//!
//! Not here: answers. What is read is thrown away, and may be half of a change.

use super::lines::{Line, Lines};
use super::table::{Slot, Table};

/// Lines that are waited for together. A processor has about as many loads under way.
const TOGETHER: usize = 16;

/// Reads the table's lines of all these hashes, then the lines that they lead to.
pub(super) fn read_ahead(table: &Table, lines: &Lines, mut hashes: impl Iterator<Item = u64>) {
    loop {
        let mut places = [None; TOGETHER];
        let mut count = 0;
        for (place, hash) in places.iter_mut().zip(hashes.by_ref()) {
            *place = table.buckets.get(table.home(hash)).map(|bucket| (hash, bucket));
            count += 1;
        }
        let places = places.get(..count).unwrap_or_default();
        touch(places.iter().flatten().map(|(_, bucket)| *bucket));
        let mut matches = [None; TOGETHER];
        for (line, (hash, bucket)) in matches.iter_mut().zip(places.iter().flatten()) {
            *line = first_match(bucket, *hash).and_then(|slot| lines.get(slot.position()));
        }
        touch(matches.into_iter().flatten());
        if count < TOGETHER {
            return;
        }
    }
}

#[inline]
fn touch<'l>(lines: impl Iterator<Item = &'l Line>) {
    let read = lines.fold(0, |read, line| read ^ line.word(0));
    // Otherwise the compiler would see that nobody wants to know.
    std::hint::black_box(read);
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

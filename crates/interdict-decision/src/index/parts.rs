//! The table in parts, to be gone through one by one while it grows in between.
//!
//! A part is all hashes that end in the same bits. So do the numbers of their buckets, and a bucket that is split
//! stays in its part.

use super::lines::low;
use super::table::{Slot, Table};

/// So many that of ten million keys one has 2,500.
pub(super) const PARTS: u32 = 1 << 12;

/// The part of a hash.
pub(super) const fn part_of(hash: u64) -> u32 {
    low(hash) & (PARTS - 1)
}

/// Shows the slots of a part. For the writing thread, or while it is kept from writing.
pub(super) fn visit_part(table: &Table, part: u32, mut visit: impl FnMut(Slot)) {
    // In a table of few buckets, several parts share one.
    for number in (table.home(u64::from(part))..table.count()).step_by(PARTS as usize) {
        let mut line = table.buckets.get(number);
        while let Some(there) = line {
            let [head, slots @ ..] = there.words();
            let slots = slots.map(Slot).into_iter().filter(|slot| !slot.is_empty());
            slots.filter(|slot| part_of(slot.hash()) == part).for_each(&mut visit);
            line = table.after(head);
        }
    }
}

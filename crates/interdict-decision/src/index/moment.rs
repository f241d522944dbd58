//! Lets a reader see the state of one moment.
//!
//! Most facts touch one shard, and its lock makes them atomic. A few do not: a customer's email that
//! moves from one key to another, or a change of several facts (a person erased, whose blocks stay
//! as entries). A reader between two of its lookups must not see half of such a change: it would
//! miss a block that stood before and stands after. So these changes are numbered, a reader whose
//! number moved looks again, and one that is unlucky too often waits for the applying thread.

use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::RwLock;

/// How often a reader looks again before it waits.
const ATTEMPTS: usize = 3;

#[derive(Debug)]
#[repr(align(128))] // A cache line of its own: each decision reads it, and few changes write it.
pub(crate) struct Moments {
    /// Odd while a change is being made.
    number: AtomicU64,
    /// Held while a change is being made.
    gate: RwLock<()>,
}

impl Moments {
    pub(crate) const fn new() -> Self {
        Self { number: AtomicU64::new(0), gate: RwLock::new(()) }
    }

    /// Makes a change that readers see whole or not at all.
    pub(crate) fn change<T>(&self, make: impl FnOnce() -> T) -> T {
        /// Also when `make` panics, the number must become even again.
        struct Done<'a>(&'a AtomicU64);
        impl Drop for Done<'_> {
            fn drop(&mut self) {
                self.0.fetch_add(1, Ordering::AcqRel);
            }
        }
        let _closed = self.gate.write();
        // What follows happens under locks of shards, which readers take after the applying thread:
        // whoever sees any of it sees this number.
        self.number.fetch_add(1, Ordering::AcqRel);
        let _done = Done(&self.number);
        make()
    }

    /// Reads, perhaps several times: what comes back was read while no such change was being made.
    #[inline]
    pub(crate) fn read<T>(&self, mut read: impl FnMut() -> T) -> T {
        for _ in 0..ATTEMPTS {
            if let Some(number) = self.begin() {
                let answer = read();
                if self.still(number) {
                    return answer;
                }
            }
            std::hint::spin_loop();
        }
        self.read_at_rest(read)
    }

    /// The number of the present moment; none while such a change is being made.
    #[inline]
    pub(crate) fn begin(&self) -> Option<u64> {
        let number = self.number.load(Ordering::Acquire);
        number.is_multiple_of(2).then_some(number)
    }

    /// Whether what was read since was read at one moment.
    #[inline]
    pub(crate) fn still(&self, number: u64) -> bool {
        self.number.load(Ordering::Acquire) == number
    }

    #[cold]
    fn read_at_rest<T>(&self, mut read: impl FnMut() -> T) -> T {
        let _open = self.gate.read();
        read()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_was_overtaken_reads_again() {
        let moments = Moments::new();
        let mut reads = 0;
        let answer = moments.read(|| {
            reads += 1;
            if reads == 1 {
                moments.change(|| ());
            }
            reads
        });
        assert_eq!(answer, 2);
    }
}

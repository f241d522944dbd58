//! The demonstration's generator: the same bytes each time. For nothing else, as everybody knows them.

use std::sync::{Mutex, PoisonError};

use interdict_domain::clock::Random;

const SEED: &[u8] = b"interdict demo 1";

/// A stream of bytes from a fixed seed.
pub struct Seed(Mutex<blake3::OutputReader>);

impl Seed {
    /// From its beginning.
    pub fn new() -> Self {
        Self(Mutex::new(blake3::Hasher::new().update(SEED).finalize_xof()))
    }

    /// The next bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A number below a limit, which is small: that some come a little more often does not matter.
    pub fn below(&self, limit: usize) -> usize {
        usize::from(u16::from_le_bytes(self.bytes())) % limit.max(1)
    }

    /// One of several.
    pub fn pick<'a, T>(&self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.below(from.len()))
    }
}

impl Random for Seed {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill(bytes);
    }
}

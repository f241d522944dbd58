//! Which kinds of a merchant's entries stand under which former peppers: what is worth looking up there.
//!
//! Deliberately not here: the keys, and the peppers.

use super::{Generation, Kind};

/// What stands under former peppers. A bit may stand for several of them: then one is looked up in vain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct FormerReach {
    /// A bit for each generation, by what is left of its number.
    generations: u16,
    /// A bit for each kind.
    kinds: u16,
}

impl FormerReach {
    pub(super) const NONE: Self = Self { generations: 0, kinds: 0 };
    pub(super) const EVERY: Self = Self { generations: u16::MAX, kinds: u16::MAX };

    pub(super) const fn of(kind: Kind, generation: Generation) -> Self {
        Self { generations: 1 << (generation.0 % u16::BITS), kinds: 1 << (kind.code() as u32 % u16::BITS) }
    }

    pub(super) const fn union(self, other: Self) -> Self {
        Self { generations: self.generations | other.generations, kinds: self.kinds | other.kinds }
    }

    pub(super) const fn meets(self, other: Self) -> bool {
        self.generations & other.generations != 0 && self.kinds & other.kinds != 0
    }

    pub(super) const fn is_none(self) -> bool {
        self.generations == 0
    }
}

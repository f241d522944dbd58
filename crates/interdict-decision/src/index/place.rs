//! Where the customers of a key are, in 32 bits: two of verdict, 30 of position.
//!
//! The verdict is what spares the common path a second cache miss: a key that leads only to
//! customers against whom nothing stands says so itself.

/// The position of a customer, in all the customers' shards.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Position(pub(crate) u32);

/// A packed verdict and position.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Place(u32);

/// What a [`Place`] says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Target {
    /// One customer. Marked: something stands against it, so that its record must be read.
    Customer {
        /// Where its record is.
        position: Position,
        /// Whether something stands against it.
        marked: bool,
    },
    /// Several customers. Marked: something stands against at least one of them.
    Cluster {
        /// Where their list is, in the key's own shard.
        position: u32,
        /// Whether something stands against one of them.
        marked: bool,
    },
}

const CLUSTER: u32 = 1 << 31;
const MARKED: u32 = 1 << 30;
/// The highest position, which no slab reaches: it leads nowhere, and what leads nowhere blocks.
const NOWHERE: u32 = MARKED - 1;

impl Place {
    pub(crate) const fn pack(target: Target) -> Self {
        let (tag, position, marked) = match target {
            Target::Customer { position, marked } => (0, position.0, marked),
            Target::Cluster { position, marked } => (CLUSTER, position, marked),
        };
        // What cannot be reached must not look like something against which nothing stands.
        if position >= NOWHERE {
            return Self(tag | MARKED | NOWHERE);
        }
        Self(tag | position | if marked { MARKED } else { 0 })
    }

    pub(crate) const fn bits(self) -> u32 {
        self.0
    }

    pub(crate) const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// Whether something stands against a customer there.
    #[inline]
    pub(crate) const fn is_marked(self) -> bool {
        self.0 & MARKED != 0
    }

    #[inline]
    pub(crate) const fn unpack(self) -> Target {
        let (position, marked) = (self.0 & NOWHERE, self.is_marked());
        if self.0 & CLUSTER == 0 {
            Target::Customer { position: Position(position), marked }
        } else {
            Target::Cluster { position, marked }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_packing() {
        for position in [0, 1, NOWHERE - 1] {
            for marked in [false, true] {
                for target in [
                    Target::Customer { position: Position(position), marked },
                    Target::Cluster { position, marked },
                ] {
                    assert_eq!(Place::pack(target).unpack(), target);
                }
            }
        }
    }

    #[test]
    fn a_position_that_cannot_be_said_leads_nowhere_and_is_looked_at() {
        let far = Target::Customer { position: Position(u32::MAX), marked: false };
        let nowhere = Target::Customer { position: Position(NOWHERE), marked: true };
        assert_eq!(Place::pack(far).unpack(), nowhere);
        let far = Target::Cluster { position: u32::MAX, marked: false };
        assert_eq!(Place::pack(far).unpack(), Target::Cluster { position: NOWHERE, marked: true });
    }
}

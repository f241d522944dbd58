//! Where a source is, in 32 bits: three of verdict, 29 of position.
//!
//! The verdict is what spares the common path a second cache miss: a key that leads only to
//! customers against whom nothing stands says so itself.

/// The position of a customer, in all the customers' shards.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Position(pub(crate) u32);

/// A packed verdict and position.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Place(u32);

/// What a [`Place`] says. Positions of entries and clusters are those in the key's own shard.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Target {
    /// One entry.
    Entry(u32),
    /// One customer. Marked: something stands against it, so that its record must be read.
    Customer {
        /// Where its record is.
        position: Position,
        /// Whether something stands against it.
        marked: bool,
    },
    /// Several sources. Marked: not all of them are customers against whom nothing stands.
    Cluster {
        /// Where their list is.
        position: u32,
        /// Whether there is more than unmarked customers.
        marked: bool,
    },
}

const BITS: u32 = 29;
/// The highest position, which no slab reaches: it leads nowhere, and what leads nowhere blocks.
const NOWHERE: u32 = (1 << BITS) - 1;

const ENTRY: u32 = 0;
const CUSTOMER: u32 = 1;
const MARKED_CUSTOMER: u32 = 2;
const CLUSTER: u32 = 3;
const MARKED_CLUSTER: u32 = 4;

impl Place {
    pub(crate) const fn pack(target: Target) -> Self {
        let (tag, position) = match target {
            Target::Entry(position) => (ENTRY, position),
            Target::Customer { position, marked: false } => (CUSTOMER, position.0),
            Target::Customer { position, marked: true } => (MARKED_CUSTOMER, position.0),
            Target::Cluster { position, marked: false } => (CLUSTER, position),
            Target::Cluster { position, marked: true } => (MARKED_CLUSTER, position),
        };
        // A source that cannot be reached must not look like one that speaks for nobody.
        if position >= NOWHERE {
            return match target {
                Target::Entry(_) | Target::Cluster { .. } => Self(ENTRY << BITS | NOWHERE),
                Target::Customer { .. } => Self(MARKED_CUSTOMER << BITS | NOWHERE),
            };
        }
        Self(tag << BITS | position)
    }

    pub(crate) const fn unpack(self) -> Target {
        let position = self.0 & NOWHERE;
        match self.0 >> BITS {
            ENTRY => Target::Entry(position),
            CUSTOMER => Target::Customer { position: Position(position), marked: false },
            MARKED_CUSTOMER => Target::Customer { position: Position(position), marked: true },
            CLUSTER => Target::Cluster { position, marked: false },
            MARKED_CLUSTER => Target::Cluster { position, marked: true },
            // No tag of ours: an entry that cannot be read.
            _ => Target::Entry(NOWHERE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_packing() {
        for position in [0, 1, NOWHERE - 1] {
            for target in [
                Target::Entry(position),
                Target::Customer { position: Position(position), marked: false },
                Target::Customer { position: Position(position), marked: true },
                Target::Cluster { position, marked: false },
                Target::Cluster { position, marked: true },
            ] {
                assert_eq!(Place::pack(target).unpack(), target);
            }
        }
    }

    #[test]
    fn a_position_that_cannot_be_said_leads_nowhere_and_is_looked_at() {
        let unmarked = Target::Customer { position: Position(u32::MAX), marked: false };
        assert_eq!(
            Place::pack(unmarked).unpack(),
            Target::Customer { position: Position(NOWHERE), marked: true }
        );
        assert_eq!(Place::pack(Target::Entry(u32::MAX)).unpack(), Target::Entry(NOWHERE));
    }
}

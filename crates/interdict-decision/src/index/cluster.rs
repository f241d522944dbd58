//! The customers that share an email or phone.

use super::place::{Place, Position, Target};

/// The customers of a key that several have. The marked ones apart, because a decision without an
/// explanation looks at them only.
#[derive(Debug, Default)]
pub(super) struct Cluster {
    marked: Vec<Position>,
    unmarked: Vec<Position>,
}

impl Cluster {
    /// Of one customer, with room for more.
    pub(super) fn of(place: Place) -> Self {
        let mut cluster = Self::default();
        cluster.push(place);
        cluster
    }

    pub(super) fn push(&mut self, place: Place) {
        match place.unpack() {
            Target::Customer { position, marked: true } => self.marked.push(position),
            Target::Customer { position, marked: false } => self.unmarked.push(position),
            // Clusters hold customers only.
            Target::Cluster { .. } => {}
        }
    }

    pub(super) fn remove(&mut self, customer: Position) {
        for side in [&mut self.marked, &mut self.unmarked] {
            if let Some(at) = side.iter().position(|&held| held == customer) {
                side.swap_remove(at);
            }
        }
    }

    /// Whether something stands against one of them.
    pub(super) fn is_marked(&self) -> bool {
        !self.marked.is_empty()
    }

    /// The only customer that is left, if it is the only one.
    pub(super) fn last(&self) -> Option<Place> {
        let (position, marked) = match (self.marked.as_slice(), self.unmarked.as_slice()) {
            (&[last], []) => (last, true),
            ([], &[last]) => (last, false),
            _ => return None,
        };
        Some(Place::pack(Target::Customer { position, marked }))
    }

    /// The marked customers, or all of them.
    pub(super) fn customers(&self, all: bool) -> impl Iterator<Item = Position> {
        let unmarked = if all { self.unmarked.as_slice() } else { &[] };
        self.marked.iter().chain(unmarked).copied()
    }

    pub(super) fn bytes(&self) -> usize {
        (self.marked.capacity() + self.unmarked.capacity()) * size_of::<Position>()
    }
}

//! What does not fit into the line of a link: the customers who share an identifier, under many locks.
//! The position of the line says where to look.
//!
//! Not here: that a reader sees it at the moment of its line. Whoever changes something holds the
//! line's bucket open, and takes away only what no line leads to any more.

use parking_lot::RwLock;

use super::cluster::Cluster;
use super::keys::Found;
use super::place::{Place, Position, Target};
use super::slab::Slab;

/// So many that readers seldom meet.
const SIDES: usize = 64;

#[derive(Default)]
#[repr(align(128))] // No two locks in one cache line.
struct Side(RwLock<Slab<Cluster>>);

/// All of it, under many locks.
pub(super) struct Sides(Box<[Side]>);

impl Sides {
    pub(super) fn new() -> Self {
        Self((0..SIDES).map(|_| Side::default()).collect())
    }

    fn side(&self, position: u32) -> Option<&RwLock<Slab<Cluster>>> {
        self.0.get(position as usize % SIDES).map(|side| &side.0)
    }

    /// Adds the customers of a link; only the marked ones, unless all are wanted.
    pub(super) fn gather_customers(&self, position: u32, place: Place, all: bool, found: &mut Found) {
        match place.unpack() {
            Target::Customer { position, .. } => found.customers.push(position),
            Target::Cluster { position: cluster, .. } => {
                let side = self.side(position).map(RwLock::read);
                match side.as_ref().and_then(|side| side.get(cluster)) {
                    Some(cluster) => found.customers.extend(cluster.customers(all)),
                    None => found.unreadable = true,
                }
            }
        }
    }

    /// The place of the customers of a link and of one more, who may be among them.
    pub(super) fn join(&self, position: u32, held: Place, customer: Position, new: Place) -> Place {
        let Some(mut side) = self.side(position).map(RwLock::write) else { return new };
        let cluster = match held.unpack() {
            Target::Customer { position, .. } if position == customer => return new,
            Target::Customer { .. } => side.insert(Cluster::of(held)),
            Target::Cluster { position, .. } => position,
        };
        // A cluster that cannot be reached is looked at, and then blocks.
        let marked = side.get_mut(cluster).is_none_or(|cluster| {
            cluster.remove(customer);
            cluster.push(new);
            cluster.is_marked()
        });
        Place::pack(Target::Cluster { position: cluster, marked })
    }

    /// The place of the customers of a link without one of them; none when nobody is left.
    pub(super) fn leave(&self, position: u32, held: Place, customer: Position) -> Option<Place> {
        let cluster_at = match held.unpack() {
            Target::Customer { position, .. } if position == customer => return None,
            Target::Customer { .. } => return Some(held),
            Target::Cluster { position, .. } => position,
        };
        let mut side = self.side(position)?.write();
        let Some(cluster) = side.get_mut(cluster_at) else { return Some(held) };
        cluster.remove(customer);
        let (last, marked) = (cluster.last(), cluster.is_marked());
        if last.is_some() {
            side.remove(cluster_at);
            return last;
        }
        Some(Place::pack(Target::Cluster { position: cluster_at, marked }))
    }

    pub(super) fn bytes(&self) -> usize {
        let each = self.0.iter().map(|side| {
            let clusters = side.0.read();
            clusters.bytes() + clusters.iter().map(Cluster::bytes).sum::<usize>()
        });
        size_of_val(&*self.0) + each.sum::<usize>()
    }
}

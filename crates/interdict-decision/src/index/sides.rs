//! What does not fit into the line of an entry or a link: texts, and lists of customers. Each has the
//! position of its line, which says where to look.
//!
//! Not here: that a reader sees it at the moment of its line. Whoever changes something holds the
//! line's bucket open, and takes away only what no line leads to any more.

use std::sync::Arc;

use parking_lot::RwLock;

use super::cluster::Cluster;
use super::entries::{EntryRecord, FoundEntry};
use super::keys::Found;
use super::place::{Place, Position, Target};
use super::slab::Slab;
use super::texts::Texts;

/// So many that readers seldom meet.
const SIDES: usize = 64;

#[derive(Default)]
struct Side {
    texts: Slab<Arc<Texts>>,
    clusters: Slab<Cluster>,
}

#[derive(Default)]
#[repr(align(128))] // No two locks in one cache line.
struct Shelf(RwLock<Side>);

/// All of it, under many locks.
pub(super) struct Sides(Box<[Shelf]>);

impl Sides {
    pub(super) fn new() -> Self {
        Self((0..SIDES).map(|_| Shelf::default()).collect())
    }

    fn side(&self, position: u32) -> Option<&RwLock<Side>> {
        self.0.get(position as usize % SIDES).map(|shelf| &shelf.0)
    }

    #[inline(never)]
    pub(super) fn with_texts(&self, position: u32, record: EntryRecord, texts: u32) -> Option<FoundEntry> {
        let side = self.side(position)?.read();
        let texts = side.texts.get(texts - 1)?;
        Some(FoundEntry { record, reason: texts.first.clone(), public_message: texts.second.clone() })
    }

    /// Where the texts of an entry are, from 1 on: 0 means none.
    pub(super) fn keep_texts(&self, position: u32, texts: Arc<Texts>) -> u32 {
        let place = self.side(position).map(|side| side.write().texts.insert(texts));
        place.map_or(u32::MAX, |place| place.saturating_add(1))
    }

    pub(super) fn forget_texts(&self, position: u32, texts: u32) -> Option<Arc<Texts>> {
        self.side(position)?.write().texts.remove(texts.checked_sub(1)?)
    }

    /// Adds the customers of a link; only the marked ones, unless all are wanted.
    pub(super) fn gather_customers(&self, position: u32, place: Place, all: bool, found: &mut Found) {
        match place.unpack() {
            Target::Customer { position, .. } => found.customers.push(position),
            Target::Cluster { position: cluster, .. } => {
                let side = self.side(position).map(RwLock::read);
                match side.as_ref().and_then(|side| side.clusters.get(cluster)) {
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
            Target::Customer { .. } => side.clusters.insert(Cluster::of(held)),
            Target::Cluster { position, .. } => position,
        };
        // A cluster that cannot be reached is looked at, and then blocks.
        let marked = side.clusters.get_mut(cluster).is_none_or(|cluster| {
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
        let Some(cluster) = side.clusters.get_mut(cluster_at) else { return Some(held) };
        cluster.remove(customer);
        let (last, marked) = (cluster.last(), cluster.is_marked());
        if last.is_some() {
            side.clusters.remove(cluster_at);
            return last;
        }
        Some(Place::pack(Target::Cluster { position: cluster_at, marked }))
    }

    pub(super) fn bytes(&self) -> usize {
        let each = self.0.iter().map(|shelf| {
            let side = shelf.0.read();
            let clusters = side.clusters.iter().map(Cluster::bytes).sum::<usize>();
            side.texts.bytes() + side.clusters.bytes() + clusters
        });
        size_of_val(&*self.0) + each.sum::<usize>()
    }
}

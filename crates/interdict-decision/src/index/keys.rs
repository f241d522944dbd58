//! The key table: from an identifier's key to the sources that stand on it, in many shards.
//!
//! The key is a hash already, so its own bits choose: eight bytes of it the bucket and hashbrown's
//! tag, two of the others the shard. An entry lies whole in the slot of its key, one cache line, so
//! that a hit costs no more misses than finding it. A link to customers takes a slot too: a table
//! beside would save two thirds of its memory, and cost each miss a second probe.
//!
//! Not here: the customers themselves, and ranges.

use std::sync::Arc;

use hashbrown::HashTable;
use interdict_domain::identifier::IdentifierKey;
use interdict_domain::ids::EntryId;
use parking_lot::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::Statistics;
use super::cluster::Cluster;
use super::entries::EntryRecord;
use super::place::{Place, Position, Target};
use super::slab::Slab;
use super::texts::Texts;

/// More shards make the pauses shorter in which one of them grows, and readers meet the applying
/// thread less often; their headers should stay in the second-level cache.
pub(crate) const SHARDS: usize = 1024;

/// A key and one thing that stands on it: several take several slots.
#[repr(align(64))] // One cache line, never two.
struct Slot {
    key: IdentifierKey,
    standing: Standing,
}

enum Standing {
    Entry(EntryRecord),
    /// To the customers that have the identifier; at most one for each key.
    Link(Place),
}

#[repr(align(128))] // The lock and the table's header in one line, which no other shard writes.
struct Shard {
    inside: RwLock<Inside>,
}

struct Inside {
    table: HashTable<Slot>,
    /// How many of the slots are links.
    links: usize,
    clusters: Slab<Cluster>,
}

/// The key table.
pub(crate) struct Keys {
    shards: Box<[Shard]>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}

/// What stands on a key.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Found<'a> {
    /// An entry.
    Entry(&'a EntryRecord),
    /// A customer that has the identifier.
    Customer(Position),
    /// Something that cannot be read.
    Unreadable,
}

#[inline]
fn hash(key: IdentifierKey) -> u64 {
    u64::from_le_bytes(*key.0.first_chunk().unwrap_or(&[0; 8]))
}

#[inline]
fn shard(key: IdentifierKey) -> usize {
    let [.., high, low] = key.0;
    usize::from(u16::from_be_bytes([high, low])) % SHARDS
}

impl Keys {
    pub(crate) fn with_capacity(keys: usize) -> Self {
        // Keys fall into shards evenly but for chance: a few standard deviations more leave none
        // of them to grow.
        let mean = keys / SHARDS;
        let capacity = if keys == 0 { 0 } else { mean + 5 * mean.isqrt() + 1 };
        let shard = |_| Shard {
            inside: RwLock::new(Inside {
                table: HashTable::with_capacity(capacity),
                links: 0,
                clusters: Slab::with_capacity(0),
            }),
        };
        Self { shards: (0..SHARDS).map(shard).collect() }
    }

    #[inline]
    fn shard(&self, key: IdentifierKey) -> Option<&RwLock<Inside>> {
        self.shards.get(shard(key)).map(|shard| &shard.inside)
    }

    fn write(&self, key: IdentifierKey) -> Option<RwLockWriteGuard<'_, Inside>> {
        Some(self.shard(key)?.write())
    }

    #[inline]
    fn read(&self, key: IdentifierKey) -> Option<RwLockReadGuard<'_, Inside>> {
        Some(self.shard(key)?.read())
    }

    /// Shows what stands on a key; of customers only the marked ones, unless all are wanted.
    pub(crate) fn visit(&self, key: IdentifierKey, all: bool, mut visit: impl FnMut(Found<'_>)) {
        let Some(inside) = self.read(key) else { return visit(Found::Unreadable) };
        for standing in inside.of(key) {
            inside.show(standing, all, &mut visit);
        }
    }

    /// The short way for the common case. Shows the entries that stand on a key; false when there is
    /// more to see, which [`Self::visit`] shows.
    #[inline]
    pub(crate) fn visit_entries(&self, key: IdentifierKey, mut visit: impl FnMut(&EntryRecord)) -> bool {
        let Some(inside) = self.read(key) else { return false };
        let mut all_seen = true;
        for standing in inside.of(key) {
            match standing {
                Standing::Entry(entry) => visit(entry),
                Standing::Link(place) => all_seen = !place.is_marked(),
            }
        }
        all_seen
    }

    /// Puts an entry, in one step. Returns the texts of the one that it replaces.
    pub(crate) fn put_entry(&self, key: IdentifierKey, entry: EntryRecord) -> Option<Arc<Texts>> {
        let mut inside = self.write(key)?;
        if let Some(slot) = inside.table.find_mut(hash(key), |slot| slot.is_entry(key, entry.id)) {
            return std::mem::replace(&mut slot.standing, Standing::Entry(entry)).texts();
        }
        inside.insert(Slot { key, standing: Standing::Entry(entry) });
        None
    }

    /// Removes an entry. Returns its texts.
    pub(crate) fn remove_entry(&self, key: IdentifierKey, id: EntryId) -> Option<Arc<Texts>> {
        let mut inside = self.write(key)?;
        let found = inside.table.find_entry(hash(key), |slot| slot.is_entry(key, id));
        let (slot, _) = found.ok()?.remove();
        slot.standing.texts()
    }

    /// Leads a key to a customer, or marks anew one that it leads to.
    pub(crate) fn link(&self, key: IdentifierKey, position: Position, marked: bool) {
        let Some(mut inside) = self.write(key) else { return };
        // Under one lock: no reader sees the customer twice or not at all.
        inside.unlink(key, position);
        inside.add_link(key, Place::pack(Target::Customer { position, marked }));
    }

    /// Leads a key to a customer no more.
    pub(crate) fn unlink(&self, key: IdentifierKey, position: Position) {
        if let Some(mut inside) = self.write(key) {
            inside.unlink(key, position);
        }
    }

    /// Shows every key and everything that stands on it.
    pub(crate) fn visit_all(&self, mut visit: impl FnMut(IdentifierKey, Found<'_>)) {
        for shard in &self.shards {
            let inside = shard.inside.read();
            for slot in &inside.table {
                inside.show(&slot.standing, true, &mut |found| visit(slot.key, found));
            }
        }
    }

    pub(crate) fn shrink(&self) {
        for shard in &self.shards {
            let mut inside = shard.inside.write();
            inside.table.shrink_to_fit(|slot| hash(slot.key));
            inside.clusters.shrink();
        }
    }

    pub(crate) fn count(&self, statistics: &mut Statistics) {
        statistics.table_bytes += size_of_val(&*self.shards);
        for shard in &self.shards {
            let inside = shard.inside.read();
            statistics.entries += inside.table.len() - inside.links;
            statistics.links += inside.links;
            statistics.table_bytes += inside.table.allocation_size() + inside.clusters.bytes();
            statistics.table_bytes += inside.clusters.iter().map(Cluster::bytes).sum::<usize>();
        }
    }
}

impl Slot {
    fn is_entry(&self, key: IdentifierKey, id: EntryId) -> bool {
        self.key == key && matches!(&self.standing, Standing::Entry(entry) if entry.id == id)
    }

    fn is_link(&self, key: IdentifierKey) -> bool {
        self.key == key && matches!(&self.standing, Standing::Link(_))
    }
}

impl Standing {
    fn texts(self) -> Option<Arc<Texts>> {
        match self {
            Self::Entry(entry) => entry.texts,
            Self::Link(_) => None,
        }
    }
}

impl Inside {
    /// What stands on a key.
    #[inline]
    fn of(&self, key: IdentifierKey) -> impl Iterator<Item = &Standing> {
        let same_hash = self.table.iter_hash(hash(key));
        same_hash.filter(move |slot| slot.key == key).map(|slot| &slot.standing)
    }

    fn show(&self, standing: &Standing, all: bool, visit: &mut impl FnMut(Found<'_>)) {
        let place = match standing {
            Standing::Entry(entry) => return visit(Found::Entry(entry)),
            Standing::Link(place) => *place,
        };
        if !all && !place.is_marked() {
            return;
        }
        match place.unpack() {
            Target::Customer { position, .. } => visit(Found::Customer(position)),
            Target::Cluster { position, .. } => match self.clusters.get(position) {
                Some(cluster) => cluster.customers(all).for_each(|customer| visit(Found::Customer(customer))),
                None => visit(Found::Unreadable),
            },
        }
    }

    fn insert(&mut self, slot: Slot) {
        self.table.insert_unique(hash(slot.key), slot, |slot| hash(slot.key));
    }

    fn add_link(&mut self, key: IdentifierKey, place: Place) {
        let Self { table, clusters, .. } = self;
        let Some(slot) = table.find_mut(hash(key), |slot| slot.is_link(key)) else {
            self.links += 1;
            return self.insert(Slot { key, standing: Standing::Link(place) });
        };
        let Standing::Link(held) = &mut slot.standing else { return };
        let position = match held.unpack() {
            Target::Cluster { position, .. } => position,
            Target::Customer { .. } => clusters.insert(Cluster::of(*held)),
        };
        // A cluster that cannot be reached is looked at, and then blocks.
        let marked = clusters.get_mut(position).is_none_or(|cluster| {
            cluster.push(place);
            cluster.is_marked()
        });
        *held = Place::pack(Target::Cluster { position, marked });
    }

    fn unlink(&mut self, key: IdentifierKey, customer: Position) {
        let Self { table, clusters, links } = self;
        let Ok(mut occupied) = table.find_entry(hash(key), |slot| slot.is_link(key)) else { return };
        let Standing::Link(held) = &mut occupied.get_mut().standing else { return };
        match held.unpack() {
            Target::Customer { position, .. } if position == customer => {
                occupied.remove();
                *links -= 1;
            }
            Target::Customer { .. } => {}
            Target::Cluster { position, .. } => {
                let Some(cluster) = clusters.get_mut(position) else { return };
                cluster.remove(customer);
                if let Some(last) = cluster.last() {
                    *held = last;
                    clusters.remove(position);
                } else {
                    *held = Place::pack(Target::Cluster { position, marked: cluster.is_marked() });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_takes_one_cache_line() {
        assert_eq!(size_of::<Slot>(), 64);
    }

    #[test]
    fn a_place_that_leads_nowhere_is_shown_as_unreadable() {
        let keys = Keys::with_capacity(0);
        let key = IdentifierKey([7; 16]);
        let nowhere = Place::pack(Target::Cluster { position: 12, marked: true });
        keys.write(key).unwrap().add_link(key, nowhere);
        let mut unreadable = 0;
        keys.visit(key, false, |found| unreadable += u32::from(matches!(found, Found::Unreadable)));
        assert_eq!(unreadable, 1);
        assert!(!keys.visit_entries(key, |_| {}));
    }
}

//! The key table: from an identifier's key to the sources that stand on it, in many shards.
//!
//! The key is a hash already, so its own bits choose: eight bytes of it the bucket and hashbrown's
//! tag, two of the others the shard. An entry lives in the shard of its key, so that one lock makes
//! its replacement atomic and one read finds it.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use interdict_domain::identifier::IdentifierKey;
use interdict_domain::ids::EntryId;
use parking_lot::RwLock;

use super::Statistics;
use super::entries::EntryRecord;
use super::place::{Place, Position, Target};
use super::slab::Slab;
use super::texts::Texts;
use std::sync::Arc;

/// More shards make the pauses shorter in which one of them grows, and readers meet the applying
/// thread less often; their headers should stay in the second-level cache.
pub(crate) const SHARDS: usize = 1024;

/// Twenty bytes: a key, and what it leads to.
#[derive(Clone, Copy)]
struct Slot {
    key: IdentifierKey,
    place: Place,
}

/// The sources of a key that has several. The marked ones apart, because a decision without an
/// explanation looks at them only.
#[derive(Debug, Default)]
struct Cluster {
    marked: Vec<Place>,
    unmarked: Vec<Place>,
}

#[repr(align(128))] // The lock and the table's header in one line, which no other shard writes.
struct Shard {
    inside: RwLock<Inside>,
}

struct Inside {
    table: HashTable<Slot>,
    entries: Slab<EntryRecord>,
    clusters: Slab<Cluster>,
}

/// The key table.
pub(crate) struct Keys {
    shards: Box<[Shard; SHARDS]>,
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
    let [a, b, c, d, e, f, g, h, ..] = key.0;
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
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
        let shards: Vec<Shard> = (0..SHARDS)
            .map(|_| Shard {
                inside: RwLock::new(Inside {
                    table: HashTable::with_capacity(capacity),
                    entries: Slab::with_capacity(capacity),
                    clusters: Slab::with_capacity(0),
                }),
            })
            .collect();
        let Ok(shards) = shards.into_boxed_slice().try_into() else { return Self::with_capacity(keys) };
        Self { shards }
    }

    #[inline]
    fn shard(&self, key: IdentifierKey) -> Option<&RwLock<Inside>> {
        self.shards.get(shard(key)).map(|shard| &shard.inside)
    }

    /// Shows what stands on a key; of customers only the marked ones, unless all are wanted.
    #[inline]
    pub(crate) fn visit(&self, key: IdentifierKey, all: bool, mut visit: impl FnMut(Found<'_>)) {
        let Some(shard) = self.shard(key) else { return visit(Found::Unreadable) };
        let inside = shard.read();
        let Some(slot) = inside.table.find(hash(key), |slot| slot.key == key) else { return };
        match slot.place.unpack() {
            Target::Customer { marked: false, .. } | Target::Cluster { marked: false, .. } if !all => {}
            Target::Entry(position) => {
                visit(inside.entries.get(position).map_or(Found::Unreadable, Found::Entry));
            }
            Target::Customer { position, .. } => visit(Found::Customer(position)),
            Target::Cluster { position, .. } => inside.visit_cluster(position, all, visit),
        }
    }

    /// The short way for the common case. Shows the one entry that stands on a key, if there is one;
    /// false when there is more to see, which [`Self::visit`] shows.
    #[inline]
    pub(crate) fn visit_single(&self, key: IdentifierKey, visit: impl FnOnce(&EntryRecord)) -> bool {
        let Some(shard) = self.shard(key) else { return false };
        let inside = shard.read();
        let Some(slot) = inside.table.find(hash(key), |slot| slot.key == key) else { return true };
        match slot.place.unpack() {
            Target::Customer { marked, .. } | Target::Cluster { marked, .. } => !marked,
            Target::Entry(position) => inside.entries.get(position).map(visit).is_some(),
        }
    }

    /// Puts an entry, in one step. Returns the texts of the one that it replaces.
    pub(crate) fn put_entry(&self, key: IdentifierKey, record: EntryRecord) -> Option<Arc<Texts>> {
        let mut inside = self.shard(key)?.write();
        if let Some(place) = inside.place(key)
            && let Some(position) = inside.entry_position(place, record.id)
            && let Some(held) = inside.entries.get_mut(position)
        {
            return std::mem::replace(held, record).texts;
        }
        let place = Place::pack(Target::Entry(inside.entries.insert(record)));
        inside.add(key, place);
        None
    }

    /// Removes an entry. Returns its texts.
    pub(crate) fn remove_entry(&self, key: IdentifierKey, id: EntryId) -> Option<Arc<Texts>> {
        let mut inside = self.shard(key)?.write();
        let place = inside.place(key)?;
        let position = inside.entry_position(place, id)?;
        inside.take(key, Place::pack(Target::Entry(position)));
        inside.entries.remove(position)?.texts
    }

    /// Leads a key to a customer, or marks anew one that it leads to.
    pub(crate) fn link(&self, key: IdentifierKey, position: Position, marked: bool) {
        let Some(shard) = self.shard(key) else { return };
        let wanted = Place::pack(Target::Customer { position, marked });
        let other = Place::pack(Target::Customer { position, marked: !marked });
        let mut inside = shard.write();
        if inside.has(key, wanted) {
            return;
        }
        // Under one lock: no reader sees the customer twice or not at all.
        inside.take(key, other);
        inside.add(key, wanted);
    }

    /// Leads a key to a customer no more.
    pub(crate) fn unlink(&self, key: IdentifierKey, position: Position) {
        let Some(shard) = self.shard(key) else { return };
        let mut inside = shard.write();
        for marked in [true, false] {
            inside.take(key, Place::pack(Target::Customer { position, marked }));
        }
    }

    /// Shows every key and everything that stands on it.
    pub(crate) fn visit_all(&self, mut visit: impl FnMut(IdentifierKey, Found<'_>)) {
        for shard in self.shards.iter() {
            let keys: Vec<IdentifierKey> = shard.inside.read().table.iter().map(|slot| slot.key).collect();
            for key in keys {
                self.visit(key, true, |found| visit(key, found));
            }
        }
    }

    pub(crate) fn shrink(&self) {
        for shard in self.shards.iter() {
            let mut inside = shard.inside.write();
            inside.table.shrink_to_fit(|slot| hash(slot.key));
            inside.entries.shrink();
            inside.clusters.shrink();
        }
    }

    pub(crate) fn count(&self, statistics: &mut Statistics) {
        statistics.key_bytes += size_of_val(&*self.shards);
        for shard in self.shards.iter() {
            let inside = shard.inside.read();
            statistics.keys += inside.table.len();
            statistics.entries += inside.entries.len();
            statistics.key_bytes += inside.table.allocation_size();
            statistics.entry_bytes += inside.entries.bytes() + inside.clusters.bytes();
            for cluster in inside.clusters.iter() {
                let places = cluster.marked.capacity() + cluster.unmarked.capacity();
                statistics.entry_bytes += places * size_of::<Place>();
            }
        }
    }
}

impl Inside {
    #[cold]
    fn visit_cluster(&self, position: u32, all: bool, mut visit: impl FnMut(Found<'_>)) {
        let Some(cluster) = self.clusters.get(position) else { return visit(Found::Unreadable) };
        let unmarked = if all { cluster.unmarked.as_slice() } else { &[] };
        for place in cluster.marked.iter().chain(unmarked) {
            visit(match place.unpack() {
                Target::Entry(position) => self.entries.get(position).map_or(Found::Unreadable, Found::Entry),
                Target::Customer { position, .. } => Found::Customer(position),
                Target::Cluster { .. } => Found::Unreadable,
            });
        }
    }

    fn place(&self, key: IdentifierKey) -> Option<Place> {
        self.table.find(hash(key), |slot| slot.key == key).map(|slot| slot.place)
    }

    /// The single places behind one.
    fn places(&self, place: Place) -> impl Iterator<Item = Place> {
        let (single, cluster) = match place.unpack() {
            Target::Cluster { position, .. } => (None, self.clusters.get(position)),
            Target::Entry(_) | Target::Customer { .. } => (Some(place), None),
        };
        let several = cluster.into_iter().flat_map(|cluster| cluster.marked.iter().chain(&cluster.unmarked));
        single.into_iter().chain(several.copied())
    }

    fn entry_position(&self, place: Place, id: EntryId) -> Option<u32> {
        self.places(place).find_map(|place| match place.unpack() {
            Target::Entry(position) => {
                self.entries.get(position).is_some_and(|entry| entry.id == id).then_some(position)
            }
            Target::Customer { .. } | Target::Cluster { .. } => None,
        })
    }

    fn has(&self, key: IdentifierKey, place: Place) -> bool {
        self.place(key).is_some_and(|held| self.places(held).any(|single| single == place))
    }

    fn add(&mut self, key: IdentifierKey, place: Place) {
        let Self { table, clusters, .. } = self;
        match table.entry(hash(key), |slot| slot.key == key, |slot| hash(slot.key)) {
            Entry::Vacant(vacant) => {
                vacant.insert(Slot { key, place });
            }
            Entry::Occupied(mut occupied) => {
                let slot = occupied.get_mut();
                let position = match slot.place.unpack() {
                    Target::Cluster { position, .. } => position,
                    Target::Entry(_) | Target::Customer { .. } => {
                        let mut cluster = Cluster::default();
                        cluster.push(slot.place);
                        clusters.insert(cluster)
                    }
                };
                let marked = clusters.get_mut(position).is_none_or(|cluster| {
                    cluster.push(place);
                    !cluster.marked.is_empty()
                });
                slot.place = Place::pack(Target::Cluster { position, marked });
            }
        }
    }

    /// Takes a single place away from a key, if it is there.
    fn take(&mut self, key: IdentifierKey, place: Place) {
        let Self { table, clusters, .. } = self;
        let Ok(mut occupied) = table.find_entry(hash(key), |slot| slot.key == key) else { return };
        let held = occupied.get().place;
        let Target::Cluster { position, .. } = held.unpack() else {
            if held == place {
                occupied.remove();
            }
            return;
        };
        let Some(cluster) = clusters.get_mut(position) else { return };
        cluster.remove(place);
        occupied.get_mut().place = match (cluster.marked.as_slice(), cluster.unmarked.as_slice()) {
            (&[last], []) | ([], &[last]) => {
                clusters.remove(position);
                last
            }
            (marked, _) => Place::pack(Target::Cluster { position, marked: !marked.is_empty() }),
        };
    }
}

impl Cluster {
    fn side(&mut self, place: Place) -> &mut Vec<Place> {
        match place.unpack() {
            Target::Customer { marked: false, .. } => &mut self.unmarked,
            Target::Entry(_) | Target::Customer { .. } | Target::Cluster { .. } => &mut self.marked,
        }
    }

    fn push(&mut self, place: Place) {
        self.side(place).push(place);
    }

    fn remove(&mut self, place: Place) {
        let side = self.side(place);
        if let Some(at) = side.iter().position(|&held| held == place) {
            side.swap_remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_takes_20_bytes() {
        assert_eq!(size_of::<Slot>(), 20);
    }

    #[test]
    fn a_place_that_leads_nowhere_is_shown_as_unreadable() {
        let keys = Keys::with_capacity(0);
        let key = IdentifierKey([7; 16]);
        keys.shard(key).unwrap().write().add(key, Place::pack(Target::Entry(12)));
        let mut unreadable = 0;
        keys.visit(key, false, |found| unreadable += u32::from(matches!(found, Found::Unreadable)));
        assert_eq!(unreadable, 1);
    }
}

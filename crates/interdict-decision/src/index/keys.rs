//! The key table: from an identifier's key to the sources that stand on it, in many shards.
//!
//! The key is a hash already, so its own bits choose: eight bytes of it the bucket and hashbrown's
//! tag, two of the others the shard. An entry lies whole in the slot of its key, one cache line, so
//! that a hit costs no more misses than finding it; a link to a customer takes a slot of 20 bytes in
//! a table beside. One lock over both makes the replacement of an entry atomic.
//!
//! Not here: the customers themselves, and ranges.

use std::sync::Arc;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use interdict_domain::identifier::IdentifierKey;
use interdict_domain::ids::EntryId;
use parking_lot::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::Statistics;
use super::entries::EntryRecord;
use super::links::{Cluster, Link};
use super::place::{Place, Position, Target};
use super::slab::Slab;
use super::texts::Texts;

/// More shards make the pauses shorter in which one of them grows, and readers meet the applying
/// thread less often; their headers should stay in the second-level cache.
pub(crate) const SHARDS: usize = 1024;

/// A key and the entry that stands on it. Several entries on one key take several slots.
#[repr(align(64))] // One cache line, never two.
struct Slot {
    key: IdentifierKey,
    entry: EntryRecord,
}

#[repr(align(128))] // The lock and the tables' headers in two lines, which no other shard writes.
struct Shard {
    inside: RwLock<Inside>,
}

struct Inside {
    entries: HashTable<Slot>,
    links: HashTable<Link>,
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
        let shard = || {
            let entries = HashTable::with_capacity(capacity);
            Shard {
                inside: RwLock::new(Inside {
                    entries,
                    links: HashTable::new(),
                    clusters: Slab::with_capacity(0),
                }),
            }
        };
        Self { shards: (0..SHARDS).map(|_| shard()).collect() }
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
        inside.entries_of(key).for_each(|entry| visit(Found::Entry(entry)));
        match inside.link(key).map(Place::unpack) {
            None | Some(Target::Customer { marked: false, .. } | Target::Cluster { marked: false, .. })
                if !all => {}
            None => {}
            Some(Target::Customer { position, .. }) => visit(Found::Customer(position)),
            Some(Target::Cluster { position, .. }) => match inside.clusters.get(position) {
                Some(cluster) => cluster.customers(all).for_each(|customer| visit(Found::Customer(customer))),
                None => visit(Found::Unreadable),
            },
        }
    }

    /// The short way for the common case. Shows the entries that stand on a key; false when there is
    /// more to see, which [`Self::visit`] shows.
    #[inline]
    pub(crate) fn visit_entries(&self, key: IdentifierKey, visit: impl FnMut(&EntryRecord)) -> bool {
        let Some(inside) = self.read(key) else { return false };
        inside.entries_of(key).for_each(visit);
        match inside.link(key).map(Place::unpack) {
            None => true,
            Some(Target::Customer { marked, .. } | Target::Cluster { marked, .. }) => !marked,
        }
    }

    /// Puts an entry, in one step. Returns the texts of the one that it replaces.
    pub(crate) fn put_entry(&self, key: IdentifierKey, entry: EntryRecord) -> Option<Arc<Texts>> {
        let mut inside = self.write(key)?;
        let same = |slot: &Slot| slot.key == key && slot.entry.id == entry.id;
        if let Some(held) = inside.entries.find_mut(hash(key), same) {
            return std::mem::replace(&mut held.entry, entry).texts;
        }
        inside.entries.insert_unique(hash(key), Slot { key, entry }, |slot| hash(slot.key));
        None
    }

    /// Removes an entry. Returns its texts.
    pub(crate) fn remove_entry(&self, key: IdentifierKey, id: EntryId) -> Option<Arc<Texts>> {
        let mut inside = self.write(key)?;
        let same = |slot: &Slot| slot.key == key && slot.entry.id == id;
        let (slot, _) = inside.entries.find_entry(hash(key), same).ok()?.remove();
        slot.entry.texts
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
            inside.entries.iter().for_each(|slot| visit(slot.key, Found::Entry(&slot.entry)));
            for link in &inside.links {
                match link.place.unpack() {
                    Target::Customer { position, .. } => visit(link.key, Found::Customer(position)),
                    Target::Cluster { position, .. } => match inside.clusters.get(position) {
                        Some(cluster) => {
                            cluster.customers(true).for_each(|it| visit(link.key, Found::Customer(it)));
                        }
                        None => visit(link.key, Found::Unreadable),
                    },
                }
            }
        }
    }

    pub(crate) fn shrink(&self) {
        for shard in &self.shards {
            let mut inside = shard.inside.write();
            inside.entries.shrink_to_fit(|slot| hash(slot.key));
            inside.links.shrink_to_fit(|link| hash(link.key));
            inside.clusters.shrink();
        }
    }

    pub(crate) fn count(&self, statistics: &mut Statistics) {
        statistics.entry_bytes += size_of_val(&*self.shards);
        for shard in &self.shards {
            let inside = shard.inside.read();
            statistics.entries += inside.entries.len();
            statistics.links += inside.links.len();
            statistics.entry_bytes += inside.entries.allocation_size();
            statistics.link_bytes += inside.links.allocation_size() + inside.clusters.bytes();
            statistics.link_bytes += inside.clusters.iter().map(Cluster::bytes).sum::<usize>();
        }
    }
}

impl Inside {
    #[inline]
    fn entries_of(&self, key: IdentifierKey) -> impl Iterator<Item = &EntryRecord> {
        let same_hash = self.entries.iter_hash(hash(key));
        same_hash.filter(move |slot| slot.key == key).map(|slot| &slot.entry)
    }

    #[inline]
    fn link(&self, key: IdentifierKey) -> Option<Place> {
        self.links.find(hash(key), |link| link.key == key).map(|link| link.place)
    }

    fn add_link(&mut self, key: IdentifierKey, place: Place) {
        let Self { links, clusters, .. } = self;
        match links.entry(hash(key), |link| link.key == key, |link| hash(link.key)) {
            Entry::Vacant(vacant) => {
                vacant.insert(Link { key, place });
            }
            Entry::Occupied(mut occupied) => {
                let link = occupied.get_mut();
                let position = match link.place.unpack() {
                    Target::Cluster { position, .. } => position,
                    Target::Customer { .. } => clusters.insert(Cluster::of(link.place)),
                };
                // A cluster that cannot be reached is looked at, and then blocks.
                let marked = clusters.get_mut(position).is_none_or(|cluster| {
                    cluster.push(place);
                    cluster.is_marked()
                });
                link.place = Place::pack(Target::Cluster { position, marked });
            }
        }
    }

    fn unlink(&mut self, key: IdentifierKey, customer: Position) {
        let Self { links, clusters, .. } = self;
        let Ok(mut occupied) = links.find_entry(hash(key), |link| link.key == key) else { return };
        match occupied.get().place.unpack() {
            Target::Customer { position, .. } => {
                if position == customer {
                    occupied.remove();
                }
            }
            Target::Cluster { position, .. } => {
                let Some(cluster) = clusters.get_mut(position) else { return };
                cluster.remove(customer);
                let marked = cluster.is_marked();
                occupied.get_mut().place = match cluster.last() {
                    None => Place::pack(Target::Cluster { position, marked }),
                    Some(last) => {
                        clusters.remove(position);
                        last
                    }
                };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_takes_one_cache_line() {
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

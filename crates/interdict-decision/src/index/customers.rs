//! The customers in memory, by id and by position, in shards of their own.

use std::sync::Arc;

use hashbrown::HashTable;
use interdict_domain::change::{CustomerFact, Linked};
use interdict_domain::customer::ListStatus;
use interdict_domain::identifier::{IdentifierKey, Kind};
use interdict_domain::ids::CustomerId;
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::scopes::{Initiator, Scopes};
use parking_lot::RwLock;

use super::Statistics;
use super::entries::PackedWindow;
use super::place::Position;
use super::slab::Slab;
use super::texts::Texts;

const SHARD_BITS: u32 = 6;
pub(super) const SHARDS: u32 = 1 << SHARD_BITS;
/// Positions in a shard that are read at once.
const BLOCK_BITS: u32 = 11;

/// Neighbours in a shard.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Block {
    pub(super) shard: u32,
    pub(super) number: u32,
}

/// The keys of a customer's own identifiers, in the order of [`OwnKeys::KINDS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub(crate) struct OwnKeys(pub(crate) [Option<IdentifierKey>; 3]);

impl OwnKeys {
    pub(crate) const KINDS: [Kind; 3] = [Kind::Email, Kind::Phone, Kind::MerchantRef];

    pub(crate) fn merchant_ref(&self) -> Option<IdentifierKey> {
        let [_, _, merchant_ref] = self.0;
        merchant_ref
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Kind, IdentifierKey)> {
        Self::KINDS.into_iter().zip(self.0).filter_map(|(kind, key)| Some((kind, key?)))
    }

    /// Each key once.
    pub(super) fn distinct(&self) -> impl Iterator<Item = IdentifierKey> {
        let keys = self.0;
        (1..).zip(keys).filter_map(move |(next, key)| {
            (!keys.iter().skip(next).any(|other| *other == key)).then_some(key)?
        })
    }

    pub(crate) fn contains(&self, key: IdentifierKey) -> bool {
        self.0.contains(&Some(key))
    }
}

/// A customer.
#[derive(Debug)]
pub(crate) struct CustomerRecord {
    pub(crate) id: CustomerId,
    restrict_cit: bool,
    restrict_mit: bool,
    pub(crate) list_status: ListStatus,
    pub(crate) list_scopes: Scopes,
    pub(crate) merchant: MerchantNumber,
    pub(crate) keys: OwnKeys,
    pub(crate) list_window: PackedWindow,
    /// The reasons of its restriction and of its list status.
    pub(crate) texts: Option<Arc<Texts>>,
    /// The values of its identifiers, in the order of its keys.
    pub(crate) values: [Option<Arc<str>>; 3],
}

impl CustomerRecord {
    pub(crate) fn new(fact: &CustomerFact, texts: Option<Arc<Texts>>) -> Self {
        let own = [&fact.email, &fact.phone, &fact.merchant_ref];
        Self {
            id: fact.id,
            restrict_cit: fact.restrict_cit,
            restrict_mit: fact.restrict_mit,
            list_status: fact.list_status,
            list_scopes: fact.list_scopes,
            merchant: fact.merchant,
            keys: OwnKeys(own.map(|linked| linked.as_ref().map(|linked| linked.key))),
            list_window: PackedWindow::pack(fact.list_window),
            texts,
            values: own.map(|linked: &Option<Linked>| linked.as_ref()?.value.clone()),
        }
    }

    /// Whether anything might stand against the customer, now or later.
    pub(crate) const fn is_marked(&self) -> bool {
        self.restrict_cit || self.restrict_mit || matches!(self.list_status, ListStatus::Blacklisted)
    }

    /// Whether a flag stands against payments of this initiator.
    pub(crate) const fn restricts(&self, initiator: Initiator) -> bool {
        match initiator {
            Initiator::Customer => self.restrict_cit,
            Initiator::Merchant => self.restrict_mit,
        }
    }

    /// For which initiators a flag is set.
    pub(crate) const fn restricted_scopes(&self) -> Option<Scopes> {
        Scopes::from_flags(self.restrict_cit, self.restrict_mit)
    }

    /// The value of its own identifier of this kind.
    pub(crate) fn value(&self, kind: Kind) -> Option<Arc<str>> {
        OwnKeys::KINDS.into_iter().zip(&self.values).find(|(own, _)| *own == kind)?.1.clone()
    }
}

#[repr(align(128))] // No two shards' locks in one cache line.
struct Shard {
    inside: RwLock<Inside>,
}

struct Inside {
    by_id: HashTable<u32>,
    records: Slab<CustomerRecord>,
}

/// All customers of all merchants.
pub(crate) struct Customers {
    shards: Box<[Shard]>,
}

impl std::fmt::Debug for Customers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Customers").finish_non_exhaustive()
    }
}

/// The random part of an id is as good as a hash: we draw it ourselves.
pub(super) fn hash(id: CustomerId) -> u64 {
    u64::from_le_bytes(*id.ksuid().bytes().last_chunk().unwrap_or(&[0; 8]))
}

/// Bits that the table in the shard does not use: it takes the lowest and the highest.
fn shard_number(id: CustomerId) -> u32 {
    let [.., byte, _, _, _] = hash(id).to_le_bytes();
    u32::from(byte) & ((1 << SHARD_BITS) - 1)
}

impl Customers {
    pub(crate) fn new() -> Self {
        let shard =
            |_| Shard { inside: RwLock::new(Inside { by_id: HashTable::new(), records: Slab::default() }) };
        Self { shards: (0..SHARDS).map(shard).collect() }
    }

    fn shard(&self, number: u32) -> Option<&RwLock<Inside>> {
        self.shards.get(number as usize).map(|shard| &shard.inside)
    }

    /// Reads a customer by id.
    #[inline]
    pub(crate) fn find<T>(
        &self,
        id: CustomerId,
        read: impl FnOnce(Position, &CustomerRecord) -> T,
    ) -> Option<T> {
        let number = shard_number(id);
        let inside = self.shard(number)?.read();
        let local = inside.position(id)?;
        Some(read(position(number, local), inside.records.get(local)?))
    }

    /// Reads the customer at a position.
    #[inline]
    pub(crate) fn at<T>(&self, position: Position, read: impl FnOnce(&CustomerRecord) -> T) -> Option<T> {
        let number = position.0 & ((1 << SHARD_BITS) - 1);
        let inside = self.shard(number)?.read();
        inside.records.get(position.0 >> SHARD_BITS).map(read)
    }

    /// Puts a customer, in one step. Returns where it is, and the one that it replaces.
    pub(crate) fn put(&self, record: CustomerRecord) -> Option<(Position, Option<CustomerRecord>)> {
        let number = shard_number(record.id);
        let mut inside = self.shard(number)?.write();
        if let Some(local) = inside.position(record.id)
            && let Some(held) = inside.records.get_mut(local)
        {
            return Some((position(number, local), Some(std::mem::replace(held, record))));
        }
        let id = record.id;
        let local = inside.records.insert(record);
        let Inside { by_id, records } = &mut *inside;
        by_id.insert_unique(hash(id), local, |&other| records.get(other).map_or(0, |record| hash(record.id)));
        Some((position(number, local), None))
    }

    /// Removes a customer.
    pub(crate) fn remove(&self, id: CustomerId) -> Option<CustomerRecord> {
        let mut inside = self.shard(shard_number(id))?.write();
        let Inside { by_id, records } = &mut *inside;
        let same = |&local: &u32| records.get(local).is_some_and(|record| record.id == id);
        let (local, _) = by_id.find_entry(hash(id), same).ok()?.remove();
        records.remove(local)
    }

    /// The block in which a customer is, or would be if it were put now.
    pub(super) fn block_of(&self, id: CustomerId) -> Option<Block> {
        let shard = shard_number(id);
        let inside = self.shard(shard)?.read();
        let local = inside.position(id).unwrap_or_else(|| inside.records.next_position());
        Some(Block { shard, number: local >> BLOCK_BITS })
    }

    /// How many blocks a shard has.
    pub(super) fn blocks(&self, shard: u32) -> u32 {
        let positions = self.shard(shard).map_or(0, |inside| inside.read().records.positions());
        positions.div_ceil(1 << BLOCK_BITS)
    }

    /// Shows the customers of a block.
    pub(super) fn visit_block(&self, block: Block, mut visit: impl FnMut(&CustomerRecord)) {
        let Some(inside) = self.shard(block.shard) else { return };
        let inside = inside.read();
        let first = block.number << BLOCK_BITS;
        let positions = first..first.saturating_add(1 << BLOCK_BITS).min(inside.records.positions());
        positions.filter_map(|local| inside.records.get(local)).for_each(&mut visit);
    }

    pub(crate) fn shrink(&self) {
        for shard in &self.shards {
            let mut inside = shard.inside.write();
            let Inside { by_id, records } = &mut *inside;
            records.shrink();
            by_id.shrink_to_fit(|&local| records.get(local).map_or(0, |record| hash(record.id)));
        }
    }

    pub(crate) fn count(&self, statistics: &mut Statistics) {
        statistics.customer_bytes += size_of_val(&*self.shards);
        for shard in &self.shards {
            let inside = shard.inside.read();
            statistics.customers += inside.records.len();
            statistics.customer_bytes += inside.by_id.allocation_size() + inside.records.bytes();
        }
    }
}

impl Inside {
    fn position(&self, id: CustomerId) -> Option<u32> {
        let same = |&local: &u32| self.records.get(local).is_some_and(|record| record.id == id);
        self.by_id.find(hash(id), same).copied()
    }
}

/// Past what 32 bits can say, a position that leads nowhere.
fn position(shard: u32, local: u32) -> Position {
    let local =
        if local >> (u32::BITS - SHARD_BITS) == 0 { local << SHARD_BITS } else { return Position(u32::MAX) };
    Position(local | shard)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customer_takes_no_more_than_184_bytes() {
        assert!(size_of::<Option<CustomerRecord>>() <= 184, "{}", size_of::<Option<CustomerRecord>>());
    }
}

//! The digest of an index as it was at one moment, while changes go on.
//!
//! It is read part by part. Before a change touches a part that was not read yet, the part is read: copied
//! before it is written, so to say. So the digest is of the moment at which the reading began, whatever
//! happens meanwhile; a change waits for the few parts that it touches at most, each part is read once, and a
//! decision waits for nothing.
//!
//! Deliberately not here: with what it is compared.

use std::collections::HashSet;

use interdict_domain::change::{CustomerFact, Fact};
use interdict_domain::identifier::IdentifierKey;
use interdict_domain::ids::CustomerId;

use super::customers::{Block, SHARDS};
use super::digest::{Held, Person};
use super::keys::key_part;
use super::parts::PARTS;
use super::{Applying, Digest, DigestKey, Fingerprint, Index, OwnKeys};

/// How far the reading of an index is.
#[derive(Debug)]
pub enum Reading {
    /// Nobody has asked for any, or the index was loaded anew since.
    None,
    /// The index has not settled at the revision yet.
    Waiting,
    /// There is more.
    Begun,
    /// All of it, as it was at the revision.
    Done(Digest),
}

/// A digest that is being taken.
#[derive(Debug)]
pub(super) struct Snapshot {
    digest: Digest,
    /// Everything before it was read.
    next_keys: u32,
    /// What was read before its turn.
    early_keys: HashSet<u32>,
    /// As for keys.
    next_block: Block,
    early_blocks: HashSet<Block>,
}

impl Snapshot {
    /// From now on, of what is held now. What a merchant has chosen is little, and read at once.
    fn begin(index: &Index, key: DigestKey) -> Self {
        let mut digest = Digest::new(key);
        index.clocks.visit_all(|merchant, ahead_s| digest.add(&Held::Clock { merchant, ahead_s }));
        index.outages.visit_all(|merchant, outage| digest.add(&Held::outage(merchant, outage)));
        let (early_keys, early_blocks) = (HashSet::new(), HashSet::new());
        Self { digest, next_keys: 0, early_keys, next_block: Block { shard: 0, number: 0 }, early_blocks }
    }

    /// Reads on in parts, until about so many things were seen; true at the end.
    fn read_some(&mut self, index: &Index, most: usize) -> bool {
        let mut seen = 0;
        while self.next_keys < PARTS {
            if seen >= most {
                return false;
            }
            let part = self.next_keys;
            if !self.early_keys.remove(&part) {
                seen += self.read_keys(index, part);
            }
            self.next_keys += 1;
        }
        while self.next_block.shard < SHARDS {
            if seen >= most {
                return false;
            }
            let block = self.next_block;
            if block.number >= index.customers.blocks(block.shard) {
                self.next_block = Block { shard: block.shard + 1, number: 0 };
                continue;
            }
            if !self.early_blocks.remove(&block) {
                seen += self.read_block(index, block);
            }
            self.next_block.number += 1;
        }
        true
    }

    /// Before a fact is folded in: reads what it is going to touch.
    fn read_before(&mut self, index: &Index, fact: &Fact) {
        match fact {
            Fact::EntryPut(fact) => self.read_key_before(index, fact.key),
            Fact::EntryRemoved { key, .. } => self.read_key_before(index, *key),
            Fact::CustomerPut(fact) => self.read_customer_before(index, fact.id, own_keys(fact)),
            Fact::CustomerRemoved(id) => self.read_customer_before(index, *id, OwnKeys::default()),
            // Read at the beginning.
            Fact::ClockAdvanced { .. } | Fact::OutageChosen { .. } | Fact::RowsImported(_) => {}
        }
    }

    fn read_customer_before(&mut self, index: &Index, id: CustomerId, wanted: OwnKeys) {
        let held = index.customers.find(id, |_, record| record.keys).unwrap_or_default();
        for (_, key) in held.iter().chain(wanted.iter()) {
            self.read_key_before(index, key);
        }
        if let Some(block) = index.customers.block_of(id)
            && block >= self.next_block
            && self.early_blocks.insert(block)
        {
            self.read_block(index, block);
        }
    }

    fn read_key_before(&mut self, index: &Index, key: IdentifierKey) {
        let part = key_part(key);
        if part >= self.next_keys && self.early_keys.insert(part) {
            self.read_keys(index, part);
        }
    }

    fn read_keys(&mut self, index: &Index, part: u32) -> usize {
        let (digest, mut seen) = (&mut self.digest, 0);
        index.keys.visit_part(part, |key, found, customers_seen| {
            seen += 1 + found.customers.len();
            for entry in &found.entries {
                digest.add(&Held::Entry { key, entry, is_seen: customers_seen.is_some() });
            }
            for (at, &position) in found.customers.iter().enumerate() {
                let is_seen = customers_seen.is_some_and(|customers| at < customers);
                let held = match index.customers.at(position, |record| record.id) {
                    Some(customer) => Held::Link { key, customer, is_seen },
                    None => Held::Unreadable { key },
                };
                digest.add(&held);
            }
            if found.unreadable {
                digest.add(&Held::Unreadable { key });
            }
        });
        seen
    }

    fn read_block(&mut self, index: &Index, block: Block) -> usize {
        let (digest, mut seen) = (&mut self.digest, 0);
        index.customers.visit_block(block, |record| {
            seen += 1;
            digest.add(&Held::Customer(Person::of(record)));
        });
        seen
    }
}

fn own_keys(fact: &CustomerFact) -> OwnKeys {
    OwnKeys(
        [&fact.email, &fact.phone, &fact.merchant_ref].map(|linked| linked.as_ref().map(|linked| linked.key)),
    )
}

impl Applying {
    /// Before facts are folded in. Asked for each of them, and nearly always nobody reads.
    #[inline]
    pub(crate) fn read_before(&mut self, index: &Index, facts: &[Fact]) {
        if let Some(snapshot) = &mut self.snapshot {
            for fact in facts {
                snapshot.read_before(index, fact);
            }
        }
    }

    /// After a change was folded in. Past what is wanted there is nothing to be compared with: whoever asked asks
    /// again.
    #[inline]
    pub(crate) fn unsettle(&mut self, revision: i64) {
        self.is_settled = false;
        self.wanted = self.wanted.filter(|(wanted, _)| *wanted >= revision);
    }

    /// When the index holds what the database held at a revision.
    #[inline]
    pub(super) fn settle(&mut self, index: &Index, revision: i64) {
        self.unsettle(revision);
        self.is_settled = true;
        if let Some((_, key)) = self.wanted.take_if(|(wanted, _)| *wanted == revision) {
            self.snapshot = Some(Snapshot::begin(index, key));
        }
    }
}

impl Index {
    /// Begins to take a digest of what is held at a revision, now or as soon as it is reached and settled; false
    /// when the index is past it. One at a time: another one before it is given up.
    pub fn begin_reading(&self, revision: i64, key: DigestKey) -> bool {
        let mut applying = self.applying.lock();
        applying.snapshot = None;
        applying.wanted = None;
        let reached = self.revision();
        if reached > revision {
            return false;
        }
        applying.wanted = Some((revision, key));
        if applying.is_settled {
            applying.settle(self, reached);
        }
        true
    }

    /// Reads on, until about so many things were seen: changes wait meanwhile, decisions do not.
    pub fn read_on(&self, most: usize) -> Reading {
        let mut applying = self.applying.lock();
        let Applying { snapshot, wanted, .. } = &mut *applying;
        match snapshot {
            Some(reading) => {
                if !reading.read_some(self, most) {
                    return Reading::Begun;
                }
                snapshot.take().map_or(Reading::None, |snapshot| Reading::Done(snapshot.digest))
            }
            None if wanted.is_some() => Reading::Waiting,
            None => Reading::None,
        }
    }

    /// Gives up what was begun.
    pub fn stop_reading(&self) {
        let mut applying = self.applying.lock();
        applying.snapshot = None;
        applying.wanted = None;
    }

    /// A digest of all that is held, texts included, and of nothing else: neither the revision nor the order
    /// in which things came. Changes wait for it.
    pub fn fingerprint(&self) -> Fingerprint {
        let _still = self.applying.lock();
        let mut snapshot = Snapshot::begin(self, DigestKey::default());
        while !snapshot.read_some(self, usize::MAX) {}
        snapshot.digest.fingerprint()
    }
}

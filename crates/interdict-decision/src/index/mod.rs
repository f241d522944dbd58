//! What is in memory: every key, every entry, every customer. Many threads read, one applies.
//!
//! - `keys` leads from an identifier's key to the entries and the customers that stand on it;
//! - `customers` holds the customers, by id and by position;
//! - `clocks` says how far a merchant's clock is ahead, in test mode;
//! - `outages` says what a merchant wants while all this may be stale;
//! - `ranges` says which wider identifiers are worth looking up: ranges stand under keys of their own;
//! - `moment` lets a reader see the state of one moment while changes come in;
//! - `digest` and `reading` compare all of it with the facts in the database, while changes come in;
//! - `texts` keeps equal reasons and messages once.
//!
//! Deliberately not here: how facts are folded in ([`crate::apply`]).

mod ahead;
mod clocks;
mod cluster;
mod customers;
mod digest;
mod entries;
mod keys;
mod lines;
mod moment;
mod outages;
mod parts;
mod place;
mod ranges;
mod reading;
mod shelves;
mod sides;
mod slab;
mod table;
mod texts;

use std::sync::atomic::{AtomicI64, Ordering};

use interdict_domain::clock::Timestamp;
use interdict_domain::identifier::Reaches;
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::settings::OutagePolicies;
use parking_lot::Mutex;

use self::reading::Snapshot;
use crate::attempt::Lookup;

pub(crate) use clocks::Clocks;
pub(crate) use customers::{CustomerRecord, Customers, OwnKeys};
pub use digest::{BUCKETS, Digest, DigestKey, Fingerprint};
pub(crate) use entries::{EntryRecord, FoundEntry};
pub(crate) use keys::{Found, Keys};
pub(crate) use moment::Moments;
pub(crate) use outages::Outages;
pub(crate) use place::Position;
pub(crate) use ranges::Ranges;
pub use reading::Reading;
pub(crate) use texts::{Interner, Texts};

/// Everything that a decision needs, in memory.
///
/// Readers never wait for one another. What is looked up by an identifier takes no lock at all: a
/// reader that the applying thread overtook looks again. They wait for that thread only while it holds
/// the customer that they read, or, for the few changes that must be seen as a whole, while it makes
/// them.
#[derive(Debug)]
pub struct Index {
    pub(crate) keys: Keys,
    pub(crate) customers: Customers,
    pub(crate) moments: Moments,
    pub(crate) clocks: Clocks,
    pub(crate) outages: Outages,
    pub(crate) ranges: Ranges,
    /// The applying thread's own state. A second thread that applies would wait here.
    pub(crate) applying: Mutex<Applying>,
    revision: AtomicI64,
}

/// What the applying thread keeps in mind.
#[derive(Debug, Default)]
pub(crate) struct Applying {
    pub(crate) interner: Interner,
    /// A digest that is being taken.
    snapshot: Option<Snapshot>,
    /// At which revision one is to begin.
    wanted: Option<(i64, DigestKey)>,
    /// Whether the index holds what the database held at some moment.
    is_settled: bool,
}

/// What the index holds and what it takes, computed from capacities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Statistics {
    /// Customers.
    pub customers: usize,
    /// Entries on both lists.
    pub entries: usize,
    /// Distinct keys that lead to customers.
    pub links: usize,
    /// Bytes of the key table.
    pub key_bytes: usize,
    /// Bytes of what the keys lead to, entries and links, without the texts themselves.
    pub source_bytes: usize,
    /// Bytes of the customers, without their texts.
    pub customer_bytes: usize,
}

impl Default for Index {
    fn default() -> Self {
        Self::new()
    }
}

impl Index {
    /// An empty index at revision 0.
    pub fn new() -> Self {
        Self::with_capacity(0)
    }

    /// An empty index with room for so many entries with keys of their own.
    pub fn with_capacity(keys: usize) -> Self {
        Self {
            keys: Keys::with_capacity(keys),
            customers: Customers::new(),
            moments: Moments::new(),
            clocks: Clocks::default(),
            outages: Outages::default(),
            ranges: Ranges::default(),
            applying: Mutex::default(),
            revision: AtomicI64::new(0),
        }
    }

    /// Says that everything up to this change has been applied, and nothing beyond it, as a database held it at
    /// one moment. Never goes back.
    pub fn advance(&self, revision: i64) {
        let applying = &mut *self.applying.lock();
        self.reach(applying, revision);
        applying.settle(self, revision);
    }

    /// Says that the index holds what a database held at its revision. Between two changes it need not: what
    /// was erased later is missing from what the feed says of earlier changes, and only all of it together is
    /// right.
    pub fn settle(&self) {
        let applying = &mut *self.applying.lock();
        applying.settle(self, self.revision());
    }

    /// Together with what was applied: nobody must begin to read at a revision that the index is past.
    pub(crate) fn reach(&self, _: &mut Applying, revision: i64) {
        self.revision.fetch_max(revision, Ordering::AcqRel);
    }

    /// The newest change up to which everything has been applied.
    pub fn revision(&self) -> i64 {
        self.revision.load(Ordering::Acquire)
    }

    /// Has the processor fetch where all these lookups will look first, so that they wait for the memory together.
    #[inline]
    pub fn fetch(&self, lookups: &[Lookup<'_>]) {
        self.keys.fetch(lookups.iter().map(|lookup| lookup.key));
    }

    /// The same for what they find there, which is worth it for many.
    pub fn fetch_found(&self, lookups: &[Lookup<'_>]) {
        self.keys.fetch_found(lookups.iter().map(|lookup| lookup.key));
    }

    /// What a merchant's clock shows: in test mode it may be ahead.
    pub fn merchant_now(&self, merchant: MerchantNumber, now: Timestamp) -> Timestamp {
        self.clocks.now(merchant, now)
    }

    /// How far a merchant's entries reach that stand for many: what lies beyond need not be looked up.
    pub fn reaches(&self, merchant: MerchantNumber) -> Reaches {
        self.ranges.of(merchant)
    }

    /// What a merchant wants of decisions while the index is stale.
    pub fn outage_policies(&self, merchant: MerchantNumber) -> OutagePolicies {
        self.outages.of(merchant)
    }

    /// Gives back the room that customers reserved and did not use. For after the load: it holds each
    /// shard while it copies it.
    pub fn shrink(&self) {
        let _applying = self.applying.lock();
        self.customers.shrink();
    }

    /// What the index holds and what it takes.
    pub fn statistics(&self) -> Statistics {
        let mut statistics = Statistics::default();
        self.keys.count(&mut statistics);
        self.customers.count(&mut statistics);
        statistics
    }
}

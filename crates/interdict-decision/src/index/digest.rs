//! Compares two indexes, or an index with the facts that it should hold: a sum over everything held, in
//! many buckets, whatever the order in which it came.
//!
//! It covers what leads where and whom a decision sees there as well as what is held, texts included: an index
//! with a link too many or too few differs. Positions are not covered. What belongs to one fact is in one
//! bucket, so that a bucket that differs says that a fact in it does.
//!
//! Deliberately not here: reading an index while it changes ([`super::reading`]).

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::sync::Arc;

use interdict_domain::change::{CustomerFact, EntryFact, Fact};
use interdict_domain::customer::ListStatus;
use interdict_domain::identifier::IdentifierKey;
use interdict_domain::ids::CustomerId;
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::scopes::Scopes;
use interdict_domain::settings::{OnOutage, OutagePolicies};

use super::customers::{self, CustomerRecord, OwnKeys};
use super::entries::{EntryRecord, FoundEntry, PackedWindow, key_words};

/// Buckets of a digest.
pub const BUCKETS: usize = 1 << BUCKET_BITS;
const BUCKET_BITS: u32 = 10;

/// The secret under the hashes of two digests that are compared: drawn anew each time, nobody can write facts
/// whose sums agree.
#[derive(Clone, Copy, Default)]
pub struct DigestKey(pub [u8; 16]);

impl fmt::Debug for DigestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DigestKey(…)")
    }
}

/// Sums of hashes over all that is held.
#[derive(Clone)]
pub struct Digest {
    key: DigestKey,
    sums: Box<[u128]>,
    customers: u64,
    entries: u64,
}

/// All buckets of a digest in one.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(u128);

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Digest")
            .field("customers", &self.customers)
            .field("entries", &self.entries)
            .finish_non_exhaustive()
    }
}

/// One thing held.
#[derive(Hash)]
pub(super) enum Held<'a> {
    Entry {
        key: IdentifierKey,
        entry: &'a FoundEntry,
        is_seen: bool,
    },
    /// A key leads to a customer. Seen: a decision without an explanation looks at the customer.
    Link {
        key: IdentifierKey,
        customer: CustomerId,
        is_seen: bool,
    },
    Customer(Person<'a>),
    Clock {
        merchant: MerchantNumber,
        ahead_s: i64,
    },
    Outage {
        merchant: MerchantNumber,
        outage: [OnOutage; 2],
    },
    /// Something that no fact can say.
    Unreadable {
        key: IdentifierKey,
    },
}

/// A customer, with nothing that only the index has.
#[derive(Hash)]
pub(super) struct Person<'a> {
    id: CustomerId,
    merchant: MerchantNumber,
    keys: OwnKeys,
    restricted: Option<Scopes>,
    list_status: ListStatus,
    list_scopes: Scopes,
    list_window: PackedWindow,
    restrict_reason: Option<&'a str>,
    list_reason: Option<&'a str>,
    values: &'a [Option<Arc<str>>; 3],
}

impl<'a> Person<'a> {
    fn new(
        record: &'a CustomerRecord,
        restrict_reason: Option<&'a str>,
        list_reason: Option<&'a str>,
    ) -> Self {
        Self {
            id: record.id,
            merchant: record.merchant,
            keys: record.keys,
            restricted: record.restricted_scopes(),
            list_status: record.list_status,
            list_scopes: record.list_scopes,
            list_window: record.list_window,
            restrict_reason,
            list_reason,
            values: &record.values,
        }
    }

    pub(super) fn of(record: &'a CustomerRecord) -> Self {
        let texts = record.texts.as_deref();
        Self::new(
            record,
            texts.and_then(|texts| texts.first.as_deref()),
            texts.and_then(|texts| texts.second.as_deref()),
        )
    }
}

impl Held<'_> {
    pub(super) fn outage(merchant: MerchantNumber, outage: OutagePolicies) -> Self {
        Self::Outage { merchant, outage: [outage.customer, outage.merchant] }
    }

    /// Of random bits, except for merchants, of whom there are few.
    fn bits(&self) -> u64 {
        match self {
            Self::Entry { key, .. } | Self::Unreadable { key } => {
                let [low, _] = key_words(*key);
                low
            }
            Self::Link { customer, .. } => customers::hash(*customer),
            Self::Customer(person) => customers::hash(person.id),
            Self::Clock { merchant, .. } | Self::Outage { merchant, .. } => merchant.0.cast_unsigned(),
        }
    }

    fn bucket(&self) -> usize {
        // The mask leaves what fits.
        usize::try_from(self.bits() & ((1 << BUCKET_BITS) - 1)).unwrap_or(0)
    }

    fn hash(&self, key: DigestKey) -> u128 {
        let half = |number: u8| {
            let mut hasher = DefaultHasher::new();
            hasher.write(&key.0);
            hasher.write_u8(number);
            Hash::hash(self, &mut hasher);
            u128::from(hasher.finish())
        };
        half(0) << 64 | half(1)
    }
}

impl Digest {
    /// Of nothing.
    pub fn new(key: DigestKey) -> Self {
        Self { key, sums: vec![0; BUCKETS].into_boxed_slice(), customers: 0, entries: 0 }
    }

    /// Adds something held. A sum, so that the order does not matter and twice is not never.
    pub(super) fn add(&mut self, held: &Held<'_>) {
        match held {
            Held::Entry { .. } => self.entries += 1,
            Held::Customer(_) => self.customers += 1,
            Held::Link { .. } | Held::Clock { .. } | Held::Outage { .. } | Held::Unreadable { .. } => {}
        }
        let hash = held.hash(self.key);
        if let Some(sum) = self.sums.get_mut(held.bucket()) {
            *sum = sum.wrapping_add(hash);
        }
    }

    /// Adds what an index that holds this fact would hold. For the facts of a snapshot, each thing once.
    pub fn add_fact(&mut self, fact: &Fact) {
        match fact {
            Fact::EntryPut(fact) => self.add_entry(fact),
            Fact::CustomerPut(fact) => self.add_customer(fact),
            // A snapshot says nothing of what is gone.
            Fact::EntryRemoved { .. } | Fact::CustomerRemoved(_) | Fact::RowsImported(_) => {}
            Fact::ClockAdvanced { merchant, ahead_s } => {
                self.add(&Held::Clock { merchant: *merchant, ahead_s: *ahead_s });
            }
            // The default is what an index says of a merchant that it does not know.
            Fact::OutageChosen { outage, .. } if *outage == OutagePolicies::default() => {}
            Fact::OutageChosen { merchant, outage } => {
                self.add(&Held::outage(*merchant, *outage));
            }
        }
    }

    fn add_entry(&mut self, fact: &EntryFact) {
        let entry = FoundEntry {
            record: EntryRecord::new(fact),
            max_amount: fact.max_amount,
            reason: fact.reason.clone(),
            public_message: fact.public_message.clone(),
        };
        self.add(&Held::Entry { key: fact.key, entry: &entry, is_seen: true });
    }

    fn add_customer(&mut self, fact: &CustomerFact) {
        let record = CustomerRecord::new(fact, None);
        let (restrict_reason, list_reason) = (fact.restrict_reason.as_deref(), fact.list_reason.as_deref());
        self.add(&Held::Customer(Person::new(&record, restrict_reason, list_reason)));
        let (customer, is_seen) = (record.id, record.is_marked());
        for key in record.keys.distinct() {
            self.add(&Held::Link { key, customer, is_seen });
        }
    }

    /// How many customers were added.
    pub fn customers(&self) -> u64 {
        self.customers
    }

    /// How many entries were added.
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// The buckets that differ. All do when the keys do.
    pub fn different(&self, other: &Self) -> Vec<usize> {
        let pairs = self.sums.iter().zip(&other.sums).enumerate();
        pairs.filter(|(_, (ours, theirs))| ours != theirs).map(|(bucket, _)| bucket).collect()
    }

    /// All of it in one number.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint(self.sums.iter().fold(0, |all, sum| all.wrapping_add(*sum)))
    }
}

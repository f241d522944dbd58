//! Compares two indexes: a digest over every fact held, whatever the order in which they came.
//!
//! It covers what leads where as well as what is held, so that an index with a link too many or too
//! few differs. Positions are not covered. Not a protection against anybody: the hash is not keyed.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher as _};

use super::Index;

/// The digest of an index.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(u128);

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl Fingerprint {
    /// Adds something held. A sum, so that the order does not matter and twice is not never.
    fn add(&mut self, held: &impl Hash) {
        let half = |seed: u8| {
            let mut hasher = DefaultHasher::new();
            seed.hash(&mut hasher);
            held.hash(&mut hasher);
            u128::from(hasher.finish())
        };
        self.0 = self.0.wrapping_add(half(0) << 64 | half(1));
    }
}

impl Index {
    /// A digest of all that is held, texts included, and of nothing else: neither the revision nor
    /// the order in which things came.
    pub fn fingerprint(&self) -> Fingerprint {
        let _still = self.interner.lock();
        let mut fingerprint = Fingerprint(0);
        self.keys.visit_all(|key, found| {
            found.entries.iter().for_each(|entry| fingerprint.add(&("entry", key, entry)));
            for &position in &found.customers {
                let id = self.customers.at(position, |record| record.id);
                fingerprint.add(&("link", key, id));
            }
            if found.unreadable {
                fingerprint.add(&("unreadable", key));
            }
        });
        self.customers.visit_all(|record| {
            let standing = (
                record.restricted_scopes(),
                record.list_status,
                record.list_scopes,
                record.list_window,
                &record.texts,
            );
            fingerprint.add(&("customer", record.id, record.merchant, record.keys, standing, &record.values));
        });
        self.clocks.visit_all(|merchant, ahead_s| fingerprint.add(&("clock", merchant, ahead_s)));
        self.outages.visit_all(|merchant, policies| {
            fingerprint.add(&("outage", merchant, policies.customer, policies.merchant));
        });
        fingerprint
    }
}

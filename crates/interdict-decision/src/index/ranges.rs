//! How far entries reach that stand for many, by merchant: which wider identifiers are worth looking up; and under which
//! former peppers something stands.
//!
//! Deliberately not here: the entries themselves, which stand under their keys like all others; and forgetting. What
//! once reached so far is looked up until the index is loaded anew, which costs a look and changes no answer.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use interdict_domain::change::FormerFact;
use interdict_domain::identifier::{Kind, Reach, Reaches};
use interdict_domain::merchant::MerchantNumber;
use parking_lot::RwLock;

/// What reaches further than itself.
#[derive(Debug, Default)]
pub(crate) struct Ranges {
    reaches: RwLock<HashMap<MerchantNumber, Reaches>>,
    /// Whether there is any: where there is none nobody takes the lock.
    any: AtomicBool,
}

impl Ranges {
    /// Before the entry can be found: whoever finds it then looks far enough.
    pub(crate) fn put(&self, merchant: MerchantNumber, reach: Reach) {
        if self.of(merchant).insert(reach) {
            self.reaches.write().entry(merchant).or_default().insert(reach);
            self.any.store(true, Ordering::Release);
        }
    }

    /// The same for an entry of a kind under a former pepper.
    pub(crate) fn put_former(&self, FormerFact { merchant, generation }: FormerFact, kind: Kind) {
        if self.of(merchant).insert_former(kind, generation) {
            self.reaches.write().entry(merchant).or_default().insert_former(kind, generation);
            self.any.store(true, Ordering::Release);
        }
    }

    pub(crate) fn of(&self, merchant: MerchantNumber) -> Reaches {
        if !self.any.load(Ordering::Acquire) {
            return Reaches::default();
        }
        self.reaches.read().get(&merchant).copied().unwrap_or_default()
    }
}

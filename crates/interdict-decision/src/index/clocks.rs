//! How far each merchant's clock is ahead, in test mode: windows are judged on it.
//!
//! Deliberately not here: the time itself, which is passed in.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use interdict_domain::clock::Timestamp;
use interdict_domain::merchant::MerchantNumber;
use parking_lot::RwLock;

/// The clocks that are ahead.
#[derive(Debug, Default)]
pub(crate) struct Clocks {
    ahead_s: RwLock<HashMap<MerchantNumber, i64>>,
    /// Whether there is any: in live mode there never is, and nobody takes the lock.
    any: AtomicBool,
}

impl Clocks {
    /// Puts a merchant's clock ahead by so many seconds in all.
    pub(crate) fn put(&self, merchant: MerchantNumber, ahead_s: i64) {
        self.ahead_s.write().insert(merchant, ahead_s);
        self.any.store(true, Ordering::Release);
    }

    /// What a merchant's clock shows.
    pub(crate) fn now(&self, merchant: MerchantNumber, now: Timestamp) -> Timestamp {
        if !self.any.load(Ordering::Acquire) {
            return now;
        }
        self.ahead_s.read().get(&merchant).map_or(now, |ahead_s| now.plus_seconds(*ahead_s))
    }

    pub(crate) fn visit_all(&self, mut visit: impl FnMut(MerchantNumber, i64)) {
        self.ahead_s.read().iter().for_each(|(merchant, ahead_s)| visit(*merchant, *ahead_s));
    }
}

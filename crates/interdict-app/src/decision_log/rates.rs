//! How many decisions that let somebody pay are offered to the log: so many a second for each merchant, and in a burst five
//! times as many.
//!
//! Deliberately not the limiter of credentials: this one is asked in each decision, and takes the time that the
//! decision has read already.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use interdict_domain::clock::Timestamp;
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::settings::DecisionLogSettings;
use parking_lot::RwLock;

use crate::hits::IdHasher;

const SECOND_US: i64 = 1_000_000;
/// A burst is what comes together in so much time.
const BURST_US: i64 = 5 * SECOND_US;

/// The rate of each merchant in one mode.
#[derive(Default)]
pub(crate) struct Rates(RwLock<Buckets>);

/// Numbers of merchants are of our own making, too.
type Buckets = HashMap<MerchantNumber, Arc<Bucket>, BuildHasherDefault<IdHasher>>;

/// One merchant's. The moment up to which everything was given away moves on by an interval with each that is let in.
pub(crate) struct Bucket {
    /// Zero: none are let in.
    interval_us: AtomicI64,
    given_until_us: AtomicI64,
}

impl Bucket {
    fn new(settings: DecisionLogSettings) -> Self {
        Self { interval_us: AtomicI64::new(interval_us(settings)), given_until_us: AtomicI64::new(0) }
    }

    /// Whether one more is let in now.
    #[inline]
    pub(crate) fn take(&self, now: Timestamp) -> bool {
        let (interval_us, now_us) = (self.interval_us.load(Ordering::Relaxed), now.micros());
        let given_until_us = self.given_until_us.load(Ordering::Relaxed);
        // Further ahead than anything could have put it: the clock was set back.
        let is_odd = given_until_us > now_us.saturating_add(2 * BURST_US);
        let begin_us = if is_odd { now_us } else { given_until_us.max(now_us) };
        let end_us = begin_us.saturating_add(interval_us);
        if interval_us == 0 || end_us > now_us.saturating_add(BURST_US) {
            return false;
        }
        // Whoever meets somebody else here is one too many, or as good as that.
        let moved = self.given_until_us.compare_exchange(
            given_until_us,
            end_us,
            Ordering::Relaxed,
            Ordering::Relaxed,
        );
        moved.is_ok()
    }
}

impl Rates {
    /// Sets a merchant's rate.
    pub(crate) fn set(&self, merchant: MerchantNumber, settings: DecisionLogSettings) {
        self.of(merchant).interval_us.store(interval_us(settings), Ordering::Relaxed);
    }

    /// A merchant's, to be asked more than once.
    pub(crate) fn of(&self, merchant: MerchantNumber) -> Arc<Bucket> {
        if let Some(bucket) = self.0.read().get(&merchant) {
            return Arc::clone(bucket);
        }
        let new = || Arc::new(Bucket::new(DecisionLogSettings::default()));
        Arc::clone(self.0.write().entry(merchant).or_insert_with(new))
    }

    /// Whether one more of a merchant's is let in now.
    #[inline]
    pub(crate) fn take(&self, merchant: MerchantNumber, now: Timestamp) -> bool {
        if let Some(bucket) = self.0.read().get(&merchant) {
            return bucket.take(now);
        }
        self.of(merchant).take(now)
    }
}

fn interval_us(settings: DecisionLogSettings) -> i64 {
    SECOND_US.checked_div(i64::from(settings.allowed_per_second)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MERCHANT: MerchantNumber = MerchantNumber(1);

    fn let_in(rates: &Rates, at_us: i64, tries: usize) -> usize {
        (0..tries).filter(|_| rates.take(MERCHANT, Timestamp::from_micros(at_us))).count()
    }

    #[test]
    fn a_burst_and_then_so_many_a_second() {
        let (rates, now_us) = (Rates::default(), 1_790_000_000_000_000);
        assert_eq!(let_in(&rates, now_us, 1_000), 50);
        assert_eq!(let_in(&rates, now_us + SECOND_US, 1_000), 10);
        assert_eq!(let_in(&rates, now_us + 100 * SECOND_US, 1_000), 50);
        assert!(
            rates.take(MerchantNumber(2), Timestamp::from_micros(now_us)),
            "another merchant has its own"
        );
    }

    #[test]
    fn a_rate_may_be_changed_and_none_is_none() {
        let (rates, now_us) = (Rates::default(), 1_790_000_000_000_000);
        rates.set(MERCHANT, DecisionLogSettings { allowed_per_second: 0 });
        assert_eq!(let_in(&rates, now_us, 100), 0);
        rates.set(MERCHANT, DecisionLogSettings { allowed_per_second: 1_000 });
        assert_eq!(let_in(&rates, now_us, 10_000), 5_000);
    }

    #[test]
    fn a_clock_that_is_set_back_stops_nothing() {
        let (rates, now_us) = (Rates::default(), 1_790_000_000_000_000);
        assert!(let_in(&rates, now_us, 1_000) > 0);
        assert_eq!(let_in(&rates, now_us - 3_600 * SECOND_US, 1_000), 50);
    }
}

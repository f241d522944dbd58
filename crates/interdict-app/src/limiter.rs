//! A limit on a rate for each of many keys, with bounded memory: keys that are idle are forgotten, and when
//! too many are not, new ones share a fixed number of buckets.
//!
//! Deliberately not here: what is limited, and how a refusal is answered.

use std::hash::{BuildHasher as _, Hash, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use governor::clock::{Clock, Reference as _};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

/// Each key that is remembered takes about 100 bytes.
const KEYS_MAX: usize = 100_000;
/// So often are idle keys looked for.
const CHECKS_BETWEEN_EVICTIONS: usize = 1024;
const SHARED_BUCKETS: u64 = 4096;

/// What counts as one client: an IPv4 address, or the 64 bits of an IPv6 address that a network assigns.
/// Whoever has one IPv6 address has 2^64 of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

impl Network {
    /// The network of an address.
    pub fn of(address: IpAddr) -> Self {
        Self(match address {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
        })
    }
}

/// The uptime of a clock that is passed in (invariant 6).
#[derive(Clone)]
pub(crate) struct Uptime(pub(crate) Arc<dyn interdict_domain::clock::Clock>);

impl Clock for Uptime {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.uptime()
    }
}

/// A key of its own, or one of the buckets that latecomers share.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Bucket<K> {
    Own(K),
    Shared(u64),
}

type ByBucket<K, C> =
    RateLimiter<Bucket<K>, DashMapStateStore<Bucket<K>>, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// One limit for each key.
#[derive(Debug)]
pub struct Limiter<K: Hash + Eq + Clone, C: Clock> {
    buckets: ByBucket<K, C>,
    keys_max: usize,
    checks: AtomicUsize,
    is_full: AtomicBool,
    hasher: RandomState,
}

impl<K: Hash + Eq + Clone, C: Clock> Limiter<K, C> {
    /// `burst` at once, then one in each period.
    pub fn new(burst: NonZeroU32, period: Duration, clock: C) -> Self {
        let quota = Quota::with_period(period).unwrap_or(Quota::per_second(NonZeroU32::MIN));
        Self {
            buckets: RateLimiter::dashmap_with_clock(quota.allow_burst(burst), clock),
            keys_max: KEYS_MAX,
            checks: AtomicUsize::new(1),
            is_full: AtomicBool::new(false),
            hasher: RandomState::new(),
        }
    }

    /// Counts one, or says in how many seconds to come again: in one at least.
    pub fn check(&self, key: K) -> Result<(), u64> {
        if self.checks.fetch_add(1, Ordering::Relaxed).is_multiple_of(CHECKS_BETWEEN_EVICTIONS) {
            self.evict();
        }
        let bucket = if self.is_full.load(Ordering::Relaxed) {
            Bucket::Shared(self.hasher.hash_one(&key) % SHARED_BUCKETS)
        } else {
            Bucket::Own(key)
        };
        self.buckets.check_key(&bucket).map_err(|not_until| {
            let wait = not_until.earliest_possible().duration_since(self.buckets.clock().now());
            let wait_s = u128::from(wait.as_u64()).div_ceil(1_000_000_000).max(1);
            u64::try_from(wait_s).unwrap_or(u64::MAX)
        })
    }

    /// Forgets keys that could burst again anyway.
    fn evict(&self) {
        self.buckets.retain_recent();
        let is_full = self.buckets.len() >= self.keys_max;
        self.is_full.store(is_full, Ordering::Relaxed);
        if !is_full {
            self.buckets.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use governor::clock::FakeRelativeClock;

    fn positive(number: u32) -> NonZeroU32 {
        NonZeroU32::new(number).unwrap()
    }

    #[test]
    fn an_ipv6_client_is_its_network() {
        let network = |address: &str| Network::of(address.parse().unwrap());
        assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff::9"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
    }

    #[test]
    fn memory_is_bounded_and_idle_keys_are_forgotten() {
        let clock = FakeRelativeClock::default();
        let mut limiter: Limiter<u64, _> = Limiter::new(positive(2), Duration::from_secs(1), clock.clone());
        limiter.keys_max = 2_000;
        for key in 0..50_000 {
            let _ = limiter.check(key);
        }
        let bound = limiter.keys_max + CHECKS_BETWEEN_EVICTIONS + usize::try_from(SHARED_BUCKETS).unwrap();
        assert!(limiter.buckets.len() <= bound, "{}", limiter.buckets.len());
        assert!(limiter.is_full.load(Ordering::Relaxed));
        clock.advance(Duration::from_secs(10));
        limiter.evict();
        assert_eq!(limiter.buckets.len(), 0);
        assert!(!limiter.is_full.load(Ordering::Relaxed));
    }
}

//! Limits on rates: failed credentials by client address, publishable keys by key and address.
//!
//! Memory is bounded: keys that are idle are forgotten, and when too many are not, new ones share a
//! fixed number of buckets. Secret keys have no limit (product.md, Contract).

use std::hash::{BuildHasher as _, Hash, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use governor::clock::{Clock, DefaultClock, Reference as _};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use interdict_domain::ids::KeyId;

use crate::error::ApiError;
use crate::server::ClientAddress;

/// Each key that is remembered takes about 100 bytes.
const KEYS_MAX: usize = 100_000;
/// So often are idle keys looked for.
const CHECKS_BETWEEN_EVICTIONS: usize = 1024;
const SHARED_BUCKETS: u64 = 4096;

const BURST: NonZeroU32 = positive(200);
const FAILED_CREDENTIALS_PER_S: NonZeroU32 = positive(10);
const PUBLISHABLE_KEY_PER_S: NonZeroU32 = positive(50);

const fn positive(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}

/// The limits of the API.
#[derive(Debug)]
pub struct RateLimits<C: Clock = DefaultClock> {
    failed_credentials: Limiter<Network, C>,
    publishable_keys: Limiter<(KeyId, Network), C>,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self::with_clock(&DefaultClock::default())
    }
}

impl<C: Clock + Clone> RateLimits<C> {
    /// With a clock of one's own.
    pub fn with_clock(clock: &C) -> Self {
        Self {
            failed_credentials: Limiter::new(BURST, FAILED_CREDENTIALS_PER_S, clock.clone()),
            publishable_keys: Limiter::new(BURST, PUBLISHABLE_KEY_PER_S, clock.clone()),
        }
    }

    /// Counts a credential that failed, before it is answered: 429 instead of 401 when there were too
    /// many. Good credentials from the same address are not affected.
    pub fn failed_credential(&self, client: ClientAddress) -> Result<(), ApiError> {
        self.failed_credentials.check(Network::of(client))
    }

    /// Counts a request with a publishable key.
    pub fn publishable_key(&self, key: KeyId, client: ClientAddress) -> Result<(), ApiError> {
        self.publishable_keys.check((key, Network::of(client)))
    }
}

/// What counts as one client: an IPv4 address, or the 64 bits of an IPv6 address that a network assigns.
/// Whoever has one IPv6 address has 2^64 of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

impl Network {
    /// The network of an address.
    pub fn of(client: ClientAddress) -> Self {
        Self(match client.0 {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
        })
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
pub struct Limiter<K: Hash + Eq + Clone, C: Clock = DefaultClock> {
    buckets: ByBucket<K, C>,
    keys_max: usize,
    checks: AtomicUsize,
    is_full: AtomicBool,
    hasher: RandomState,
}

impl<K: Hash + Eq + Clone, C: Clock> Limiter<K, C> {
    /// `burst` at once, then `per_second`.
    pub fn new(burst: NonZeroU32, per_second: NonZeroU32, clock: C) -> Self {
        let quota = Quota::per_second(per_second).allow_burst(burst);
        Self {
            buckets: RateLimiter::dashmap_with_clock(quota, clock),
            keys_max: KEYS_MAX,
            checks: AtomicUsize::new(1),
            is_full: AtomicBool::new(false),
            hasher: RandomState::new(),
        }
    }

    /// Counts one, or says when to come again.
    pub fn check(&self, key: K) -> Result<(), ApiError> {
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
            ApiError::rate_limited(u64::try_from(wait_s).unwrap_or(u64::MAX))
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
    use http::header::RETRY_AFTER;
    use std::time::Duration;

    fn client(address: &str) -> ClientAddress {
        ClientAddress(address.parse().unwrap())
    }

    #[test]
    fn a_burst_passes_then_a_rate() {
        let clock = FakeRelativeClock::default();
        let limits = RateLimits::with_clock(&clock);
        let one = client("192.0.2.1");
        for _ in 0..200 {
            limits.failed_credential(one).unwrap();
        }
        let refused = limits.failed_credential(one).unwrap_err();
        assert_eq!(refused.code, "rate_limited");
        assert_eq!(refused.headers, [(RETRY_AFTER, http::HeaderValue::from(1))]);
        limits.failed_credential(client("192.0.2.2")).unwrap();
        clock.advance(Duration::from_secs(1));
        let passed = (0..20).filter(|_| limits.failed_credential(one).is_ok()).count();
        assert_eq!(passed, 10);
    }

    #[test]
    fn a_publishable_key_is_counted_by_key_and_address() {
        let clock = FakeRelativeClock::default();
        let limits = RateLimits::with_clock(&clock);
        let key: KeyId = "key_2R0uWz4tu9wxTMBXxj9CJfSE9vV".parse().unwrap();
        let passed =
            |address| (0..300).filter(|_| limits.publishable_key(key, client(address)).is_ok()).count();
        assert_eq!((passed("192.0.2.1"), passed("192.0.2.1"), passed("192.0.2.2")), (200, 0, 200));
        clock.advance(Duration::from_secs(1));
        assert_eq!(passed("192.0.2.1"), 50);
    }

    #[test]
    fn an_ipv6_client_is_its_network() {
        assert_eq!(Network::of(client("2001:db8:1:2::1")), Network::of(client("2001:db8:1:2:ffff::9")));
        assert_ne!(Network::of(client("2001:db8:1:2::1")), Network::of(client("2001:db8:1:3::1")));
        assert_ne!(Network::of(client("192.0.2.1")), Network::of(client("192.0.2.2")));
    }

    #[test]
    fn memory_is_bounded_and_idle_keys_are_forgotten() {
        let clock = FakeRelativeClock::default();
        let mut limiter: Limiter<u64, _> = Limiter::new(positive(2), positive(1), clock.clone());
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

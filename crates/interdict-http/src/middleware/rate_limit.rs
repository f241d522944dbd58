//! Limits on rates: failed credentials by client address, publishable keys by key and address.
//!
//! Secret keys have no limit (product.md, Contract).

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use interdict_app::{Limiter, Network};
use interdict_domain::ids::KeyId;

use crate::error::ApiError;
use crate::server::ClientAddress;

const BURST: NonZeroU32 = positive(200);
/// Ten a second.
const FAILED_CREDENTIAL_PERIOD: Duration = Duration::from_millis(100);
/// Fifty a second.
const PUBLISHABLE_KEY_PERIOD: Duration = Duration::from_millis(20);

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
            failed_credentials: Limiter::new(BURST, FAILED_CREDENTIAL_PERIOD, clock.clone()),
            publishable_keys: Limiter::new(BURST, PUBLISHABLE_KEY_PERIOD, clock.clone()),
        }
    }

    /// Counts a credential that failed, before it is answered: 429 instead of 401 when there were too
    /// many. Good credentials from the same address are not affected.
    pub fn failed_credential(&self, client: ClientAddress) -> Result<(), ApiError> {
        self.failed_credentials.check(Network::of(client.0)).map_err(ApiError::rate_limited)
    }

    /// Counts a request with a publishable key.
    pub fn publishable_key(&self, key: KeyId, client: ClientAddress) -> Result<(), ApiError> {
        self.publishable_keys.check((key, Network::of(client.0))).map_err(ApiError::rate_limited)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use governor::clock::FakeRelativeClock;
    use http::header::RETRY_AFTER;

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
}

//! Whether what is in memory may be called fresh: every condition of it, so that nobody who asks forgets
//! one.
//!
//! Deliberately not here: what follows when it is not ([`crate::decide_payment`]).

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

/// Up to when the feed was heard, on the clock that also runs while the process or the machine stands still.
#[derive(Debug)]
pub(crate) struct Freshness {
    /// Everything that was committed before this uptime has been applied; nanoseconds.
    heard_as_of_ns: AtomicU64,
    /// Why nothing can be trusted, if anything says so: [`LOST`], [`DISTRUSTED`].
    doubts: AtomicU8,
    /// Until this uptime, who wants a change to hold on all nodes waits for this one; nanoseconds.
    leased_until_ns: AtomicU64,
}

/// The feed could not be read since, or was never heard.
const LOST: u8 = 1;
/// What is in memory was found not to be what is stored, and was not loaded anew since.
const DISTRUSTED: u8 = 2;

/// Up to when everything is known, as it was at one moment. Taken before the index is read, it says how
/// old at most is what was read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    as_of_ns: Option<u64>,
    leased_until_ns: u64,
}

impl Freshness {
    /// Nothing was heard yet. Where there are no other nodes, nobody needs to wait for this one.
    pub(crate) const fn new() -> Self {
        Self {
            heard_as_of_ns: AtomicU64::new(0),
            doubts: AtomicU8::new(LOST),
            leased_until_ns: AtomicU64::new(u64::MAX),
        }
    }

    /// Other nodes wait for this one until this uptime. Past it a change may hold everywhere else and be
    /// unknown here.
    pub(crate) fn leased(&self, until: Duration) {
        self.leased_until_ns.store(nanoseconds(until), Ordering::Release);
    }

    /// Everything that was committed before this uptime has been applied.
    pub(crate) fn heard(&self, as_of: Duration) {
        self.heard_as_of_ns.store(nanoseconds(as_of), Ordering::Release);
        self.doubts.fetch_and(!LOST, Ordering::AcqRel);
    }

    /// The feed cannot be read: nobody knows what is missed.
    pub(crate) fn lose(&self) {
        self.doubts.fetch_or(LOST, Ordering::AcqRel);
    }

    /// What is in memory is not what is stored: whatever is heard makes it no better.
    pub(crate) fn distrust(&self) {
        self.doubts.fetch_or(DISTRUSTED, Ordering::AcqRel);
    }

    /// Everything was loaded anew.
    pub(crate) fn trust(&self) {
        self.doubts.fetch_and(!DISTRUSTED, Ordering::AcqRel);
    }

    /// Up to when everything is known.
    #[inline]
    pub(crate) fn known(&self) -> Known {
        let is_lost = self.doubts.load(Ordering::Acquire) != 0;
        let as_of_ns = self.heard_as_of_ns.load(Ordering::Acquire);
        let leased_until_ns = self.leased_until_ns.load(Ordering::Acquire);
        Known { as_of_ns: (!is_lost).then_some(as_of_ns), leased_until_ns }
    }

    /// Whether everything is known but what was committed within the bound.
    pub(crate) fn is_fresh(&self, uptime: Duration, bound: Duration) -> bool {
        self.known().is_fresh(uptime, bound)
    }
}

impl Known {
    /// Whether at this uptime everything was known but what was committed within the bound. A clock that
    /// stands far before what was heard is another machine's: it says nothing.
    #[inline]
    pub(crate) fn is_fresh(self, uptime: Duration, bound: Duration) -> bool {
        let uptime_ns = nanoseconds(uptime);
        let is_within = |as_of_ns: u64| uptime_ns.abs_diff(as_of_ns) <= nanoseconds(bound);
        self.is_leased(uptime) && self.as_of_ns.is_some_and(is_within)
    }

    /// Whether other nodes wait for this one yet.
    #[inline]
    pub(crate) fn is_leased(self, uptime: Duration) -> bool {
        nanoseconds(uptime) < self.leased_until_ns
    }
}

/// Enough for five hundred years.
#[inline]
fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUND: Duration = Duration::from_secs(5);

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn nothing_is_fresh_before_anything_was_heard() {
        let freshness = Freshness::new();
        // Soon after the machine's start, too.
        assert!(!freshness.is_fresh(Duration::ZERO, BOUND));
        assert!(!freshness.is_fresh(seconds(100), Duration::MAX));
    }

    #[test]
    fn what_was_heard_is_fresh_up_to_the_bound_and_not_beyond() {
        let freshness = Freshness::new();
        freshness.heard(seconds(100));
        assert!(freshness.is_fresh(seconds(100), Duration::ZERO));
        assert!(freshness.is_fresh(seconds(105), BOUND));
        assert!(!freshness.is_fresh(seconds(105) + Duration::from_nanos(1), BOUND));
        assert!(!freshness.is_fresh(seconds(100_000), BOUND));
        freshness.heard(seconds(100_000));
        assert!(freshness.is_fresh(seconds(100_000), BOUND));
    }

    #[test]
    fn what_is_lost_is_stale_until_something_is_heard_again() {
        let freshness = Freshness::new();
        freshness.heard(seconds(100));
        freshness.lose();
        assert!(!freshness.is_fresh(seconds(100), BOUND));
        freshness.heard(seconds(101));
        assert!(freshness.is_fresh(seconds(101), BOUND));
    }

    #[test]
    fn what_is_distrusted_is_stale_until_it_is_loaded_anew_and_heard() {
        let freshness = Freshness::new();
        freshness.heard(seconds(100));
        freshness.distrust();
        freshness.heard(seconds(101));
        assert!(!freshness.is_fresh(seconds(101), BOUND));
        freshness.lose();
        freshness.trust();
        assert!(!freshness.is_fresh(seconds(101), BOUND));
        freshness.heard(seconds(102));
        assert!(freshness.is_fresh(seconds(102), BOUND));
    }

    #[test]
    fn a_clock_behind_what_was_heard_is_believed_within_the_bound_only() {
        let freshness = Freshness::new();
        freshness.heard(seconds(100));
        // Read a little before the feed was heard once more.
        assert!(freshness.is_fresh(seconds(99), BOUND));
        // The process went on elsewhere.
        assert!(!freshness.is_fresh(seconds(94), BOUND));
    }

    #[test]
    fn what_was_known_before_a_stop_is_no_fresher_for_what_is_heard_after_it() {
        let freshness = Freshness::new();
        freshness.heard(seconds(100));
        let known = freshness.known();
        // The process is stopped, goes on, and hears the feed before the reader looks at the clock.
        freshness.heard(seconds(160));
        assert!(!known.is_fresh(seconds(160), BOUND));
        assert!(freshness.is_fresh(seconds(160), BOUND));
    }

    #[test]
    fn past_its_lease_nothing_is_fresh_however_lately_it_was_heard() {
        let freshness = Freshness::new();
        freshness.heard(seconds(100));
        freshness.leased(seconds(102));
        assert!(freshness.is_fresh(seconds(101), BOUND));
        freshness.heard(seconds(102));
        assert!(!freshness.is_fresh(seconds(102), BOUND));
        freshness.leased(seconds(106));
        assert!(freshness.is_fresh(seconds(102), BOUND));
    }

    #[test]
    fn no_clock_is_too_far() {
        let freshness = Freshness::new();
        freshness.heard(seconds(1 << 33));
        assert!(freshness.is_fresh(seconds(1 << 33), Duration::ZERO));
        freshness.heard(Duration::MAX);
        assert!(!freshness.is_fresh(Duration::ZERO, BOUND));
    }
}

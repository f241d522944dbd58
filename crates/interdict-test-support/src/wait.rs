//! Waiting for a condition, in place of a sleep that hopes. Not for async tests that share a thread with what they
//! wait for: there, await the thing itself.

use std::thread;
use std::time::{Duration, Instant};

/// How long one look at the condition is from the next.
const PAUSE: Duration = Duration::from_millis(5);

/// The condition did not come true in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the condition did not hold within {limit:?}")]
pub struct TimedOut {
    /// What the caller was willing to wait.
    pub limit: Duration,
}

/// Looks at `condition` until it holds, and says how long that took; gives up after `limit`.
/// The condition is looked at once more at the end, so that a slow machine is not blamed for a late wake-up.
#[allow(clippy::disallowed_methods, reason = "a test's patience is measured on the real clock")]
pub fn wait_until(mut condition: impl FnMut() -> bool, limit: Duration) -> Result<Duration, TimedOut> {
    let start = Instant::now();
    loop {
        let waited = start.elapsed();
        if condition() {
            return Ok(waited);
        }
        if waited >= limit {
            return Err(TimedOut { limit });
        }
        thread::sleep(PAUSE.min(limit.saturating_sub(waited)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_that_holds_is_not_waited_for() {
        let mut looks = 0;
        wait_until(
            || {
                looks += 1;
                true
            },
            Duration::ZERO,
        )
        .unwrap();
        assert_eq!(looks, 1);
    }

    #[test]
    fn it_returns_at_the_first_look_that_holds() {
        let mut looks = 0;
        wait_until(
            || {
                looks += 1;
                looks == 3
            },
            Duration::from_mins(1),
        )
        .unwrap();
        assert_eq!(looks, 3);
    }

    #[test]
    fn it_gives_up_at_the_limit() {
        let limit = Duration::from_millis(20);
        assert_eq!(wait_until(|| false, limit), Err(TimedOut { limit }));
    }
}

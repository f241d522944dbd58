//! The only real clock and the only real generator (invariant 6). Everything else is given them.

use std::cell::RefCell;
use std::io::Write as _;
use std::time::Duration;

use interdict_domain::clock::{Clock, Random, Timestamp};
use rustix::time::{ClockId, clock_gettime};

/// The machine's clock.
pub struct SystemClock;

/// Linux's own CLOCK_MONOTONIC stands still while the machine is suspended; elsewhere it does not.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UPTIME: ClockId = ClockId::Boottime;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const UPTIME: ClockId = ClockId::Monotonic;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the wall clock is read")]
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(jiff::Timestamp::now().as_microsecond())
    }

    fn uptime(&self) -> Duration {
        // Never negative.
        Duration::try_from(clock_gettime(UPTIME)).unwrap_or_default()
    }
}

/// The operating system's generator. Each byte is the system's own; small amounts come from a stock of
/// the thread, because each decision takes an id, and a system call for each of them showed in the profile.
pub struct SystemRandom;

/// Bytes of a stock: some hundred ids.
const STOCK: usize = 4_096;
/// What is larger is asked of the system. So are keys and peppers: a secret was never in the stock.
const FROM_STOCK_MAX: usize = 20;

struct Stock {
    bytes: [u8; STOCK],
    used: usize,
}

thread_local! {
    static OWN: RefCell<Stock> = const { RefCell::new(Stock { bytes: [0; STOCK], used: STOCK }) };
}

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        if bytes.len() > FROM_STOCK_MAX {
            return ask_system(bytes);
        }
        OWN.with_borrow_mut(|stock| {
            if STOCK - stock.used < bytes.len() {
                ask_system(&mut stock.bytes);
                stock.used = 0;
            }
            let from = stock.bytes.iter_mut().skip(stock.used);
            // Nothing stays behind of what was handed out.
            bytes.iter_mut().zip(from).for_each(|(byte, random)| *byte = std::mem::take(random));
            stock.used += bytes.len();
        });
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place where randomness is made")]
fn ask_system(bytes: &mut [u8]) {
    if let Err(error) = getrandom::fill(bytes) {
        // A key from a generator that failed could be guessed: rather no process than such a key.
        let _ = writeln!(std::io::stderr(), "error: the system gives no randomness: {error}");
        std::process::abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_uptime_never_goes_back_and_passes() {
        let begun = SystemClock.uptime();
        let mut last = begun;
        while last < begun + Duration::from_millis(1) {
            let next = SystemClock.uptime();
            assert!(next >= last);
            last = next;
        }
    }

    #[test]
    fn nothing_comes_twice_across_refills_and_sizes() {
        let mut seen = std::collections::HashSet::new();
        for _ in 0..3 * STOCK / FROM_STOCK_MAX {
            let (mut small, mut large) = ([0; 16], [0; 32]);
            SystemRandom.fill(&mut small);
            SystemRandom.fill(&mut large);
            assert!(seen.insert(small.to_vec()) && seen.insert(large.to_vec()));
        }
    }
}

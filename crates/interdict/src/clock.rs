//! The only real clock and the only real generator (invariant 6). Everything else is given them.

use std::io::Write as _;

use interdict_domain::clock::{Clock, Random, Timestamp};

/// The machine's clock.
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the wall clock is read")]
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(jiff::Timestamp::now().as_microsecond())
    }
}

/// The operating system's generator.
pub struct SystemRandom;

impl Random for SystemRandom {
    #[expect(clippy::disallowed_methods, reason = "the one place where randomness is made")]
    fn fill(&self, bytes: &mut [u8]) {
        if let Err(error) = getrandom::fill(bytes) {
            // A key from a generator that failed could be guessed: rather no process than such a key.
            let _ = writeln!(std::io::stderr(), "error: the system gives no randomness: {error}");
            std::process::abort();
        }
    }
}

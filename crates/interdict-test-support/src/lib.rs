//! What the tests of several crates need: a PostgreSQL of their own, a Stripe of their own, a browser, a network that fails on
//! demand, a free port, and waiting for a condition.
//! A dev-dependency only, and it knows none of our crates: what is particular to one of them lives in its tests.

mod binaries;
mod browser;
mod installation;
mod keeper;
mod localstripe;
mod port;
mod postgres;
mod proxy;
mod wait;

pub use binaries::{Binaries, INSTALL_LINE};
pub use browser::{BrowserError, NODE_INSTALL_LINE, kept_in, run_in_browser};
pub use localstripe::{LocalStripe, LocalStripeError, PYTHON_INSTALL_LINE};
pub use port::free_port;
pub use postgres::{CreateDatabaseError, Fsync, PauseError, Postgres, PostgresSettings, StartError};
pub use proxy::{DELAY_MAX, Proxy};
pub use wait::{TimedOut, wait_until};

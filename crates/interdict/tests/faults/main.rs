//! Faults: what was acknowledged is on the disk, whatever happens to the process. A real binary, real
//! signals, real system calls; and controls that break the promise, which the checkers must catch.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "tests"
)]

mod flush;
mod import_kill;
mod kill;
mod payment_answers;
mod payment_books;
mod payment_clients;
mod payment_kill;
mod provider_kill;
// Stripe's lists, as the connector's own tests know them.
#[path = "../../../interdict-gateway/tests/stripe/radar.rs"]
mod radar;
mod server;

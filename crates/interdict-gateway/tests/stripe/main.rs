//! The Stripe connector over real HTTP: against localstripe, which others wrote, and against a server of our own for
//! what localstripe lacks: idempotency keys, declines with codes, 3DS pages, and faults.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod answers;
mod fake;
mod faults;
mod localstripe;
mod support;
mod tls;

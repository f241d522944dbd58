//! People: what they do to one another and to themselves, and what they may not.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

#[path = "../support/mod.rs"]
mod support;

mod audit;
mod escalation;
mod invitations;
mod keys;
mod postgresql;
mod rotation;
mod second_factor;
mod team;
mod world;

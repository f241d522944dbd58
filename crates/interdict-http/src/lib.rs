//! Every route, in three dialects, and the accept loop under them.
//!
//! Deliberately not here: what the calls do (`interdict-app`), and any reading of configuration.

pub mod body;
pub mod error;
pub mod json;
pub mod page;
pub mod server;

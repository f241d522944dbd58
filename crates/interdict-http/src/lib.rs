//! Every route, in three dialects, and the accept loop under them.
//!
//! Deliberately not here: what the calls do (`interdict-app`), and any reading of configuration.

pub mod body;
pub mod dialect;
pub mod docs_page;
pub mod error;
pub mod json;
pub mod middleware;
pub mod page;
pub mod server;

//! Every route, in three dialects, and the accept loop under them.
//!
//! Deliberately not here: what the calls do (`interdict-app`), and any reading of configuration.

mod answer;
pub mod body;
mod checkout;
mod comparison_metrics;
mod customer_id;
pub mod decision_log_metrics;
mod dialect;
pub mod docs_page;
pub mod error;
mod extract;
mod find_one;
mod forwarded;
mod idenza;
mod interface;
pub mod json;
pub mod middleware;
mod mirror_metrics;
mod mutation;
mod observed;
mod odus;
mod openapi;
mod operations;
pub mod page;
mod person_metrics;
mod profile;
mod renewal_metrics;
mod router;
mod schemas;
pub mod server;
mod store_metrics;
mod stream;
mod v1;
mod views;
mod webhooks;

pub use interface::{AnswerBody, Http, HttpOptions};
pub use openapi::openapi_json;
pub use views::decision_as_json;

//! The log of decisions: which are offered, the bounded queue that they wait in, the thread that writes them, and how they
//! are read and forgotten (docs/adr/0031).
//!
//! A decision never waits for it. An offer that the queue has no room for is counted as lost, and costs nothing else.
//!
//! Deliberately not here: files, schemas and SQL (`interdict-storage`).

mod log;
mod offer;
mod queue;
mod rates;
mod read;
mod record;
mod shared_means;
mod writer;

pub(crate) use log::DecisionLog;
pub use log::{DecisionLogOptions, DecisionLogStatus};
pub use offer::Judged;
pub(crate) use offer::{Item, Kept, Occasion};
pub(crate) use rates::{Bucket, Rates};
pub use read::LoggedFilter;
pub use record::LoggedDecision;

//! What surrounds the routes: limits on rates, and metrics.

pub(crate) mod cross_origin;
pub mod metrics;
pub mod rate_limit;

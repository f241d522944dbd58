//! What surrounds the routes: limits on rates, and metrics.

pub mod metrics;
pub mod rate_limit;

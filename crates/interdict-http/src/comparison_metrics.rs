//! What Prometheus is told of the comparisons of index and database: when the last one was, what it found, and
//! what all of them found.

use std::sync::atomic::Ordering;

use interdict_app::App;
use interdict_domain::mode::Mode;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

use crate::middleware::metrics::Metrics;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ModeLabels {
    mode: &'static str,
}

/// Set when they are asked for.
pub(crate) struct ComparisonMetrics {
    differences: Family<ModeLabels, Counter>,
    failures: Family<ModeLabels, Counter>,
    compared_at: Family<ModeLabels, Gauge>,
    revision: Family<ModeLabels, Gauge>,
    different: Family<ModeLabels, Gauge>,
}

impl ComparisonMetrics {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let all = Self {
            differences: Family::default(),
            failures: Family::default(),
            compared_at: Family::default(),
            revision: Family::default(),
            different: Family::default(),
        };
        metrics.with_registry(|registry| {
            let help = "Buckets in which the index was found not to hold what the database holds";
            registry.register("index_differences", help, all.differences.clone());
            let help = "Comparisons of index and database that came to no end";
            registry.register("index_comparison_failures", help, all.failures.clone());
            let help = "When index and database were last compared, in seconds since 1970";
            registry.register("index_compared_timestamp_seconds", help, all.compared_at.clone());
            let help = "The change up to which they were compared";
            registry.register("index_compared_revision", help, all.revision.clone());
            let help = "Buckets that differed then: 0 when both held the same";
            registry.register("index_compared_different", help, all.different.clone());
        });
        all
    }

    /// Reads off what was found. Before the first comparison there is no last one.
    pub(crate) fn gauge(&self, app: &App) {
        for mode in Mode::ALL {
            let comparisons = app.service(mode).comparisons();
            let labels = ModeLabels { mode: mode.as_str() };
            let count = |family: &Family<ModeLabels, Counter>, total: u64| {
                family.get_or_create_owned(&labels).inner().store(total, Ordering::Relaxed);
            };
            count(&self.differences, comparisons.differences());
            count(&self.failures, comparisons.failures());
            if let Some((at, comparison)) = comparisons.last() {
                let set = |family: &Family<ModeLabels, Gauge>, value: i64| {
                    family.get_or_create_owned(&labels).set(value);
                };
                set(&self.compared_at, at.micros().div_euclid(1_000_000));
                set(&self.revision, comparison.revision);
                set(&self.different, i64::try_from(comparison.different.len()).unwrap_or(i64::MAX));
            }
        }
    }
}

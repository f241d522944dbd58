//! What Prometheus is told of blocked persons: what became of the attempts that their entries have blocked.

use std::sync::atomic::Ordering;

use interdict_app::App;
use interdict_domain::mode::Mode;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

use crate::middleware::metrics::Metrics;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResultLabels {
    mode: &'static str,
    result: &'static str,
}

/// Set when they are asked for.
pub(crate) struct PersonMetrics {
    noticed: Family<ResultLabels, Counter>,
}

impl PersonMetrics {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let all = Self { noticed: Family::default() };
        metrics.with_registry(|registry| {
            let help = "What blocked persons came with, by what became of it";
            registry.register("persons_noticed", help, all.noticed.clone());
        });
        all
    }

    /// Reads off what became of it.
    pub(crate) fn gauge(&self, app: &App) {
        for mode in Mode::ALL {
            let Some(counts) = app.service(mode).noticed_counts() else { continue };
            let mode = mode.as_str();
            for (result, count) in [
                ("added", counts.added),
                ("suggested", counts.suggested),
                ("seen_again", counts.seen_again),
                ("refused", counts.refused),
                ("too_many", counts.too_many),
                ("queue_full", counts.lost_to_full_queue),
                ("failed", counts.lost_to_failures),
            ] {
                let labels = ResultLabels { mode, result };
                self.noticed.get_or_create_owned(&labels).inner().store(count, Ordering::Relaxed);
            }
        }
    }
}

//! What Prometheus is told of the log of decisions: what was written, what was lost and why, and what waits.

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

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LossLabels {
    mode: &'static str,
    reason: &'static str,
}

/// Set when they are asked for.
pub(crate) struct DecisionLogMetrics {
    logged: Family<ModeLabels, Counter>,
    lost: Family<LossLabels, Counter>,
    queue: Family<ModeLabels, Gauge>,
    queue_max: Family<ModeLabels, Gauge>,
}

impl DecisionLogMetrics {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let all = Self {
            logged: Family::default(),
            lost: Family::default(),
            queue: Family::default(),
            queue_max: Family::default(),
        };
        metrics.with_registry(|registry| {
            let help = "Decisions that were written to the log";
            registry.register("decision_log_written", help, all.logged.clone());
            let help = "Decisions that the log has lost: the queue was full, or a write failed";
            registry.register("decision_log_lost", help, all.lost.clone());
            let help = "Decisions that wait to be written to the log";
            registry.register("decision_log_queue", help, all.queue.clone());
            let help = "Decisions that may wait to be written to the log";
            registry.register("decision_log_queue_max", help, all.queue_max.clone());
        });
        all
    }

    /// Reads off how the logs stand.
    pub(crate) fn gauge(&self, app: &App) {
        for mode in Mode::ALL {
            let Some(status) = app.service(mode).decision_log_status() else { continue };
            let mode = mode.as_str();
            let labels = ModeLabels { mode };
            self.logged.get_or_create_owned(&labels).inner().store(status.written, Ordering::Relaxed);
            for (reason, count) in
                [("queue_full", status.lost_to_full_queue), ("write_failed", status.lost_to_failures)]
            {
                let labels = LossLabels { mode, reason };
                self.lost.get_or_create_owned(&labels).inner().store(count, Ordering::Relaxed);
            }
            let set = |family: &Family<ModeLabels, Gauge>, value: usize| {
                family.get_or_create_owned(&labels).set(i64::try_from(value).unwrap_or(i64::MAX));
            };
            set(&self.queue, status.queued);
            set(&self.queue_max, status.queued_max);
        }
    }
}

//! What Prometheus is told of renewals: what became of each, and how far the present sweep is.

use interdict_app::{App, Renewed};
use interdict_domain::mode::Mode;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

use crate::middleware::metrics::Metrics;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    mode: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ModeLabels {
    mode: &'static str,
}

/// The gauges, set when they are asked for.
pub(crate) struct RenewalMetrics {
    outcomes: Family<OutcomeLabels, Gauge>,
    due: Family<ModeLabels, Gauge>,
    looked_at: Family<ModeLabels, Gauge>,
    sweeps: Family<ModeLabels, Gauge>,
}

impl RenewalMetrics {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let all = Self {
            outcomes: Family::default(),
            due: Family::default(),
            looked_at: Family::default(),
            sweeps: Family::default(),
        };
        metrics.with_registry(|registry| {
            let help = "What became of renewals since the start";
            registry.register("renewals", help, all.outcomes.clone());
            let help = "Renewals that were due when the newest sweep began";
            registry.register("renewals_due", help, all.due.clone());
            let help = "How many of them were looked at so far";
            registry.register("renewals_looked_at", help, all.looked_at.clone());
            let help = "Sweeps over the renewals that ended since the start";
            registry.register("renewal_sweeps", help, all.sweeps.clone());
        });
        all
    }

    /// Reads off how far they are.
    pub(crate) fn gauge(&self, app: &App) {
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        for mode in Mode::ALL {
            let counts = app.service(mode).renewals();
            let mode = mode.as_str();
            for renewed in Renewed::ALL {
                let labels = OutcomeLabels { mode, outcome: renewed.as_str() };
                self.outcomes.get_or_create_owned(&labels).set(number(counts.of(renewed)));
            }
            let labels = ModeLabels { mode };
            self.due.get_or_create_owned(&labels).set(number(counts.due()));
            self.looked_at.get_or_create_owned(&labels).set(number(counts.looked_at()));
            self.sweeps.get_or_create_owned(&labels).set(number(counts.sweeps()));
        }
    }
}

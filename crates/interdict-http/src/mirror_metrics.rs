//! What Prometheus is told of the lists at the payment providers.
//!
//! Deliberately not here: how each merchant's lists stand, which the merchant asks for.

use interdict_app::App;
use interdict_domain::mode::Mode;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

use crate::middleware::metrics::Metrics;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: &'static str,
}

/// The gauges, set when they are asked for. Test mode has no lists at a provider.
pub(crate) struct MirrorMetrics {
    done: Family<OutcomeLabels, Gauge>,
    failing: Gauge,
}

impl MirrorMetrics {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let all = Self { done: Family::default(), failing: Gauge::default() };
        metrics.with_registry(|registry| {
            let help = "What was done on the payment providers' own lists since the start";
            registry.register("provider_lists", help, all.done.clone());
            let help = "Merchants whose provider does not do what it is asked for their lists";
            registry.register("provider_lists_failing", help, all.failing.clone());
        });
        all
    }

    /// Reads off what was done.
    pub(crate) fn gauge(&self, app: &App) {
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let counts = app.service(Mode::Live).mirror_counts();
        for (outcome, count) in counts.all() {
            self.done.get_or_create_owned(&OutcomeLabels { outcome }).set(number(count));
        }
        self.failing.set(number(counts.failing()));
    }
}

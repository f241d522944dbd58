//! What Prometheus is told: requests by route, method and status class, their durations, decisions by
//! outcome and code, open connections.
//!
//! Whoever counts resolves its counters once, at the start; a request then costs a few atomic additions
//! and no lock. Labels are route templates and fixed words only, never input: so their number is bounded.
//!
//! Deliberately not here: metrics of other crates. They join through [`Metrics::with_registry`].

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::StatusCode;
use parking_lot::Mutex;
use prometheus_client::encoding::{EncodeLabelSet, EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::{MetricType, TypedMetric};
use prometheus_client::registry::Registry;
use tokio::time::Instant;

/// Of [`Metrics::render`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Upper bounds of the durations, in microseconds: a decision takes tens, a commit thousands.
const BOUNDS_US: [u64; 15] = [
    50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    5_000_000,
];
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: &'static str,
    method: &'static str,
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: &'static str,
    method: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DecisionLabels {
    outcome: &'static str,
    code: &'static str,
}

/// All metrics of the service.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Arc<Mutex<Registry>>,
    requests: Family<RequestLabels, Counter>,
    durations: Family<RouteLabels, Durations>,
    decisions: Family<DecisionLabels, Counter>,
    open_connections: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Nothing counted yet.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("interdict");
        let requests = Family::default();
        registry.register(
            "http_requests",
            "Requests answered, by route, method and status class",
            requests.clone(),
        );
        let durations = Family::default();
        let help = "Time from a request's head to its answer";
        registry.register("http_request_duration_seconds", help, durations.clone());
        let decisions = Family::default();
        registry.register("decisions", "Decisions taken, by outcome and code", decisions.clone());
        let open_connections = Gauge::default();
        registry.register("http_open_connections", "Connections that are open now", open_connections.clone());
        Self { registry: Arc::new(Mutex::new(registry)), requests, durations, decisions, open_connections }
    }

    /// The counters of one route and method; resolve them once.
    pub fn route(&self, route: &'static str, method: &'static str) -> RouteMetrics {
        let by_class =
            CLASSES.map(|status| self.requests.get_or_create_owned(&RequestLabels { route, method, status }));
        let durations = self.durations.get_or_create_owned(&RouteLabels { route, method });
        RouteMetrics { by_class, durations }
    }

    /// The counter of one outcome and code; resolve it once.
    pub fn decisions(&self, outcome: &'static str, code: &'static str) -> Counter {
        self.decisions.get_or_create_owned(&DecisionLabels { outcome, code })
    }

    /// For [`crate::server::ServerOptions`].
    pub fn open_connections(&self) -> Gauge {
        self.open_connections.clone()
    }

    /// Registers more metrics. Names get the prefix `interdict_`.
    pub fn with_registry<T>(&self, register: impl FnOnce(&mut Registry) -> T) -> T {
        register(&mut self.registry.lock())
    }

    /// The text that Prometheus reads, of type [`CONTENT_TYPE`].
    pub fn render(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail; a metric of another crate might.
        if prometheus_client::encoding::text::encode(&mut text, &self.registry.lock()).is_err() {
            tracing::error!("a metric cannot be written");
        }
        text
    }
}

/// The counters of one route and method.
#[derive(Debug, Clone)]
pub struct RouteMetrics {
    by_class: [Counter; 5],
    durations: Durations,
}

impl RouteMetrics {
    /// When a request begins.
    pub fn start() -> Instant {
        Instant::now()
    }

    /// Counts an answer.
    pub fn answered(&self, status: StatusCode, started: Instant) {
        let class = usize::from(status.as_u16() / 100).saturating_sub(1);
        if let Some(counter) = self.by_class.get(class) {
            counter.inc();
        }
        self.durations.observe(started.elapsed());
    }
}

/// A histogram without a lock; the library's has one.
#[derive(Debug, Clone, Default)]
struct Durations(Arc<Buckets>);

#[derive(Debug, Default)]
struct Buckets {
    /// One for each bound, and one for what is over all of them.
    counts: [AtomicU64; BOUNDS_US.len() + 1],
    sum_ns: AtomicU64,
}

impl Durations {
    fn observe(&self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS_US.iter().position(|bound| micros <= *bound).unwrap_or(BOUNDS_US.len());
        if let Some(count) = self.0.counts.get(bucket) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.0.sum_ns.fetch_add(nanos, Ordering::Relaxed);
    }
}

impl EncodeMetric for Durations {
    fn encode(&self, mut encoder: MetricEncoder) -> Result<(), std::fmt::Error> {
        let counts = self.0.counts.iter().map(|count| count.load(Ordering::Relaxed));
        let (buckets, count) = buckets(&BOUNDS_US, counts);
        let sum = Duration::from_nanos(self.0.sum_ns.load(Ordering::Relaxed)).as_secs_f64();
        encoder.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

/// The buckets of a histogram, each with its upper bound in seconds, and how many there are in all of them: of the
/// same reading, so that the count equals the last bucket while others go on counting.
pub(crate) fn buckets(bounds_us: &[u64], counts: impl IntoIterator<Item = u64>) -> (Vec<(f64, u64)>, u64) {
    let bounds = bounds_us.iter().map(|bound| Duration::from_micros(*bound).as_secs_f64());
    let buckets: Vec<(f64, u64)> = bounds.chain([f64::INFINITY]).zip(counts).collect();
    let count = buckets.iter().map(|(_, count)| count).sum();
    (buckets, count)
}

impl TypedMetric for Durations {
    const TYPE: MetricType = MetricType::Histogram;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_rendered() {
        let metrics = Metrics::new();
        let route = metrics.route("/v1/customers/{id}", "GET");
        route.answered(StatusCode::OK, RouteMetrics::start());
        route.answered(StatusCode::NOT_FOUND, RouteMetrics::start());
        metrics.decisions("block", "customer_blacklisted").inc();
        metrics.open_connections().inc();
        let text = metrics.render();
        for line in [
            r#"interdict_http_requests_total{route="/v1/customers/{id}",method="GET",status="2xx"} 1"#,
            r#"interdict_http_requests_total{route="/v1/customers/{id}",method="GET",status="4xx"} 1"#,
            r#"interdict_http_request_duration_seconds_count{route="/v1/customers/{id}",method="GET"} 2"#,
            r#"interdict_decisions_total{outcome="block",code="customer_blacklisted"} 1"#,
            "interdict_http_open_connections 1",
        ] {
            assert!(text.lines().any(|other| other == line), "{line}\n{text}");
        }
        assert!(text.ends_with("# EOF\n"));
    }

    #[test]
    fn buckets_are_cumulative_and_end_in_infinity() {
        let metrics = Metrics::new();
        let durations = metrics.durations.get_or_create_owned(&RouteLabels { route: "/", method: "GET" });
        for micros in [50, 51, 900, 60_000_000] {
            durations.observe(Duration::from_micros(micros));
        }
        let text = metrics.render();
        let bucket = |bound: &str| format!("_bucket{{le=\"{bound}\",route=\"/\",method=\"GET\"}}");
        for (bound, count) in [("0.00005", 1), ("0.0001", 2), ("0.001", 3), ("5.0", 3), ("+Inf", 4)] {
            let line = format!("{} {count}", bucket(bound));
            assert!(text.lines().any(|other| other.ends_with(&line)), "{line}\n{text}");
        }
    }
}

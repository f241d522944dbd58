//! What is counted of each request and each decision, with the counters resolved once.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use http::{Method, StatusCode};
use interdict_app::App;
use interdict_app::decision::{Code, Decision};
use interdict_domain::mode::Mode;
use parking_lot::RwLock;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use tokio::time::Instant;

use crate::comparison_metrics::ComparisonMetrics;
use crate::decision_log_metrics::DecisionLogMetrics;
use crate::middleware::metrics::{Metrics, RouteMetrics};
use crate::mirror_metrics::MirrorMetrics;
use crate::person_metrics::PersonMetrics;
use crate::renewal_metrics::RenewalMetrics;

/// Where the router leaves the template of the route that it took.
#[derive(Clone, Default)]
pub(crate) struct RouteSlot(Arc<OnceLock<Arc<str>>>);

impl RouteSlot {
    pub(crate) fn set(&self, template: Arc<str>) {
        // Set once a request: a second route for the same request does not exist.
        drop(self.0.set(template));
    }

    /// The template, or one word for all paths that are no route: their number is the callers'.
    pub(crate) fn template(&self) -> &str {
        self.0.get().map_or("unmatched", |template| template.as_ref())
    }
}

/// The counters.
pub(crate) struct Observed {
    pub(crate) metrics: Metrics,
    pub(crate) decisions: RouteMetrics,
    pub(crate) batches: RouteMetrics,
    by_code: [(Code, Counter); Code::ALL.len()],
    revision: Family<ModeLabels, Gauge>,
    fresh: Family<ModeLabels, Gauge>,
    customers: Family<ModeLabels, Gauge>,
    entries: Family<ModeLabels, Gauge>,
    renewals: RenewalMetrics,
    comparisons: ComparisonMetrics,
    decision_log: DecisionLogMetrics,
    persons: PersonMetrics,
    mirrors: MirrorMetrics,
    routes: RwLock<HashMap<(String, Method), RouteMetrics>>,
}

impl Observed {
    pub(crate) fn new(metrics: Metrics) -> Self {
        let by_code = Code::ALL.map(|code| (code, metrics.decisions(outcome_of(code), code.as_str())));
        Self {
            decisions: metrics.route("/v1/decisions", "POST"),
            batches: metrics.route("/v1/decisions/batch", "POST"),
            by_code,
            revision: register(&metrics, "index_revision", "Newest change that the index has seen"),
            fresh: register(&metrics, "index_fresh", "1 while the index has seen everything, else 0"),
            customers: register(&metrics, "index_customers", "Customers in the index"),
            entries: register(&metrics, "index_entries", "Entries in the index"),
            renewals: RenewalMetrics::new(&metrics),
            comparisons: ComparisonMetrics::new(&metrics),
            decision_log: DecisionLogMetrics::new(&metrics),
            persons: PersonMetrics::new(&metrics),
            mirrors: MirrorMetrics::new(&metrics),
            routes: RwLock::default(),
            metrics,
        }
    }

    pub(crate) fn start() -> Instant {
        RouteMetrics::start()
    }

    /// Reads off what is known when asked: revisions, and what the index holds.
    pub(crate) fn gauge(&self, app: &App) {
        self.renewals.gauge(app);
        self.comparisons.gauge(app);
        self.decision_log.gauge(app);
        self.persons.gauge(app);
        self.mirrors.gauge(app);
        for mode in Mode::ALL {
            let service = app.service(mode);
            let labels = ModeLabels { mode: mode.as_str() };
            let set = |family: &Family<ModeLabels, Gauge>, value: i64| {
                family.get_or_create_owned(&labels).set(value);
            };
            set(&self.revision, service.readiness().revision);
            set(&self.fresh, i64::from(service.readiness().fresh));
            if let Some(statistics) = service.statistics() {
                set(&self.customers, i64::try_from(statistics.customers).unwrap_or(i64::MAX));
                set(&self.entries, i64::try_from(statistics.entries).unwrap_or(i64::MAX));
            }
        }
    }

    /// Counts a decision.
    pub(crate) fn decided(&self, decision: &Decision<'_>) {
        if let Some((_, counter)) = self.by_code.iter().find(|(code, _)| *code == decision.code) {
            counter.inc();
        }
    }

    /// Counts an answer of the router.
    pub(crate) fn answered(&self, template: &str, method: &Method, status: StatusCode, started: Instant) {
        let key = (template.to_owned(), method.clone());
        let known = self.routes.read().get(&key).cloned();
        let route = known.unwrap_or_else(|| {
            let mut routes = self.routes.write();
            // The number of templates and of standard methods is small; odd methods are one.
            let method = standard(method);
            let label: &'static str = leak_once(template);
            routes.entry(key).or_insert_with(|| self.metrics.route(label, method)).clone()
        });
        route.answered(status, started);
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ModeLabels {
    mode: &'static str,
}

fn register(metrics: &Metrics, name: &str, help: &str) -> Family<ModeLabels, Gauge> {
    let family = Family::default();
    metrics.with_registry(|registry| registry.register(name, help, family.clone()));
    family
}

const fn outcome_of(code: Code) -> &'static str {
    match code {
        Code::CustomerRestricted
        | Code::CustomerBlacklisted
        | Code::IdentifierBlacklisted
        | Code::DegradedBlocked => "block",
        Code::CustomerWhitelisted | Code::IdentifierWhitelisted | Code::Default => "allow",
    }
}

fn standard(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "PUT" => "PUT",
        "HEAD" => "HEAD",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

/// A label that lives as long as the program: one a route template, of which there are a few dozen.
fn leak_once(template: &str) -> &'static str {
    Box::leak(template.to_owned().into_boxed_str())
}

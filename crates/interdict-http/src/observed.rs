//! What is counted of each request and each decision, with the counters resolved once.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use http::{Method, StatusCode};
use interdict_app::decision::{Code, Decision};
use parking_lot::RwLock;
use prometheus_client::metrics::counter::Counter;
use tokio::time::Instant;

use crate::middleware::metrics::{Metrics, RouteMetrics};

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
    routes: RwLock<HashMap<(String, Method), RouteMetrics>>,
}

impl Observed {
    pub(crate) fn new(metrics: Metrics) -> Self {
        let by_code = Code::ALL.map(|code| (code, metrics.decisions(outcome_of(code), code.as_str())));
        Self {
            decisions: metrics.route("/v1/decisions", "POST"),
            batches: metrics.route("/v1/decisions/batch", "POST"),
            by_code,
            routes: RwLock::default(),
            metrics,
        }
    }

    pub(crate) fn start() -> Instant {
        RouteMetrics::start()
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

const fn outcome_of(code: Code) -> &'static str {
    match code {
        Code::CustomerRestricted | Code::CustomerBlacklisted | Code::IdentifierBlacklisted => "block",
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

//! What Prometheus reads: which metrics there are, that they move, and that whoever draws them finds them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use interdict_app::MAX_STALENESS;
use serde_json::{Value, json};

use crate::shop::Shop;

/// What a dashboard is drawn from, as it lies beside the service's unit.
const DASHBOARD: &str = include_str!("../../../../deploy/grafana-dashboard.json");
const OPERATIONS: &str = include_str!("../../../../docs/operations.md");

struct Scrape(String);

impl Scrape {
    async fn of(shop: &Shop) -> Self {
        Self(shop.anonymous().get("/metrics").await.text())
    }

    /// The types by name, as the text declares them.
    fn types(&self) -> BTreeMap<&str, &str> {
        let declared = self.0.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
        declared.collect()
    }

    /// The value of a series, by its name and labels.
    fn value(&self, series: &str) -> &str {
        let value = self.0.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        value.unwrap_or_else(|| panic!("{series}\n{}", self.0))
    }

    /// What a store counts.
    fn count(&self, name: &str, store: &str) -> i64 {
        self.value(&format!("interdict_store_{name}{{store=\"{store}\"}}")).parse().unwrap()
    }

    /// The same of seconds.
    fn seconds(&self, name: &str, store: &str) -> f64 {
        self.value(&format!("interdict_store_{name}{{store=\"{store}\"}}")).parse().unwrap()
    }

    /// The names that stand in queries: a counter's and a histogram's have endings.
    fn series(&self) -> BTreeSet<String> {
        let named = |name: &str, endings: &[&str]| {
            endings.iter().map(|ending| format!("{name}{ending}")).collect::<Vec<_>>()
        };
        self.types()
            .iter()
            .flat_map(|(name, kind)| match *kind {
                "counter" => named(name, &["_total"]),
                "histogram" => named(name, &["_bucket", "_sum", "_count"]),
                _ => named(name, &[""]),
            })
            .collect()
    }
}

#[tokio::test]
async fn these_are_all_metrics_and_their_types() {
    let shop = Shop::open().await;
    shop.secret().code_for("a@example.com").await;
    let scrape = Scrape::of(&shop).await;
    let types: Vec<String> = scrape.types().iter().map(|(name, kind)| format!("{name} {kind}")).collect();
    insta::assert_snapshot!(types.join("\n"), @"
    interdict_decision_log_lost counter
    interdict_decision_log_queue gauge
    interdict_decision_log_queue_max gauge
    interdict_decision_log_written counter
    interdict_decisions counter
    interdict_feed_trimmed_through gauge
    interdict_http_open_connections gauge
    interdict_http_request_duration_seconds histogram
    interdict_http_requests counter
    interdict_index_comparison_failures counter
    interdict_index_customers gauge
    interdict_index_differences counter
    interdict_index_entries gauge
    interdict_index_fresh gauge
    interdict_index_revision gauge
    interdict_persons_noticed counter
    interdict_provider_lists gauge
    interdict_provider_lists_failing gauge
    interdict_renewal_sweeps gauge
    interdict_renewals gauge
    interdict_renewals_due gauge
    interdict_renewals_looked_at gauge
    interdict_store_commit_duration_seconds histogram
    interdict_store_commit_failures counter
    interdict_store_commits counter
    interdict_store_feed_lost counter
    interdict_store_last_applied_timestamp_seconds gauge
    interdict_store_loads counter
    interdict_store_read_wait_seconds counter
    interdict_store_readers_idle gauge
    interdict_store_readers_in_use gauge
    interdict_store_readers_max gauge
    interdict_store_reads counter
    interdict_store_rebuilds counter
    interdict_store_revision_applied gauge
    interdict_store_revision_head gauge
    interdict_store_staleness_seconds gauge
    interdict_store_writer_jobs counter
    interdict_store_writer_queue gauge
    ");
}

#[tokio::test]
async fn a_write_and_a_read_move_the_numbers_of_their_store_alone() {
    let shop = Shop::open().await;
    let before = Scrape::of(&shop).await;
    shop.secret().post("/blacklist", json!({"email": "m@example.com", "reason": "r"})).await.expect(201);
    shop.secret().get("/blacklist").await.expect(200);
    let after = Scrape::of(&shop).await;
    let moved = |name: &str, store: &str| after.count(name, store) - before.count(name, store);
    for (name, by) in [
        ("revision_applied", 1),
        ("revision_head", 1),
        ("commit_failures_total", 0),
        ("loads_total", 0),
        ("rebuilds_total", 0),
        ("feed_lost_total", 0),
    ] {
        assert_eq!(moved(name, "test"), by, "{name}");
    }
    for name in ["commits_total", "writer_jobs_total", "reads_total", "commit_duration_seconds_count"] {
        assert!(moved(name, "test") >= 1, "{name}");
        assert_eq!(moved(name, "live"), 0, "{name}");
    }
    assert_eq!((after.count("loads_total", "test"), after.count("readers_max", "test")), (1, 4));
    assert!(after.seconds("last_applied_timestamp_seconds", "test") > 1.7e9);
}

#[tokio::test]
async fn an_index_that_hears_nothing_grows_old_in_the_metrics_too() {
    let shop = Shop::open().await;
    assert!(Scrape::of(&shop).await.seconds("staleness_seconds", "test") < 1.0);
    shop.clock.outrun_the_feed();
    shop.clock.stand_still(Duration::from_mins(1));
    let stale = Scrape::of(&shop).await;
    assert!(stale.seconds("staleness_seconds", "test") > MAX_STALENESS.as_secs_f64(), "{}", stale.0);
    assert_eq!(stale.value("interdict_index_fresh{mode=\"test\"}"), "0");
}

/// Each word of a text that could be a metric of ours. What stands in fences may be a log, with our crates' names.
fn metrics_in(text: &str) -> BTreeSet<&str> {
    let prose = text.split("```").step_by(2);
    let words =
        prose.flat_map(|text| text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_'));
    words.filter(|word| word.starts_with("interdict_")).collect()
}

fn queries<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                match (name.as_str(), field) {
                    ("expr" | "query", Value::String(text)) => found.push(text),
                    _ => queries(field, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| queries(item, found)),
        _ => {}
    }
}

#[tokio::test]
async fn the_dashboard_and_the_operators_table_name_metrics_that_there_are() {
    let shop = Shop::open().await;
    shop.secret().code_for("a@example.com").await;
    let scrape = Scrape::of(&shop).await;
    let series = scrape.series();
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let mut drawn = Vec::new();
    queries(&dashboard, &mut drawn);
    assert!(drawn.len() > 15, "{drawn:?}");
    for query in drawn {
        for metric in metrics_in(query) {
            assert!(series.contains(metric), "the dashboard draws {metric}, which is not exposed");
        }
    }
    let explained = metrics_in(OPERATIONS);
    let types = scrape.types();
    for metric in &explained {
        let is_there = series.contains(*metric) || types.get(metric) == Some(&"histogram");
        assert!(is_there, "docs/operations.md names {metric}, which is not exposed");
    }
    // Nobody is left to find out by himself what a number means.
    for (metric, kind) in types {
        let name = if kind == "counter" { format!("{metric}_total") } else { metric.to_owned() };
        assert!(explained.contains(name.as_str()), "docs/operations.md does not explain {metric}");
    }
}

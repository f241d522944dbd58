//! What Prometheus is told of the stores: how far each is with the feed, and what its threads do. Read off when
//! it is asked for: whoever decides or writes pays nothing for it.
//!
//! Another number of the stores is another row of [`METRICS`].

use std::sync::Arc;
use std::time::Duration;

use interdict_app::App;
use interdict_app::store::{COMMIT_BOUNDS_US, StoreStatus};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::exemplar::Exemplar;

use crate::middleware::metrics::{Metrics, buckets};

/// What a number is, and with it how it is written.
enum Number {
    /// A sequence, or a count of things.
    Whole(u64),
    Seconds(f64),
}

/// A metric with a number for each store; none for a store that has nothing to say yet.
struct Metric {
    name: &'static str,
    help: &'static str,
    kind: MetricType,
    read: fn(&StoreStatus) -> Option<Number>,
}

static METRICS: [Metric; 17] = [
    gauge("store_revision_applied", "Newest change that is applied here", |status| whole(status.applied)),
    gauge("store_revision_head", "Newest change in the database, when it was last looked at", |status| {
        whole(status.head)
    }),
    gauge("feed_trimmed_through", "Newest change that was trimmed; 0 when the feed is whole", |status| {
        whole(status.trimmed_through)
    }),
    gauge(
        "store_staleness_seconds",
        "How long ago the moment is up to which everything that was committed is known",
        |status| status.heard_ago.map(seconds),
    ),
    gauge(
        "store_last_applied_timestamp_seconds",
        "When a load or a change was last applied here",
        |status| {
            let at_us = u64::try_from(status.last_applied_at?.micros()).ok()?;
            Some(seconds(Duration::from_micros(at_us)))
        },
    ),
    counter("store_loads", "Loads of everything, the first one too", |status| whole(status.loads)),
    counter("store_rebuilds", "Loads of everything that were not the first one", |status| {
        whole(status.rebuilds())
    }),
    counter("store_feed_lost", "Times that the feed could not be read any more", |status| {
        whole(status.feed_lost)
    }),
    gauge("store_readers_in_use", "Connections that read now", |status| whole(status.readers.in_use)),
    gauge("store_readers_idle", "Connections that are open and wait for a read", |status| {
        whole(status.readers.idle)
    }),
    gauge("store_readers_max", "Connections that may read side by side", |status| whole(status.readers.most)),
    counter("store_reads", "Reads that were let in", |status| whole(status.readers.reads)),
    counter(
        "store_read_wait_seconds",
        "How long reads have waited for a connection, all together",
        |status| Some(seconds(status.readers.waited)),
    ),
    gauge("store_writer_queue", "Pieces of work that wait for the writer", |status| {
        whole(status.writer.queued)
    }),
    counter("store_writer_jobs", "Pieces of work that the writer took up", |status| {
        whole(status.writer.jobs)
    }),
    counter("store_commits", "Commits that ended well", |status| whole(status.writer.commits)),
    counter("store_commit_failures", "Commits that failed, or whose end is unknown", |status| {
        whole(status.writer.failed)
    }),
];

const fn gauge(name: &'static str, help: &'static str, read: fn(&StoreStatus) -> Option<Number>) -> Metric {
    Metric { name, help, kind: MetricType::Gauge, read }
}

const fn counter(name: &'static str, help: &'static str, read: fn(&StoreStatus) -> Option<Number>) -> Metric {
    Metric { name, help, kind: MetricType::Counter, read }
}

/// None for what cannot be: a count below zero.
fn whole(number: impl TryInto<u64>) -> Option<Number> {
    number.try_into().ok().map(Number::Whole)
}

fn seconds(duration: Duration) -> Number {
    Number::Seconds(duration.as_secs_f64())
}

/// Asks the stores whenever somebody asks for the metrics.
pub(crate) struct StoreMetrics(Arc<App>);

impl StoreMetrics {
    pub(crate) fn register(metrics: &Metrics, app: &Arc<App>) {
        let collector = Box::new(Self(Arc::clone(app)));
        metrics.with_registry(|registry| registry.register_collector(collector));
    }
}

/// The application has no words for itself.
impl std::fmt::Debug for StoreMetrics {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("StoreMetrics").finish_non_exhaustive()
    }
}

impl Collector for StoreMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), std::fmt::Error> {
        let stores = self.0.store_statuses();
        for metric in &METRICS {
            let mut descriptor = encoder.encode_descriptor(metric.name, metric.help, None, metric.kind)?;
            for (store, status) in &stores {
                let Some(number) = (metric.read)(status) else { continue };
                let labels = [("store", *store)];
                let mut family = descriptor.encode_family(&labels)?;
                match (metric.kind, number) {
                    (MetricType::Counter, Number::Whole(number)) => family.encode_counter(&number, UNMARKED),
                    (MetricType::Counter, Number::Seconds(number)) => {
                        family.encode_counter(&number, UNMARKED)
                    }
                    (_, Number::Whole(number)) => family.encode_gauge(&number),
                    (_, Number::Seconds(number)) => family.encode_gauge(&number),
                }?;
            }
        }
        let (name, help) =
            ("store_commit_duration_seconds", "Time that a commit took until everybody was answered");
        let mut descriptor = encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
        for (store, status) in &stores {
            let writer = &status.writer;
            let labels = [("store", *store)];
            let (buckets, count) = buckets(&COMMIT_BOUNDS_US, writer.durations);
            descriptor.encode_family(&labels)?.encode_histogram::<NoLabelSet>(
                writer.duration_sum.as_secs_f64(),
                count,
                &buckets,
                None,
            )?;
        }
        Ok(())
    }
}

/// No example is given along with a number.
const UNMARKED: Option<&Exemplar<NoLabelSet, f64>> = None;

//! What a store has done since it was opened, and how it stands: plain numbers that its threads count, and that
//! anybody may read off without a lock and without waiting for the database.
//!
//! Deliberately not here: how they are shown (`interdict-http`), and anything that a decision goes by.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use interdict_domain::clock::Timestamp;

/// Upper bounds of the commits' durations, in microseconds: a flush takes a tenth of a millisecond on a good
/// disk, a turn among many nodes some milliseconds, and what takes seconds is a fault.
pub const COMMIT_BOUNDS_US: [u64; 15] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    2_500_000, 10_000_000,
];

/// How a store stands at one moment, and what it has done since it was opened.
#[derive(Clone, Debug)]
pub struct StoreStatus {
    /// The newest change that is applied here.
    pub applied: i64,
    /// The newest change in the database, when it was last looked at.
    pub head: i64,
    /// The newest change that was trimmed; 0 when none was.
    pub trimmed_through: i64,
    /// How long ago the moment is up to which everything that was committed is known; nothing before the first
    /// load.
    pub heard_ago: Option<Duration>,
    /// When something was last applied here, a load or changes; nothing before the first load.
    pub last_applied_at: Option<Timestamp>,
    /// How often everything was loaded.
    pub loads: u64,
    /// How often the feed could not be read any more, an outage counted once.
    pub feed_lost: u64,
    /// The connections that read.
    pub readers: ReadersStatus,
    /// The thread that commits.
    pub writer: WriterStatus,
}

impl StoreStatus {
    /// Loads that were not the first one.
    pub fn rebuilds(&self) -> u64 {
        self.loads.saturating_sub(1)
    }
}

/// The connections of a store that read.
#[derive(Clone, Copy, Debug)]
pub struct ReadersStatus {
    /// Those that read now.
    pub in_use: usize,
    /// Those that are open and wait for work.
    pub idle: usize,
    /// As many may read side by side; further reads wait.
    pub most: usize,
    /// Reads that were let in.
    pub reads: u64,
    /// How long they have waited to be let in, all together.
    pub waited: Duration,
}

/// The thread of a store that commits.
#[derive(Clone, Copy, Debug)]
pub struct WriterStatus {
    /// Pieces of work that wait.
    pub queued: usize,
    /// Pieces of work that were taken up.
    pub jobs: u64,
    /// Commits that ended well.
    pub commits: u64,
    /// Commits that failed, or whose end is unknown because the database went away.
    pub failed: u64,
    /// Commits by how long they took until everybody was answered: one number for each of
    /// [`COMMIT_BOUNDS_US`] (those that took at most so long, and longer than the bound before), and one for
    /// those that took longer.
    pub durations: [u64; COMMIT_BOUNDS_US.len() + 1],
    /// How long they took all together.
    pub duration_sum: Duration,
}

/// What the threads of a store count.
#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) feed: FeedCounters,
    pub(crate) readers: ReaderCounters,
    pub(crate) writer: WriterCounters,
}

/// What a follower counts.
#[derive(Default)]
pub(crate) struct FeedCounters {
    applied: AtomicI64,
    head: AtomicI64,
    trimmed_through: AtomicI64,
    last_applied_us: AtomicI64,
    heard_as_of_ns: AtomicU64,
    loads: AtomicU64,
    lost: AtomicU64,
    /// The feed was heard, and not lost since.
    is_heard: AtomicBool,
}

impl FeedCounters {
    /// The database's newest change was looked at.
    pub(crate) fn seen(&self, head: i64) {
        self.head.store(head, Ordering::Relaxed);
    }

    /// What is known goes up to this change.
    pub(crate) fn applied(&self, sequence: i64, at: Timestamp) {
        self.applied.store(sequence, Ordering::Relaxed);
        self.head.fetch_max(sequence, Ordering::Relaxed);
        self.last_applied_us.store(at.micros(), Ordering::Relaxed);
    }

    /// Everything up to this change was trimmed.
    pub(crate) fn trimmed(&self, through: i64) {
        self.trimmed_through.store(through, Ordering::Relaxed);
    }

    /// Everything was loaded, up to this change.
    pub(crate) fn loaded(&self, sequence: i64, at: Timestamp) {
        self.applied(sequence, at);
        self.loads.fetch_add(1, Ordering::Relaxed);
    }

    /// Everything that was committed before this uptime is known.
    pub(crate) fn heard(&self, as_of: Duration) {
        self.heard_as_of_ns.store(nanoseconds(as_of), Ordering::Relaxed);
        self.is_heard.store(true, Ordering::Relaxed);
    }

    /// The feed cannot be read. Until it is heard again, that is one and the same outage.
    pub(crate) fn lost(&self) {
        if self.is_heard.swap(false, Ordering::Relaxed) {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// What those who read count.
#[derive(Default)]
pub(crate) struct ReaderCounters {
    in_use: AtomicUsize,
    reads: AtomicU64,
    waited_ns: AtomicU64,
}

impl ReaderCounters {
    /// Somebody was let in after this wait.
    pub(crate) fn waited(&self, time: Duration) {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.waited_ns.fetch_add(nanoseconds(time), Ordering::Relaxed);
    }

    /// A connection is used as long as the value lives.
    pub(crate) fn used(&self) -> InUse<'_> {
        self.in_use.fetch_add(1, Ordering::Relaxed);
        InUse(&self.in_use)
    }
}

/// A connection that reads; it does so no longer when this is dropped, after a panic too.
pub(crate) struct InUse<'a>(&'a AtomicUsize);

impl Drop for InUse<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What a writer counts.
#[derive(Default)]
pub(crate) struct WriterCounters {
    /// May be behind by those that are just being handed over.
    queued: AtomicI64,
    jobs: AtomicU64,
    commits: AtomicU64,
    failed: AtomicU64,
    durations: [AtomicU64; COMMIT_BOUNDS_US.len() + 1],
    duration_sum_ns: AtomicU64,
}

impl WriterCounters {
    /// A piece of work waits.
    pub(crate) fn queued(&self) {
        self.queued.fetch_add(1, Ordering::Relaxed);
    }

    /// So many pieces of work do not wait any more.
    pub(crate) fn taken(&self, jobs: usize) {
        self.queued.fetch_sub(i64::try_from(jobs).unwrap_or(0), Ordering::Relaxed);
        self.jobs.fetch_add(jobs as u64, Ordering::Relaxed);
    }

    /// A commit ended, well or not.
    pub(crate) fn ended(&self, well: bool, time: Duration) {
        let counter = if well { &self.commits } else { &self.failed };
        counter.fetch_add(1, Ordering::Relaxed);
        let time_ns = nanoseconds(time);
        let bucket = COMMIT_BOUNDS_US.iter().position(|bound| time_ns <= bound * 1_000);
        if let Some(count) = self.durations.get(bucket.unwrap_or(COMMIT_BOUNDS_US.len())) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.duration_sum_ns.fetch_add(time_ns, Ordering::Relaxed);
    }
}

impl Counters {
    /// Reads them off, at this uptime.
    pub(crate) fn read(&self, uptime: Duration, idle: usize, most: usize) -> StoreStatus {
        let (feed, readers, writer) = (&self.feed, &self.readers, &self.writer);
        let is_loaded = feed.loads.load(Ordering::Relaxed) > 0;
        let heard_as_of = Duration::from_nanos(feed.heard_as_of_ns.load(Ordering::Relaxed));
        let last_applied = Timestamp::from_micros(feed.last_applied_us.load(Ordering::Relaxed));
        StoreStatus {
            applied: feed.applied.load(Ordering::Relaxed),
            head: feed.head.load(Ordering::Relaxed),
            trimmed_through: feed.trimmed_through.load(Ordering::Relaxed),
            heard_ago: is_loaded.then(|| uptime.saturating_sub(heard_as_of)),
            last_applied_at: is_loaded.then_some(last_applied),
            loads: feed.loads.load(Ordering::Relaxed),
            feed_lost: feed.lost.load(Ordering::Relaxed),
            readers: ReadersStatus {
                in_use: readers.in_use.load(Ordering::Relaxed),
                idle,
                most,
                reads: readers.reads.load(Ordering::Relaxed),
                waited: Duration::from_nanos(readers.waited_ns.load(Ordering::Relaxed)),
            },
            writer: WriterStatus {
                queued: usize::try_from(writer.queued.load(Ordering::Relaxed)).unwrap_or(0),
                jobs: writer.jobs.load(Ordering::Relaxed),
                commits: writer.commits.load(Ordering::Relaxed),
                failed: writer.failed.load(Ordering::Relaxed),
                durations: std::array::from_fn(|bucket| {
                    writer.durations.get(bucket).map_or(0, |count| count.load(Ordering::Relaxed))
                }),
                duration_sum: Duration::from_nanos(writer.duration_sum_ns.load(Ordering::Relaxed)),
            },
        }
    }
}

/// Enough for five hundred years.
fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_counts_once_and_the_time_before_the_first_load_is_none() {
        let feed = FeedCounters::default();
        feed.lost();
        assert_eq!(feed.lost.load(Ordering::Relaxed), 0);
        for _ in 0..2 {
            feed.heard(Duration::from_secs(1));
            feed.lost();
            feed.lost();
        }
        assert_eq!(feed.lost.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn a_duration_is_counted_in_the_bucket_whose_bound_it_does_not_exceed() {
        let writer = WriterCounters::default();
        let last = COMMIT_BOUNDS_US[COMMIT_BOUNDS_US.len() - 1];
        for (time, bucket) in [
            (Duration::ZERO, 0),
            (Duration::from_micros(100), 0),
            (Duration::from_nanos(100_001), 1),
            (Duration::from_micros(last), COMMIT_BOUNDS_US.len() - 1),
            (Duration::from_micros(last + 1), COMMIT_BOUNDS_US.len()),
        ] {
            let before = writer.durations[bucket].load(Ordering::Relaxed);
            writer.ended(true, time);
            assert_eq!(writer.durations[bucket].load(Ordering::Relaxed), before + 1, "{time:?}");
        }
        writer.ended(false, Duration::ZERO);
        assert_eq!((writer.commits.load(Ordering::Relaxed), writer.failed.load(Ordering::Relaxed)), (5, 1));
    }

    #[test]
    fn a_connection_is_given_back_by_a_read_that_panics() {
        let readers = ReaderCounters::default();
        let read = std::panic::AssertUnwindSafe(|| {
            let _used = readers.used();
            panic!("on purpose");
        });
        assert!(std::panic::catch_unwind(read).is_err());
        assert_eq!(readers.in_use.load(Ordering::Relaxed), 0);
    }
}

//! One mode's thread that looks at what blocked persons came with, and what it has to say of itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use interdict_domain::clock::{Clock, Random};
use interdict_domain::identifier::Pepper;
use interdict_domain::merchant::MerchantNumber;
use interdict_storage::{StorageError, Store, spawn_aside};
use parking_lot::Mutex;

use super::queue::Queue;
use super::worker;
use crate::decision_log::DecisionLog;
use crate::index_feed::IndexState;
use crate::service::Service;

/// How long a reader waits for what was not looked at yet.
const FLUSH_LIMIT: Duration = Duration::from_secs(1);
/// How long the end of the process waits for it.
const FINISH_LIMIT: Duration = Duration::from_secs(10);

/// What became of attempts that an entry of a blocked person has blocked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoticedCounts {
    /// Identifiers that were put to a person's by themselves.
    pub added: u64,
    /// Identifiers that were suggested.
    pub suggested: u64,
    /// Attempts that brought again what waits for somebody's word.
    pub seen_again: u64,
    /// Attempts that brought again what somebody had refused.
    pub refused: u64,
    /// Identifiers that were not suggested, because too many wait for the person.
    pub too_many: u64,
    /// Attempts for which there was no room.
    pub lost_to_full_queue: u64,
    /// Attempts that could not be looked at, or written.
    pub lost_to_failures: u64,
}

#[derive(Default)]
pub(super) struct Counters {
    pub(super) added: AtomicU64,
    pub(super) suggested: AtomicU64,
    pub(super) seen_again: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) too_many: AtomicU64,
    pub(super) lost_to_full_queue: AtomicU64,
    pub(super) lost_to_failures: AtomicU64,
}

impl Counters {
    pub(super) fn add(counter: &AtomicU64, count: i64) {
        counter.fetch_add(count.unsigned_abs(), Ordering::Relaxed);
    }
}

/// What the thread works with.
pub(crate) struct NoticerParts {
    pub(crate) store: Store,
    pub(crate) index: Arc<IndexState>,
    pub(crate) log: Arc<DecisionLog>,
    pub(crate) pepper: Pepper,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
}

pub(crate) struct Noticer {
    pub(super) queue: Queue,
    pub(super) counters: Counters,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Noticer {
    /// Starts the thread.
    pub(crate) fn start(parts: NoticerParts) -> Result<Arc<Self>, StorageError> {
        let (queue, counters) = (Queue::new(), Counters::default());
        let noticer = Arc::new(Self { queue, counters, thread: Mutex::new(None) });
        let own = Arc::clone(&noticer);
        let thread = spawn_aside("persons", move || worker::run(&own, &parts))?;
        *noticer.thread.lock() = Some(thread);
        Ok(noticer)
    }

    fn counts(&self) -> NoticedCounts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counters = &self.counters;
        NoticedCounts {
            added: read(&counters.added),
            suggested: read(&counters.suggested),
            seen_again: read(&counters.seen_again),
            refused: read(&counters.refused),
            too_many: read(&counters.too_many),
            lost_to_full_queue: read(&counters.lost_to_full_queue),
            lost_to_failures: read(&counters.lost_to_failures),
        }
    }

    /// Ends the thread, which first looks at what waits.
    pub(crate) fn stop(&self) {
        self.queue.stop();
        let thread = self.thread.lock().take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the thread that looks after blocked persons has panicked");
        }
    }
}

impl Service {
    /// What became of attempts that entries of blocked persons have blocked; nothing for what does not serve.
    pub fn noticed_counts(&self) -> Option<NoticedCounts> {
        self.noticer.as_ref().map(|noticer| noticer.counts())
    }

    /// Whether a merchant has blocked persons, as far as this node knows.
    pub fn has_blocked_persons(&self, merchant: MerchantNumber) -> bool {
        self.index.persons().has(merchant)
    }

    /// Waits until what this node has decided before was looked at. What is late is read as it is: it is behind, not wrong.
    pub async fn finish_noticing(&self) {
        if let Some(noticer) = &self.noticer {
            noticer.queue.flush(FLUSH_LIMIT).await;
        }
    }

    /// The same at the end of the process.
    pub(crate) async fn finish_noticer(&self) {
        if let Some(noticer) = &self.noticer {
            noticer.queue.flush(FINISH_LIMIT).await;
        }
    }
}

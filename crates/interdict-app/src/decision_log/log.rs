//! One mode's log with all its parts, and what it has to say of itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use interdict_domain::clock::Clock;
use interdict_domain::identifier::Pepper;
use interdict_storage::{DecisionStore, Place, StorageError, spawn_aside};
use parking_lot::Mutex;

use super::queue::{Queue, WAITING_MAX};
use super::rates::Rates;
use super::writer;

/// What of the decisions is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecisionLogOptions {
    /// For how long; zero keeps none.
    pub retention: Duration,
}

/// How the log stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecisionLogStatus {
    /// Decisions that were written since the start.
    pub written: u64,
    /// Decisions for which there was no room.
    pub lost_to_full_queue: u64,
    /// Decisions that could not be written.
    pub lost_to_failures: u64,
    /// Decisions that wait.
    pub queued: usize,
    /// How many may wait.
    pub queued_max: usize,
}

pub(crate) struct DecisionLog {
    pub(crate) queue: Queue,
    pub(crate) rates: Arc<Rates>,
    pub(crate) store: Arc<DecisionStore>,
    pub(crate) retention: Duration,
    written: AtomicU64,
    lost_to_full_queue: AtomicU64,
    lost_to_failures: AtomicU64,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl DecisionLog {
    /// Opens the log beside a store, and starts its thread.
    pub(crate) fn open(
        place: &Place,
        pepper: &Pepper,
        clock: Arc<dyn Clock>,
        rates: Arc<Rates>,
        options: DecisionLogOptions,
    ) -> Result<Arc<Self>, StorageError> {
        let log = Arc::new(Self {
            queue: Queue::new(),
            rates,
            store: Arc::new(DecisionStore::open(place, pepper)?),
            retention: options.retention,
            written: AtomicU64::new(0),
            lost_to_full_queue: AtomicU64::new(0),
            lost_to_failures: AtomicU64::new(0),
            thread: Mutex::new(None),
        });
        let (own, pepper) = (Arc::clone(&log), pepper.clone());
        let thread = spawn_aside("decision log", move || writer::run(&own, &pepper, clock.as_ref()))?;
        *log.thread.lock() = Some(thread);
        Ok(log)
    }

    /// Whether anything is kept at all.
    pub(crate) fn is_on(&self) -> bool {
        !self.retention.is_zero()
    }

    pub(crate) fn status(&self) -> DecisionLogStatus {
        DecisionLogStatus {
            written: self.written.load(Ordering::Relaxed),
            lost_to_full_queue: self.lost_to_full_queue.load(Ordering::Relaxed),
            lost_to_failures: self.lost_to_failures.load(Ordering::Relaxed),
            queued: self.queue.len(),
            queued_max: WAITING_MAX,
        }
    }

    pub(crate) fn lose(&self, count: u64) {
        self.lost_to_full_queue.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn fail(&self, count: usize) {
        self.lost_to_failures.fetch_add(u64::try_from(count).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(crate) fn count_written(&self, count: usize) {
        self.written.fetch_add(u64::try_from(count).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Ends the thread, which first writes what waits.
    pub(crate) fn stop(&self) {
        self.queue.stop();
        let thread = self.thread.lock().take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the decision log's thread has panicked");
        }
    }
}

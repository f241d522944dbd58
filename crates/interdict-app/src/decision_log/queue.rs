//! Where decisions wait to be written: bounded, filled without waiting, emptied by one thread.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use tokio::sync::watch;
use tokio::time::Instant;

use super::record::Record;

/// Decisions that may wait.
pub(crate) const WAITING_MAX: usize = 8_192;
/// Decisions in one transaction.
pub(crate) const AT_ONCE: usize = 512;

pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    /// The same as the length inside, for those who only look.
    length: AtomicUsize,
    /// Told when the thread is to look.
    news: Condvar,
    /// How many of all that ever came in are written, or lost.
    settled: watch::Sender<u64>,
}

struct Waiting {
    records: VecDeque<Record>,
    /// How many ever came in.
    pushed: u64,
    /// Somebody waits until so many are settled.
    wanted: u64,
    settled: u64,
    /// The thread sleeps because nothing waits.
    is_idle: bool,
    is_chore_due: bool,
    is_stopping: bool,
}

/// How long the thread rests before it goes on.
#[derive(Clone, Copy, Default)]
pub(crate) struct Rest {
    /// Whoever waits for it.
    pub(crate) least: Duration,
    /// When nobody waits.
    pub(crate) usual: Duration,
}

/// What there is to do.
pub(crate) struct Work {
    pub(crate) records: Vec<Record>,
    /// Something else is to be done, too.
    pub(crate) is_chore_due: bool,
    /// Nothing more will come.
    pub(crate) is_stopping: bool,
}

impl Queue {
    pub(crate) fn new() -> Self {
        let waiting = Waiting {
            records: VecDeque::with_capacity(WAITING_MAX),
            pushed: 0,
            wanted: 0,
            settled: 0,
            is_idle: false,
            is_chore_due: false,
            is_stopping: false,
        };
        Self {
            waiting: Mutex::new(waiting),
            length: AtomicUsize::new(0),
            news: Condvar::new(),
            settled: watch::Sender::new(0),
        }
    }

    /// How many wait.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.length.load(Ordering::Relaxed)
    }

    /// Puts one in; false when so many wait already.
    pub(crate) fn push(&self, record: Record, most: usize) -> bool {
        let mut waiting = self.waiting.lock();
        if waiting.records.len() >= most.min(WAITING_MAX) {
            return false;
        }
        waiting.records.push_back(record);
        waiting.pushed = waiting.pushed.saturating_add(1);
        self.length.store(waiting.records.len(), Ordering::Relaxed);
        if waiting.is_idle {
            self.news.notify_one();
        }
        true
    }

    /// Waits until there is something to do; after a rest, of which whoever waits for what is in cuts short all but the
    /// least.
    pub(crate) fn next(&self, rest: Rest, patience: Duration) -> Work {
        let begun = Instant::now();
        let mut waiting = self.waiting.lock();
        loop {
            let is_wanted = waiting.wanted > waiting.settled;
            let wished = if is_wanted { rest.least } else { rest.usual };
            let left = wished.saturating_sub(begun.elapsed());
            if left.is_zero() || waiting.is_stopping {
                break;
            }
            self.news.wait_for(&mut waiting, left);
        }
        if waiting.records.is_empty() && !waiting.is_chore_due && !waiting.is_stopping {
            waiting.is_idle = true;
            self.news.wait_for(&mut waiting, patience);
            waiting.is_idle = false;
        }
        let count = waiting.records.len().min(AT_ONCE);
        let records = waiting.records.drain(..count).collect();
        self.length.store(waiting.records.len(), Ordering::Relaxed);
        Work {
            records,
            is_chore_due: std::mem::take(&mut waiting.is_chore_due),
            is_stopping: waiting.is_stopping,
        }
    }

    /// So many of those that were taken out are written, or lost.
    pub(crate) fn settle(&self, count: usize) {
        let mut waiting = self.waiting.lock();
        waiting.settled = waiting.settled.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        self.settled.send_replace(waiting.settled);
    }

    /// Waits until everything that is in by now is written, or lost; false when the time is over.
    pub(crate) async fn flush(&self, limit: Duration) -> bool {
        let mut settled = self.settled.subscribe();
        let wanted = {
            let mut waiting = self.waiting.lock();
            waiting.wanted = waiting.pushed;
            if waiting.wanted > waiting.settled {
                self.news.notify_one();
            }
            waiting.pushed
        };
        let reached = settled.wait_for(|settled| *settled >= wanted);
        matches!(tokio::time::timeout(limit, reached).await, Ok(Ok(_)))
    }

    /// Has the thread do what else is to be done.
    pub(crate) fn remind(&self) {
        self.waiting.lock().is_chore_due = true;
        self.news.notify_one();
    }

    /// Has the thread end, once it has written what is in.
    pub(crate) fn stop(&self) {
        self.waiting.lock().is_stopping = true;
        self.news.notify_one();
    }
}

//! Where attempts wait to be looked at: bounded, filled without waiting, emptied by one thread. Attempts that are alike wait
//! as one, so that a flood of them costs one look.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::Duration;

use interdict_domain::clock::Timestamp;
use interdict_domain::ids::DecisionId;
use parking_lot::{Condvar, Mutex};
use tokio::sync::watch;
use tokio::time::Instant;

use super::sighting::{Likeness, Seen};

/// Different attempts that may wait.
pub(super) const WAITING_MAX: usize = 1_024;

pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    /// Told when the thread is to look.
    news: Condvar,
    /// How many of all that ever came in were looked at.
    settled: watch::Sender<u64>,
}

#[derive(Default)]
struct Waiting {
    seen: HashMap<Likeness, Seen>,
    /// How many ever came in.
    pushed: u64,
    /// Somebody waits until so many are settled.
    wanted: u64,
    is_stopping: bool,
}

/// What there is to do.
pub(super) struct Work {
    pub(super) seen: Vec<Seen>,
    /// With this, so many of all that ever came in are looked at.
    pub(super) through: u64,
    /// Nothing more will come.
    pub(super) is_stopping: bool,
}

impl Queue {
    pub(super) fn new() -> Self {
        Self { waiting: Mutex::default(), news: Condvar::new(), settled: watch::Sender::new(0) }
    }

    /// Puts an attempt in, made only where no like one waits; false when there is no room.
    pub(super) fn push(
        &self,
        likeness: Likeness,
        (decision, at): (DecisionId, Timestamp),
        make: impl FnOnce() -> Seen,
    ) -> bool {
        let mut waiting = self.waiting.lock();
        let (has_room, was_empty) = (waiting.seen.len() < WAITING_MAX, waiting.seen.is_empty());
        match waiting.seen.entry(likeness) {
            Entry::Occupied(mut like) => {
                let like = like.get_mut();
                like.count = like.count.saturating_add(1);
                (like.decision, like.at) = (decision, at);
            }
            Entry::Vacant(place) if has_room => {
                place.insert(make());
            }
            Entry::Vacant(_) => return false,
        }
        waiting.pushed = waiting.pushed.saturating_add(1);
        if was_empty {
            self.news.notify_one();
        }
        true
    }

    /// Waits until there is something to do; after a rest, which whoever waits for what is in cuts short.
    pub(super) fn next(&self, rest: Duration) -> Work {
        let begun = Instant::now();
        let mut waiting = self.waiting.lock();
        loop {
            let is_wanted = waiting.wanted > *self.settled.borrow();
            let left = rest.saturating_sub(begun.elapsed());
            if waiting.is_stopping || (!waiting.seen.is_empty() && (is_wanted || left.is_zero())) {
                break;
            }
            if waiting.seen.is_empty() {
                self.news.wait(&mut waiting);
            } else {
                self.news.wait_for(&mut waiting, left);
            }
        }
        let seen = waiting.seen.drain().map(|(_, seen)| seen).collect();
        Work { seen, through: waiting.pushed, is_stopping: waiting.is_stopping }
    }

    /// So many of all that ever came in were looked at.
    pub(super) fn settle(&self, through: u64) {
        self.settled.send_replace(through);
    }

    /// Waits until everything that is in by now was looked at; false when the time is over.
    pub(super) async fn flush(&self, limit: Duration) -> bool {
        let mut settled = self.settled.subscribe();
        let wanted = {
            let mut waiting = self.waiting.lock();
            waiting.wanted = waiting.pushed;
            self.news.notify_one();
            waiting.pushed
        };
        let reached = settled.wait_for(|settled| *settled >= wanted);
        matches!(tokio::time::timeout(limit, reached).await, Ok(Ok(_)))
    }

    /// Has the thread end, once it has looked at what is in.
    pub(super) fn stop(&self) {
        self.waiting.lock().is_stopping = true;
        self.news.notify_one();
    }
}

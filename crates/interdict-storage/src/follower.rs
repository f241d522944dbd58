//! Keeps an observer at the head of the feed, whoever wrote to it: another process beside the same file,
//! another node over the same server.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use interdict_domain::change::Change;
use interdict_domain::clock::Clock;
use interdict_domain::identifier::Pepper;

use crate::error::StorageError;
use crate::feed::{self, FeedObserver};
use crate::sql::{Connection, params};
use crate::transaction::Head;
use crate::view::View;

/// Changes read at once.
pub(crate) const CHUNK: i64 = 1_000;

/// Keeps an observer at the head of the feed.
pub(crate) struct Follower {
    observer: Option<Box<dyn FeedObserver>>,
    clock: Arc<dyn Clock>,
    /// Which store, for the log.
    name: String,
    pepper: Pepper,
    applied: i64,
    epoch: String,
    /// Nothing is known, or what is known cannot be trusted.
    must_load: bool,
    /// Somebody who knows better says that what is known cannot be trusted.
    distrusted: Arc<AtomicBool>,
    /// What the fault tests must catch: a hole is taken for nothing.
    control_believes_numbers: bool,
}

impl Follower {
    pub(crate) fn new(
        observer: Option<Box<dyn FeedObserver>>,
        clock: Arc<dyn Clock>,
        name: String,
        pepper: Pepper,
    ) -> Self {
        Self {
            observer,
            clock,
            name,
            pepper,
            applied: 0,
            epoch: String::new(),
            must_load: true,
            distrusted: Arc::default(),
            control_believes_numbers: false,
        }
    }

    /// The newest change that the observer has seen.
    pub(crate) fn applied(&self) -> i64 {
        self.applied
    }

    /// Whether everything has to be loaded before anything can follow.
    pub(crate) fn must_load(&self) -> bool {
        self.must_load || self.distrusted.load(Ordering::Acquire)
    }

    /// Whoever sets it has everything loaded anew, before anything else is told.
    pub(crate) fn distrusted(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.distrusted)
    }

    /// Makes it what the fault tests must catch.
    pub(crate) fn believe_numbers(&mut self) {
        self.control_believes_numbers = true;
    }

    /// Now, for [`Self::heard`].
    pub(crate) fn uptime(&self) -> Duration {
        self.clock.uptime()
    }

    /// Says up to when everything that was committed is known. The moment was read before the head was:
    /// what is committed in between may be missed.
    pub(crate) fn heard(&mut self, as_of: Duration) {
        if let Some(observer) = &mut self.observer {
            observer.heard(as_of);
        }
    }

    /// Until which uptime other nodes wait for this one.
    pub(crate) fn leased(&mut self, until: Duration) {
        if let Some(observer) = &mut self.observer {
            observer.leased(until);
        }
    }

    /// Sees what was committed since, here or elsewhere, from a snapshot of one moment: otherwise a commit
    /// could come between head and rows, and a load would take half of it. What cannot be followed is
    /// loaded anew at once; a database that is away takes nothing from what is known.
    pub(crate) fn catch_up(&mut self, snapshot: Connection<'_>) -> Result<(), StorageError> {
        if self.distrusted.swap(false, Ordering::AcqRel) {
            self.lose();
        }
        let first = self.try_catch_up(snapshot);
        let Err(error) = first else { return Ok(()) };
        if error.is_away() {
            return Err(error);
        }
        tracing::error!(
            error = &error as &dyn std::error::Error,
            store = self.name,
            "the feed cannot be read"
        );
        self.lose();
        let second = self.try_catch_up(snapshot);
        if let Err(error) = &second
            && !error.is_away()
        {
            tracing::error!(error = error as &dyn std::error::Error, store = self.name, "nor be loaded anew");
            self.lose();
        }
        second
    }

    /// Trusts nothing that is known: the next time, all of it is loaded.
    pub(crate) fn lose(&mut self) {
        self.must_load = true;
        if let Some(observer) = &mut self.observer {
            observer.lost();
        }
    }

    fn try_catch_up(&mut self, snapshot: Connection<'_>) -> Result<(), StorageError> {
        let (head, epoch) = snapshot
            .query_one(feed::SELECT_POSITION, &[], |row| Ok((Head::from_row(row)?, row.get::<String>(2)?)))?;
        let is_behind = head.sequence < self.applied && !self.control_believes_numbers;
        if self.must_load || epoch != self.epoch || is_behind {
            self.load_all(snapshot, head, epoch)?;
        }
        if self.observer.is_none() {
            self.applied = head.sequence;
        }
        let goal = if self.control_believes_numbers { i64::MAX } else { head.sequence };
        while self.applied < goal {
            let items =
                feed::items(snapshot, &self.pepper, feed::SELECT_AFTER, params![self.applied, CHUNK])?;
            let changes: Vec<Change> = items.into_iter().map(|item| item.change).collect();
            if changes.is_empty() && self.control_believes_numbers {
                break;
            }
            let gapless =
                (self.applied + 1..).zip(&changes).all(|(wanted, change)| wanted == change.sequence);
            let is_sound = gapless || self.control_believes_numbers;
            let Some(last) = changes.last().filter(|_| is_sound) else {
                return Err(StorageError::Corrupt("the feed has a hole"));
            };
            let last = last.sequence;
            self.tell(snapshot, last, &changes);
        }
        Ok(())
    }

    /// An observer that panics has seen nobody knows what: then nothing is trusted any more.
    fn tell(&mut self, connection: Connection<'_>, last: i64, changes: &[Change]) {
        let Some(observer) = &mut self.observer else { return };
        self.must_load = true;
        observer.apply(changes, &View { connection, pepper: &self.pepper });
        (self.applied, self.must_load) = (last, false);
    }

    fn load_all(&mut self, snapshot: Connection<'_>, head: Head, epoch: String) -> Result<(), StorageError> {
        if let Some(observer) = &mut self.observer {
            observer.load(&View { connection: snapshot, pepper: &self.pepper })?;
        }
        (self.applied, self.epoch, self.must_load) = (head.sequence, epoch, false);
        Ok(())
    }

    /// Tells the observer what was just committed here, when it has seen all that came before. Otherwise it
    /// has to catch up; so it has when the commit found the store in another life.
    pub(crate) fn apply_own(
        &mut self,
        connection: Connection<'_>,
        epoch: Option<&str>,
        before: i64,
        changes: &[Change],
    ) -> bool {
        if self.observer.is_none() {
            return true;
        }
        if self.must_load || self.applied != before || epoch.is_some_and(|epoch| epoch != self.epoch) {
            return false;
        }
        if let Some(last) = changes.last() {
            self.tell(connection, last.sequence, changes);
        }
        true
    }
}

/// A thread that panics follows nothing any more: nobody may call what is known fresh.
impl Drop for Follower {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.lose();
        }
    }
}

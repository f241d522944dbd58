//! Keeps an observer at the head of the feed, whoever wrote to it: another process beside the same file,
//! another node over the same server.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use interdict_domain::change::{Change, Subject};
use interdict_domain::clock::Clock;
use interdict_domain::identifier::Pepper;

use crate::chain::{GENESIS, Hash};
use crate::error::StorageError;
use crate::feed::{self, FeedObserver};
use crate::meta;
use crate::sql::Connection;
use crate::status::Counters;
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
    counters: Arc<Counters>,
    applied: i64,
    /// The hash of the newest change that was applied: what comes next continues the chain from there.
    hash: Hash,
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
        counters: Arc<Counters>,
    ) -> Self {
        Self {
            observer,
            clock,
            name,
            pepper,
            counters,
            applied: 0,
            hash: GENESIS,
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
        self.counters.feed.heard(as_of);
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

    /// Cannot look, because the database is away. What is known stays as it is, and grows old.
    pub(crate) fn miss(&self) {
        self.counters.feed.lost();
    }

    /// Trusts nothing that is known: the next time, all of it is loaded.
    pub(crate) fn lose(&mut self) {
        self.must_load = true;
        self.counters.feed.lost();
        if let Some(observer) = &mut self.observer {
            observer.lost();
        }
    }

    fn try_catch_up(&mut self, snapshot: Connection<'_>) -> Result<(), StorageError> {
        let (head, epoch) = position(snapshot)?;
        self.counters.feed.seen(head.sequence);
        if !self.can_follow(&head, &epoch) {
            self.load_all(snapshot, head, epoch)?;
        }
        self.follow_to(snapshot, &head)
    }

    /// Sees what was committed since over a connection in no snapshot, the head being read before the changes.
    /// What cannot be followed has to be loaded: in a snapshot, which is the caller's to do.
    pub(crate) fn follow(&mut self, connection: Connection<'_>) -> Result<(), StorageError> {
        let (head, epoch) = position(connection)?;
        self.counters.feed.seen(head.sequence);
        if !self.can_follow(&head, &epoch) {
            self.must_load = true;
            return Ok(());
        }
        let followed = self.follow_to(connection, &head);
        if let Err(error) = &followed
            && !error.is_away()
        {
            let store = &self.name;
            tracing::error!(error = error as &dyn std::error::Error, store, "the feed cannot be followed");
            self.lose();
            return Ok(());
        }
        followed
    }

    /// Sees what was committed up to a head. False when it has to be loaded, or has gone further.
    pub(crate) fn follow_up_to(
        &mut self,
        connection: Connection<'_>,
        epoch: &str,
        head: &Head,
    ) -> Result<bool, StorageError> {
        if self.distrusted.load(Ordering::Acquire) || !self.can_follow(head, epoch) {
            return Ok(false);
        }
        self.counters.feed.seen(head.sequence);
        match self.follow_to(connection, head) {
            Ok(()) => Ok(true),
            Err(error) if error.is_away() => Err(error),
            // Whoever catches up in full says what is wrong.
            Err(_) => Ok(false),
        }
    }

    /// Whether a head, which is about to be followed, is news.
    pub(crate) fn is_news(&self, connection: Connection<'_>) -> Result<bool, StorageError> {
        let (head, epoch) = position(connection)?;
        Ok(self.can_follow(&head, &epoch) && head.sequence > self.applied)
    }

    fn can_follow(&self, head: &Head, epoch: &str) -> bool {
        if self.control_believes_numbers {
            return !self.must_load;
        }
        let is_other = head.sequence == self.applied && head.hash != self.hash;
        !self.must_load && epoch == self.epoch && head.sequence >= self.applied && !is_other
    }

    fn follow_to(&mut self, connection: Connection<'_>, head: &Head) -> Result<(), StorageError> {
        if self.observer.is_none() {
            (self.applied, self.hash) = (head.sequence, head.hash);
        }
        let goal = if self.control_believes_numbers { i64::MAX } else { head.sequence };
        while self.applied < goal {
            let mut read = feed::changes_from(connection, &self.pepper, self.applied, CHUNK)?;
            self.check_continuity(&read)?;
            // What came after the head may not be on the disk yet.
            read.retain(|(change, _)| change.sequence > self.applied && change.sequence <= goal);
            let (changes, hashes): (Vec<Change>, Vec<Hash>) = read.into_iter().unzip();
            let (Some(last), Some(hash)) = (changes.last().map(|change| change.sequence), hashes.last())
            else {
                // Only a control comes here: it looks for more than there is.
                break;
            };
            self.tell(connection, (last, *hash), &changes)?;
        }
        Ok(())
    }

    /// What was read begins with the change that was applied last, and goes on without a hole. It can be
    /// another one under the same number: a server that crashed, or another one that took its place, may have
    /// lost what nobody was told of yet.
    fn check_continuity(&self, read: &[(Change, Hash)]) -> Result<(), StorageError> {
        if self.control_believes_numbers {
            return Ok(());
        }
        let from = if self.applied == 0 { 1 } else { self.applied };
        let gapless = (from..).zip(read).all(|(wanted, (change, _))| wanted == change.sequence);
        let continues = self.applied == 0 || read.first().is_some_and(|(_, hash)| *hash == self.hash);
        let goes_on = read.last().is_some_and(|(change, _)| change.sequence > self.applied);
        if gapless && continues && goes_on {
            Ok(())
        } else {
            Err(StorageError::Corrupt("the feed has a hole"))
        }
    }

    /// An observer that fails or panics has seen nobody knows what: then nothing is trusted any more.
    fn tell(
        &mut self,
        connection: Connection<'_>,
        last: (i64, Hash),
        changes: &[Change],
    ) -> Result<(), StorageError> {
        let Some(observer) = &mut self.observer else { return Ok(()) };
        self.must_load = true;
        observer.apply(changes, &View { connection, pepper: &self.pepper })?;
        (self.applied, self.hash) = last;
        self.must_load = false;
        for change in changes {
            if let Subject::Feed(through) = change.subject {
                self.counters.feed.trimmed(through);
            }
        }
        self.counters.feed.applied(last.0, self.clock.now());
        Ok(())
    }

    fn load_all(&mut self, snapshot: Connection<'_>, head: Head, epoch: String) -> Result<(), StorageError> {
        // Under another one nothing would be found, and everybody could pay.
        meta::require_pepper(snapshot, &self.pepper)?;
        if let Some(observer) = &mut self.observer {
            let view = View { connection: snapshot, pepper: &self.pepper };
            observer.load(&view)?;
            self.counters.feed.trimmed(view.trimmed_through()?);
            self.counters.feed.loaded(head.sequence, self.clock.now());
        }
        (self.applied, self.hash) = (head.sequence, head.hash);
        (self.epoch, self.must_load) = (epoch, false);
        Ok(())
    }

    /// Tells the observer what was just committed here, from one head to another, when it has seen all that came
    /// before. Otherwise it has to catch up; so it has when the commit found the store in another life.
    pub(crate) fn apply_own(
        &mut self,
        connection: Connection<'_>,
        epoch: Option<&str>,
        (before, after): (Head, Head),
        changes: &[Change],
    ) -> bool {
        if self.observer.is_none() {
            return true;
        }
        let is_known = before == Head { sequence: self.applied, hash: self.hash };
        if self.must_load || !is_known || epoch.is_some_and(|epoch| epoch != self.epoch) {
            return false;
        }
        if changes.is_empty() {
            return true;
        }
        let told = self.tell(connection, (after.sequence, after.hash), changes);
        if let Err(error) = &told {
            let (error, store) = (error as &dyn std::error::Error, &self.name);
            tracing::error!(error, store, "what was committed cannot be followed");
        }
        told.is_ok()
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

/// The head, and which life of the store it is of.
fn position(connection: Connection<'_>) -> Result<(Head, String), StorageError> {
    connection.query_one(feed::SELECT_POSITION, &[], |row| Ok((Head::from_row(row)?, row.get(2)?)))
}

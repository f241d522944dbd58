//! The writer's thread over SQLite. Between commits it notices what another process wrote to the same
//! file, and cleans up after erasures.

use std::time::Duration;

use interdict_domain::identifier::Pepper;
use rusqlite::Connection;

use crate::error::StorageError;
use crate::follower::Follower;
use crate::meta;
use crate::sql;
use crate::store::Durability;
use crate::transaction::{Head, Transaction};
use crate::writer::{Job, Outcome, Queue};

use super::checkpoint::Checkpointer;
use super::connection;
use super::purge::Purge;
use super::scrub::{self, Walk};
use super::search;

/// Pages whose gaps are zeroed before an erasure is answered, and at once later on.
const SCRUB_BEFORE_ANSWER: i64 = 16_384;
const SCRUB_AT_ONCE: i64 = 1_024;
/// Pages that are merged before an erasure is answered, and at once.
const PURGE_BEFORE_ANSWER: i64 = 1_024;
const PURGE_AT_ONCE: i64 = 64;
/// Commits between two tries to cut a log that a reader is in.
const BATCHES_BETWEEN_CUTS: u32 = 64;
/// How soon a foreign commit is noticed when nothing is written here.
const POLL: Duration = Duration::from_millis(100);
/// How long a chore leaves the thread to whoever writes one thing after another.
const BREATH: Duration = Duration::from_millis(10);

/// How far the index that is searched is with the feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Search {
    /// There is none in this store.
    None,
    Even,
    Behind,
}

/// The thread's own.
pub(crate) struct SqliteWriter {
    // Closed before its checkpointer is waited for.
    connection: Connection,
    checkpointer: Checkpointer,
    follower: Follower,
    durability: Durability,
    pepper: Pepper,
    /// When the follower last looked: another number means that somebody else committed.
    data_version: i64,
    /// When the pepper was last seen to be the store's.
    vouched_version: i64,
    /// An erasure is committed, but the log still holds the old bytes.
    truncate_pending: bool,
    /// Commits since the log was last tried to be cut.
    batches_since_cut: u32,
    /// Where purging the search's index goes on, if it is to.
    purge: Option<Purge>,
    /// Where zeroing the gaps goes on, if it is to: once nothing is to be purged any more.
    walk: Option<Walk>,
    search: Search,
}

impl SqliteWriter {
    pub(crate) fn new(
        (connection, checkpointer): (Connection, Checkpointer),
        follower: Follower,
        durability: Durability,
        pepper: Pepper,
        is_searched: bool,
    ) -> Self {
        Self {
            connection,
            checkpointer,
            follower,
            durability,
            pepper,
            data_version: -1,
            vouched_version: -1,
            // A process that ended between an erasure's commit and the cut left the old bytes there.
            truncate_pending: true,
            batches_since_cut: 0,
            purge: None,
            walk: None,
            search: if is_searched { Search::Even } else { Search::None },
        }
    }

    pub(crate) fn run(mut self, mut queue: Queue) {
        self.catch_up();
        // The load may have taken long: what it read is as old as its beginning.
        self.catch_up();
        self.truncate_if_pending();
        let mut has_just_committed = false;
        loop {
            let has_chores = self.walk.is_some() || self.search == Search::Behind;
            let patience = match (has_chores, has_just_committed) {
                (false, _) => POLL,
                (true, true) => BREATH,
                (true, false) => Duration::ZERO,
            };
            match queue.next_batch(patience) {
                Ok(Some(batch)) => {
                    self.commit_batch(batch, &queue);
                    self.go_on_cleaning();
                    has_just_committed = true;
                }
                Ok(None) => {
                    has_just_committed = false;
                    self.catch_up();
                    self.go_on_cleaning();
                    self.follow_for_search();
                    self.truncate_if_pending();
                }
                Err(_) => return,
            }
        }
    }

    fn commit_batch(&mut self, mut batch: Vec<Box<dyn Job>>, queue: &Queue) {
        if self.durability == Durability::ControlEarlyAcknowledgement {
            return self.control_acknowledge_early(batch);
        }
        let outcome = match self.run_batch(&mut batch) {
            Ok(revision) => Outcome::Committed(revision),
            Err(error) => {
                let jobs = batch.len();
                tracing::error!(error = &error as &dyn std::error::Error, jobs, "a commit failed");
                self.roll_back();
                Outcome::of(&error)
            }
        };
        queue.answer(batch, outcome);
    }

    /// Sees what another process committed, if there is anything.
    fn catch_up(&mut self) {
        let caught_up = self.try_catch_up();
        // What went wrong stands in the log, and the next look begins with all of it.
        self.data_version = caught_up.unwrap_or(-1);
    }

    fn try_catch_up(&mut self) -> Result<i64, StorageError> {
        let as_of = self.follower.uptime();
        let snapshot = self.connection.is_autocommit().then(|| self.connection.unchecked_transaction());
        let snapshot = snapshot.transpose()?;
        let data_version = connection::data_version(&self.connection)?;
        if data_version != self.data_version || self.follower.must_load() {
            self.follower.catch_up(sql::Connection::Sqlite(&self.connection))?;
        }
        // It may have been an erasure by a command, which does not wait for the end of a large file.
        let is_to_clean =
            data_version != self.data_version && scrub::is_due(sql::Connection::Sqlite(&self.connection))?;
        drop(snapshot);
        if is_to_clean {
            self.clean_up();
        }
        self.follower.heard(as_of);
        Ok(data_version)
    }

    /// One transaction: begin, run each, move the head once, commit, apply.
    fn run_batch(&mut self, batch: &mut [Box<dyn Job>]) -> Result<i64, StorageError> {
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        // Another process's changes come first: they are committed already.
        self.catch_up();
        let connection = sql::Connection::Sqlite(&self.connection);
        if self.data_version < 0 || self.data_version != self.vouched_version {
            // Somebody else has written: it may have been a rotation.
            meta::require_pepper(connection, &self.pepper)?;
            self.vouched_version = self.data_version;
        }
        let head = Head::read(connection)?;
        let before = head;
        let mut transaction = Transaction::new(connection, &self.pepper, head);
        if let [alone] = batch {
            // A savepoint would keep a copy of each page that is touched, only to undo what the transaction can.
            if !alone.run(&mut transaction) {
                return self.refuse(before);
            }
        } else {
            for job in batch.iter_mut() {
                transaction.in_savepoint(|transaction| job.run(transaction))?;
            }
        }
        let erased = transaction.truncate_after_commit;
        let (head, changes) = transaction.finish(before)?;
        if erased {
            scrub::mark_due(&self.connection)?;
        }
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        self.follower.apply_own(connection, None, (before, head), &changes);
        if erased {
            self.clean_up();
            for _ in 0..PURGE_BEFORE_ANSWER / PURGE_AT_ONCE {
                self.purge();
            }
            self.scrub(SCRUB_BEFORE_ANSWER);
            self.truncate_pending = true;
        }
        self.batches_since_cut = self.batches_since_cut.saturating_add(1);
        // Under load there is no quiet moment to wait for.
        if erased || self.batches_since_cut >= BATCHES_BETWEEN_CUTS {
            self.truncate_if_pending();
        }
        Ok(head.sequence)
    }

    /// Undoes a commit whose only piece of work was refused.
    fn refuse(&self, before: Head) -> Result<i64, StorageError> {
        if self.connection.is_autocommit() {
            // A full disk can end the whole transaction under us.
            return Err(StorageError::Corrupt("the transaction ended early"));
        }
        self.connection.prepare_cached("ROLLBACK")?.execute([])?;
        Ok(before.sequence)
    }

    fn roll_back(&self) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.connection.execute_batch("ROLLBACK")
        {
            tracing::error!(error = &error as &dyn std::error::Error, "a rollback failed");
        }
    }

    /// An erasure is committed: what it left in the search's index is to go, and then what balancing left in the gaps of
    /// pages. The answer waits for both unless the file is large; then they go on between the commits.
    fn clean_up(&mut self) {
        if self.search != Search::None {
            self.purge = Some(Purge::due(self.purge));
        }
        self.walk = Some(Walk::due(self.walk));
    }

    fn go_on_cleaning(&mut self) {
        self.purge();
        self.scrub(SCRUB_AT_ONCE);
    }

    fn purge(&mut self) {
        let Some(purge) = self.purge else { return };
        match purge.step(&self.connection, PURGE_AT_ONCE) {
            Ok(rest) => self.purge = rest,
            Err(error) => self.put_off(&error),
        }
    }

    fn scrub(&mut self, pages: i64) {
        let Some(walk) = self.walk.filter(|_| self.purge.is_none()) else { return };
        match walk.step(&self.connection, pages) {
            Ok(rest) => {
                self.walk = rest;
                self.truncate_pending |= rest.is_none();
            }
            Err(error) => self.put_off(&error),
        }
    }

    fn put_off(&mut self, error: &StorageError) {
        if !is_busy(error) {
            // The mark stays: the next start tries again.
            (self.purge, self.walk) = (None, None);
            tracing::error!(
                error = error as &dyn std::error::Error,
                "what an erasure left could not be cleaned up"
            );
        }
    }

    /// The search's index follows in moments in which nobody waits for a commit.
    fn follow_for_search(&mut self) {
        if self.search == Search::None {
            return;
        }
        self.search = match search::catch_up(&self.connection) {
            Ok(true) => Search::Behind,
            Ok(false) => Search::Even,
            Err(error) if is_busy(&error) => Search::Even,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "the search's index stands still");
                Search::Even
            }
        };
    }

    /// After an erasure: the answer waits for this, so that "erased" is true of the files, too. A
    /// reader in the way delays it to the next poll.
    fn truncate_if_pending(&mut self) {
        self.batches_since_cut = 0;
        if !self.truncate_pending {
            return;
        }
        let _held = self.checkpointer.hold();
        match connection::truncate_log(&self.connection) {
            Ok(done) => self.truncate_pending = !done,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the log could not be truncated yet"
                );
            }
        }
    }

    /// What the fault tests must catch: everybody is told before the commit.
    fn control_acknowledge_early(&mut self, batch: Vec<Box<dyn Job>>) {
        let mut batch = batch;
        let connection = sql::Connection::Sqlite(&self.connection);
        let begun = self.connection.execute_batch("BEGIN IMMEDIATE");
        let Ok(head) = Head::read(connection) else { return };
        let before = head;
        let mut transaction = Transaction::new(connection, &self.pepper, head);
        for job in &mut batch {
            drop(transaction.in_savepoint(|transaction| job.run(transaction)));
        }
        let Ok((head, changes)) = transaction.finish(before) else { return };
        for job in batch {
            job.finish(Outcome::Committed(head.sequence));
        }
        std::thread::sleep(Duration::from_millis(5));
        drop((begun, self.connection.execute_batch("COMMIT")));
        self.follower.apply_own(connection, None, (before, head), &changes);
    }
}

/// Whether another process writes: then it is tried again later.
fn is_busy(error: &StorageError) -> bool {
    matches!(error, StorageError::Sqlite(error)
        if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy))
}

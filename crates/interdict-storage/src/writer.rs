//! The group-commit writer: one thread a store. It takes what has queued while the last commit ran,
//! runs each piece of work in a savepoint inside one transaction, moves the head once, commits once,
//! tells the observer, and answers everybody. One disk flush serves many.
//!
//! Between commits it notices what another process wrote to the same file.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::error::StorageError;
use crate::feed::Follower;
use crate::scrub::{self, Walk};
use crate::sqlite;
use crate::store::{Durability, StoreOptions};
use crate::transaction::{Head, Transaction};

/// The most pieces of work in one commit.
const BATCH_MAX: usize = 256;
/// The most pieces of work that wait. Beyond it, callers are told to come back.
const QUEUE_MAX: usize = 8_192;
/// How often the processor is given to others before a commit that serves fewer than the last one.
const YIELDS_MAX: u32 = 64;
/// Pages whose gaps are zeroed before an erasure is answered, and at once later on.
const SCRUB_BEFORE_ANSWER: i64 = 16_384;
const SCRUB_AT_ONCE: i64 = 1_024;
/// Commits between two tries to cut a log that a reader is in.
const BATCHES_BETWEEN_CUTS: u32 = 64;
/// How soon a foreign commit is noticed when nothing is written here.
const POLL: Duration = Duration::from_millis(100);

/// What a committed piece of work gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed<T> {
    /// The work's own answer.
    pub value: T,
    /// The newest sequence that the commit contains or has seen.
    pub revision: i64,
}

/// Why a piece of work was not committed.
#[derive(Debug, thiserror::Error)]
pub enum WriteError<E> {
    /// The work itself said no. Nothing of it was kept.
    #[error("the work was refused")]
    Refused(E),
    /// More waits than can be served soon.
    #[error("too many writes are waiting")]
    Overloaded,
    /// The commit failed: nothing was kept.
    #[error("the commit failed")]
    CommitFailed,
    /// The writer is gone.
    #[error("the store has stopped")]
    Stopped,
}

/// What befell the transaction around a piece of work.
#[derive(Clone, Copy)]
enum Outcome {
    Committed(i64),
    Failed,
}

trait Job: Send {
    /// Runs the work; false when it was refused and its writes must go.
    fn run(&mut self, transaction: &mut Transaction<'_>) -> bool;
    /// Answers the caller.
    fn finish(self: Box<Self>, outcome: Outcome);
}

struct TypedJob<T, E, F> {
    work: Option<F>,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<Committed<T>, WriteError<E>>>,
}

/// What the caller waits on.
type Receipt<T, E> = oneshot::Receiver<Result<Committed<T>, WriteError<E>>>;

impl<T, E, F> Job for TypedJob<T, E, F>
where
    T: Send,
    E: From<StorageError> + Send,
    F: FnOnce(&mut Transaction<'_>) -> Result<T, E> + Send,
{
    fn run(&mut self, transaction: &mut Transaction<'_>) -> bool {
        let Some(work) = self.work.take() else { return false };
        // A panic in one piece of work must not take the others with it. Its savepoint is rolled
        // back, so no half-written state is seen afterwards.
        let result = catch_unwind(AssertUnwindSafe(|| work(transaction)))
            .unwrap_or_else(|_| Err(E::from(StorageError::Corrupt("the work panicked"))));
        let kept = result.is_ok();
        self.result = Some(result);
        kept
    }

    fn finish(self: Box<Self>, outcome: Outcome) {
        let answer = match (self.result, outcome) {
            (Some(Ok(value)), Outcome::Committed(revision)) => Ok(Committed { value, revision }),
            (Some(Err(error)), Outcome::Committed(_)) => Err(WriteError::Refused(error)),
            (_, Outcome::Failed) | (None, Outcome::Committed(_)) => Err(WriteError::CommitFailed),
        };
        // A caller that went away needs no answer.
        drop(self.reply.send(answer));
    }
}

/// The handle to the writer's thread. Dropping it ends the thread after what has queued.
pub(crate) struct Writer {
    queue: Option<SyncSender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread. If there is an observer, its first act is to load everything.
    pub(crate) fn start(connection: Connection, options: StoreOptions) -> Result<Self, StorageError> {
        let (queue, jobs) = sync_channel(QUEUE_MAX);
        let (path, pepper) = (options.path.clone(), options.pepper.clone());
        let follower = Follower::new(options.observer, options.clock, path, pepper);
        let context = Thread {
            connection,
            jobs,
            follower,
            options_durability: options.durability,
            pepper: options.pepper,
            // A process that ended between an erasure's commit and the cut left the old bytes there.
            truncate_pending: true,
            batches_since_cut: 0,
            walk: None,
            last_batch: 1,
        };
        let name = options.path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("store").to_owned();
        let thread = std::thread::Builder::new()
            .name(format!("writer-{name}"))
            .spawn(move || context.run())
            .map_err(|source| StorageError::File { path: options.path, source })?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    pub(crate) async fn write<T, E, F>(&self, work: F) -> Result<Committed<T>, WriteError<E>>
    where
        T: Send + 'static,
        E: From<StorageError> + Send + 'static,
        F: FnOnce(&mut Transaction<'_>) -> Result<T, E> + Send + 'static,
    {
        self.enqueue(work)?.await.unwrap_or(Err(WriteError::Stopped))
    }

    pub(crate) fn write_blocking<T, E, F>(&self, work: F) -> Result<Committed<T>, WriteError<E>>
    where
        T: Send + 'static,
        E: From<StorageError> + Send + 'static,
        F: FnOnce(&mut Transaction<'_>) -> Result<T, E> + Send + 'static,
    {
        self.enqueue(work)?.blocking_recv().unwrap_or(Err(WriteError::Stopped))
    }

    fn enqueue<T, E, F>(&self, work: F) -> Result<Receipt<T, E>, WriteError<E>>
    where
        T: Send + 'static,
        E: From<StorageError> + Send + 'static,
        F: FnOnce(&mut Transaction<'_>) -> Result<T, E> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(TypedJob { work: Some(work), result: None, reply });
        let queue = self.queue.as_ref().ok_or(WriteError::Stopped)?;
        match queue.try_send(job) {
            Ok(()) => Ok(answer),
            Err(TrySendError::Full(_)) => Err(WriteError::Overloaded),
            Err(TrySendError::Disconnected(_)) => Err(WriteError::Stopped),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("a writer's thread had panicked");
        }
    }
}

struct Thread {
    connection: Connection,
    jobs: Receiver<Box<dyn Job>>,
    follower: Follower,
    options_durability: Durability,
    pepper: interdict_domain::identifier::Pepper,
    /// An erasure is committed, but the log still holds the old bytes.
    truncate_pending: bool,
    /// Commits since the log was last tried to be cut.
    batches_since_cut: u32,
    /// Where zeroing the gaps goes on, if it is to.
    walk: Option<Walk>,
    /// How many the last commit served.
    last_batch: usize,
}

impl Thread {
    fn run(mut self) {
        self.follower.load(&self.connection);
        self.truncate_if_pending();
        if scrub::is_due(&self.connection).unwrap_or(true) {
            self.walk = Some(Walk::due(None));
        }
        loop {
            let patience = if self.walk.is_some() { Duration::ZERO } else { POLL };
            match self.jobs.recv_timeout(patience) {
                Ok(first) => {
                    self.commit_batch(first);
                    self.scrub(SCRUB_AT_ONCE);
                }
                Err(RecvTimeoutError::Timeout) => {
                    self.follower.catch_up(&self.connection);
                    self.scrub(SCRUB_AT_ONCE);
                    self.truncate_if_pending();
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn commit_batch(&mut self, first: Box<dyn Job>) {
        let mut batch = vec![first];
        self.gather(&mut batch);
        self.last_batch = batch.len();
        if self.options_durability == Durability::ControlEarlyAcknowledgement {
            return self.control_acknowledge_early(batch);
        }
        let outcome = match self.run_batch(&mut batch) {
            Ok(revision) => Outcome::Committed(revision),
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    jobs = batch.len(),
                    "a commit failed"
                );
                self.roll_back();
                Outcome::Failed
            }
        };
        for job in batch {
            job.finish(outcome);
        }
    }

    /// Takes what has queued. Those who were just answered may be about to write again: they are given the
    /// processor, a few times at most, before a flush is spent on the first of them alone. Nobody waits
    /// for company who had none the last time.
    fn gather(&self, batch: &mut Vec<Box<dyn Job>>) {
        let mut yields = 0;
        while batch.len() < BATCH_MAX {
            match self.jobs.try_recv() {
                Ok(job) => batch.push(job),
                Err(_) if batch.len() < self.last_batch && yields < YIELDS_MAX => {
                    yields += 1;
                    std::thread::yield_now();
                }
                Err(_) => return,
            }
        }
    }

    /// One transaction: begin, run each, move the head once, commit, apply.
    fn run_batch(&mut self, batch: &mut [Box<dyn Job>]) -> Result<i64, StorageError> {
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let as_of = self.follower.uptime();
        let head = Head::read(&self.connection)?;
        if self.follower.is_behind(&self.connection, &head)? {
            // Another process wrote: its changes come first, and they are committed already.
            self.follower.catch_up(&self.connection);
        } else {
            // Under load there is no quiet moment in which the poll could say so.
            self.follower.heard(as_of);
        }
        let before = head.sequence;
        let mut transaction = Transaction::new(&self.connection, &self.pepper, head);
        for job in batch.iter_mut() {
            transaction.in_savepoint(|transaction| job.run(transaction))?;
        }
        let erased = transaction.truncate_after_commit;
        let (head, changes) = transaction.into_parts();
        if erased {
            scrub::mark_due(&self.connection)?;
        }
        if head.sequence != before {
            head.write(&self.connection)?;
        }
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        self.follower.apply_own(&self.connection, &head, &changes);
        if erased {
            self.walk = Some(Walk::due(self.walk));
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

    fn roll_back(&self) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.connection.execute_batch("ROLLBACK")
        {
            tracing::error!(error = &error as &dyn std::error::Error, "a rollback failed");
        }
    }

    /// After an erasure: what balancing left in the gaps of pages. The answer waits for it unless the file
    /// is large; then it goes on between the commits.
    fn scrub(&mut self, pages: i64) {
        let Some(walk) = self.walk else { return };
        match walk.step(&self.connection, pages) {
            Ok(rest) => {
                self.walk = rest;
                self.truncate_pending |= rest.is_none();
            }
            // Another process writes: later.
            Err(StorageError::Sqlite(error))
                if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) => {}
            Err(error) => {
                // The mark stays: the next start tries again.
                self.walk = None;
                tracing::error!(error = &error as &dyn std::error::Error, "gaps could not be zeroed");
            }
        }
    }

    /// After an erasure: the answer waits for this, so that "erased" is true of the files, too. A
    /// reader in the way delays it to the next poll.
    fn truncate_if_pending(&mut self) {
        self.batches_since_cut = 0;
        if !self.truncate_pending {
            return;
        }
        match sqlite::truncate_log(&self.connection) {
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
        let begun = self.connection.execute_batch("BEGIN IMMEDIATE");
        let Ok(head) = Head::read(&self.connection) else { return };
        let mut transaction = Transaction::new(&self.connection, &self.pepper, head);
        for job in &mut batch {
            drop(transaction.in_savepoint(|transaction| job.run(transaction)));
        }
        let (head, changes) = transaction.into_parts();
        for job in batch {
            job.finish(Outcome::Committed(head.sequence));
        }
        std::thread::sleep(Duration::from_millis(5));
        drop((begun, head.write(&self.connection), self.connection.execute_batch("COMMIT")));
        self.follower.apply_own(&self.connection, &head, &changes);
    }
}

//! The group-commit writer: one thread a store. It takes what has queued while the last commit ran,
//! runs each piece of work in a part of one transaction, moves the head once, commits once, tells the
//! observer, and answers everybody. One disk flush serves many.
//!
//! Deliberately not here: how an engine begins, commits and follows others ([`crate::sqlite`],
//! [`crate::postgres`]).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::aside::spawn_aside;
use crate::error::StorageError;
use crate::foreseen::Foreseen;
use crate::status::Counters;
use crate::transaction::Transaction;

/// The most pieces of work in one commit.
const BATCH_MAX: usize = 256;
/// The most pieces of work that wait. Beyond it, callers are told to come back.
const QUEUE_MAX: usize = 8_192;
/// How often the processor is given to others before a commit that serves fewer than the last one.
const YIELDS_MAX: u32 = 64;

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
    /// The database cannot be reached. What was on its way may have been kept or not.
    #[error("the database cannot be reached")]
    Away,
    /// The writer is gone.
    #[error("the store has stopped")]
    Stopped,
}

/// What befell the transaction around a piece of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Committed(i64),
    Failed,
    Away,
}

impl Outcome {
    /// What a failed commit means for those who wait.
    pub(crate) fn of(error: &StorageError) -> Self {
        if error.is_away() { Self::Away } else { Self::Failed }
    }
}

/// A piece of work with somebody who waits for it.
pub(crate) trait Job: Send {
    /// What it is going to read, so that it can be fetched together with what the others read.
    fn foreseen(&self) -> &[Foreseen];
    /// Runs the work; false when it was refused and its writes must go.
    fn run(&mut self, transaction: &mut Transaction<'_>) -> bool;
    /// Answers the caller.
    fn finish(self: Box<Self>, outcome: Outcome);
}

struct TypedJob<T, E, F> {
    foreseen: Vec<Foreseen>,
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
    fn foreseen(&self) -> &[Foreseen] {
        &self.foreseen
    }

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
            (_, Outcome::Away) => Err(WriteError::Away),
            (_, Outcome::Failed) | (None, Outcome::Committed(_)) => Err(WriteError::CommitFailed),
        };
        // A caller that went away needs no answer.
        drop(self.reply.send(answer));
    }
}

/// A piece of work that has queued. It is committed whether anybody waits for it or not.
pub struct Pending<T, E>(Receipt<T, E>);

impl<T, E> Pending<T, E> {
    /// Waits for its commit, on a thread that may.
    pub fn wait(self) -> Result<Committed<T>, WriteError<E>> {
        self.0.blocking_recv().unwrap_or(Err(WriteError::Stopped))
    }
}

/// What has queued for a writer's thread.
pub(crate) struct Queue {
    jobs: Receiver<Box<dyn Job>>,
    /// How many the last commit served.
    last_batch: usize,
    /// When they were taken. Nothing goes by it but what people are shown.
    taken_at: Instant,
    counters: Arc<Counters>,
}

impl Queue {
    /// Waits for work, and takes with it what else has queued. `None` when the time is over; an error when
    /// nobody is left who could bring any.
    pub(crate) fn next_batch(
        &mut self,
        patience: Duration,
    ) -> Result<Option<Vec<Box<dyn Job>>>, StorageError> {
        match self.jobs.recv_timeout(patience) {
            Ok(first) => {
                let mut batch = vec![first];
                self.gather(&mut batch);
                self.last_batch = batch.len();
                self.taken_at = Instant::now();
                self.counters.writer.taken(batch.len());
                Ok(Some(batch))
            }
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(StorageError::Stopped),
        }
    }

    /// Ends the commit of what was taken last, and answers those who wait for it.
    pub(crate) fn answer(&self, batch: Vec<Box<dyn Job>>, outcome: Outcome) {
        let well = matches!(outcome, Outcome::Committed(_));
        self.counters.writer.ended(well, self.taken_at.elapsed());
        for job in batch {
            job.finish(outcome);
        }
    }

    /// What has queued so far.
    pub(crate) fn drain(&self) -> impl Iterator<Item = Box<dyn Job>> {
        self.jobs.try_iter().inspect(|_| self.counters.writer.taken(1))
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
}

/// The handle to the writer's thread. Dropping it ends the thread after what has queued.
pub(crate) struct Writer {
    queue: Option<SyncSender<Box<dyn Job>>>,
    counters: Arc<Counters>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts a thread that commits what queues.
    pub(crate) fn start(
        store: &str,
        counters: Arc<Counters>,
        run: impl FnOnce(Queue) + Send + 'static,
    ) -> Result<Self, StorageError> {
        let (queue, jobs) = sync_channel(QUEUE_MAX);
        let own = Arc::clone(&counters);
        let jobs = Queue { jobs, last_batch: 1, taken_at: Instant::now(), counters: own };
        let thread = spawn_aside(format!("writer-{store}"), move || run(jobs))?;
        Ok(Self { queue: Some(queue), counters, thread: Some(thread) })
    }

    pub(crate) async fn write<T, E, F>(
        &self,
        foreseen: Vec<Foreseen>,
        work: F,
    ) -> Result<Committed<T>, WriteError<E>>
    where
        T: Send + 'static,
        E: From<StorageError> + Send + 'static,
        F: FnOnce(&mut Transaction<'_>) -> Result<T, E> + Send + 'static,
    {
        self.enqueue(foreseen, work)?.await.unwrap_or(Err(WriteError::Stopped))
    }

    pub(crate) fn begin<T, E, F>(&self, work: F) -> Result<Pending<T, E>, WriteError<E>>
    where
        T: Send + 'static,
        E: From<StorageError> + Send + 'static,
        F: FnOnce(&mut Transaction<'_>) -> Result<T, E> + Send + 'static,
    {
        Ok(Pending(self.enqueue(Vec::new(), work)?))
    }

    fn enqueue<T, E, F>(&self, foreseen: Vec<Foreseen>, work: F) -> Result<Receipt<T, E>, WriteError<E>>
    where
        T: Send + 'static,
        E: From<StorageError> + Send + 'static,
        F: FnOnce(&mut Transaction<'_>) -> Result<T, E> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(TypedJob { foreseen, work: Some(work), result: None, reply });
        let queue = self.queue.as_ref().ok_or(WriteError::Stopped)?;
        match queue.try_send(job) {
            Ok(()) => {
                self.counters.writer.queued();
                Ok(answer)
            }
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

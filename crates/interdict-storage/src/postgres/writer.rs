//! The writer's thread over PostgreSQL: one transaction a batch, and one batch at a time over all nodes.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use interdict_domain::change::Change;
use interdict_domain::clock::Clock;
use interdict_domain::identifier::Pepper;
use parking_lot::Mutex;

use super::follow::catch_up;
use super::server::{PostgresServer, Purpose, SchemaName};
use super::session::Session;
use super::wakeups::OwnWriter;
use crate::error::StorageError;
use crate::follower::Follower;
use crate::foreseen::Foreseen;
use crate::meta;
use crate::sql::Connection;
use crate::store::Durability;
use crate::transaction::{Head, Transaction};
use crate::writer::{Job, Outcome, Queue};

/// Takes the turn: no other commit runs until this one has ended.
const TAKE_TURN: &str = "SELECT h.sequence, h.hash, m.value FROM head h CROSS JOIN meta m
                         WHERE h.id = 1 AND m.name = 'epoch' FOR UPDATE OF h";
/// What the fault tests must catch: numbers without a turn.
const CONTROL_NO_TURN: &str = "SELECT nextval('control_ids'), h.hash, m.value FROM head h CROSS JOIN meta m
                               WHERE h.id = 1 AND m.name = 'epoch'";
const PROCESS: &str = "SELECT pg_backend_pid()";
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
/// The turn ends without waiting for the disk, so that the next one can begin. Whoever is told of it waits all
/// the same, here and on the other nodes.
const FLUSH_LATER: &str = "SET LOCAL synchronous_commit = off";
/// How long the thread sleeps when there is nothing to do; only its end waits for it.
const PATIENCE: Duration = Duration::from_mins(1);

/// The thread's own.
pub(crate) struct PostgresWriter {
    server: PostgresServer,
    schema: SchemaName,
    session: Option<Session>,
    follower: Arc<Mutex<Follower>>,
    clock: Arc<dyn Clock>,
    own: OwnWriter,
    pepper: Pepper,
    /// The life of the store in which the pepper was last seen to be its.
    vouched_epoch: String,
    durability: Durability,
}

impl PostgresWriter {
    pub(crate) fn new(
        server: PostgresServer,
        schema: SchemaName,
        follower: Arc<Mutex<Follower>>,
        clock: Arc<dyn Clock>,
        own: OwnWriter,
        pepper: Pepper,
        durability: Durability,
    ) -> Self {
        Self {
            server,
            schema,
            session: None,
            follower,
            clock,
            own,
            pepper,
            vouched_epoch: String::new(),
            durability,
        }
    }

    pub(crate) fn run(mut self, mut queue: Queue) {
        loop {
            match queue.next_batch(PATIENCE) {
                Ok(Some(mut batch)) => {
                    let outcome = self.commit_batch(&mut batch);
                    if outcome == Outcome::Away {
                        // Whoever waits behind would wait for the same: better told at once.
                        batch.extend(queue.drain());
                    }
                    queue.answer(batch, outcome);
                }
                Ok(None) => {}
                Err(_) => return,
            }
        }
    }

    fn commit_batch(&mut self, batch: &mut Vec<Box<dyn Job>>) -> Outcome {
        match self.run_batch(batch) {
            Ok(revision) => Outcome::Committed(revision),
            Err(error) => {
                let jobs = batch.len();
                tracing::error!(error = &error as &dyn std::error::Error, jobs, "a commit failed");
                // Whatever is left of the transaction ends with the connection.
                self.session = None;
                self.own.store(0, Ordering::Release);
                Outcome::of(&error)
            }
        }
    }

    /// One transaction: take the turn, fetch what will be read, run each, move the head, commit, apply.
    fn run_batch(&mut self, batch: &mut Vec<Box<dyn Job>>) -> Result<i64, StorageError> {
        let as_of = self.clock.uptime();
        let session = self.begin(batch)?;
        let connection = Connection::Postgres(&session);
        let (head, epoch): (Head, String) =
            connection.query_one(self.turn(), &[], |row| Ok((Head::from_row(row)?, row.get(2)?)))?;
        if epoch != self.vouched_epoch {
            // A rotation is another life, too.
            meta::require_pepper(connection, &self.pepper)?;
            self.vouched_epoch.clone_from(&epoch);
        }
        let before = head;
        let mut transaction = Transaction::new(connection, &self.pepper, head);
        for job in batch.iter_mut() {
            transaction.in_savepoint(|transaction| job.run(transaction))?;
        }
        let (head, changes) = transaction.finish(before)?;
        if head != before {
            session.defer(self.schema.notify(), &[])?;
        }
        if self.durability == Durability::ControlEarlyAcknowledgement {
            // What the fault tests must catch: everybody is told before the commit.
            batch.drain(..).for_each(|job| job.finish(Outcome::Committed(head.sequence)));
            std::thread::sleep(Duration::from_millis(5));
        }
        session.commit_durably()?;
        session.abandon();
        if !self.tell(connection, &epoch, (before, head), &changes, as_of)? {
            catch_up(&session, &self.follower, &|| self.server.connect(self.schema.as_str(), Purpose::Read))?;
        }
        self.session = Some(session);
        Ok(head.sequence)
    }

    /// Tells the observer, first of what others committed before this one's turn: that is on the disk, as this
    /// one is. False when it cannot be told like this.
    fn tell(
        &self,
        connection: Connection<'_>,
        epoch: &str,
        (before, after): (Head, Head),
        changes: &[Change],
        as_of: Duration,
    ) -> Result<bool, StorageError> {
        let mut follower = self.follower.lock();
        let told = follower.follow_up_to(connection, epoch, &before)?
            && follower.apply_own(connection, Some(epoch), (before, after), changes);
        if told {
            // Nothing but these came after what it knew.
            follower.heard(as_of);
        }
        Ok(told)
    }

    /// A session that has the turn. One that has waited may have lost its server meanwhile: nothing has
    /// happened on it yet, so that another one can take its place.
    fn begin(&mut self, batch: &[Box<dyn Job>]) -> Result<Session, StorageError> {
        if let Some(session) = self.session.take() {
            match take_turn(&session, self.turn(), batch) {
                Ok(()) => return Ok(session),
                Err(_) if session.is_closed() => {}
                Err(error) => return Err(error),
            }
        }
        let session = self.server.connect(self.schema.as_str(), Purpose::Write)?;
        let process: i64 = Connection::Postgres(&session).query_one(PROCESS, &[], |row| row.get(0))?;
        self.own.store(i32::try_from(process).unwrap_or(0), Ordering::Release);
        take_turn(&session, self.turn(), batch)?;
        Ok(session)
    }

    fn turn(&self) -> &'static str {
        if self.durability == Durability::ControlTailById { CONTROL_NO_TURN } else { TAKE_TURN }
    }
}

fn take_turn(session: &Session, turn: &'static str, batch: &[Box<dyn Job>]) -> Result<(), StorageError> {
    session.defer(BEGIN, &[])?;
    session.defer(FLUSH_LATER, &[])?;
    let turn = Foreseen { sql: turn, parameters: Vec::new() };
    let foreseen = batch.iter().flat_map(|job| job.foreseen());
    session.foresee(std::iter::once(&turn).chain(foreseen))
}

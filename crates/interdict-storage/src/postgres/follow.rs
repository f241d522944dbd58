//! Following what other nodes commit: woken by a notification, and looking every 100 ms besides, because a
//! notification may be lost and the look may not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::server::{PostgresServer, Purpose, SchemaName};
use super::session::Session;
use crate::error::StorageError;
use crate::feed;
use crate::follower::{CHUNK, Follower};
use crate::foreseen::Foreseen;
use crate::sql::{Connection, bind, params};

/// How soon a foreign commit is noticed when the notification is lost.
const POLL: Duration = Duration::from_millis(100);
/// How long after a failure the server is tried again.
const PAUSE: Duration = Duration::from_millis(200);

const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
const COMMIT: &str = "COMMIT";

/// The handle to the follower's thread. Dropping it ends the thread.
pub(crate) struct Following {
    stop: Arc<AtomicBool>,
    look: Arc<Notify>,
    thread: Option<JoinHandle<()>>,
}

impl Following {
    /// Starts the thread. Its first act is to load everything.
    pub(crate) fn start(
        server: PostgresServer,
        schema: SchemaName,
        follower: Arc<Mutex<Follower>>,
    ) -> Result<Self, StorageError> {
        let (stop, look) = (Arc::new(AtomicBool::new(false)), Arc::new(Notify::new()));
        let thread =
            FollowThread { server, schema, follower, stop: Arc::clone(&stop), look: Arc::clone(&look) };
        let thread = std::thread::Builder::new()
            .name(format!("follow-{}", schema.as_str()))
            .spawn(move || thread.run())
            .map_err(StorageError::Thread)?;
        Ok(Self { stop, look, thread: Some(thread) })
    }

    /// Looks at once.
    pub(crate) fn look(&self) {
        self.look.notify_one();
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        self.look.notify_one();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("a follower's thread had panicked");
        }
    }
}

struct FollowThread {
    server: PostgresServer,
    schema: SchemaName,
    follower: Arc<Mutex<Follower>>,
    stop: Arc<AtomicBool>,
    look: Arc<Notify>,
}

impl FollowThread {
    fn run(self) {
        let mut is_away = false;
        while !self.is_stopped() {
            let Err(error) = self.follow(&mut is_away) else { return };
            if !is_away {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    store = self.schema.as_str(),
                    "the feed is away"
                );
            }
            is_away = true;
            std::thread::sleep(PAUSE);
        }
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    /// Follows over one connection until it fails.
    fn follow(&self, was_away: &mut bool) -> Result<(), StorageError> {
        let session = self.server.connect(self.schema.as_str(), Purpose::Follow)?;
        // Before the first look: nothing falls between them.
        session.run_script(self.schema.listen())?;
        while !self.is_stopped() {
            catch_up(&session, &self.follower)?;
            if std::mem::take(was_away) {
                tracing::info!(store = self.schema.as_str(), "the feed is back");
            }
            session.wait(async {
                tokio::select! {
                    () = session.notified().notified() => {}
                    () = self.look.notified() => {}
                    () = tokio::time::sleep(POLL) => {}
                }
            })?;
        }
        Ok(())
    }
}

/// Sees all that was committed, over a session that is in no transaction.
pub(super) fn catch_up(session: &Session, follower: &Mutex<Follower>) -> Result<(), StorageError> {
    let mut follower = follower.lock();
    let as_of = follower.uptime();
    let caught_up = in_snapshot(session, &mut follower);
    match &caught_up {
        Ok(()) => follower.heard(as_of),
        Err(error) if error.is_away() => follower.miss(),
        Err(_) => follower.lose(),
    }
    session.abandon();
    caught_up
}

fn in_snapshot(session: &Session, follower: &mut Follower) -> Result<(), StorageError> {
    session.defer(BEGIN, &[])?;
    let position = Foreseen { sql: feed::SELECT_POSITION, parameters: Vec::new() };
    let connection = Connection::Postgres(session);
    if !follower.must_load() {
        // Nearly always this is all there is to it: one round trip.
        let after =
            Foreseen { sql: feed::SELECT_AFTER, parameters: bind(params![follower.applied(), CHUNK]) };
        session.foresee([&position, &after])?;
    }
    follower.catch_up(connection)?;
    session.execute(COMMIT, &[]).map(drop)
}

//! Following what other nodes commit: woken by a notification, and looking every 100 ms besides, because a
//! notification may be lost and the look may not. The same thread holds the node's lease, so that a node whose
//! follower stands still does not hold one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use interdict_domain::clock::Clock;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::lease::{Lease, Node};
use super::server::{PostgresServer, Purpose, SchemaName};
use super::session::{COMMIT, Session};
use super::waiting::Waiting;
use super::wakeups::{OwnWriter, Wakeups};
use crate::error::StorageError;
use crate::feed;
use crate::follower::{CHUNK, Follower};
use crate::foreseen::Foreseen;
use crate::sql::{Connection, bind, params};

/// How soon a foreign commit is noticed when the notification is lost.
const POLL: Duration = Duration::from_millis(100);
/// How soon it is seen how far the others are, while somebody waits for them.
const POLL_WAITING: Duration = Duration::from_millis(2);
/// How long after a failure the server is tried again.
const PAUSE: Duration = Duration::from_millis(200);
/// How long its end is waited for.
const STOP_LIMIT: Duration = Duration::from_secs(2);

const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// What following needs besides the follower.
pub(crate) struct FollowOptions {
    pub(crate) server: PostgresServer,
    pub(crate) schema: SchemaName,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) own_writer: OwnWriter,
    /// This node's name, and the term of its lease; nothing for a store whose changes nobody waits for.
    pub(crate) lease: Option<(Node, Duration)>,
}

/// The handle to the follower's thread. Dropping it ends the thread.
pub(crate) struct Following {
    stop: Arc<AtomicBool>,
    look: Arc<Notify>,
    waiting: Arc<Waiting>,
    thread: Option<JoinHandle<()>>,
    /// Nothing comes from here but the end, when the thread has ended.
    ended: Mutex<Receiver<()>>,
}

impl Following {
    /// Starts the thread. Its first act is to load everything.
    pub(crate) fn start(
        options: FollowOptions,
        follower: Arc<Mutex<Follower>>,
    ) -> Result<Self, StorageError> {
        let (stop, look) = (Arc::new(AtomicBool::new(false)), Arc::new(Notify::new()));
        let waiting = Arc::new(Waiting::new(options.lease.is_some()));
        let name = format!("follow-{}", options.schema.as_str());
        let thread = FollowThread {
            options,
            follower,
            stop: Arc::clone(&stop),
            look: Arc::clone(&look),
            waiting: Arc::clone(&waiting),
        };
        let (running, ended) = sync_channel(0);
        let thread = std::thread::Builder::new().name(name).spawn(move || {
            let _running = running;
            thread.run();
        });
        Ok(Self {
            stop,
            look,
            waiting,
            thread: Some(thread.map_err(StorageError::Thread)?),
            ended: Mutex::new(ended),
        })
    }

    /// Looks at once.
    pub(crate) fn look(&self) {
        self.look.notify_one();
    }

    /// Who waits for the other nodes, and what is known of them.
    pub(crate) fn waiting(&self) -> &Waiting {
        &self.waiting
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        self.look.notify_one();
        // It may wait for a server that says nothing. Then it ends by itself, later.
        let has_ended = self.ended.lock().recv_timeout(STOP_LIMIT) == Err(RecvTimeoutError::Disconnected);
        if let Some(thread) = self.thread.take()
            && has_ended
            && thread.join().is_err()
        {
            tracing::error!("a follower's thread had panicked");
        }
    }
}

struct FollowThread {
    options: FollowOptions,
    follower: Arc<Mutex<Follower>>,
    stop: Arc<AtomicBool>,
    look: Arc<Notify>,
    waiting: Arc<Waiting>,
}

impl FollowThread {
    fn run(self) {
        let mut is_away = false;
        let mut lease = self.options.lease.map(|(node, term)| Lease::new(node, term));
        while !self.is_stopped() {
            let Err(error) = self.follow(&mut lease, &mut is_away) else { return };
            if !is_away {
                let store = self.options.schema.as_str();
                tracing::warn!(error = &error as &dyn std::error::Error, store, "the feed is away");
            }
            is_away = true;
            std::thread::sleep(PAUSE);
        }
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    /// Follows over one connection until it fails.
    fn follow(&self, lease: &mut Option<Lease>, is_away: &mut bool) -> Result<(), StorageError> {
        let FollowOptions { server, schema, clock, .. } = &self.options;
        let wakeups = Wakeups::beside(Arc::clone(&self.options.own_writer));
        let session = server.connect_with(schema.as_str(), Purpose::Follow, wakeups)?;
        let beside = || server.connect(schema.as_str(), Purpose::Read);
        // Before the first look: nothing falls between them.
        session.run_script(schema.listen())?;
        while !self.is_stopped() {
            if self.follower.lock().must_load() {
                // Long before the lease is of use: nobody should wait for who cannot answer yet.
                catch_up(&session, &self.follower, &beside)?;
            }
            if let Some(lease) = lease.as_mut().filter(|lease| lease.rest(clock.uptime()).is_zero()) {
                self.renew(&session, lease)?;
            }
            catch_up(&session, &self.follower, &beside)?;
            if std::mem::take(is_away) {
                tracing::info!(store = schema.as_str(), "the feed is back");
            }
            if let Some(lease) = lease {
                // What was committed while there was none has been caught up with by now.
                self.follower.lock().leased(lease.until());
                self.serve(&session, lease)?;
            }
            session.wait(self.rest(&session, lease.as_ref()))?;
        }
        lease.as_ref().map_or(Ok(()), |lease| lease.give_back(&session))
    }

    async fn rest(&self, session: &Session, lease: Option<&Lease>) {
        let rest = lease.map_or(POLL, |lease| POLL.min(lease.rest(self.options.clock.uptime())));
        let rest = if self.waiting.is_wanted() { rest.min(POLL_WAITING) } else { rest };
        tokio::select! {
            () = session.wakeups().woken() => {}
            () = self.look.notified() => {}
            () = tokio::time::sleep(rest) => {}
        }
    }

    fn renew(&self, session: &Session, lease: &mut Lease) -> Result<(), StorageError> {
        let uptime = self.options.clock.uptime();
        lease.renew(session, uptime, self.follower.lock().applied())?;
        lease.watch(session, self.options.clock.uptime())?;
        lease.clear_away(session, uptime)?;
        self.waiting.set_place(lease.place(uptime));
        Ok(())
    }

    /// Says how far this node is, for whoever waits elsewhere, and sees how far the others are, for whoever
    /// waits here.
    fn serve(&self, session: &Session, lease: &mut Lease) -> Result<(), StorageError> {
        let applied = self.follower.lock().applied();
        if session.wakeups().take_report_wanted() {
            lease.report(session, applied)?;
        }
        if self.waiting.is_wanted() {
            let uptime = self.options.clock.uptime();
            session.defer(self.options.schema.ask_for_reports(), &[])?;
            // After what is applied here was read: a node that took its lease later than this look has
            // caught up with all of it.
            lease.watch(session, uptime)?;
            self.waiting.reached(lease.least_applied(uptime).map_or(applied, |least| least.min(applied)));
        }
        Ok(())
    }
}

/// Sees all that was committed, over a session that is in no transaction and is left in none, unless it fails:
/// then it is of no more use.
///
/// Turns end before they are on the disk, so that what can be read may be gone after a crash of the server, and
/// another change may stand in its place. Nobody is told of anything before it is on the disk. `beside` is for
/// that, while this session is in a snapshot.
pub(super) fn catch_up(
    session: &Session,
    follower: &Mutex<Follower>,
    beside: &dyn Fn() -> Result<Session, StorageError>,
) -> Result<(), StorageError> {
    let mut follower = follower.lock();
    let as_of = follower.uptime();
    let mut caught_up = Ok(());
    if !follower.must_load() {
        caught_up = follow_on(session, &mut follower);
    }
    if caught_up.is_ok() && follower.must_load() {
        // Counting and reading everything may take minutes.
        session.abandon();
        caught_up = session.patiently(|| load(session, &mut follower, beside));
    }
    match &caught_up {
        Ok(()) => follower.heard(as_of),
        Err(error) if error.is_away() => follower.miss(),
        Err(_) => follower.lose(),
    }
    session.abandon();
    caught_up
}

/// What follows on what is known needs no snapshot: the head is read first, so that the changes up to it are
/// there when they are read, and no change is ever put before another. One round trip, and a flush where there
/// is news.
fn follow_on(session: &Session, follower: &mut Follower) -> Result<(), StorageError> {
    let position = Foreseen { sql: feed::SELECT_POSITION, parameters: Vec::new() };
    let from = Foreseen { sql: feed::SELECT_FROM, parameters: bind(params![follower.applied(), CHUNK]) };
    session.foresee([&position, &from])?;
    if follower.is_news(Connection::Postgres(session))? {
        session.make_durable()?;
    }
    follower.follow(Connection::Postgres(session))
}

fn load(
    session: &Session,
    follower: &mut Follower,
    beside: &dyn Fn() -> Result<Session, StorageError>,
) -> Result<(), StorageError> {
    session.run_script(BEGIN)?;
    // The snapshot is the first statement's. A session beside sees to it that all of it is on the disk.
    Connection::Postgres(session).query_one(feed::SELECT_POSITION, &[], |_| Ok(()))?;
    beside()?.make_durable()?;
    follower.catch_up(Connection::Postgres(session))?;
    session.run_script(COMMIT)
}

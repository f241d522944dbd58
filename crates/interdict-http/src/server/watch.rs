//! One task that looks after all connections: it cuts a client that is slow with its head, closes one
//! that idles, and closes all in a drain.
//!
//! A timer a connection would be armed and disarmed at each request; here a request only stores what it
//! does, and the task compares from time to time. So limits are kept to about an eighth of themselves.
//!
//! Deliberately not here: the time limit of a body ([`crate::body`]) and of a handler: while a request
//! runs, its connection is left alone.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::task::AtomicWaker;
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio::time::Instant;

const TICK_MIN: Duration = Duration::from_millis(5);
const TICK_MAX: Duration = Duration::from_secs(1);

/// What the connection's task is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Command {
    /// Go on.
    Go,
    /// Finish what runs, take no more, and close.
    Close,
    /// Drop everything now.
    Cut,
}

/// Where a connection is while no request of it runs.
mod phase {
    /// Nothing has arrived yet.
    pub(super) const NEW: u8 = 0;
    /// Between two requests.
    pub(super) const IDLE: u8 = 1;
    /// A head (or a handshake) has begun to arrive.
    pub(super) const HEAD: u8 = 2;
}

/// What a connection and the watcher know of each other. Only `command` has to arrive in order; the
/// others are read from time to time, and a value that is a little old does no harm.
#[derive(Debug)]
struct State {
    command: AtomicU8,
    waker: AtomicWaker,
    phase: AtomicU8,
    /// Requests that run.
    running: AtomicU32,
    /// Changes whenever something happens.
    epoch: AtomicU32,
    /// HTTP/2: bytes between requests are no head but housekeeping.
    multiplexed: AtomicBool,
}

impl State {
    fn happened(&self) {
        self.epoch.store(self.epoch.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
    }

    fn is_running(&self) -> bool {
        self.running.load(Ordering::Relaxed) > 0
    }

    fn tell(&self, command: Command) {
        self.command.fetch_max(command as u8, Ordering::Release);
        self.waker.wake();
    }
}

/// A connection's side.
#[derive(Debug, Clone)]
pub(super) struct Connection(Arc<State>);

impl Connection {
    /// What to do; the waker is woken when that changes.
    pub(super) fn command(&self, waker: &Waker) -> Command {
        self.0.waker.register(waker);
        match self.0.command.load(Ordering::Acquire) {
            0 => Command::Go,
            1 => Command::Close,
            _ => Command::Cut,
        }
    }

    /// The TLS handshake is over; the first head may take its own time.
    pub(super) fn handshaken(&self, multiplexed: bool) {
        self.0.multiplexed.store(multiplexed, Ordering::Relaxed);
        self.0.phase.store(phase::NEW, Ordering::Relaxed);
        self.0.happened();
    }

    /// A request runs until the guard is dropped.
    pub(super) fn request(&self) -> Running {
        self.0.phase.store(phase::IDLE, Ordering::Relaxed);
        self.0.running.fetch_add(1, Ordering::Relaxed);
        Running(self.0.clone())
    }

    fn has_read(&self) {
        if !self.0.is_running() && self.0.phase.load(Ordering::Relaxed) != phase::HEAD {
            self.0.phase.store(phase::HEAD, Ordering::Relaxed);
            self.0.happened();
        }
    }
}

/// A request that runs.
#[derive(Debug)]
pub(super) struct Running(Arc<State>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.happened();
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}

/// One connection as the watcher remembers it.
#[derive(Debug)]
struct Watched {
    state: Arc<State>,
    epoch: u32,
    /// For how long nothing has happened.
    quiet: Duration,
}

/// The watcher's side.
#[derive(Debug)]
pub(super) struct Watcher {
    connections: Arc<Mutex<Vec<Watched>>>,
    task: AbortHandle,
}

/// The limits of a quiet connection.
#[derive(Debug, Clone, Copy)]
struct Limits {
    head: Duration,
    idle: Duration,
}

impl Watcher {
    /// Starts the task.
    pub(super) fn start(header_read_timeout: Duration, keep_alive: Duration) -> Self {
        let limits = Limits { head: header_read_timeout, idle: keep_alive };
        let connections: Arc<Mutex<Vec<Watched>>> = Arc::default();
        let tick = (limits.head.min(limits.idle) / 8).clamp(TICK_MIN, TICK_MAX);
        let watched = connections.clone();
        let task = tokio::spawn(async move {
            let mut last = Instant::now();
            loop {
                tokio::time::sleep(tick).await;
                let now = Instant::now();
                let elapsed = now.duration_since(last);
                last = now;
                // Only the watcher's copy is left of a connection that has ended.
                watched.lock().retain_mut(|watched| {
                    watched.look(elapsed, limits);
                    Arc::strong_count(&watched.state) > 1
                });
            }
        });
        Self { connections, task: task.abort_handle() }
    }

    /// A new connection.
    pub(super) fn enter(&self) -> Connection {
        let state = Arc::new(State {
            command: AtomicU8::new(Command::Go as u8),
            waker: AtomicWaker::new(),
            phase: AtomicU8::new(phase::NEW),
            running: AtomicU32::new(0),
            epoch: AtomicU32::new(0),
            multiplexed: AtomicBool::new(false),
        });
        self.connections.lock().push(Watched { state: state.clone(), epoch: 0, quiet: Duration::ZERO });
        Connection(state)
    }

    /// Every connection finishes what runs. One that has sent nothing yet has nothing to finish, and
    /// hyper would wait for its first request.
    pub(super) fn close_all(&self) {
        for watched in self.connections.lock().iter() {
            let is_new = watched.state.phase.load(Ordering::Relaxed) == phase::NEW;
            watched.state.tell(if is_new { Command::Cut } else { Command::Close });
        }
    }

    /// Every connection ends now.
    pub(super) fn cut_all(&self) {
        for watched in self.connections.lock().iter() {
            watched.state.tell(Command::Cut);
        }
    }
}

/// Also when the server's future is dropped, no connection outlives it.
impl Drop for Watcher {
    fn drop(&mut self) {
        self.task.abort();
        self.cut_all();
    }
}

impl Watched {
    fn look(&mut self, elapsed: Duration, limits: Limits) {
        let epoch = self.state.epoch.load(Ordering::Relaxed);
        if epoch != self.epoch || self.state.is_running() {
            self.epoch = epoch;
            self.quiet = Duration::ZERO;
            return;
        }
        self.quiet = self.quiet.saturating_add(elapsed);
        let between = self.state.phase.load(Ordering::Relaxed) == phase::IDLE
            || self.state.multiplexed.load(Ordering::Relaxed);
        if !between {
            if self.quiet >= limits.head {
                self.state.tell(Command::Cut);
            }
        } else if self.quiet >= limits.idle.saturating_add(limits.head) {
            // It was told to close and still does nothing: the client does not take its answer.
            self.state.tell(Command::Cut);
        } else if self.quiet >= limits.idle {
            self.state.tell(Command::Close);
        }
    }
}

/// A socket that tells the watcher when bytes move.
#[derive(Debug)]
pub(super) struct WatchedStream {
    stream: TcpStream,
    connection: Connection,
}

impl WatchedStream {
    pub(super) fn new(stream: TcpStream, connection: Connection) -> Self {
        Self { stream, connection }
    }

    fn written(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if matches!(written, Poll::Ready(Ok(_))) {
            self.connection.0.happened();
        }
        written
    }
}

impl AsyncRead for WatchedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.connection.has_read();
        }
        read
    }
}

impl AsyncWrite for WatchedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.written(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

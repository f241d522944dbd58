//! A network that fails on demand: a TCP proxy on the loopback in front of a server, on a thread of its own. It knows
//! nothing of what it carries.
//!
//! Every control has taken effect when it returns: the proxy's one thread carries it out between two moves of bytes.
//! The proxy never waits for a caller, so that a control may be called from async code too.

mod carry;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::runtime;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use carry::{Conditions, Side, connect_and_carry};

/// The longest delay; whoever wants more wants [`Proxy::freeze`].
pub const DELAY_MAX: Duration = Duration::from_hours(1);
/// When the process has no descriptors left, the next attempt comes a little later.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// A proxy in front of one address. Dropping it resets all connections and frees the port.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    open: Arc<AtomicUsize>,
    /// The proxy ends when this is dropped.
    orders: Option<mpsc::UnboundedSender<(Order, Done)>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Clone, Copy)]
enum Order {
    Delay(Duration),
    Cut,
    Refuse(bool),
    Freeze(bool),
}

/// Dropped when the order is carried out.
type Done = std::sync::mpsc::Sender<()>;

impl Proxy {
    /// A proxy in front of `upstream`, which need not be there yet. It passes everything on at once.
    ///
    /// # Panics
    /// When the operating system has no socket or no thread for it: the test has failed then.
    #[allow(clippy::panic, reason = "a test without its network has failed; Result is `try_start`")]
    pub fn start(upstream: SocketAddr) -> Self {
        Self::try_start(upstream).unwrap_or_else(|error| panic!("cannot start a proxy: {error}"))
    }

    /// As [`Proxy::start`], or what the operating system said.
    pub fn try_start(upstream: SocketAddr) -> io::Result<Self> {
        let waiting = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        waiting.set_nonblocking(true)?;
        let address = waiting.local_addr()?;
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = {
            let _guard = runtime.enter();
            TcpListener::from_std(waiting.try_clone()?)?
        };
        let open = Arc::new(AtomicUsize::new(0));
        let gate = Gate {
            listener,
            waiting,
            upstream,
            is_refusing: false,
            conditions: watch::Sender::new(Conditions::default()),
            open: Arc::clone(&open),
            connections: JoinSet::new(),
        };
        let (orders, received) = mpsc::unbounded_channel();
        let thread = thread::Builder::new()
            .name("proxy".to_owned())
            .spawn(move || runtime.block_on(gate.serve(received)))?;
        Ok(Self { address, open, orders: Some(orders), thread: Some(thread) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The port on the loopback that it listens on.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// How many connections it has accepted whose two sides are not both closed. One that was made a moment ago may
    /// still wait to be accepted.
    pub fn connections(&self) -> usize {
        self.open.load(Ordering::Acquire)
    }

    /// From now on every chunk is held back this long, in either direction; an end or a reset of a connection too.
    /// Order is kept and throughput is not throttled, up to 64 MiB under way in each direction of a connection.
    /// The timer ticks in milliseconds. The delay holds for what is under way already: a shorter one releases it early.
    /// Longer ones than [`DELAY_MAX`] are cut down to it.
    pub fn set_delay(&self, delay: Duration) {
        self.give(Order::Delay(delay.min(DELAY_MAX)));
    }

    /// Resets every present connection on both sides, and loses what is under way. New ones are accepted again.
    /// A client whose connect had returned before is cut, whether or not the proxy had come to accept it.
    pub fn cut(&self) {
        self.give(Order::Cut);
    }

    /// With `true` every present connection is [cut](Self::cut), and new ones are reset as soon as they are made, frozen
    /// or not; with `false` they are accepted again.
    pub fn refuse(&self, is_refusing: bool) {
        self.give(Order::Refuse(is_refusing));
    }

    /// With `true` nothing is read and nothing is forwarded, as when the network drops every packet; connections stay
    /// open, new ones can be made and are silent, and an end of either side goes unnoticed. With `false` all goes on
    /// where it stood.
    pub fn freeze(&self, is_frozen: bool) {
        self.give(Order::Freeze(is_frozen));
    }

    /// Returns when the order is carried out.
    fn give(&self, order: Order) {
        let (done, is_done) = std::sync::mpsc::channel();
        if let Some(orders) = &self.orders {
            // Refused only when the thread is gone, and its connections with it.
            let _ = orders.send((order, done));
        }
        // Nothing is ever sent: the wait ends when the other end is dropped.
        let _ = is_done.recv();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        drop(self.orders.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The proxy's side of the thread.
struct Gate {
    listener: TcpListener,
    /// The same socket, for a look that does not depend on what the runtime has heard of it.
    waiting: std::net::TcpListener,
    upstream: SocketAddr,
    is_refusing: bool,
    conditions: watch::Sender<Conditions>,
    open: Arc<AtomicUsize>,
    connections: JoinSet<()>,
}

impl Gate {
    async fn serve(mut self, mut orders: mpsc::UnboundedReceiver<(Order, Done)>) {
        loop {
            tokio::select! {
                biased;
                order = orders.recv() => {
                    let Some((order, done)) = order else { break };
                    self.obey(order).await;
                    drop(done);
                }
                Some(_) = self.connections.join_next() => {}
                accepted = self.listener.accept() => match accepted {
                    Ok((client, _)) => self.admit(client),
                    Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
                },
            }
        }
        self.cut().await;
    }

    async fn obey(&mut self, order: Order) {
        match order {
            Order::Delay(delay) => self.conditions.send_modify(|conditions| conditions.delay = delay),
            Order::Freeze(is_frozen) => {
                self.conditions.send_modify(|conditions| conditions.is_frozen = is_frozen);
            }
            Order::Cut => self.cut().await,
            Order::Refuse(is_refusing) => {
                self.is_refusing = is_refusing;
                if is_refusing {
                    self.cut().await;
                }
            }
        }
    }

    /// Those that the kernel has accepted for us are connections in the eyes of their clients, and are cut too.
    async fn cut(&mut self) {
        while let Ok((client, _)) = self.waiting.accept() {
            if client.set_nonblocking(true).is_ok()
                && let Ok(client) = TcpStream::from_std(client)
            {
                drop(Side::new(client));
            }
        }
        self.connections.shutdown().await;
    }

    fn admit(&mut self, client: TcpStream) {
        let client = Side::new(client);
        if self.is_refusing {
            return;
        }
        let counted = Counted::new(&self.open);
        let (upstream, conditions) = (self.upstream, self.conditions.subscribe());
        self.connections.spawn(async move {
            connect_and_carry(client, upstream, conditions).await;
            drop(counted);
        });
    }
}

/// One connection in the count, however it ends.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(open: &Arc<AtomicUsize>) -> Self {
        open.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(open))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

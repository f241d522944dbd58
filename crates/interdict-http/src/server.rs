//! The accept loop: plain HTTP/1.1 straight on hyper, TLS with HTTP/1.1 and HTTP/2, time limits on slow
//! clients, a limit on connections, and a drain that finishes what runs.
//!
//! A request costs nothing here beyond hyper's own work but a few plain stores and a match on its path:
//! no timer (one watcher looks after all connections), no allocation, no boxed future.
//!
//! Deliberately not here: routes, and the time limit of a body ([`crate::body`]), which only its reader
//! can answer with 408.

pub mod tls;
mod watch;

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::{Service as HyperService, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use prometheus_client::metrics::gauge::Gauge;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use crate::error::{ApiError, Dialect};
use tls::{TlsAcceptor, TlsFiles};
use watch::{Command, Connection, WatchedStream, Watcher};

/// How long to wait after the system refused a connection for want of files or memory: long enough not
/// to spin, short enough that nobody notices.
const ACCEPT_BACK_OFF: Duration = Duration::from_millis(50);

/// More connections than any machine has, and few enough for a semaphore on a small one.
const CONNECTIONS_LIMIT: u32 = 1 << 24;
/// A cut connection ends at its next poll; a handler that blocks its thread is not waited for.
const CUT_PATIENCE: Duration = Duration::from_secs(1);

/// Whose connection a request came over. IPv4 addresses that arrive mapped into IPv6 are IPv4 here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientAddress(pub IpAddr);

/// How the server treats its clients.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// Certificate and key; plain HTTP without.
    pub tls: Option<TlsFiles>,
    /// From the first byte of a request, or from the connection's start, to the end of its head (and of
    /// the TLS handshake). A slower client is cut.
    pub header_read_timeout: Duration,
    /// A connection on which nothing happens for so long between two requests is closed.
    pub keep_alive: Duration,
    /// Further clients wait in the system's queue.
    pub connections_max: usize,
    /// After a shutdown, what still runs by then is cut.
    pub drain_timeout: Duration,
    /// Counts the open connections.
    pub open_connections: Gauge,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            tls: None,
            header_read_timeout: Duration::from_secs(10),
            keep_alive: Duration::from_secs(75),
            connections_max: 10_000,
            drain_timeout: Duration::from_secs(30),
            open_connections: Gauge::default(),
        }
    }
}

/// What answers requests. Closures `Fn(Request<Incoming>, ClientAddress) -> impl Future<Output =
/// Response<B>>` are services.
///
/// The address is an argument and no request extension, because the first extension of a request costs
/// three allocations; whoever routes with axum inserts it there. A call may be dropped at any await, such
/// as in a drain: work that must finish belongs into a task of its own.
pub trait Service: Clone + Send + 'static {
    /// The answer's body. It must be able to say that something failed.
    type Body: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>>
        + From<Bytes>
        + Send
        + Unpin
        + 'static;

    /// The call under way.
    type Future: Future<Output = Response<Self::Body>> + Send + 'static;

    /// Answers one request.
    fn call(&self, request: Request<Incoming>, client: ClientAddress) -> Self::Future;
}

impl<F, A, B> Service for F
where
    F: Fn(Request<Incoming>, ClientAddress) -> A + Clone + Send + 'static,
    A: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>>
        + From<Bytes>
        + Send
        + Unpin
        + 'static,
{
    type Body = B;
    type Future = A;

    fn call(&self, request: Request<Incoming>, client: ClientAddress) -> A {
        self(request, client)
    }
}

/// Serves until `shutdown` resolves, then drains. An error is one of the start: a certificate that does
/// not load, a listener that has no address. Nothing that a client does ends the loop.
pub async fn serve<S: Service>(
    listener: TcpListener,
    options: ServerOptions,
    service: S,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let tls = options.tls.as_ref().map(tls::acceptor).transpose().map_err(io::Error::other)?;
    let watcher = Watcher::start(options.header_read_timeout, options.keep_alive);
    let permits_all =
        u32::try_from(options.connections_max).unwrap_or(CONNECTIONS_LIMIT).clamp(1, CONNECTIONS_LIMIT);
    let permits = Arc::new(Semaphore::new(permits_all as usize));
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut shutdown => break,
            accepted = accept(&listener, &permits) => accepted,
        };
        let Some((stream, client, permit)) = accepted else { continue };
        let connection = watcher.enter();
        let (service, tls, open) = (service.clone(), tls.clone(), options.open_connections.clone());
        tokio::spawn(async move {
            let _open = OpenGuard::new(open);
            let _permit = permit;
            let stream = WatchedStream::new(stream, connection.clone());
            run(stream, tls, service, client, &connection).await;
        });
    }
    // Closed first, so that new clients are refused at once instead of waiting for an answer.
    drop(listener);
    watcher.close_all();
    let all_gone = || permits.acquire_many(permits_all);
    if tokio::time::timeout(options.drain_timeout, all_gone()).await.is_err() {
        tracing::warn!("some requests outlasted the drain and are cut");
        watcher.cut_all();
        let _ = tokio::time::timeout(CUT_PATIENCE, all_gone()).await;
    }
    Ok(())
}

/// The next client, or nothing after an error that passes.
async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> Option<(TcpStream, ClientAddress, tokio::sync::OwnedSemaphorePermit)> {
    let permit = permits.clone().acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, address)) => {
            // Small answers must not wait for an acknowledgement. A socket that refuses works, slower.
            let _ = stream.set_nodelay(true);
            Some((stream, client_address(address), permit))
        }
        Err(error) if is_of_one_client(&error) => None,
        Err(error) => {
            tracing::warn!(%error, "cannot accept a connection; trying again");
            tokio::time::sleep(ACCEPT_BACK_OFF).await;
            None
        }
    }
}

/// Errors of a client that went away before it was accepted, as opposed to a lack of files or memory.
fn is_of_one_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    )
}

fn client_address(address: SocketAddr) -> ClientAddress {
    ClientAddress(address.ip().to_canonical())
}

/// One connection from its first byte to its end.
///
/// hyper's `pipeline_flush` stays off: it holds an answer back for as long as anything of a next request
/// has arrived, be it half a head or garbage, and loses it when that never becomes a request. A client
/// that has sent its last byte and says so (`half_close`) still gets its answer. Answers are small:
/// copied into one buffer (`writev`), each is one write.
async fn run<S: Service>(
    stream: WatchedStream,
    tls: Option<TlsAcceptor>,
    service: S,
    client: ClientAddress,
    connection: &Connection,
) {
    let answerer = answerer(service, client, connection.clone());
    let Some(tls) = tls else {
        let plain = http1::Builder::new()
            .half_close(true)
            .writev(false)
            .serve_connection(TokioIo::new(stream), answerer);
        return drive(plain, http1::Connection::graceful_shutdown, connection).await;
    };
    // The watcher's limit for heads covers the handshake.
    let mut handshake = pin!(tls.accept(stream));
    let stream = poll_fn(|cx| match connection.command(cx.waker()) {
        Command::Go => handshake.as_mut().poll(cx).map(Result::ok),
        Command::Close | Command::Cut => Poll::Ready(None),
    });
    let Some(stream) = stream.await else { return };
    connection.handshaken(stream.get_ref().1.alpn_protocol() == Some(tls::ALPN_H2));
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().half_close(true).writev(false);
    let secure = builder.serve_connection(TokioIo::new(stream), answerer);
    drive(secure, auto::Connection::graceful_shutdown, connection).await;
}

/// Polls a connection until it ends or the watcher ends it.
async fn drive<C, E>(served: C, close: impl Fn(Pin<&mut C>), connection: &Connection)
where
    C: Future<Output = Result<(), E>>,
{
    let mut served = pin!(served);
    let mut closing = false;
    poll_fn(|cx| {
        match connection.command(cx.waker()) {
            Command::Go => {}
            Command::Close => {
                if !closing {
                    closing = true;
                    close(served.as_mut());
                }
            }
            Command::Cut => return Poll::Ready(()),
        }
        // An error is the client's: a broken request, which hyper has answered, or a lost connection.
        served.as_mut().poll(cx).map(|_| ())
    })
    .await;
}

/// Between hyper and the service: tells the watcher what runs, and turns a panic into an answer.
fn answerer<S: Service>(
    service: S,
    client: ClientAddress,
    connection: Connection,
) -> impl HyperService<
    Request<Incoming>,
    Response = Response<S::Body>,
    Error = Infallible,
    Future: Future<Output = Result<Response<S::Body>, Infallible>> + Send + 'static,
> {
    service_fn(move |request: Request<Incoming>| {
        let running = connection.request();
        let dialect = Dialect::of_path(request.uri().path());
        let called = catch_unwind(AssertUnwindSafe(|| service.call(request, client)));
        async move {
            let answered = match called {
                Ok(answer) => AssertUnwindSafe(answer).catch_unwind().await,
                Err(panic) => Err(panic),
            };
            drop(running);
            Ok(answered.unwrap_or_else(|_| {
                // The panic hook has logged where; the payload may hold input.
                tracing::error!("a handler panicked");
                ApiError::internal().respond(dialect)
            }))
        }
    })
}

struct OpenGuard(Gauge);

impl OpenGuard {
    fn new(gauge: Gauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for OpenGuard {
    fn drop(&mut self) {
        self.0.dec();
    }
}

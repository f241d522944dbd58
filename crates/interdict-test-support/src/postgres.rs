//! A PostgreSQL server for one test or for one test binary: a fresh cluster in a temporary folder, gone with the
//! value that owns it. It trusts every local connection and holds nothing worth keeping. It can be made to crash, to
//! come back and to stand still; a network that fails is [`Proxy`](crate::Proxy)'s.

mod pause;
mod server;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tempfile::TempDir;

use crate::binaries::INSTALL_LINE;
use crate::port::ReservedPort;
use crate::proxy::Proxy;
pub use pause::PauseError;
use server::{Cluster, Server};

/// Another process may take the port between our look and the server's bind.
const PORT_ATTEMPTS: u32 = 5;
/// The operating system's user and the database's superuser carry the same name.
const USER: &str = "postgres";
/// The only address that the server listens on.
const HOST: Ipv4Addr = Ipv4Addr::LOCALHOST;
/// What [`Postgres::shared`] hands out.
static SHARED: Mutex<Weak<Postgres>> = Mutex::new(Weak::new());

/// Whether a commit waits for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fsync {
    /// As in production: for tests of durability and for benchmarks.
    On,
    /// Faster, and enough where nothing pulls the plug.
    #[default]
    Off,
}

/// How a server is started.
#[derive(Debug, Clone, Default)]
pub struct PostgresSettings {
    /// Whether a commit waits for the disk.
    pub fsync: Fsync,
    /// Further settings, name and value, as `postgres -c name=value` takes them.
    pub extra: Vec<(String, String)>,
}

/// Why no server could be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No binaries on this machine.
    #[error("PostgreSQL is not installed; install it with: {INSTALL_LINE}")]
    NotInstalled,
    /// PostgreSQL refuses to run as root, and there is no other user to run it as.
    #[error("PostgreSQL cannot run as root and there is no user `{USER}`; install it with: {INSTALL_LINE}")]
    NoUser,
    /// It was to be started again while it runs.
    #[error("the server is still running")]
    StillRunning,
    /// The operating system refused something.
    #[error("{doing}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A program ran and failed, or did not become ready in time.
    #[error("{program} failed:\n{output}")]
    Failed {
        /// Its name.
        program: &'static str,
        /// What it wrote.
        output: String,
    },
}

/// Why a database was not made.
#[derive(Debug, thiserror::Error)]
pub enum CreateDatabaseError {
    /// `createdb` could not be run.
    #[error("cannot run createdb")]
    Io(#[source] io::Error),
    /// The server refused, because there is one of that name, or because it is down.
    #[error("createdb failed:\n{0}")]
    Refused(String),
}

/// A running server; dropping it ends exactly its own process and removes its folder, after a panic too.
#[derive(Debug)]
pub struct Postgres {
    server: Option<Server>,
    cluster: Cluster,
    settings: PostgresSettings,
    /// Kept over a crash, so that the server comes back where its clients look for it.
    port: ReservedPort,
    folder: TempDir,
}

impl Postgres {
    /// A server with the default settings.
    ///
    /// # Panics
    /// When it cannot be started: a test that needs PostgreSQL fails without it, and is never silently skipped.
    pub fn start() -> Self {
        Self::start_with(&PostgresSettings::default())
    }

    /// A server with the given settings.
    ///
    /// # Panics
    /// As [`Postgres::start`].
    #[allow(clippy::panic, reason = "a test without its database has failed; Result is `try_start`")]
    pub fn start_with(settings: &PostgresSettings) -> Self {
        match Self::try_start(settings) {
            Ok(postgres) => postgres,
            Err(StartError::Io { doing, source }) => panic!("PostgreSQL: {doing}: {source}"),
            Err(error) => panic!("{error}"),
        }
    }

    /// A server with the given settings, or the reason why there is none.
    pub fn try_start(settings: &PostgresSettings) -> Result<Self, StartError> {
        let folder = tempfile::Builder::new()
            .prefix("interdict-postgres-")
            .tempdir()
            .map_err(io_error("cannot make a temporary folder"))?;
        let cluster = Cluster::initialise(folder.path())?;
        let settings = settings.clone();
        let mut attempt = 1;
        loop {
            let port = ReservedPort::take().map_err(io_error("cannot find a free port"))?;
            match cluster.start(port.number(), &settings) {
                Ok(server) => return Ok(Self { server: Some(server), cluster, settings, port, folder }),
                Err(StartError::Failed { output, .. })
                    if output.contains("Address already in use") && attempt < PORT_ATTEMPTS =>
                {
                    attempt += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The default server that the tests of one binary share, a [database](Self::create_database) each. It ends with
    /// the last test that holds it, because a `static` of its own would never be dropped and leave its folder behind.
    ///
    /// # Panics
    /// As [`Postgres::start`].
    pub fn shared() -> Arc<Self> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let postgres = Arc::new(Self::start());
            *shared = Arc::downgrade(&postgres);
            postgres
        })
    }

    /// Makes an empty database and returns its address. The name stands in the address as it is: lower case letters,
    /// digits and underscores need no quoting anywhere.
    ///
    /// # Panics
    /// When there is one of that name, or no running server.
    #[allow(
        clippy::panic,
        reason = "a test without its database has failed; Result is `try_create_database`"
    )]
    pub fn create_database(&self, name: &str) -> String {
        match self.try_create_database(name) {
            Ok(url) => url,
            Err(CreateDatabaseError::Io(source)) => panic!("cannot run createdb: {source}"),
            Err(error) => panic!("{error}"),
        }
    }

    /// As [`Postgres::create_database`], or the reason why there is none.
    pub fn try_create_database(&self, name: &str) -> Result<String, CreateDatabaseError> {
        self.cluster
            .create_database(self.port(), name)
            .map_err(CreateDatabaseError::Io)?
            .map_err(CreateDatabaseError::Refused)?;
        Ok(self.url_of(name))
    }

    /// A crash: PostgreSQL's immediate shutdown (SIGQUIT), without a checkpoint and without a word to the clients but
    /// the end of their connections. Returns when every process of the server is gone; does nothing when none runs.
    /// A paused server crashes where it stands.
    ///
    /// Only [`Fsync::On`] keeps every commit: without it a commit is not even written before it is confirmed, and a
    /// crash loses the last moments, as `synchronous_commit = off` has it.
    pub fn stop_immediately(&mut self) {
        drop(self.server.take());
    }

    /// Starts it again after [`Postgres::stop_immediately`] or an end of its own: the same data, port and settings.
    /// Returns when the recovery is over and it takes connections. It never moves to another port.
    ///
    /// # Panics
    /// When it still runs, or cannot be started.
    #[allow(clippy::panic, reason = "a test without its database has failed; Result is `try_start_again`")]
    pub fn start_again(&mut self) {
        match self.try_start_again() {
            Ok(()) => {}
            Err(StartError::Io { doing, source }) => panic!("PostgreSQL: {doing}: {source}"),
            Err(error) => panic!("{error}"),
        }
    }

    /// As [`Postgres::start_again`], or the reason why it is not running.
    pub fn try_start_again(&mut self) -> Result<(), StartError> {
        if self.server.as_ref().is_some_and(|server| !server.has_ended()) {
            return Err(StartError::StillRunning);
        }
        self.server = None;
        self.server = Some(self.cluster.start(self.port.number(), &self.settings)?);
        Ok(())
    }

    /// Stops the postmaster and all of its children with SIGSTOP: connections stay open and nobody answers; new ones
    /// are taken by the kernel alone. Returns when all of them stand still; does nothing when they do already.
    ///
    /// Whoever waits for the server meanwhile waits until [`Postgres::resume`], [`Postgres::create_database`] too.
    /// Dropping the value, and the death of the test's process, end a paused server as they end a running one.
    pub fn pause(&self) -> Result<(), PauseError> {
        self.server.as_ref().ok_or(PauseError::NotRunning)?.pause()
    }

    /// Lets a paused server continue (SIGCONT); does nothing when it is not paused.
    pub fn resume(&self) -> Result<(), PauseError> {
        self.server.as_ref().ok_or(PauseError::NotRunning)?.resume()
    }

    /// The address for a client, over TCP on the loopback: `postgres://postgres@127.0.0.1:PORT/postgres`.
    pub fn url(&self) -> String {
        self.url_of(USER)
    }

    /// The same for another database, which the caller has made.
    pub fn url_of(&self, database: &str) -> String {
        url(self.address(), database)
    }

    /// The same by way of a proxy, which stands in front of [`Postgres::address`].
    pub fn url_through(&self, proxy: &Proxy, database: &str) -> String {
        url(proxy.address(), database)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((HOST, self.port()))
    }

    /// The loopback address that it listens on.
    pub fn host(&self) -> &'static str {
        "127.0.0.1"
    }

    /// The port, of the address and of the unix socket alike.
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// The superuser's name; no password is asked for.
    pub fn user(&self) -> &'static str {
        USER
    }

    /// The folder of the unix socket: a client takes it in place of a host.
    pub fn socket_folder(&self) -> &Path {
        self.folder.path()
    }

    /// The server's process; none after [`Postgres::stop_immediately`].
    pub fn process_id(&self) -> Option<u32> {
        self.server.as_ref().map(Server::process_id)
    }

    /// The cluster's own folder.
    pub fn data_folder(&self) -> PathBuf {
        self.cluster.data_folder()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // The server goes first: it would complain about a folder that vanishes under it.
        self.stop_immediately();
    }
}

fn url(address: SocketAddr, database: &str) -> String {
    format!("postgres://{USER}@{address}/{database}")
}

fn io_error(doing: &'static str) -> impl FnOnce(io::Error) -> StartError {
    move |source| StartError::Io { doing, source }
}

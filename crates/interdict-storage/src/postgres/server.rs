//! Where a PostgreSQL server is, and how a connection to it is made: TLS, timeouts, and what is asked of it
//! before anything is entrusted to it.

use std::fmt;
use std::path::Path;
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio::runtime::Builder;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres::{AsyncMessage, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::session::Session;
use super::wakeups::Wakeups;
use crate::error::StorageError;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A statement that runs longer is given up. Loading and walking take as long as they take.
const STATEMENT_TIMEOUT_MS: u32 = 8_000;
/// Longer than whatever the server itself gives up.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a commit waits for its turn among the nodes.
const LOCK_TIMEOUT_MS: u32 = 5_000;
/// A node that has the turn and stops (a frozen machine) loses it after this.
const IDLE_IN_TRANSACTION_TIMEOUT_MS: u32 = 3_000;

/// A schema of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaName {
    /// Merchants and credentials.
    Core,
    /// Test mode.
    Test,
    /// Live mode.
    Live,
}

impl SchemaName {
    /// As PostgreSQL knows it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Test => "test",
            Self::Live => "live",
        }
    }

    /// Wakes those who listen. It says nothing but that there is something: they look for themselves.
    pub(crate) const fn notify(self) -> &'static str {
        match self {
            Self::Core => "NOTIFY interdict_core",
            Self::Test => "NOTIFY interdict_test",
            Self::Live => "NOTIFY interdict_live",
        }
    }

    pub(crate) const fn listen(self) -> &'static str {
        match self {
            Self::Core => "LISTEN interdict_core",
            Self::Test => "LISTEN interdict_test; LISTEN interdict_test_report",
            Self::Live => "LISTEN interdict_live; LISTEN interdict_live_report",
        }
    }

    /// Asks every node how far it is.
    pub(crate) const fn ask_for_reports(self) -> &'static str {
        match self {
            Self::Core => "NOTIFY interdict_core_report",
            Self::Test => "NOTIFY interdict_test_report",
            Self::Live => "NOTIFY interdict_live_report",
        }
    }
}

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Write,
    Read,
    Follow,
    /// Migrations, and walks over everything: no limit in time.
    Maintain,
}

impl Purpose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Read => "read",
            Self::Follow => "follow",
            Self::Maintain => "maintain",
        }
    }

    const fn statement_timeout_ms(self) -> u32 {
        match self {
            Self::Write | Self::Read => STATEMENT_TIMEOUT_MS,
            Self::Follow | Self::Maintain => 0,
        }
    }

    /// How long an answer may take, or the next row of one: a network that swallows everything says nothing.
    const fn patience(self) -> Option<Duration> {
        match self {
            Self::Write | Self::Read | Self::Follow => Some(PATIENCE),
            Self::Maintain => None,
        }
    }
}

/// A server, and the database on it.
#[derive(Clone)]
pub struct PostgresServer {
    config: Arc<Config>,
    tls: Option<MakeRustlsConnect>,
}

/// Why a database URL cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadUrl {
    /// It is none of PostgreSQL's.
    #[error("the database URL cannot be read: {0}")]
    Syntax(String),
    /// The certificates that the server's is checked against cannot be used.
    #[error("the certificates in {0} cannot be used (sslrootcert)")]
    Certificates(String),
}

/// A password may be in it.
impl fmt::Debug for PostgresServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PostgresServer")
            .field("database", &self.config.get_dbname())
            .finish_non_exhaustive()
    }
}

/// For people: where it is, and nothing that is secret.
impl fmt::Display for PostgresServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = match self.config.get_hosts().first() {
            Some(Host::Tcp(name)) => name.clone(),
            Some(Host::Unix(path)) => path.display().to_string(),
            None => String::new(),
        };
        write!(formatter, "PostgreSQL, {} at {host}", self.config.get_dbname().unwrap_or_default())
    }
}

impl PostgresServer {
    /// Reads a URL, `postgres://user:password@host:5432/database?sslmode=require&sslrootcert=ca.pem`.
    ///
    /// `sslmode` is `disable` or `require`, which checks the server's certificate (so does `verify-full`,
    /// another word for it), against the system's authorities or those in `sslrootcert`. Nothing said means
    /// `disable` on this machine and `require` for any other.
    pub fn parse(url: &str) -> Result<Self, BadUrl> {
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut mode, mut authorities, mut rest) = (None, None, Vec::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslmode", value)) => mode = Some(value),
                Some(("sslrootcert", value)) => authorities = Some(value),
                _ => rest.push(pair),
            }
        }
        let url = if rest.is_empty() { base.to_owned() } else { format!("{base}?{}", rest.join("&")) };
        // The error may quote the URL, and with it the password.
        let mut config = Config::from_str(&url).map_err(|_| BadUrl::Syntax(EXAMPLE.to_owned()))?;
        if config.get_hosts().is_empty() || config.get_dbname().is_none() {
            return Err(BadUrl::Syntax(EXAMPLE.to_owned()));
        }
        let is_encrypted = match mode {
            Some("disable") => false,
            Some("require" | "verify-full") => true,
            None => authorities.is_some() || !config.get_hosts().iter().all(is_this_machine),
            Some(_) => return Err(BadUrl::Syntax("sslmode is disable, require or verify-full".to_owned())),
        };
        config
            .ssl_mode(if is_encrypted { SslMode::Require } else { SslMode::Disable })
            .target_session_attrs(TargetSessionAttrs::ReadWrite)
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_user_timeout(Duration::from_secs(10))
            .keepalives_idle(Duration::from_secs(10));
        let tls = if is_encrypted { Some(tls(authorities.map(Path::new))?) } else { None };
        Ok(Self { config: Arc::new(config), tls })
    }

    /// Opens a connection that works in a schema.
    pub(crate) fn connect(&self, schema: &str, purpose: Purpose) -> Result<Session, StorageError> {
        self.connect_with(schema, purpose, Wakeups::default())
    }

    pub(super) fn connect_with(
        &self,
        schema: &str,
        purpose: Purpose,
        wakeups: Wakeups,
    ) -> Result<Session, StorageError> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(StorageError::Thread)?;
        let mut config = Config::clone(&self.config);
        config.application_name(format!("interdict {schema} {}", purpose.as_str()));
        let wakeups = Arc::new(wakeups);
        let connected = runtime.block_on(async {
            let connect = async {
                if let Some(tls) = &self.tls {
                    let (client, connection) = config.connect(tls.clone()).await?;
                    tokio::spawn(drive(connection, Arc::clone(&wakeups)));
                    Ok::<_, tokio_postgres::Error>(client)
                } else {
                    let (client, connection) = config.connect(tokio_postgres::NoTls).await?;
                    tokio::spawn(drive(connection, Arc::clone(&wakeups)));
                    Ok(client)
                }
            };
            tokio::time::timeout(CONNECT_TIMEOUT * 2, connect).await
        });
        let client = match connected {
            Ok(client) => client?,
            Err(_) => return Err(StorageError::Away("no connection in time".to_owned())),
        };
        let session = Session::new(runtime, client, wakeups, purpose.patience());
        session.run_script(&format!(
            "SET search_path TO {schema}, pg_catalog; SET statement_timeout = {}; SET lock_timeout = {LOCK_TIMEOUT_MS};
             SET idle_in_transaction_session_timeout = {}; SET synchronous_commit = on",
            purpose.statement_timeout_ms(),
            if purpose == Purpose::Write { IDLE_IN_TRANSACTION_TIMEOUT_MS } else { 0 },
        ))?;
        Ok(session)
    }
}

const EXAMPLE: &str = "it is of the form postgres://user:password@host:5432/database?sslmode=require";

fn is_this_machine(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
    }
}

fn tls(authorities: Option<&Path>) -> Result<MakeRustlsConnect, BadUrl> {
    let mut roots = RootCertStore::empty();
    match authorities {
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        Some(path) => {
            let bad = || BadUrl::Certificates(path.display().to_string());
            let certificates = CertificateDer::pem_file_iter(path).map_err(|_| bad())?;
            for certificate in certificates {
                roots.add(certificate.map_err(|_| bad())?).map_err(|_| bad())?;
            }
            if roots.is_empty() {
                return Err(bad());
            }
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| BadUrl::Certificates("rustls".to_owned()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

/// Carries what goes over the connection, until it ends.
async fn drive<S, T>(mut connection: tokio_postgres::Connection<S, T>, wakeups: Arc<Wakeups>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    loop {
        match std::future::poll_fn(|context| connection.poll_message(context)).await {
            Some(Ok(AsyncMessage::Notification(what))) => wakeups.notified(what.channel(), what.process_id()),
            Some(Ok(_)) => {}
            // Whoever waits is told by what waits.
            Some(Err(_)) | None => break,
        }
    }
    wakeups.ended();
}

//! What this process was told: flags before variables before the file `interdict.toml`, then defaults.
//! Flags and variables come merged ([`crate::arguments`]); paths are relative to the working directory.

mod oidc;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use interdict_app::MAX_STALENESS;
use interdict_http::server::tls::TlsFiles;
use interdict_storage::PostgresServer;
use serde::Deserialize;

use crate::arguments::{CommonArguments, LogFormat, ServeArguments};
use crate::failure::misuse;

pub use oidc::OidcSettings;

const FILE: &str = "interdict.toml";
const LISTEN: &str = "127.0.0.1:8080";
const DATA_DIR: &str = "interdict-data";
const AT_LEAST_WAIT_MS: u64 = 1_000;
/// Longer than any client waits.
const AT_LEAST_WAIT_MS_MAX: u64 = 60_000;
/// Two looks at the feed: with less, every second decision would be degraded.
const MAX_STALENESS_MS_MIN: u64 = 200;
/// An hour: whoever wants more does not want to know.
const MAX_STALENESS_MS_MAX: u64 = 3_600_000;
const COMPARE_INTERVAL_MS: u64 = 3_600_000;
/// A month: who compares less often does not want to.
const COMPARE_INTERVAL_MS_MAX: u64 = 2_592_000_000;
/// A century: who keeps more keeps everything.
const RETENTION_DAYS_MAX: u64 = 36_500;
const DAY_S: u64 = 86_400;
const DECISION_RETENTION_DAYS: u64 = 30;
const RENEWAL_INTERVAL_MS: u64 = 60_000;
/// A day: who looks for renewals less often does not want them.
const RENEWAL_INTERVAL_MS_MAX: u64 = 86_400_000;
/// More threads than any machine has cores.
const WORKERS_MAX: usize = 1_024;

/// The configuration file: each option under its own name.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Written {
    data_dir: Option<PathBuf>,
    database_url: Option<String>,
    pepper_file: Option<PathBuf>,
    log: Option<String>,
    log_format: Option<LogFormat>,
    listen: Option<String>,
    workers: Option<usize>,
    at_least_wait_ms: Option<u64>,
    max_staleness_ms: Option<u64>,
    renewal_interval_ms: Option<u64>,
    compare_interval_ms: Option<u64>,
    feed_retention_days: Option<u64>,
    decision_retention_days: Option<u64>,
    public_url: Option<String>,
    tls_cert: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    behind_proxy: Option<bool>,
    oidc_issuer: Option<String>,
    oidc_client_id: Option<String>,
    oidc_client_secret_file: Option<PathBuf>,
    oidc_name: Option<String>,
}

/// What each command needs to know.
pub struct Configuration {
    /// The folder of the databases; with a server, of nothing but the pepper.
    pub data_dir: PathBuf,
    /// The server that many nodes share.
    pub server: Option<PostgresServer>,
    /// The file of the pepper.
    pub pepper_file: PathBuf,
    /// What is logged, if it was said.
    pub log: Option<String>,
    /// How it is logged.
    pub log_format: LogFormat,
    /// The address under which people reach this service.
    pub public_url: Option<String>,
    /// Where Stripe is, if it is not where it always is.
    pub stripe_url: Option<String>,
    file: Written,
}

/// What serving needs to know.
pub struct Serving {
    /// Address and port.
    pub listen: String,
    /// Threads that serve.
    pub workers: usize,
    /// How long a request with `Interdict-At-Least` may wait.
    pub at_least_wait: Duration,
    /// For how long changes may go unheard before decisions are degraded.
    pub max_staleness: Duration,
    /// How often renewals are looked for.
    pub renewal_interval: Duration,
    /// How often memory is compared with the database; nothing for never.
    pub compare_interval: Option<Duration>,
    /// How old changes grow before they are trimmed; nothing to keep them for ever.
    pub feed_retention: Option<Duration>,
    /// For how long decisions are kept; zero for not at all.
    pub decision_retention: Duration,
    /// The address under which people reach this service.
    pub public_url: Option<String>,
    /// Certificate and key.
    pub tls: Option<TlsFiles>,
    /// A proxy in front speaks TLS with people.
    pub behind_proxy: bool,
    /// The issuer at which people may sign in to the dashboard, too.
    pub oidc: Option<OidcSettings>,
}

impl Configuration {
    /// Reads the file, if there is one, and puts everything together.
    pub fn load(common: CommonArguments) -> Result<Self> {
        let file = match &common.config {
            Some(path) => Written::read(path)?,
            None if Path::new(FILE).exists() => Written::read(Path::new(FILE))?,
            None => Written::default(),
        };
        let database_url = common.database_url.or_else(|| file.database_url.clone());
        let server = database_url.as_deref().map(PostgresServer::parse).transpose();
        let server = server.map_err(|error| misuse(error.to_string()))?;
        let data_dir =
            common.data_dir.or_else(|| file.data_dir.clone()).unwrap_or_else(|| PathBuf::from(DATA_DIR));
        let pepper_file = common
            .pepper_file
            .or_else(|| file.pepper_file.clone())
            .unwrap_or_else(|| data_dir.join("pepper"));
        let log = common.log.or_else(|| file.log.clone()).filter(|filter| !filter.is_empty());
        let log_format = common.log_format.or(file.log_format).unwrap_or_default();
        let public_url = common.public_url.or_else(|| file.public_url.clone());
        let public_url = public_url.as_deref().map(public_address).transpose()?;
        let stripe_url = common.stripe_url;
        Ok(Self { data_dir, server, pepper_file, log, log_format, public_url, stripe_url, file })
    }

    /// What serving needs to know.
    pub fn serving(&self, arguments: ServeArguments) -> Result<Serving> {
        let file = &self.file;
        let workers = arguments.workers.or(file.workers).unwrap_or_else(cores);
        if !(1..=WORKERS_MAX).contains(&workers) {
            return Err(misuse(format!("--workers must be 1 to {WORKERS_MAX}")));
        }
        let wait_ms = arguments.at_least_wait_ms.or(file.at_least_wait_ms).unwrap_or(AT_LEAST_WAIT_MS);
        if wait_ms > AT_LEAST_WAIT_MS_MAX {
            return Err(misuse(format!("--at-least-wait-ms must be 0 to {AT_LEAST_WAIT_MS_MAX}")));
        }
        let staleness = arguments.max_staleness_ms.or(file.max_staleness_ms).map(Duration::from_millis);
        let max_staleness = staleness.unwrap_or(MAX_STALENESS);
        let bounds =
            Duration::from_millis(MAX_STALENESS_MS_MIN)..=Duration::from_millis(MAX_STALENESS_MS_MAX);
        if !bounds.contains(&max_staleness) {
            return Err(misuse(format!(
                "--max-staleness-ms must be {MAX_STALENESS_MS_MIN} to {MAX_STALENESS_MS_MAX}"
            )));
        }
        let renewal_ms =
            arguments.renewal_interval_ms.or(file.renewal_interval_ms).unwrap_or(RENEWAL_INTERVAL_MS);
        if !(1..=RENEWAL_INTERVAL_MS_MAX).contains(&renewal_ms) {
            return Err(misuse(format!("--renewal-interval-ms must be 1 to {RENEWAL_INTERVAL_MS_MAX}")));
        }
        let compare_ms =
            arguments.compare_interval_ms.or(file.compare_interval_ms).unwrap_or(COMPARE_INTERVAL_MS);
        if compare_ms > COMPARE_INTERVAL_MS_MAX {
            return Err(misuse(format!("--compare-interval-ms must be 0 to {COMPARE_INTERVAL_MS_MAX}")));
        }
        let retention_days = arguments.feed_retention_days.or(file.feed_retention_days);
        if retention_days.is_some_and(|days| !(1..=RETENTION_DAYS_MAX).contains(&days)) {
            return Err(misuse(format!("--feed-retention-days must be 1 to {RETENTION_DAYS_MAX}")));
        }
        let decision_days = arguments.decision_retention_days.or(file.decision_retention_days);
        let decision_days = decision_days.unwrap_or(DECISION_RETENTION_DAYS);
        if decision_days > RETENTION_DAYS_MAX {
            return Err(misuse(format!("--decision-retention-days must be 0 to {RETENTION_DAYS_MAX}")));
        }
        let cert = arguments.tls_cert.or_else(|| file.tls_cert.clone());
        let key = arguments.tls_key.or_else(|| file.tls_key.clone());
        let tls = match (cert, key) {
            (Some(cert), Some(key)) => Some(TlsFiles { cert, key }),
            (None, None) => None,
            _ => return Err(misuse("--tls-cert and --tls-key come together: give both or neither")),
        };
        Ok(Serving {
            listen: arguments.listen.or_else(|| file.listen.clone()).unwrap_or_else(|| LISTEN.to_owned()),
            workers,
            at_least_wait: Duration::from_millis(wait_ms),
            max_staleness,
            renewal_interval: Duration::from_millis(renewal_ms),
            compare_interval: (compare_ms > 0).then(|| Duration::from_millis(compare_ms)),
            feed_retention: retention_days.map(|days| Duration::from_secs(days * DAY_S)),
            decision_retention: Duration::from_secs(decision_days * DAY_S),
            public_url: self.public_url.clone(),
            tls,
            behind_proxy: arguments.behind_proxy || file.behind_proxy.unwrap_or(false),
            oidc: OidcSettings::of(arguments.oidc, file)?,
        })
    }
}

impl Written {
    fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| misuse(format!("{} cannot be read: {error}", path.display())))?;
        toml::from_str(&text).map_err(|error| misuse(format!("in {}: {error}", path.display())))
    }
}

/// An address that paths can be put behind.
fn public_address(text: &str) -> Result<String> {
    let address = text.trim_end_matches('/');
    let host = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"));
    match host {
        Some(host) if !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ']) => Ok(address.to_owned()),
        _ => Err(misuse(format!("--public-url must be like https://pay.example.com, and is \"{text}\""))),
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(WORKERS_MAX)
}

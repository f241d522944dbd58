//! The command line's grammar. The help is written for somebody who meets Interdict here first.
//!
//! Deliberately not here: values out of the configuration file and defaults ([`crate::configuration`]).

mod bulk;
mod erase;
mod key;
mod migrate;
mod oidc;
mod pepper;
mod user;

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use interdict_domain::identifier::Kind;
use interdict_domain::mode::Mode;
use interdict_domain::money::{AMOUNT_MAX, Currency};
use interdict_domain::scopes::Initiator;

pub use bulk::{ExportArguments, ImportArguments};
pub use erase::EraseArguments;
pub use key::{KeyCommand, KeyCreateArguments};
pub use migrate::MigrateArguments;
pub use oidc::OidcArguments;
pub use pepper::{PepperCommand, PepperRotateArguments};
pub use user::{UserCommand, UserCreateArguments};

const AFTER_HELP: &str = "\
Without a command, `interdict` serves. Its first start makes merchant 1 and somebody
who signs in to its dashboard, and shows keys and password.

Examples:
  interdict                                     serve ./interdict-data on 127.0.0.1:8080
  interdict demo                                serve a filled sample shop, to play with
  interdict check --merchant 1 --mode test mallory@example.com

Data, logs and serving can also be set by variables (INTERDICT_DATA_DIR for --data-dir) and in the
file interdict.toml (data_dir = \"...\"). A flag wins over a variable, a variable over the file.";

const SERVE_HELP: &str = "\
Each option has a variable (INTERDICT_LISTEN for --listen) and a line in interdict.toml (listen =
\"...\"). A flag wins over a variable, a variable over the file. SIGTERM and Ctrl-C let running
requests finish; a second one cuts them. What was acknowledged is on the disk either way.";

const DEMO_HELP: &str = "\
The shop is the same each time, and so are its keys: keep it on your own machine. It has customers
of every status, entries of both lists, and a story of seven curl lines, one for each step of the
decision order. --data-dir and --pepper-file mean nothing here.";

const CHECK_HELP: &str = "\
Counts no hit and leaves no trace. Ends with 0 when the payment would be allowed, 3 when it would be
blocked, 2 when something is wrong with the question, 1 when it cannot be answered.

Examples:
  interdict check --merchant 1 --mode test mallory@example.com
  interdict check --merchant 1 --mode live --initiator merchant cus_2R0uWz4tu9wxTMBXxj9CJfSE9vV
  interdict check --merchant 1 --mode test merchantRef=A-17 device=9f86d081 --json";

const DOCTOR_HELP: &str = "\
Reads and changes nothing, beside a running server too. Ends with 0 when all is well, 1 when something is
wrong. The tables are compared with the whole feed of changes, which takes as much memory as serving does.

Examples:
  interdict doctor
  interdict doctor --database-url postgres://interdict@db/interdict --node http://10.0.0.7:8080 --json";

const BACKUP_HELP: &str = "\
The pepper is copied along, so that the folder is all that a restore needs: guard it like the data.
With --without-pepper keep a copy of the pepper in another place: without it nothing can be read.

For example:
  interdict backup /var/backups/interdict-2026-11-21
  interdict restore /var/backups/interdict-2026-11-21 --data-dir ./restored";

/// Decides who may pay: keeps blocked, trusted and restricted customers, and answers in microseconds
/// whether a payment may go on.
#[derive(Parser)]
#[command(name = "interdict", version, after_help = AFTER_HELP, term_width = 100)]
#[command(disable_help_flag = true)]
pub struct Arguments {
    /// Print help
    // The short form everywhere: options stand in lines, not in paragraphs.
    #[arg(short, long, global = true, action = ArgAction::HelpShort)]
    help: Option<bool>,
    #[command(flatten)]
    pub common: CommonArguments,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What each command takes.
#[derive(Args)]
#[command(next_help_heading = "Data and logs")]
pub struct CommonArguments {
    /// The folder of the databases [default: ./interdict-data]
    #[arg(long, global = true, env = "INTERDICT_DATA_DIR", value_name = "FOLDER", hide_env = true)]
    pub data_dir: Option<PathBuf>,
    /// A PostgreSQL database instead of the folder's SQLite, shared by any number of nodes:
    /// postgres://user:password@host:5432/database
    #[arg(long, global = true, env = "INTERDICT_DATABASE_URL", value_name = "URL", hide_env = true)]
    pub database_url: Option<String>,
    /// The secret under all identifiers: 64 hex digits [default: `pepper` in the data folder]
    #[arg(long, global = true, env = "INTERDICT_PEPPER_FILE", value_name = "FILE", hide_env = true)]
    pub pepper_file: Option<PathBuf>,
    /// The configuration file [default: ./interdict.toml if there is one]
    #[arg(long, global = true, env = "INTERDICT_CONFIG", value_name = "FILE", hide_env = true)]
    pub config: Option<PathBuf>,
    /// What is logged on standard error, such as `debug` or `interdict_http=trace`
    #[arg(long, global = true, env = "INTERDICT_LOG", value_name = "FILTER", hide_env = true)]
    pub log: Option<String>,
    /// Where Stripe is [default: https://api.stripe.com]
    #[arg(
        long,
        global = true,
        env = "INTERDICT_STRIPE_URL",
        value_name = "URL",
        hide_env = true,
        hide = true
    )]
    pub stripe_url: Option<String>,
    /// The address under which people reach this service, for pages to pay on [default: what a
    /// request's Host says]
    #[arg(long, global = true, env = "INTERDICT_PUBLIC_URL", value_name = "URL", hide_env = true)]
    pub public_url: Option<String>,
    /// How it is logged: text or json [default: text]
    #[arg(
        long,
        hide_possible_values = true,
        global = true,
        env = "INTERDICT_LOG_FORMAT",
        value_name = "FORMAT",
        hide_env = true
    )]
    pub log_format: Option<LogFormat>,
}

/// How logs are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// An object a line.
    Json,
}

#[derive(Subcommand)]
pub enum Command {
    /// Serve the API (also what happens without a command)
    #[command(after_help = SERVE_HELP)]
    Serve(Box<ServeArguments>),
    /// Serve a filled sample shop from a temporary folder
    #[command(after_help = DEMO_HELP)]
    Demo(Box<DemoArguments>),
    /// Make merchants
    #[command(subcommand)]
    Merchant(MerchantCommand),
    /// Make, list, rotate and revoke keys
    #[command(subcommand)]
    Key(KeyCommand),
    /// Make, list and disable those who sign in to the dashboard
    #[command(subcommand)]
    User(UserCommand),
    /// Ask whether a payment would be allowed, and why
    #[command(after_help = CHECK_HELP)]
    Check(Box<CheckArguments>),
    /// Take a file of entries
    #[command(after_help = bulk::IMPORT_HELP)]
    Import(Box<ImportArguments>),
    /// Write a list as a file
    #[command(after_help = bulk::EXPORT_HELP)]
    Export(Box<ExportArguments>),
    /// Erase a person, or an identifier that no customer has
    #[command(after_help = erase::HELP)]
    Erase(Box<EraseArguments>),
    /// Verify what was recorded
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Check data and nodes, and say what to do next
    #[command(after_help = DOCTOR_HELP)]
    Doctor(DoctorArguments),
    /// Copy the databases while a server runs
    #[command(after_help = BACKUP_HELP)]
    Backup(BackupArguments),
    /// Put a backup into a data folder that has no databases
    Restore(RestoreArguments),
    /// Move the data of a folder into a PostgreSQL database, for many nodes
    #[command(after_help = migrate::HELP)]
    Migrate(MigrateArguments),
    /// Change the secret under all identifiers
    #[command(subcommand)]
    Pepper(PepperCommand),
    /// Write a completion script for a shell to standard output
    #[command(after_help = "For example:\n  interdict completions bash > /etc/bash_completion.d/interdict")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write the OpenAPI document to standard output
    #[command(hide = true)]
    Openapi,
}

/// What serving takes.
#[derive(Args, Default)]
pub struct ServeArguments {
    /// Where to listen: address and port [default: 127.0.0.1:8080]
    #[arg(long, env = "INTERDICT_LISTEN", value_name = "ADDRESS", hide_env = true)]
    pub listen: Option<String>,
    /// Threads that serve; with one, one thread serves everything [default: one for each core]
    #[arg(long, env = "INTERDICT_WORKERS", value_name = "N", hide_env = true)]
    pub workers: Option<usize>,
    /// How long a request with Interdict-At-Least may wait, in milliseconds [default: 1000]
    #[arg(long, env = "INTERDICT_AT_LEAST_WAIT_MS", value_name = "MS", hide_env = true)]
    pub at_least_wait_ms: Option<u64>,
    /// For how long changes by others may go unheard before decisions are degraded, in milliseconds
    /// [default: 5000]
    #[arg(long, env = "INTERDICT_MAX_STALENESS_MS", value_name = "MS", hide_env = true)]
    pub max_staleness_ms: Option<u64>,
    /// Look for renewals this often, in milliseconds [default: 60000]
    #[arg(long, env = "INTERDICT_RENEWAL_INTERVAL_MS", value_name = "MS", hide_env = true)]
    pub renewal_interval_ms: Option<u64>,
    /// Compare memory with the database this often, in milliseconds; 0: never [default: 3600000]
    #[arg(long, env = "INTERDICT_COMPARE_INTERVAL_MS", value_name = "MS", hide_env = true)]
    pub compare_interval_ms: Option<u64>,
    /// Trim changes that are older than so many days, 1 to 36500 [default: keep them for ever]
    #[arg(long, env = "INTERDICT_FEED_RETENTION_DAYS", value_name = "DAYS", hide_env = true)]
    pub feed_retention_days: Option<u64>,
    /// Keep decisions for so many days, 0 to 36500; 0 keeps none [default: 30]
    #[arg(long, env = "INTERDICT_DECISION_RETENTION_DAYS", value_name = "DAYS", hide_env = true)]
    pub decision_retention_days: Option<u64>,
    /// Serve TLS with this certificate chain (PEM)
    #[arg(long, env = "INTERDICT_TLS_CERT", value_name = "FILE", hide_env = true)]
    pub tls_cert: Option<PathBuf>,
    /// The certificate's private key (PEM)
    #[arg(long, env = "INTERDICT_TLS_KEY", value_name = "FILE", hide_env = true)]
    pub tls_key: Option<PathBuf>,
    /// A proxy in front speaks TLS with people, and says who asks (X-Forwarded-For). Without TLS here or
    /// there, nothing but this machine's own addresses is listened on
    #[arg(long, env = "INTERDICT_BEHIND_PROXY", hide_env = true)]
    pub behind_proxy: bool,
    #[command(flatten)]
    pub oidc: OidcArguments,
}

/// What the demonstration takes.
#[derive(Args)]
pub struct DemoArguments {
    #[command(flatten)]
    pub serve: ServeArguments,
}

#[derive(Subcommand)]
pub enum MerchantCommand {
    /// Make a merchant with a key of each kind and mode, shown once
    #[command(after_help = "For example:\n  interdict merchant create --name 'Corner shop' --json")]
    Create {
        /// What people call it
        #[arg(long)]
        name: String,
        #[command(flatten)]
        json: JsonArgument,
    },
}

/// For people, or for programs.
#[derive(Args, Clone, Copy)]
pub struct JsonArgument {
    /// Print JSON, and nothing else, on standard output
    #[arg(long)]
    pub json: bool,
}

/// What checking takes.
#[derive(Args)]
pub struct CheckArguments {
    /// Whose customers and lists
    #[arg(long, value_name = "N")]
    pub merchant: i64,
    /// Which of the two stores: test or live
    #[arg(long, value_parser = mode)]
    pub mode: Mode,
    /// Who starts the payment: customer or merchant
    #[arg(long, default_value = "customer", value_parser = initiator)]
    pub initiator: Initiator,
    /// What is to be paid, in minor units: an exemption may have a limit
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..=AMOUNT_MAX))]
    pub amount: Option<i64>,
    /// Of which currency
    #[arg(long, value_name = "CODE", default_value = "NGN", value_parser = Currency::parse)]
    pub currency: Currency,
    /// Kinds that a payer typed: they match blocks only
    #[arg(long, value_name = "KIND,KIND", value_delimiter = ',', value_parser = kind)]
    pub unverified: Vec<Kind>,
    /// An email, a phone (+…), a customer (cus_…), or kind=value
    #[arg(required = true, value_name = "IDENTIFIER")]
    pub identifiers: Vec<String>,
    #[command(flatten)]
    pub json: JsonArgument,
}

#[derive(Subcommand, Clone, Copy)]
pub enum AuditCommand {
    /// Walk the hash chain over all changes; ends with 1 when one was altered or is missing
    Verify {
        #[command(flatten)]
        json: JsonArgument,
    },
}

/// What the doctor takes.
#[derive(Args)]
pub struct DoctorArguments {
    /// A node to ask how it is, such as http://10.0.0.7:8080; may be given several times
    #[arg(long = "node", value_name = "URL")]
    pub nodes: Vec<String>,
    #[command(flatten)]
    pub json: JsonArgument,
}

/// What a backup takes.
#[derive(Args)]
pub struct BackupArguments {
    /// The folder for the copy; made when it is not there
    #[arg(value_name = "FOLDER")]
    pub to: PathBuf,
    /// Leave the pepper out: whoever has both can look up who is listed
    #[arg(long)]
    pub without_pepper: bool,
    #[command(flatten)]
    pub json: JsonArgument,
}

/// What restoring takes.
#[derive(Args)]
pub struct RestoreArguments {
    /// The folder of a backup
    #[arg(value_name = "FOLDER")]
    pub from: PathBuf,
    #[command(flatten)]
    pub json: JsonArgument,
}

fn mode(text: &str) -> Result<Mode, &'static str> {
    Mode::parse(text).ok_or("must be test or live")
}

fn initiator(text: &str) -> Result<Initiator, &'static str> {
    Initiator::parse(text).ok_or("must be customer or merchant")
}

fn kind(text: &str) -> Result<Kind, String> {
    Kind::parse(text).ok_or_else(|| format!("must be one of {}", kinds()))
}

/// The kinds of identifier, for messages.
pub fn kinds() -> String {
    Kind::ALL.map(Kind::as_str).join(", ")
}

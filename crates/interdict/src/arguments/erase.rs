//! What `interdict erase` takes.

use clap::{ArgGroup, Args};
use interdict_domain::ids::CustomerId;
use interdict_domain::mode::Mode;

use super::{JsonArgument, mode};

pub(super) const HELP: &str = "\
Everybody who has the identifier is listed first. Personal data goes, blocks stay in force as keyed
hashes. An identifier that no customer has is erased from entries, payments and the log of decisions.
It works beside a running server. What it cannot reach stands in its report: backups, archived logs,
files that left.

Ends with 0 when it is done or there is nothing, 2 when it was called wrongly, 1 when it failed: call
it again.

Examples:
  interdict erase --merchant 1 --mode live --email ada@example.com --dry-run
  interdict erase --merchant 1 --mode live --identifier device=9f86d081 --yes --json";

/// Whom, and how.
#[derive(Args)]
#[command(group = ArgGroup::new("who").required(true))]
pub struct EraseArguments {
    /// Whose customers and lists
    #[arg(long, value_name = "N")]
    pub merchant: i64,
    /// Which of the two stores: test or live
    #[arg(long, value_parser = mode)]
    pub mode: Mode,
    /// A customer by id
    #[arg(long, group = "who", value_name = "ID")]
    pub customer: Option<CustomerId>,
    /// The customer with the merchant's own id
    #[arg(long = "ref", group = "who", value_name = "REF")]
    pub merchant_ref: Option<String>,
    /// Everybody with an email
    #[arg(long, group = "who", value_name = "EMAIL")]
    pub email: Option<String>,
    /// Everybody with a phone number
    #[arg(long, group = "who", value_name = "PHONE")]
    pub phone: Option<String>,
    /// An identifier of any kind
    #[arg(long, group = "who", value_name = "KIND=VALUE")]
    pub identifier: Option<String>,
    /// List who and what would be erased, and erase nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    #[command(flatten)]
    pub json: JsonArgument,
}

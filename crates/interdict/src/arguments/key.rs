//! The grammar of `interdict key`.

use clap::{Args, Subcommand};
use interdict_domain::clock::Timestamp;
use interdict_domain::credential::{CredentialKind, Permissions};
use interdict_domain::ids::KeyId;
use interdict_domain::mode::Mode;

use super::{JsonArgument, mode};

const KEY_CREATE_HELP: &str = "\
The key works when this command returns, beside a running server too. For example:
  interdict key create --merchant 1 --mode test --kind secret --permissions decisions
  interdict key create --merchant 1 --mode live --kind oauth --expires-in-days 90 --json";

#[derive(Subcommand)]
pub enum KeyCommand {
    /// Make a key; its secret is shown once
    #[command(after_help = KEY_CREATE_HELP)]
    Create(Box<KeyCreateArguments>),
    /// List keys, without their secrets
    List {
        /// Of this merchant only
        #[arg(long, value_name = "N")]
        merchant: Option<i64>,
        #[command(flatten)]
        json: JsonArgument,
    },
    /// Make a key like another one, which ends after an overlap
    Rotate {
        /// Which key (key_…)
        #[arg(value_name = "ID")]
        id: KeyId,
        /// For how long both work
        #[arg(long, default_value_t = 24, value_name = "HOURS", value_parser = clap::value_parser!(u32).range(0..=8_784))]
        overlap_hours: u32,
        #[command(flatten)]
        json: JsonArgument,
    },
    /// End a key now: it is dead everywhere within a second
    Revoke {
        /// Which key (key_…)
        #[arg(value_name = "ID")]
        id: KeyId,
        #[command(flatten)]
        json: JsonArgument,
    },
}

/// What making a key takes.
#[derive(Args)]
pub struct KeyCreateArguments {
    /// Whose key
    #[arg(long, value_name = "N")]
    pub merchant: i64,
    /// Which of the two stores it opens: test or live
    #[arg(long, value_parser = mode)]
    pub mode: Mode,
    /// secret (servers), publishable (browsers) or oauth (client credentials)
    #[arg(long, value_parser = kind_of_credential)]
    pub kind: CredentialKind,
    /// What people call it
    #[arg(long)]
    pub name: Option<String>,
    /// What it may do: customers:read, customers:write, decisions, payments:read, payments:write
    /// [default: all of them]
    #[arg(long, value_name = "A,B", value_parser = permissions)]
    pub permissions: Option<Permissions>,
    /// When it stops working, such as 2027-12-31T23:59:59Z [default: never]
    #[arg(long, value_name = "TIME", conflicts_with = "expires_in_days")]
    pub expires_at: Option<Timestamp>,
    /// In how many days it stops working
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=36_525))]
    pub expires_in_days: Option<u32>,
    #[command(flatten)]
    pub json: JsonArgument,
}

fn kind_of_credential(text: &str) -> Result<CredentialKind, &'static str> {
    CredentialKind::parse(text).ok_or("must be secret, publishable or oauth")
}

fn permissions(text: &str) -> Result<Permissions, String> {
    match Permissions::parse(text) {
        Ok(Permissions::NONE) => Err("must name one at least".to_owned()),
        Ok(permissions) => Ok(permissions),
        Err(_) => Err(format!("must be among {}", Permissions::ALL.names().join(", "))),
    }
}

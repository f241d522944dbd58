//! The grammar of `interdict user`.

use clap::{Args, Subcommand};
use interdict_domain::identifier::Email;
use interdict_domain::ids::UserId;
use interdict_domain::role::Role;

use super::JsonArgument;

const CREATE_HELP: &str = "\
The password is asked for on a terminal, and read from standard input otherwise: 10 to 128 characters. Roles
are owner, admin, developer, support and read_only: docs/roles.md says what each may do. For example:
  interdict user create --merchant 1 --email ada@example.com --role admin
  pass show interdict | interdict user create --merchant 1 --email ada@example.com --role support --json";

const SET_PASSWORD_HELP: &str = "\
For somebody who is locked out: it also lifts a lock, and ends what is signed in. The password is asked for on
a terminal, and read from standard input otherwise.";

#[derive(Subcommand)]
pub enum UserCommand {
    /// Make somebody who signs in to the dashboard
    #[command(after_help = CREATE_HELP)]
    Create(UserCreateArguments),
    /// List who signs in
    List {
        /// For this merchant only
        #[arg(long, value_name = "N")]
        merchant: Option<i64>,
        #[command(flatten)]
        json: JsonArgument,
    },
    /// Keep somebody from signing in, and end what is signed in, at once and everywhere
    Disable {
        /// Whom (usr_…)
        #[arg(value_name = "ID")]
        id: UserId,
        #[command(flatten)]
        json: JsonArgument,
    },
    /// Let somebody sign in again who was disabled
    Enable {
        /// Whom (usr_…)
        #[arg(value_name = "ID")]
        id: UserId,
        #[command(flatten)]
        json: JsonArgument,
    },
    /// Give somebody a new password
    #[command(after_help = SET_PASSWORD_HELP)]
    SetPassword {
        /// Whom (usr_…)
        #[arg(value_name = "ID")]
        id: UserId,
        /// Take the second factor away, too: the device is lost
        #[arg(long)]
        remove_second_factor: bool,
        #[command(flatten)]
        json: JsonArgument,
    },
}

/// What making a user takes.
#[derive(Args)]
pub struct UserCreateArguments {
    /// For which merchant
    #[arg(long, value_name = "N")]
    pub merchant: i64,
    /// By what they sign in
    #[arg(long, value_parser = email)]
    pub email: Email,
    /// What they may do
    #[arg(long, value_parser = role)]
    pub role: Role,
    #[command(flatten)]
    pub json: JsonArgument,
}

fn email(text: &str) -> Result<Email, String> {
    Email::parse(text).map_err(|error| error.to_string())
}

fn role(text: &str) -> Result<Role, &'static str> {
    Role::parse(text).ok_or("must be owner, admin, developer, support or read_only")
}

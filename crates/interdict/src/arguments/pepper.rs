//! What `interdict pepper` takes.

use clap::{Args, Subcommand};

use super::JsonArgument;

const ROTATE_HELP: &str = "\
Stop every server and command on the data first, and make a backup. What has plain text is hashed anew
under the new pepper, secrets are sealed anew. Blocks of erased people have no plain text: they keep
their keys, and the pepper that they need stays in the file, behind the new one.

A rotation that was cut goes on where it was when the same command is run again; until then nothing
serves. In a database of many nodes copy the pepper file to each of them afterwards: a node with the
old file refuses to start. Decisions cannot be replayed as of before it.

Ends with 0 when it is done, 2 when something has to be stopped or put right first, 1 when it failed:
call it again.

Examples:
  interdict pepper rotate --dry-run
  interdict pepper rotate --json";

#[derive(Subcommand)]
pub enum PepperCommand {
    /// Put a new secret under all identifiers
    #[command(after_help = ROTATE_HELP)]
    Rotate(PepperRotateArguments),
}

/// What rotating takes.
#[derive(Args)]
pub struct PepperRotateArguments {
    /// Say what would be hashed anew and what would keep its key, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub json: JsonArgument,
}

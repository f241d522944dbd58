//! What `interdict migrate` takes.

use std::path::PathBuf;

use clap::Args;

use super::{CommonArguments, JsonArgument};

pub(super) const HELP: &str = "\
Stop the folder's server first. The database must be empty. A move that was cut goes on where it was
when the same command is run again; until it has finished, nothing serves from the database. Every
row is compared, and the chain of changes walked on both sides. The folder is only read.

For example:
  interdict migrate --from ./interdict-data --to postgres://interdict@db.internal/interdict
  interdict serve --database-url postgres://interdict@db.internal/interdict --pepper-file ./pepper

A password is better kept off the command line: leave out --to and set INTERDICT_DATABASE_URL.";

/// What moving takes.
#[derive(Args)]
pub struct MigrateArguments {
    /// The data folder [default: that of --data-dir]
    #[arg(long, value_name = "FOLDER")]
    pub from: Option<PathBuf>,
    /// The empty database, postgres://user:password@host:5432/database [default: that of --database-url]
    #[arg(long, value_name = "URL")]
    pub to: Option<String>,
    #[command(flatten)]
    pub json: JsonArgument,
}

impl MigrateArguments {
    /// The two places have names of their own here. The folder's pepper is the one that counts.
    pub fn name_places(&self, common: &mut CommonArguments) {
        common.data_dir = self.from.clone().or_else(|| common.data_dir.take());
        common.database_url = self.to.clone().or_else(|| common.database_url.take());
    }
}

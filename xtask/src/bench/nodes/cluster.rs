//! The one PostgreSQL under everything: its databases, and what is said to it past the service.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use interdict_test_support::{Binaries, Fsync, Postgres, PostgresSettings};

use crate::bench::Bench;
use crate::bench::data::{Merchant, create_merchant};
use crate::bench::server::{Cores, Server, node};
use crate::process;

/// Three nodes, each with its writers, followers and readers for three schemas, and pgbench with 64 clients.
const CONNECTIONS_MAX: &str = "300";

/// A server of its own with fsync on.
pub struct Cluster {
    pub postgres: Arc<Postgres>,
    psql: PathBuf,
}

/// A database for nodes, and the merchant in it.
pub struct Shared {
    pub url: String,
    pub merchant: Merchant,
    pepper_file: PathBuf,
}

impl Cluster {
    pub fn start() -> Result<Self> {
        let binaries = Binaries::find().context("PostgreSQL is not installed")?;
        let extra = vec![("max_connections".to_owned(), CONNECTIONS_MAX.to_owned())];
        let postgres = Postgres::try_start(&PostgresSettings { fsync: Fsync::On, extra })?;
        Ok(Self { postgres: Arc::new(postgres), psql: binaries.program("psql") })
    }

    /// A database with a merchant and nothing else. The pepper is made when it is not there.
    pub fn create(&self, bench: &Bench, name: &str, pepper_file: PathBuf) -> Result<Shared> {
        let url = self.postgres.try_create_database(name)?;
        let merchant = create_merchant(bench, |command| {
            command.args(["--database-url", &url, "--pepper-file"]).arg(&pepper_file);
        })?;
        Ok(Shared { url, merchant, pepper_file })
    }

    /// Says something to a database, each statement in a transaction of its own.
    pub fn say(&self, url: &str, statements: &[&str]) -> Result<()> {
        let mut psql = self.psql(url);
        for statement in statements {
            psql.args(["--command", statement]);
        }
        process::output(&mut psql).map(drop)
    }

    /// A `psql` that ends at the first error; what it is to say is its caller's matter.
    pub fn psql(&self, url: &str) -> Command {
        let mut psql = Command::new(&self.psql);
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1"]);
        psql.args(["--dbname", url]);
        psql
    }

    /// Clears away what earlier measurements left, so that none of them burdens the next.
    pub fn tidy(&self, url: &str) -> Result<()> {
        self.say(url, &["VACUUM (ANALYZE)", "CHECKPOINT"])
    }
}

impl Shared {
    /// One more node over it.
    pub fn node(&self, bench: &Bench, cores: Cores, log: &str) -> Result<Server> {
        node(bench, &self.url, &self.pepper_file, cores, log)
    }
}

//! PostgreSQL's own benchmark: single-row inserts of distinct emails into a table with a unique index, 64 clients, each
//! insert a commit that waits for the disk.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use interdict_test_support::{Binaries, Fsync, Postgres, PostgresSettings};

use super::Bench;
use super::report::Report;
use crate::process;

const TABLE: &str = "CREATE TABLE blacklist (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    reason TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now()
)";
/// Sixty-three random bits: two that are equal would fail, and do not occur.
const SCRIPT: &str = r"\set number random(1, 9223372036854775807)
INSERT INTO blacklist (email, reason) VALUES ('customer-' || :number || '@example.com', 'chargeback');
";

/// A server with fsync on, and the programs to load it with.
pub struct Pgbench {
    postgres: Arc<Postgres>,
    program: PathBuf,
    script: PathBuf,
}

impl Pgbench {
    /// Over a server of its own.
    pub fn start(bench: &Bench) -> Result<Self> {
        let settings = PostgresSettings { fsync: Fsync::On, ..PostgresSettings::default() };
        Self::over(bench, Arc::new(Postgres::try_start(&settings)?))
    }

    /// Over a server that others use, too, with a table in its first database.
    pub fn over(bench: &Bench, postgres: Arc<Postgres>) -> Result<Self> {
        let binaries = Binaries::find().context("PostgreSQL is not installed")?;
        let mut psql = Command::new(binaries.program("psql"));
        psql.args(["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--command", TABLE]);
        process::output(psql.arg(postgres.url()))?;
        let script = bench.folder.join("pgbench.sql");
        std::fs::write(&script, SCRIPT).with_context(|| format!("cannot write {}", script.display()))?;
        Ok(Self { postgres, program: binaries.program("pgbench"), script })
    }

    /// Notes it when the cluster is on another disk than what it is compared with.
    pub fn note_other_disk(bench: &Bench, report: &mut Report) {
        if same_disk(&std::env::temp_dir(), &bench.folder) {
            return;
        }
        report.note(format!(
            "PostgreSQL's cluster is in {}, on another disk than {}: set TMPDIR to a folder that its user may \
             enter, and run again",
            std::env::temp_dir().display(),
            bench.folder.display()
        ));
    }

    /// Inserts a second.
    pub fn measure(&self, bench: &Bench) -> Result<f64> {
        let mut command = Command::new(&self.program);
        command.args(["--no-vacuum", "--client=64", "--jobs=2", "--protocol=prepared"]);
        command.arg(format!("--time={}", bench.seconds)).arg("--file").arg(&self.script);
        let printed = process::output(command.arg(self.postgres.url()))?;
        parse(&printed).with_context(|| format!("pgbench printed:\n{printed}"))
    }
}

fn same_disk(one: &Path, other: &Path) -> bool {
    let device = |path: &Path| path.metadata().map(|found| found.dev()).ok();
    device(one) == device(other)
}

fn parse(printed: &str) -> Option<f64> {
    let line = printed.lines().find_map(|line| line.strip_prefix("tps = "))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_read() {
        assert_eq!(parse("latency = 3\ntps = 4321.5 (without initial connection time)\n"), Some(4321.5));
        assert_eq!(parse("nothing"), None);
    }
}

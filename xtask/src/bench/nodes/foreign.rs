//! A transaction of somebody else in the nodes' database: it has written to a table of its own, holds a transaction id,
//! and stays open. As long as it does, no version of any row that is replaced meanwhile can be cleared away.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use anyhow::{Context as _, Result, ensure};

use super::cluster::Cluster;

const TABLE: &str = "CREATE TABLE IF NOT EXISTS public.somebody_elses (number BIGINT NOT NULL)";
const BEGIN: &str = "BEGIN;\nINSERT INTO public.somebody_elses VALUES (1);\n";
const WHICH: &str = "SELECT txid_current();\n";

/// The session that holds it; its process ends with this value.
pub struct Foreign {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    /// The transaction's number.
    number: String,
}

impl Foreign {
    /// Opens it, and returns when it has written.
    pub fn open(cluster: &Cluster, url: &str) -> Result<Self> {
        cluster.say(url, &["SET client_min_messages = warning", TABLE])?;
        let mut child = cluster
            .psql(url)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot run psql")?;
        let input = child.stdin.take().context("psql has no input")?;
        let output = BufReader::new(child.stdout.take().context("psql has no output")?);
        let mut foreign = Self { child, input, output, number: String::new() };
        foreign.input.write_all(BEGIN.as_bytes())?;
        foreign.number = foreign.which()?;
        Ok(foreign)
    }

    /// Ends it; an error unless it was open all the time.
    pub fn close(mut self) -> Result<()> {
        let number = self.which()?;
        ensure!(number == self.number, "the open transaction ended too early");
        Ok(())
    }

    /// The number of the transaction that the session is in.
    fn which(&mut self) -> Result<String> {
        self.input.write_all(WHICH.as_bytes())?;
        self.input.flush()?;
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        ensure!(!line.trim().is_empty(), "psql ended with its transaction open");
        Ok(line)
    }
}

impl Drop for Foreign {
    /// The server rolls back what its client leaves open.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

//! Nodes over one PostgreSQL: how many mutations three of them take, how soon the others know of one, and whether a node
//! decides as fast as on SQLite. One server with fsync on is under all of it, pgbench's inserts included.
//!
//! Deliberately not here: nodes that are killed, and a server that is away, which are the tests' matter.

mod cluster;
mod decisions;
mod foreign;
mod mutations;
mod propagation;
mod spread;

use anyhow::{Context as _, Result};

use super::Bench;
use super::pgbench::Pgbench;
use super::report::Report;
use super::server::{Cores, Server};
use cluster::{Cluster, Shared};

const PART: &str = "nodes";

/// The nodes that share the mutations.
struct Nodes {
    first: Server,
    /// Those that must hear of what the first one did.
    others: [Server; 2],
}

impl Nodes {
    fn start(bench: &Bench, shared: &Shared) -> Result<Self> {
        let node = |number: u32| shared.node(bench, Cores::Every, &format!("node{number}.log"));
        Ok(Self { first: node(1)?, others: [node(2)?, node(3)?] })
    }

    fn all(&self) -> [&Server; 3] {
        let [second, third] = &self.others;
        [&self.first, second, third]
    }

    /// Waits until all of them rest.
    fn settle(&self) -> Result<()> {
        self.all().into_iter().try_for_each(|node| node.settle().map(drop))
    }
}

pub fn measure(bench: &Bench, report: &mut Report) -> Result<()> {
    let cluster = Cluster::start()?;
    Pgbench::note_other_disk(bench, report);
    changes(bench, &cluster, report)?;
    decisions::measure(bench, &cluster, report).context("decisions on PostgreSQL and on SQLite")
}

/// What is measured on three nodes, which end with it.
fn changes(bench: &Bench, cluster: &Cluster, report: &mut Report) -> Result<()> {
    let place = tempfile::tempdir_in(&bench.folder)?;
    let shared = cluster.create(bench, "nodes", place.path().join("pepper"))?;
    let nodes = Nodes::start(bench, &shared)?;
    mutations::measure(bench, cluster, &shared, &nodes, report).context("mutations over three nodes")?;
    propagation::measure(bench, cluster, &shared, &nodes, report).context("changes on the other nodes")
}

//! `cargo xtask bench`: the service beside what it is compared with, on the loopback address, in alternating rounds of
//! one run, so that a machine that is slow today is slow for both sides. What the figures mean stands in
//! `docs/performance.md`.
//!
//! Deliberately not here: benchmarks in process, which are criterion's (`cargo bench`).

pub mod bare;
mod batch;
mod client;
mod data;
mod decisions;
mod disk;
mod import;
mod machine;
mod nodes;
mod pages;
mod payments;
mod pgbench;
mod redis;
mod renewals;
mod report;
mod server;
mod sqlite;
mod start;
mod steady;
mod subscribers;
mod writes;
mod wrk;

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use clap::ValueEnum;

use crate::process;
use crate::workspace::{Depth, Metadata};
use machine::Tool;
use report::Report;

#[derive(clap::Args)]
pub struct Arguments {
    /// What to measure
    #[arg(value_enum, default_value = "all")]
    what: What,
    /// Seconds that each side of a round is measured for
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// Rounds, each with every side once
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Blocked emails; the start is measured with ten times as many, too
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1_000..=100_000_000))]
    entries: u64,
    /// Subscriptions that fall due at once
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    subscriptions: u64,
    /// The core of the server under test
    #[arg(long, default_value_t = 0)]
    server_core: usize,
    /// The core of the load
    #[arg(long, default_value_t = 1)]
    load_core: usize,
    /// Write the figures into this file, too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// Single decisions over HTTP
    Http,
    /// Batches of 1,000 decisions over HTTP
    Batch,
    /// Durable mutations over HTTP
    Writes,
    /// Payments over HTTP, charged by the sandbox
    Payments,
    /// A sweep over due subscriptions, and decisions meanwhile
    Renewals,
    /// A file of emails over HTTP, in and out, and decisions meanwhile
    Import,
    /// From the start of the process until it is ready
    Start,
    /// The dashboard's pages over as many customers as entries
    Pages,
    /// Nodes over one PostgreSQL: mutations, how soon the others know of them, and decisions
    Nodes,
    /// Everything
    All,
}

impl What {
    fn covers(self, part: Self) -> bool {
        self == part || self == Self::All
    }

    fn tools(self) -> Vec<Tool> {
        let mut tools = Vec::new();
        if !matches!(self, Self::Start | Self::Renewals | Self::Pages | Self::Import) {
            tools.push(Tool::Wrk);
        }
        if self.covers(Self::Http) {
            tools.push(Tool::Redis);
        }
        if self.covers(Self::Writes) || self.covers(Self::Payments) || self.covers(Self::Nodes) {
            tools.push(Tool::Pgbench);
        }
        tools
    }
}

/// What each part of the benchmark works with.
pub struct Bench {
    seconds: u64,
    rounds: u32,
    entries: u64,
    subscriptions: u64,
    server_core: usize,
    load_core: usize,
    /// The release binary of the service.
    interdict: PathBuf,
    /// This tool, which is the bare server, too.
    xtask: PathBuf,
    /// Databases and scripts; kept from one run to the next.
    folder: PathBuf,
}

/// Measures with a release build of this tool: of an unoptimised one neither the bare server nor the bare writer would
/// be a fair measure.
pub fn run(arguments: &Arguments) -> Result<()> {
    let metadata = Metadata::load(Depth::Workspace)?;
    if cfg!(debug_assertions) {
        process::run(process::cargo().args(["build", "--locked", "--release", "--package", "xtask"]))?;
        let tool = metadata.target_directory.join("release/xtask");
        return process::run(Command::new(tool).args(std::env::args_os().skip(1)));
    }
    machine::ensure_tools(&arguments.what.tools())?;
    let cores = machine::cores();
    ensure!(
        cores.contains(&arguments.server_core) && cores.contains(&arguments.load_core),
        "this process may run on the cores {cores:?}: choose two of them with --server-core and --load-core"
    );
    process::run(process::cargo().args(["build", "--locked", "--release", "--package", "interdict"]))?;
    let folder = metadata.target_directory.join("bench");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let bench = Bench {
        seconds: arguments.seconds,
        rounds: arguments.rounds,
        entries: arguments.entries,
        subscriptions: arguments.subscriptions,
        server_core: arguments.server_core,
        load_core: arguments.load_core,
        interdict: metadata.target_directory.join("release/interdict"),
        xtask: std::env::current_exe().context("this program has no path")?,
        folder,
    };
    let mut report = Report::new(&bench);
    measure(arguments.what, &bench, &mut report)?;
    report.print();
    if let Some(file) = &arguments.json {
        report.write(file)?;
    }
    Ok(())
}

fn measure(what: What, bench: &Bench, report: &mut Report) -> Result<()> {
    if what.covers(What::Http) {
        decisions::measure(bench, report).context("single decisions over HTTP")?;
    }
    if what.covers(What::Batch) {
        batch::measure(bench, report).context("batches over HTTP")?;
    }
    if what.covers(What::Writes) {
        writes::measure(bench, report).context("durable mutations")?;
    }
    if what.covers(What::Payments) {
        payments::measure(bench, report).context("payments")?;
    }
    if what.covers(What::Renewals) {
        renewals::measure(bench, report).context("renewals")?;
    }
    if what.covers(What::Import) {
        import::measure(bench, report).context("imports")?;
    }
    if what.covers(What::Start) {
        start::measure(bench, report).context("starts")?;
    }
    if what.covers(What::Pages) {
        pages::measure(bench, report).context("the dashboard's pages")?;
    }
    if what.covers(What::Nodes) {
        nodes::measure(bench, report).context("nodes over one PostgreSQL")?;
    }
    Ok(())
}

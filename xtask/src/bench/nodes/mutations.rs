//! Mutations on three nodes at once, beside pgbench's single-row inserts into the same server: 64 clients each, nothing
//! pinned.

use std::process::Command;
use std::thread;

use anyhow::{Context as _, Result, bail};

use super::cluster::{Cluster, Shared};
use super::{Nodes, PART};
use crate::bench::pgbench::Pgbench;
use crate::bench::report::{Report, Target, median};
use crate::bench::wrk::{self, Load, Seen};
use crate::bench::{Bench, disk};

/// Connections to each node: 64 in all.
const SHARES: [u32; 3] = [22, 21, 21];

pub fn measure(
    bench: &Bench,
    cluster: &Cluster,
    shared: &Shared,
    nodes: &Nodes,
    report: &mut Report,
) -> Result<()> {
    let pgbench = Pgbench::over(bench, cluster.postgres.clone())?;
    let (mut http, mut inserts, mut flushes) = (Vec::new(), Vec::new(), Vec::new());
    let (mut middle, mut slow) = (Vec::new(), Vec::new());
    for round in 1..=bench.rounds {
        let seen = one(bench, shared, nodes, round)?;
        nodes.settle()?;
        let sum = seen.iter().map(|seen| seen.requests_per_s).sum::<f64>();
        http.push(sum);
        middle.push(median(&seen.map(|seen| seen.median_us)));
        slow.push(seen.iter().map(|seen| seen.percentile_99_us).fold(f64::NAN, f64::max));
        let rows = pgbench.measure(bench)?;
        inserts.push(rows);
        flushes.push(disk::flushes_per_s(&bench.folder)?);
        println!("  nodes {round}/{}: three nodes {sum:.0}/s, pgbench {rows:.0}/s", bench.rounds);
    }
    report.figure(PART, "three nodes, POST /blacklist", "mutations/s", http.clone(), Target::None);
    report.figure(PART, "latency with 64 clients, median of the nodes' medians", "us", middle, Target::None);
    report.figure(PART, "latency with 64 clients, the slowest node's 99 %", "us", slow, Target::None);
    report.figure(PART, "pgbench, single-row inserts", "inserts/s", inserts.clone(), Target::None);
    report.figure(PART, "the disk, fdatasync of 4 KiB", "flushes/s", flushes, Target::None);
    report.ratio(PART, "three nodes / pgbench", (&http, &inserts), Target::AtLeast(0.5));
    Ok(())
}

/// All three nodes at the same time, each with emails that nobody has seen.
fn one(bench: &Bench, shared: &Shared, nodes: &Nodes, round: u32) -> Result<[Seen; 3]> {
    let [first, second, third] = SHARES;
    let [one, two, three] = nodes.all().map(|node| node.port);
    let ask = |number: u32, port, connections| {
        let name = format!("writer{round}n{number}");
        let load = Load {
            path: "/blacklist",
            secret: &shared.merchant.secret,
            name: &name,
            more: "",
            emails: 0,
            batch: 1,
            requests: 0,
        };
        let script = load.writes_script(bench, &format!("writes-node{number}.lua"))?;
        wrk::run(Command::new("wrk"), bench.seconds, port, connections, &script)
            .with_context(|| format!("node {number}"))
    };
    thread::scope(|scope| {
        let one = scope.spawn(move || ask(1, one, first));
        let two = scope.spawn(move || ask(2, two, second));
        let three = scope.spawn(move || ask(3, three, third));
        match (one.join(), two.join(), three.join()) {
            (Ok(one), Ok(two), Ok(three)) => Ok([one?, two?, three?]),
            _ => bail!("a thread that waits for wrk panicked"),
        }
    })
}

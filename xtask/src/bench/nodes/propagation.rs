//! How soon the other nodes know of a change, with nothing else in the database, and with a transaction of somebody
//! else open all the time.

use std::time::Duration;

use anyhow::Result;

use super::cluster::{Cluster, Shared};
use super::foreign::Foreign;
use super::spread::{Spread, Times};
use super::{Nodes, PART};
use crate::bench::Bench;
use crate::bench::report::{Report, Target};
use crate::bench::steady::percentile;

/// Until connections are open and statements prepared.
const WARM_UP: Duration = Duration::from_secs(1);
/// How long the transaction is open until the measurement ends, and changes go on under it.
const OPEN_AT_LEAST: Duration = Duration::from_mins(1);

/// The figures of one side, a value a round.
#[derive(Default)]
struct Side {
    middle: Vec<f64>,
    slow: Vec<f64>,
    floor_middle: Vec<f64>,
    floor_slow: Vec<f64>,
    acknowledged_middle: Vec<f64>,
    acknowledged_slow: Vec<f64>,
    given_up: Vec<f64>,
}

pub fn measure(
    bench: &Bench,
    cluster: &Cluster,
    shared: &Shared,
    nodes: &Nodes,
    report: &mut Report,
) -> Result<()> {
    let measured = Duration::from_secs(bench.seconds);
    let long = OPEN_AT_LEAST.saturating_sub(measured).max(WARM_UP);
    let [second, third] = &nodes.others;
    let spread = |name: &str, before| {
        cluster.tidy(&shared.url)?;
        nodes.settle()?;
        let secret = shared.merchant.secret.as_str();
        let asked = [second.port, third.port];
        Spread { changed: nodes.first.port, asked, secret, name, before, measured }.measure()
    };
    let (mut quiet, mut open) = (Side::default(), Side::default());
    for round in 1..=bench.rounds {
        quiet.add(&spread(&format!("quiet{round}"), WARM_UP)?);
        quiet.print(round, bench, "nothing else");
        let foreign = Foreign::open(cluster, &shared.url)?;
        open.add(&spread(&format!("open{round}"), long)?);
        foreign.close()?;
        open.print(round, bench, "a transaction open");
    }
    let ratio = (open.slow.clone(), quiet.slow.clone());
    quiet.report(report, "", [Target::AtMost(2.0), Target::AtMost(20.0)]);
    open.report(report, ", a transaction open", [Target::None; 2]);
    report.ratio(PART, "a transaction open / none, 99 %", (&ratio.0, &ratio.1), Target::AtMost(2.0));
    Ok(())
}

impl Side {
    fn add(&mut self, times: &Times) {
        self.middle.push(percentile(&times.known, 500));
        self.slow.push(percentile(&times.known, 990));
        self.floor_middle.push(percentile(&times.floor, 500));
        self.floor_slow.push(percentile(&times.floor, 990));
        self.acknowledged_middle.push(percentile(&times.acknowledged, 500));
        self.acknowledged_slow.push(percentile(&times.acknowledged, 990));
        self.given_up.push(times.given_up.into());
    }

    fn print(&self, round: u32, bench: &Bench, label: &str) {
        let last = |values: &[f64]| values.last().copied().unwrap_or(f64::NAN);
        println!(
            "  nodes {round}/{}: {label}: known after {:.2} ms, 99 % {:.2} ms; there already {:.2} ms, 99 % {:.2} ms",
            bench.rounds,
            last(&self.middle),
            last(&self.slow),
            last(&self.floor_middle),
            last(&self.floor_slow),
        );
    }

    fn report(self, report: &mut Report, label: &str, targets: [Target; 2]) {
        let [middle, slow] = targets;
        let mut add = |name: &str, unit, values, target| {
            report.figure(PART, format!("{name}{label}"), unit, values, target);
        };
        add("a change known to another node, median", "ms", self.middle, middle);
        add("a change known to another node, 99 %", "ms", self.slow, slow);
        add("a revision that is there already, median", "ms", self.floor_middle, Target::None);
        add("a revision that is there already, 99 %", "ms", self.floor_slow, Target::None);
        add("a change acknowledged, median", "ms", self.acknowledged_middle, Target::None);
        add("a change acknowledged, 99 %", "ms", self.acknowledged_slow, Target::None);
        add("changes that were not sampled", "samples", self.given_up, Target::None);
    }
}

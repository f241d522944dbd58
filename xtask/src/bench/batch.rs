//! Batches of 1,000 decisions over HTTP, each with other emails: what the service reaches without a request's own price
//! for each decision.

use anyhow::Result;

use super::Bench;
use super::data::filled;
use super::decisions::{KINDS, one};
use super::report::{Report, Target};
use super::server::{Cores, interdict};
use super::wrk::Load;

const PART: &str = "batch";
const PATH: &str = "/v1/decisions/batch";
const BATCH: u64 = 1_000;
/// Batches made up in advance: two hundred thousand emails, more than any cache of the processor holds.
const REQUESTS: u64 = 200;

pub fn measure(bench: &Bench, report: &mut Report) -> Result<()> {
    let data = filled(bench, bench.entries)?;
    let server = interdict(bench, &data.folder, Cores::One)?;
    let mut sides = Vec::new();
    for kind in KINDS {
        kind.probe(server.port, PATH, &data.secret, &format!(r#"{{"decisions":[{}]}}"#, kind.decision()))?;
        let load = Load {
            path: PATH,
            secret: &data.secret,
            name: kind.name,
            more: kind.more,
            emails: bench.entries,
            batch: BATCH,
            requests: REQUESTS.min(bench.entries.div_ceil(BATCH)),
        };
        sides.push((
            kind,
            load.script(bench, &format!("batch-{}.lua", kind.label))?,
            Vec::new(),
            Vec::new(),
            Vec::new(),
        ));
    }
    for round in 1..=bench.rounds {
        for (kind, script, rates, shares, left) in &mut sides {
            let measured = one(bench, &server, script)?;
            let rate = measured.seen.requests_per_s * 1_000.0;
            println!("  batch {round}/{}: {} {rate:.0} decisions/s", bench.rounds, kind.label);
            rates.push(rate);
            shares.push(measured.busy);
            left.push(measured.left_s);
        }
    }
    for (kind, _, rates, shares, left) in sides {
        let label = kind.label;
        let name = format!("batches of 1,000, {label}");
        report.figure(PART, name, "decisions/s", rates, kind.target(1_000_000.0));
        report.figure(PART, format!("share of its core, {label}"), "ratio", shares, Target::None);
        report.figure(PART, format!("work left for afterwards, {label}"), "s", left, Target::None);
    }
    Ok(())
}

//! From the start of the process until `/readyz` says 200, with many entries and with ten times as many. The files are
//! in the system's cache, as after a restart of the service; after one of the machine the disk comes on top.

use anyhow::Result;

use super::data::filled;
use super::report::{Report, Target};
use super::server::{Cores, is_ready, start_interdict};
use super::{Bench, machine};

const PART: &str = "start";
/// Seconds, for the default number of entries and for ten times as many.
const LIMITS_S: [(u64, f64); 2] = [(1, 2.0), (10, 20.0)];
/// The number of entries that the limits are for.
const ENTRIES: u64 = 1_000_000;

pub fn measure(bench: &Bench, report: &mut Report) -> Result<()> {
    let mut sides = Vec::new();
    for (times, limit_s) in LIMITS_S {
        let entries = bench.entries * times;
        let target = if bench.entries == ENTRIES { Target::AtMost(limit_s) } else { Target::None };
        sides.push((entries, filled(bench, entries)?, target, Vec::new(), Vec::new()));
    }
    for round in 1..=bench.rounds {
        for (entries, data, _, times, memory) in &mut sides {
            let started = machine::now();
            let mut server = start_interdict(bench, &data.folder, Cores::Every)?;
            server.wait_ready(is_ready)?;
            let ready_s = started.elapsed().as_secs_f64();
            println!("  start {round}/{}: {entries} entries, ready in {ready_s:.2} s", bench.rounds);
            times.push(ready_s);
            memory.push(server.resident_mib());
        }
    }
    for (entries, _, target, times, memory) in sides {
        report.figure(PART, format!("ready with {entries} entries"), "s", times, target);
        report.figure(PART, format!("memory with {entries} entries"), "MiB", memory, Target::None);
    }
    Ok(())
}

//! Durable mutations over HTTP with 64 clients: the service beside PostgreSQL's single-row inserts with 64 clients, and
//! beside a bare SQLite writer that puts 64 of the same mutations into each transaction. All on one disk, nothing
//! pinned: a commit is the kernel's and the disk's work as much as ours.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::data::{Data, email, fresh};
use super::pgbench::Pgbench;
use super::report::{Report, Target};
use super::server::{Cores, Server, interdict};
use super::sqlite::{Template, Writer};
use super::wrk::{self, Load};
use super::{Bench, client, disk};

const PART: &str = "writes";
const PATH: &str = "/blacklist";

pub fn measure(bench: &Bench, report: &mut Report) -> Result<()> {
    let place = tempfile::tempdir_in(&bench.folder)?;
    let ours = fresh(bench, &place.path().join("interdict"))?;
    let theirs = fresh(bench, &place.path().join("bare"))?;
    let server = interdict(bench, &ours.folder, Cores::Every)?;
    let template = template(&server, &ours)?;
    let mut bare = Writer::open(&theirs, template)?;
    let pgbench = Pgbench::start(bench)?;
    Pgbench::note_other_disk(bench, report);

    let (mut http, mut inserts, mut rows, mut flushes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut latency = Vec::new();
    for round in 1..=bench.rounds {
        let name = format!("writer{round}");
        let load = Load {
            path: PATH,
            secret: &ours.secret,
            name: &name,
            more: "",
            emails: 0,
            batch: 1,
            requests: 0,
        };
        let script = load.writes_script(bench, "writes.lua")?;
        let seen = wrk::run(Command::new("wrk"), bench.seconds, server.port, wrk::CONNECTIONS, &script)?;
        http.push(seen.requests_per_s);
        latency.push(seen.median_us);
        inserts.push(pgbench.measure(bench)?);
        rows.push(bare.measure(bench)?);
        flushes.push(disk::flushes_per_s(&bench.folder)?);
        println!(
            "  writes {round}/{}: Interdict {:.0}/s, pgbench {:.0}/s, bare SQLite {:.0}/s, flushes {:.0}/s",
            bench.rounds,
            seen.requests_per_s,
            inserts.last().unwrap_or(&0.0),
            rows.last().unwrap_or(&0.0),
            flushes.last().unwrap_or(&0.0)
        );
    }
    report.figure(PART, "Interdict, POST /blacklist", "mutations/s", http.clone(), Target::None);
    report.figure(PART, "latency with 64 clients, median", "us", latency, Target::None);
    report.figure(PART, "pgbench, single-row inserts", "inserts/s", inserts.clone(), Target::None);
    report.figure(PART, "bare SQLite, 64 a transaction", "mutations/s", rows.clone(), Target::None);
    report.figure(PART, "the disk, fdatasync of 4 KiB", "flushes/s", flushes, Target::None);
    report.ratio(PART, "Interdict / pgbench", (&http, &inserts), Target::AtLeast(0.5));
    report.ratio(PART, "Interdict / bare SQLite", (&http, &rows), Target::AtLeast(0.3));
    Ok(())
}

/// Makes one mutation, and takes the rows that it wrote for the bare writer to write.
fn template(server: &Server, data: &Data) -> Result<Template> {
    let body = format!(r#"{{"email":"{}","reason":"chargeback"}}"#, email("writer0", 0));
    let answer = client::post(server.port, PATH, &data.secret, &body)?;
    ensure!(answer.status == 201, "a mutation was answered with {}", answer.status);
    Template::read(data).context("the rows of a mutation cannot be read back")
}

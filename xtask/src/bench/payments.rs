//! Payments over HTTP with 64 clients: each decided, written down, charged by the sandbox and settled before it is
//! answered, beside PostgreSQL's single-row inserts with 64 clients. Both on one disk, nothing pinned.

use std::process::Command;

use anyhow::{Result, ensure};

use super::data::{Data, email, fresh, open};
use super::pgbench::Pgbench;
use super::report::{Report, Target};
use super::server::{Cores, Server, interdict};
use super::wrk::{self, Load};
use super::{Bench, client, disk};

const PART: &str = "payments";
const PATH: &str = "/payments";

pub fn measure(bench: &Bench, report: &mut Report) -> Result<()> {
    let place = tempfile::tempdir_in(&bench.folder)?;
    let data = fresh(bench, &place.path().join("interdict"))?;
    let server = interdict(bench, &data.folder, Cores::Every)?;
    probe(&server, &data)?;
    let pgbench = Pgbench::start(bench)?;
    Pgbench::note_other_disk(bench, report);

    let (mut http, mut inserts, mut flushes) = (Vec::new(), Vec::new(), Vec::new());
    let (mut median, mut slow) = (Vec::new(), Vec::new());
    let mut answered = 1.0;
    for round in 1..=bench.rounds {
        let name = format!("payer{round}");
        let load = Load {
            path: PATH,
            secret: &data.secret,
            name: &name,
            more: "",
            emails: 0,
            batch: 1,
            requests: 0,
        };
        let script = load.payments_script(bench, "payments.lua")?;
        let seen = wrk::run(Command::new("wrk"), bench.seconds, server.port, wrk::CONNECTIONS, &script)?;
        server.settle()?;
        answered += seen.requests_per_s * seen.duration_s;
        http.push(seen.requests_per_s);
        median.push(seen.median_us);
        slow.push(seen.percentile_99_us);
        inserts.push(pgbench.measure(bench)?);
        flushes.push(disk::flushes_per_s(&bench.folder)?);
        println!(
            "  payments {round}/{}: Interdict {:.0}/s, pgbench {:.0}/s, flushes {:.0}/s",
            bench.rounds,
            seen.requests_per_s,
            inserts.last().unwrap_or(&0.0),
            flushes.last().unwrap_or(&0.0)
        );
    }
    ensure_charged_once(&data, answered)?;
    report.figure(PART, "Interdict, POST /payments", "payments/s", http.clone(), Target::None);
    report.figure(PART, "latency with 64 clients, median", "us", median, Target::None);
    report.figure(PART, "latency with 64 clients, 99 %", "us", slow, Target::None);
    report.figure(PART, "pgbench, single-row inserts", "inserts/s", inserts.clone(), Target::None);
    report.figure(PART, "the disk, fdatasync of 4 KiB", "flushes/s", flushes, Target::None);
    report.ratio(PART, "Interdict / pgbench", (&http, &inserts), Target::AtLeast(0.25));
    Ok(())
}

/// A payment must come to money, or the load would measure refusals.
fn probe(server: &Server, data: &Data) -> Result<()> {
    let body = wrk::PAYMENT.replace("%s", &email("payer0", 0));
    let answer = client::post(server.port, PATH, &data.secret, &body)?;
    let text = String::from_utf8_lossy(&answer.body);
    ensure!(
        answer.status == 201 && text.contains(r#""status":"succeeded""#),
        "a payment was answered with {}: {text}",
        answer.status
    );
    Ok(())
}

/// Every payment that was answered has succeeded, and stands in the sandbox's books as often as in ours. wrk hangs up
/// in the middle: what it did not wait for is there, too.
fn ensure_charged_once(data: &Data, answered: f64) -> Result<()> {
    let connection = open(&data.folder)?;
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, f64>(0));
    let succeeded = count("SELECT CAST(COUNT(*) AS REAL) FROM payment WHERE status = 'succeeded'")?;
    let all = count("SELECT CAST(COUNT(*) AS REAL) FROM payment")?;
    let charged = count("SELECT CAST(COUNT(*) AS REAL) FROM sandbox_ledger WHERE result = 'succeeded'")?;
    ensure!(
        succeeded >= answered.floor() && charged >= succeeded && all >= charged,
        "{answered} answers, {succeeded} of {all} payments succeeded, {charged} charges in the sandbox's books"
    );
    Ok(())
}

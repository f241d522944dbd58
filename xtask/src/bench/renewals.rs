//! One sweep over many due subscriptions: renewals a second, the memory that the process holds meanwhile, and how long
//! decisions take that are asked at a steady rate while it runs, beside how long they take when it does not.

use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rusqlite::Connection;

use super::data::{Data, fresh, open};
use super::report::{Report, Target};
use super::server::{Cores, Server, interdict};
use super::steady::{Steady, percentile};
use super::{Bench, client, machine, subscribers};

const PART: &str = "renewals";
/// A period of the plan.
const WEEK_S: u64 = 7 * 24 * 60 * 60;
const DECISIONS_PER_S: u32 = 300;
/// How often is looked whether anything is due still, and how much memory the process holds.
const LOOK: Duration = Duration::from_millis(50);
/// A sweep that takes longer is stuck.
const SWEEP_LIMIT: Duration = Duration::from_mins(30);
const P99: usize = 990;
const P50: usize = 500;

/// One sweep as it was seen from outside.
struct Sweep {
    seconds: f64,
    before_mib: f64,
    most_mib: f64,
    after_mib: f64,
}

pub fn measure(bench: &Bench, report: &mut Report) -> Result<()> {
    let place = tempfile::tempdir_in(&bench.folder)?;
    let data = fresh(bench, &place.path().join("interdict"))?;
    subscribers::fill(bench, &data, bench.subscriptions).context("subscriptions cannot be filled in")?;
    let server = interdict(bench, &data.folder, Cores::Every)?;
    let steady = Steady {
        port: server.port,
        secret: data.secret.clone(),
        name: subscribers::NAME,
        emails: bench.subscriptions * 2,
        per_s: DECISIONS_PER_S,
    };
    // Connections, caches and pages are there before the first round as after it.
    steady.ask_for(Duration::from_secs(1))?;
    let (mut sweeps, mut quiet, mut busy) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=bench.rounds {
        server.settle()?;
        quiet.push(steady.ask_for(Duration::from_secs(bench.seconds))?);
        let running = steady.start();
        let swept = sweep(&server, &data)?;
        busy.push(running.stop()?);
        ensure_charged_once(&data, bench.subscriptions, round)?;
        println!(
            "  renewals {round}/{}: {:.0}/s, decisions' 99 % {:.0} us quiet, {:.0} us in the sweep, {:.0} MiB",
            bench.rounds,
            per_s(bench, &swept),
            quiet.last().map_or(f64::NAN, |times| percentile(times, P99)),
            busy.last().map_or(f64::NAN, |times| percentile(times, P99)),
            swept.most_mib,
        );
        sweeps.push(swept);
    }
    add(bench, report, &sweeps, (&quiet, &busy));
    Ok(())
}

/// Puts the clock a period ahead, and waits until nothing is due any more.
fn sweep(server: &Server, data: &Data) -> Result<Sweep> {
    let connection = open(&data.folder)?;
    let before_mib = server.resident_mib();
    let due_by = due_at(&connection, data, "MAX")?;
    let started = machine::now();
    let body = format!(r#"{{"seconds":{WEEK_S}}}"#);
    let answer = client::post(server.port, "/v1/test-clock/advance", &data.secret, &body)?;
    ensure!(answer.status == 200, "the clock was answered with {}", answer.status);
    let mut most_mib = before_mib;
    while due_at(&connection, data, "MIN")? <= due_by {
        ensure!(started.elapsed() < SWEEP_LIMIT, "the sweep does not end");
        most_mib = most_mib.max(server.resident_mib());
        thread::sleep(LOOK);
    }
    let seconds = started.elapsed().as_secs_f64();
    let after_mib = server.resident_mib();
    Ok(Sweep { seconds, before_mib, most_mib: most_mib.max(after_mib), after_mib })
}

/// The first moment at which anything falls due, or the last: one step in an index.
fn due_at(connection: &Connection, data: &Data, end: &str) -> Result<i64> {
    let sql = format!("SELECT {end}(due_at) FROM subscription WHERE merchant = ?1 AND due_at IS NOT NULL");
    Ok(connection.prepare_cached(&sql)?.query_row([data.merchant], |row| row.get(0))?)
}

/// Each subscription was charged once for each of its periods, in our books and in the sandbox's.
fn ensure_charged_once(data: &Data, subscriptions: u64, rounds: u32) -> Result<()> {
    let connection = open(&data.folder)?;
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let paid = count("SELECT COUNT(*) FROM payment WHERE origin = 'renewal' AND status = 'succeeded'")?;
    let charged = count("SELECT COUNT(*) FROM sandbox_ledger WHERE result = 'succeeded'")?;
    let expected = i64::try_from(subscriptions)? * i64::from(rounds);
    // The first one's sign-up was charged, too.
    ensure!(
        paid == expected && charged == expected + 1,
        "{paid} renewals and {charged} charges where {expected} were due"
    );
    Ok(())
}

fn per_s(bench: &Bench, sweep: &Sweep) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "a count far below 2^52")]
    let renewals = bench.subscriptions as f64;
    renewals / sweep.seconds
}

fn add(bench: &Bench, report: &mut Report, sweeps: &[Sweep], (quiet, busy): (&[Vec<f64>], &[Vec<f64>])) {
    let figures = |of: &dyn Fn(&Sweep) -> f64| sweeps.iter().map(of).collect::<Vec<_>>();
    let percentiles =
        |times: &[Vec<f64>], of| -> Vec<f64> { times.iter().map(|round| percentile(round, of)).collect() };
    let (quiet_p99, busy_p99) = (percentiles(quiet, P99), percentiles(busy, P99));
    let mut plain = |name: &str, unit, values| report.figure(PART, name, unit, values, Target::None);
    plain("Interdict, one sweep", "renewals/s", figures(&|sweep| per_s(bench, sweep)));
    plain("memory before the sweep", "MiB", figures(&|sweep| sweep.before_mib));
    plain("memory in the sweep, at most", "MiB", figures(&|sweep| sweep.most_mib));
    plain("memory after the sweep", "MiB", figures(&|sweep| sweep.after_mib));
    plain("decisions while it is quiet, median", "us", percentiles(quiet, P50));
    plain("decisions in the sweep, median", "us", percentiles(busy, P50));
    plain("decisions while it is quiet, 99 %", "us", quiet_p99.clone());
    plain("decisions in the sweep, 99 %", "us", busy_p99.clone());
    report.ratio(PART, "in the sweep / quiet, 99 %", (&busy_p99, &quiet_p99), Target::AtMost(2.0));
}

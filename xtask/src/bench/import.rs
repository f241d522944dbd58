//! A file of emails, in and out over HTTP, beside `psql \copy` into a table with a unique index in the same round; and how
//! long decisions take that are asked at a steady rate meanwhile.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use interdict_test_support::{Binaries, Fsync, Postgres, PostgresSettings};
use serde_json::Value;

use super::data::{Data, email, fresh};
use super::report::{Report, Target};
use super::server::{Cores, Server, interdict};
use super::steady::{Steady, percentile};
use super::{Bench, client, machine};
use crate::process;

const PART: &str = "import";
const NAME: &str = "imported";
const DECISIONS_PER_S: u32 = 300;
/// How often is looked how far the import is.
const LOOK: Duration = Duration::from_millis(50);
/// One that takes longer is stuck.
const IMPORT_LIMIT: Duration = Duration::from_mins(30);
const P99: usize = 990;
/// A prime, so that it divides no number of entries that is not a multiple of it.
const STRIDE: u64 = 611_953;
const TABLE: &str = "CREATE TABLE blacklist (email TEXT NOT NULL UNIQUE, reason TEXT NOT NULL)";

/// The same file into PostgreSQL, without anything of ours.
struct Copy {
    postgres: Arc<Postgres>,
    psql: PathBuf,
}

impl Copy {
    fn start() -> Result<Self> {
        let settings = PostgresSettings { fsync: Fsync::On, ..PostgresSettings::default() };
        let psql = Binaries::find().context("PostgreSQL is not installed")?.program("psql");
        let copy = Self { postgres: Arc::new(Postgres::try_start(&settings)?), psql };
        copy.run(TABLE)?;
        Ok(copy)
    }

    fn run(&self, words: &str) -> Result<()> {
        let mut psql = Command::new(&self.psql);
        psql.args(["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--command", words]);
        process::output(psql.arg(self.postgres.url())).map(drop)
    }

    /// Seconds for the whole file.
    fn measure(&self, file: &Path) -> Result<f64> {
        self.run("TRUNCATE blacklist")?;
        let started = machine::now();
        self.run(&format!("\\copy blacklist FROM '{}' CSV HEADER", file.display()))?;
        Ok(started.elapsed().as_secs_f64())
    }

    /// Writes to the disk what was put off: it must not burden the other side.
    fn settle(&self) -> Result<()> {
        self.run("CHECKPOINT")?;
        process::run(&mut Command::new("sync"))
    }
}

/// What a round saw.
struct Round {
    copied_s: f64,
    copied_sorted_s: f64,
    imported_s: f64,
    exported_s: f64,
    most_mib: f64,
    quiet: Vec<f64>,
    busy: Vec<f64>,
}

pub fn measure(bench: &Bench, report: &mut Report) -> Result<()> {
    let place = tempfile::tempdir_in(&bench.folder)?;
    let file = place.path().join("emails.csv");
    let text = rows((0..bench.entries).map(|place| shuffled(place, bench.entries)))?;
    std::fs::write(&file, &text).with_context(|| format!("cannot write {}", file.display()))?;
    let sorted = place.path().join("sorted.csv");
    let in_order = rows(0..bench.entries)?;
    std::fs::write(&sorted, in_order).with_context(|| format!("cannot write {}", sorted.display()))?;
    let copy = Copy::start()?;
    let mut rounds = Vec::new();
    for round in 1..=bench.rounds {
        let copied_sorted_s = copy.measure(&sorted)?;
        let copied_s = copy.measure(&file)?;
        copy.settle()?;
        let data = fresh(bench, &place.path().join(format!("interdict-{round}")))?;
        let done = run(bench, &data, &text, [copied_s, copied_sorted_s])?;
        println!(
            "  import {round}/{}: {:.0} rows/s, \\copy {:.0}, out {:.0}; decisions' 99 % {:.0} us quiet, {:.0} us busy, {:.0} MiB",
            bench.rounds,
            per_s(bench, done.imported_s),
            per_s(bench, done.copied_s),
            per_s(bench, done.exported_s),
            percentile(&done.quiet, P99),
            percentile(&done.busy, P99),
            done.most_mib,
        );
        rounds.push(done);
    }
    add(bench, report, &rounds);
    Ok(())
}

/// A file of emails.
fn rows(numbers: impl Iterator<Item = u64>) -> Result<String> {
    let mut text = "email,reason\n".to_owned();
    for number in numbers {
        writeln!(text, "{},chargeback", email(NAME, number))?;
    }
    Ok(text)
}

/// Which email stands at a place of the file: each once, and in no order, as lists grow. In order, an index is only ever
/// appended to.
fn shuffled(place: u64, entries: u64) -> u64 {
    place * STRIDE % entries
}

fn run(bench: &Bench, data: &Data, text: &str, [copied_s, copied_sorted_s]: [f64; 2]) -> Result<Round> {
    let server = interdict(bench, &data.folder, Cores::Every)?;
    let steady = Steady {
        port: server.port,
        secret: data.secret.clone(),
        name: NAME,
        emails: bench.entries,
        per_s: DECISIONS_PER_S,
    };
    steady.ask_for(Duration::from_secs(1))?;
    let quiet = steady.ask_for(Duration::from_secs(bench.seconds))?;
    let running = steady.start();
    let (imported_s, most_mib) = import(bench, &server, data, text)?;
    let busy = running.stop()?;
    server.settle()?;
    let started = machine::now();
    let exported = client::get_as(server.port, "/v1/entries/export?list=block", &data.secret)?;
    let exported_s = started.elapsed().as_secs_f64();
    ensure!(exported.status == 200 && exported.body.len() > text.len(), "the export is not whole");
    Ok(Round { copied_s, copied_sorted_s, imported_s, exported_s, most_mib, quiet, busy })
}

/// From the first byte until all rows are in force, and the most memory meanwhile.
fn import(bench: &Bench, server: &Server, data: &Data, text: &str) -> Result<(f64, f64)> {
    let started = machine::now();
    let sent = client::post_file(server.port, "/v1/imports?list=block", &data.secret, "text/csv", text)?;
    ensure!(sent.status == 202, "the file was answered with {}", sent.status);
    let sent: Value = serde_json::from_slice(&sent.body).context("an answer that is no JSON")?;
    let id = sent.get("id").and_then(Value::as_str).context("an import without an id")?;
    let path = format!("/v1/imports/{id}");
    let mut most_mib = server.resident_mib();
    loop {
        let now = client::get_as(server.port, &path, &data.secret)?;
        let now: Value = serde_json::from_slice(&now.body).context("an answer that is no JSON")?;
        most_mib = most_mib.max(server.resident_mib());
        match now.get("state").and_then(Value::as_str) {
            Some("done") => {
                let created = now.get("created").and_then(Value::as_u64);
                ensure!(created == Some(bench.entries), "{created:?} entries were made");
                return Ok((started.elapsed().as_secs_f64(), most_mib));
            }
            Some("running") => ensure!(started.elapsed() < IMPORT_LIMIT, "the import does not end"),
            other => anyhow::bail!("the import is {other:?}"),
        }
        thread::sleep(LOOK);
    }
}

fn per_s(bench: &Bench, seconds: f64) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "a count far below 2^52")]
    let rows = bench.entries as f64;
    rows / seconds
}

fn add(bench: &Bench, report: &mut Report, rounds: &[Round]) {
    let figures = |of: &dyn Fn(&Round) -> f64| rounds.iter().map(of).collect::<Vec<_>>();
    let imported = figures(&|round| per_s(bench, round.imported_s));
    let exported = figures(&|round| per_s(bench, round.exported_s));
    let copied = figures(&|round| per_s(bench, round.copied_s));
    let quiet = figures(&|round| percentile(&round.quiet, P99));
    let busy = figures(&|round| percentile(&round.busy, P99));
    let mut plain = |name: &str, unit, values: &[f64]| {
        report.figure(PART, name, unit, values.to_vec(), Target::None);
    };
    plain("Interdict, a file over HTTP", "rows/s", &imported);
    plain("psql \\copy into a unique index", "rows/s", &copied);
    let sorted = figures(&|round| per_s(bench, round.copied_sorted_s));
    plain("psql \\copy of the same rows in order", "rows/s", &sorted);
    plain("Interdict, a list as a file", "rows/s", &exported);
    plain("memory meanwhile, at most", "MiB", &figures(&|round| round.most_mib));
    plain("decisions while it is quiet, 99 %", "us", &quiet);
    plain("decisions in the import, 99 %", "us", &busy);
    report.ratio(PART, "import / \\copy", (&imported, &copied), Target::AtLeast(0.25));
    report.ratio(PART, "export / import", (&exported, &imported), Target::AtLeast(1.0));
    report.ratio(PART, "in the import / quiet, 99 %", (&busy, &quiet), Target::AtMost(2.0));
}

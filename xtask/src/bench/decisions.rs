//! Single decisions over HTTP: the service beside a bare hyper server that answers the same bytes, and beside Redis.
//! Every server has one core to itself while it is asked, the load has the other.

use anyhow::{Context as _, Result, ensure};
use interdict_test_support::free_port;

use super::bare::Captured;
use super::data::{Data, email, filled};
use super::redis::Redis;
use super::report::{Report, Target};
use super::server::{Cores, Server, interdict};
use super::wrk::{self, Load, Seen};
use super::{Bench, client, machine};

const PART: &str = "http";
pub const PATH: &str = "/v1/decisions";
/// Requests made up in advance; each has another email.
const REQUESTS: u64 = 200_000;

/// The two kinds of email that are asked for, and what must come back.
const KINDS: [(&str, &str); 2] = [("customer", "block"), ("visitor", "allow")];

/// One kind of email with its bare server.
struct Side {
    outcome: &'static str,
    script: std::path::PathBuf,
    bare: Server,
    ours: Vec<Seen>,
    floor: Vec<Seen>,
    busy: Vec<f64>,
}

pub fn measure(bench: &Bench, report: &mut Report) -> Result<()> {
    let data = filled(bench, bench.entries)?;
    let server = interdict(bench, &data.folder, Cores::One)?;
    let mut redis = Redis::start(bench)?;
    let mut sides =
        KINDS.iter().map(|kind| side(bench, &data, &server, *kind)).collect::<Result<Vec<_>>>()?;
    let mut members = Vec::new();
    for round in 1..=bench.rounds {
        for side in &mut sides {
            let (seen, busy) = one(bench, &server, &side.script)?;
            side.ours.push(seen);
            side.busy.push(busy);
            side.floor.push(one(bench, &side.bare, &side.script)?.0);
            println!(
                "  http {round}/{}: {} {:.0}/s, bare {:.0}/s",
                bench.rounds,
                side.outcome,
                seen.requests_per_s,
                side.floor.last().map_or(0.0, |seen| seen.requests_per_s)
            );
        }
        members.push(redis.measure(bench)?);
        println!("  http {round}/{}: Redis {:.0}/s", bench.rounds, members.last().unwrap_or(&0.0));
    }
    add(report, &sides, &members);
    report.figure(PART, "Interdict, memory", "MiB", vec![server.resident_mib()], Target::None);
    Ok(())
}

/// A load of one kind of email, and a bare server that answers it as the service does.
fn side(
    bench: &Bench,
    data: &Data,
    server: &Server,
    (name, outcome): (&'static str, &'static str),
) -> Result<Side> {
    let body = format!(r#"{{"initiator":"customer","email":"{}"}}"#, email(name, 7));
    let answer = client::post(server.port, PATH, &data.secret, &body)?;
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    ensure!(
        answer.status == 200 && text.contains(&format!(r#""outcome":"{outcome}""#)),
        "{name} should be answered with {outcome}, and was with {}: {text}",
        answer.status
    );
    let file = bench.folder.join(format!("answer-{outcome}.json"));
    let captured = serde_json::to_string(&Captured::of(&answer)?).context("the answer is no JSON")?;
    std::fs::write(&file, captured).with_context(|| format!("cannot write {}", file.display()))?;

    let port = free_port().context("no free port")?;
    let mut command = machine::pinned(bench.server_core, &bench.xtask);
    command.arg("bench-bare-server").arg("--port").arg(port.to_string()).arg("--answer").arg(&file);
    let mut bare = Server::start(command, port, bench.folder.join("bare.log"))?;
    bare.wait_ready(|port| {
        client::post(port, PATH, &data.secret, &body)
            .is_ok_and(|same| (same.status, &same.body) == (answer.status, &answer.body))
    })?;
    let load = Load {
        path: PATH,
        secret: &data.secret,
        name,
        emails: bench.entries,
        batch: 1,
        requests: REQUESTS.min(bench.entries),
    };
    let script = load.script(bench, &format!("decisions-{outcome}.lua"))?;
    Ok(Side { outcome, script, bare, ours: Vec::new(), floor: Vec::new(), busy: Vec::new() })
}

/// One measurement, and the share of its core that the server was busy.
pub fn one(bench: &Bench, server: &Server, script: &std::path::Path) -> Result<(Seen, f64)> {
    let before = server.cpu_s();
    let seen = wrk::run(machine::pinned(bench.load_core, "wrk"), bench, server.port, script)?;
    let busy = (server.cpu_s() - before) / seen.duration_s;
    Ok((seen, busy))
}

fn add(report: &mut Report, sides: &[Side], members: &[f64]) {
    for side in sides {
        let outcome = side.outcome;
        let ours = rates(&side.ours);
        let floor = rates(&side.floor);
        report.figure(PART, format!("Interdict, {outcome}"), "decisions/s", ours.clone(), Target::None);
        report.figure(PART, format!("bare hyper, {outcome}"), "answers/s", floor.clone(), Target::None);
        report.ratio(
            PART,
            format!("Interdict / bare hyper, {outcome}"),
            (&ours, &floor),
            Target::AtLeast(0.85),
        );
        report.ratio(
            PART,
            format!("Interdict / Redis SISMEMBER, {outcome}"),
            (&ours, members),
            Target::AtLeast(1.2),
        );
        let median = side.ours.iter().map(|seen| seen.median_us).collect();
        report.figure(
            PART,
            format!("latency with 64 clients, median, {outcome}"),
            "us",
            median,
            Target::None,
        );
        let slow = side.ours.iter().map(|seen| seen.percentile_99_us).collect();
        report.figure(PART, format!("latency with 64 clients, 99 %, {outcome}"), "us", slow, Target::None);
        report.figure(
            PART,
            format!("share of its core, {outcome}"),
            "ratio",
            side.busy.clone(),
            Target::None,
        );
    }
    report.figure(PART, "Redis SISMEMBER", "answers/s", members.to_vec(), Target::None);
}

pub fn rates(seen: &[Seen]) -> Vec<f64> {
    seen.iter().map(|seen| seen.requests_per_s).collect()
}

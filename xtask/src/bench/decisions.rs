//! Single decisions over HTTP: the service beside a bare hyper server that answers the same bytes, and beside Redis.
//! Every server has one core to itself while it is asked, the load has the other.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use interdict_test_support::free_port;

use super::bare::Captured;
use super::client::Answer;
use super::data::{Data, email, filled};
use super::redis::Redis;
use super::report::{Report, Target, median};
use super::server::{Cores, Server, interdict};
use super::wrk::{self, Load, Seen};
use super::{Bench, client, machine};

const PART: &str = "http";
pub const PATH: &str = "/v1/decisions";
/// Requests made up in advance; each has another email.
pub const REQUESTS: u64 = 200_000;

/// A kind of question.
#[derive(Clone, Copy)]
pub struct Kind {
    pub label: &'static str,
    /// The first word of the emails.
    pub name: &'static str,
    pub outcome: &'static str,
    /// Further fields, each after a comma.
    pub more: &'static str,
    /// Whether the targets are for this kind.
    pub counts: bool,
}

/// What is asked. The dry runs count no hits: beside the others they show what the counting costs.
pub const KINDS: [Kind; 3] = [
    Kind { label: "block", name: "customer", outcome: "block", more: "", counts: true },
    ONE,
    Kind { label: "dry-run", name: "customer", outcome: "block", more: r#","dryRun":true"#, counts: false },
];

const ONE: Kind = Kind { label: "allow", name: "visitor", outcome: "allow", more: "", counts: true };
/// The same as `allow` with five identifiers more: what they cost beside it has a target of its own.
const SIX: Kind = Kind {
    label: "allow of six identifiers",
    name: "visitor",
    outcome: "allow",
    more: r#","phone":"+234801NUMBER","device":"device-NUMBER","cardFingerprint":"fp_NUMBER","ip":"203.0.113.7","bin":"4NUMBER""#,
    counts: false,
};
/// In a kind's further fields, seven digits that go with the email.
pub const NUMBER: &str = "NUMBER";

impl Kind {
    /// A decision of this kind, for a probe.
    pub fn decision(&self) -> String {
        format!(
            r#"{{"initiator":"customer","email":"{}"{}}}"#,
            email(self.name, 7),
            self.more.replace(NUMBER, "0000007")
        )
    }

    /// The answer to a probe, if it is the one that this kind must get.
    pub fn probe(&self, port: u16, path: &str, secret: &str, body: &str) -> Result<Answer> {
        let answer = client::post(port, path, secret, body)?;
        let text = String::from_utf8_lossy(&answer.body);
        ensure!(
            answer.status == 200 && text.contains(&format!(r#""outcome":"{}""#, self.outcome)),
            "{} should be answered with {}, and was with {}: {text}",
            self.name,
            self.outcome,
            answer.status
        );
        Ok(answer)
    }

    /// A target, where the targets are for this kind.
    pub fn target(&self, least: f64) -> Target {
        if self.counts { Target::AtLeast(least) } else { Target::None }
    }
}

/// One kind of question with its bare server.
struct Side {
    kind: Kind,
    script: PathBuf,
    bare: Server,
    ours: Vec<Measured>,
    floor: Vec<Measured>,
}

pub fn measure(bench: &Bench, report: &mut Report) -> Result<()> {
    let data = filled(bench, bench.entries)?;
    let server = interdict(bench, &data.folder, Cores::One)?;
    let mut redis = Redis::start(bench)?;
    let mut sides =
        KINDS.into_iter().map(|kind| side(bench, &data, &server, kind)).collect::<Result<Vec<_>>>()?;
    let mut six = Six::new(bench, &data, &server)?;
    let mut members = Vec::new();
    for round in 1..=bench.rounds {
        for side in &mut sides {
            let (ours, floor) = (one(bench, &server, &side.script)?, one(bench, &side.bare, &side.script)?);
            println!(
                "  http {round}/{}: {} {:.0}/s, bare {:.0}/s",
                bench.rounds, side.kind.label, ours.seen.requests_per_s, floor.seen.requests_per_s
            );
            side.ours.push(ours);
            side.floor.push(floor);
        }
        six.measure(bench, &server, round)?;
        members.push(redis.measure(bench)?);
        println!("  http {round}/{}: Redis {:.0}/s", bench.rounds, members.last().unwrap_or(&0.0));
    }
    add(report, &sides, &members);
    six.add(report);
    report.figure(PART, "Interdict, memory", "MiB", vec![server.resident_mib()], Target::None);
    Ok(())
}

/// A load of one kind, and a bare server that answers it as the service does.
fn side(bench: &Bench, data: &Data, server: &Server, kind: Kind) -> Result<Side> {
    let body = kind.decision();
    let answer = kind.probe(server.port, PATH, &data.secret, &body)?;
    let name = kind.label.replace(' ', "-");
    let file = bench.folder.join(format!("answer-{name}.json"));
    let captured = serde_json::to_string(&Captured::of(&answer)?).context("the answer is no JSON")?;
    std::fs::write(&file, captured).with_context(|| format!("cannot write {}", file.display()))?;

    let port = free_port().context("no free port")?;
    let mut command = machine::pinned(bench.server_core, &bench.xtask);
    command.arg("bench-bare-server").arg("--port").arg(port.to_string()).arg("--answer").arg(&file);
    let mut bare = Server::start(command, port, bench.folder.join(format!("bare-{name}.log")))?;
    bare.wait_ready(|port| {
        client::post(port, PATH, &data.secret, &body)
            .is_ok_and(|same| (same.status, &same.body) == (answer.status, &answer.body))
    })?;
    let script = script(bench, data, kind)?;
    Ok(Side { kind, script, bare, ours: Vec::new(), floor: Vec::new() })
}

fn script(bench: &Bench, data: &Data, kind: Kind) -> Result<PathBuf> {
    let load = Load {
        path: PATH,
        secret: &data.secret,
        name: kind.name,
        more: kind.more,
        emails: bench.entries,
        batch: 1,
        requests: REQUESTS.min(bench.entries),
    };
    load.script(bench, &format!("decisions-{}.lua", kind.label.replace(' ', "-")))
}

/// Decisions on six identifiers beside those on one: in turns of a second, because a machine that others use, too, has
/// another pace from one second to the next.
struct Six {
    scripts: [PathBuf; 2],
    /// A second's rates.
    rates: [Vec<f64>; 2],
}

impl Six {
    fn new(bench: &Bench, data: &Data, server: &Server) -> Result<Self> {
        SIX.probe(server.port, PATH, &data.secret, &SIX.decision())?;
        Ok(Self {
            scripts: [script(bench, data, SIX)?, script(bench, data, ONE)?],
            rates: Default::default(),
        })
    }

    fn measure(&mut self, bench: &Bench, server: &Server, round: u32) -> Result<()> {
        for _ in 0..bench.seconds {
            for (script, rates) in self.scripts.iter().zip(&mut self.rates) {
                rates.push(asked_for(bench, server, script, 1)?.seen.requests_per_s);
            }
        }
        let [six, one] = self.rates.each_ref().map(|rates| median(rates));
        println!("  http {round}/{}: six identifiers {six:.0}/s, one {one:.0}/s, so far", bench.rounds);
        Ok(())
    }

    fn add(self, report: &mut Report) {
        let [six, one] = &self.rates;
        report.ratio(PART, "six identifiers / one email, allow", (six, one), Target::AtLeast(0.8));
        report.figure(PART, "Interdict, allow of six identifiers", "decisions/s", six.clone(), Target::None);
    }
}

/// One measurement of one server.
pub struct Measured {
    pub seen: Seen,
    /// The share of its core that the server was busy.
    pub busy: f64,
    /// Processor time that the server used after its last answer, in seconds.
    pub left_s: f64,
}

/// Asks a server, and waits until it rests again.
pub fn one(bench: &Bench, server: &Server, script: &Path) -> Result<Measured> {
    asked_for(bench, server, script, bench.seconds)
}

fn asked_for(bench: &Bench, server: &Server, script: &Path, seconds: u64) -> Result<Measured> {
    let before = server.cpu_s();
    let load = machine::pinned(bench.load_core, "wrk");
    let seen = wrk::run(load, seconds, server.port, wrk::CONNECTIONS, script)?;
    let busy = (server.cpu_s() - before) / seen.duration_s;
    Ok(Measured { seen, busy, left_s: server.settle()? })
}

fn add(report: &mut Report, sides: &[Side], members: &[f64]) {
    for side in sides {
        let label = side.kind.label;
        let (ours, floor) = (rates(&side.ours), rates(&side.floor));
        let median = side.ours.iter().map(|one| one.seen.median_us).collect();
        let slow = side.ours.iter().map(|one| one.seen.percentile_99_us).collect();
        let mut plain = |name: &str, unit, values| {
            report.figure(PART, format!("{name}, {label}"), unit, values, Target::None);
        };
        plain("Interdict", "decisions/s", ours.clone());
        plain("bare hyper", "answers/s", floor.clone());
        plain("latency with 64 clients, median", "us", median);
        plain("latency with 64 clients, 99 %", "us", slow);
        plain("share of its core", "ratio", side.ours.iter().map(|one| one.busy).collect());
        plain("work left for afterwards", "s", side.ours.iter().map(|one| one.left_s).collect());
        let name = format!("Interdict / bare hyper, {label}");
        report.ratio(PART, name, (&ours, &floor), side.kind.target(0.85));
        let name = format!("Interdict / Redis SISMEMBER, {label}");
        report.ratio(PART, name, (&ours, members), side.kind.target(1.2));
    }
    report.figure(PART, "Redis SISMEMBER", "answers/s", members.to_vec(), Target::None);
}

fn rates(all: &[Measured]) -> Vec<f64> {
    all.iter().map(|one| one.seen.requests_per_s).collect()
}

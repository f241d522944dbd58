//! Batches of 1,000 decisions over HTTP, each with other emails: what the service reaches without a request's own price
//! for each decision.

use anyhow::{Result, ensure};

use super::data::{email, filled};
use super::decisions::one;
use super::report::{Report, Target};
use super::server::{Cores, interdict};
use super::wrk::Load;
use super::{Bench, client};

const PART: &str = "batch";
const PATH: &str = "/v1/decisions/batch";
const BATCH: u64 = 1_000;
/// Batches made up in advance: two hundred thousand emails, more than any cache of the processor holds.
const REQUESTS: u64 = 200;

pub fn measure(bench: &Bench, report: &mut Report) -> Result<()> {
    let data = filled(bench, bench.entries)?;
    let server = interdict(bench, &data.folder, Cores::One)?;
    let kinds = [("customer", "block"), ("visitor", "allow")];
    let mut sides = Vec::new();
    for (name, outcome) in kinds {
        let body = format!(r#"{{"decisions":[{{"initiator":"customer","email":"{}"}}]}}"#, email(name, 7));
        let answer = client::post(server.port, PATH, &data.secret, &body)?;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        ensure!(
            answer.status == 200 && text.contains(&format!(r#""outcome":"{outcome}""#)),
            "{name} should be answered with {outcome}, and was with {}: {text}",
            answer.status
        );
        let load = Load {
            path: PATH,
            secret: &data.secret,
            name,
            emails: bench.entries,
            batch: BATCH,
            requests: REQUESTS.min(bench.entries.div_ceil(BATCH)),
        };
        sides.push((outcome, load.script(bench, &format!("batch-{outcome}.lua"))?, Vec::new(), Vec::new()));
    }
    for round in 1..=bench.rounds {
        for (outcome, script, rates, shares) in &mut sides {
            let (seen, busy) = one(bench, &server, script)?;
            let rate = seen.requests_per_s * 1_000.0;
            println!("  batch {round}/{}: {outcome} {rate:.0} decisions/s", bench.rounds);
            rates.push(rate);
            shares.push(busy);
        }
    }
    for (outcome, _, rates, shares) in sides {
        let name = format!("batches of 1,000, {outcome}");
        report.figure(PART, name, "decisions/s", rates, Target::AtLeast(1_000_000.0));
        report.figure(PART, format!("share of its core, {outcome}"), "ratio", shares, Target::None);
    }
    Ok(())
}

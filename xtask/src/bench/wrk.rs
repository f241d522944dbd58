//! The load over HTTP: wrk with a script that says what to send, and a line of figures when it is done.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::Bench;
use super::decisions::NUMBER;
use crate::process;

/// How many clients there are, over all servers that are asked at once.
pub const CONNECTIONS: u32 = 64;

/// The emails of `from..from + count`, in an order without neighbours, one a request or many.
const SCRIPT: &str = r#"
local headers = { ["Host"] = "127.0.0.1", ["Authorization"] = "Bearer " .. "SECRET",
                  ["Content-Type"] = "application/json" }
local requests, at = {}, 0

-- A prime step visits every number below the count once before it comes again.
local step, count, number = 7368787, COUNT, 0
local function email()
  number = (number + step) % count
  return string.format("NAME-%012d@example.com", number)
end

local function decision() return '{"initiator":"customer","email":"' .. email() .. '"MORE}' end

local function body()
  if BATCH == 1 then return decision() end
  local all = {}
  for i = 1, BATCH do all[i] = decision() end
  return '{"decisions":[' .. table.concat(all, ",") .. ']}'
end

function init()
  for i = 1, REQUESTS do requests[i] = wrk.format("POST", "PATH", headers, body()) end
end

function request()
  at = at % #requests + 1
  return requests[at]
end
"#;

/// Seven digits of the number of the email before it, in a text between single quotation marks.
const NUMBER_IN_LUA: &str = r#"' .. string.format("%07d", number % 10000000) .. '"#;

const LISTING: &str = r#"{"email":"%s","reason":"chargeback"}"#;
/// A payment that the sandbox charges at once; its payer's email is to be put in.
pub const PAYMENT: &str =
    r#"{"amount":1999,"currency":"EUR","email":"%s","paymentMethod":"pm_test_success","confirm":true}"#;

/// Mutations: an email that nobody has seen before in each.
const WRITES: &str = r#"
local at = 0
local body = 'BODY'
local head = "POST PATH HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer SECRET\r\n" ..
  "Content-Type: application/json\r\nContent-Length: " .. #string.format(body, 0) .. "\r\n\r\n"
function request()
  at = at + 1
  return head .. string.format(body, at)
end
"#;

const DONE: &str = r#"
function done(summary, latency)
  local e = summary.errors
  io.write(string.format("RESULT %d %d %d %d %d %d\n", summary.requests, summary.duration, e.status,
    e.connect + e.read + e.write + e.timeout, latency:percentile(50), latency:percentile(99)))
end
"#;

/// What is sent.
#[derive(Clone, Copy)]
pub struct Load<'a> {
    pub path: &'a str,
    pub secret: &'a str,
    /// The emails' first word; a number follows.
    pub name: &'a str,
    /// Further fields of a decision, each after a comma.
    pub more: &'a str,
    /// How many different emails.
    pub emails: u64,
    /// Decisions a request.
    pub batch: u64,
    /// Requests made up before the clock starts.
    pub requests: u64,
}

impl Load<'_> {
    /// Writes the script of a load of decisions.
    pub fn script(&self, bench: &Bench, file: &str) -> Result<PathBuf> {
        let text = SCRIPT
            .replace("MORE", &self.more.replace(NUMBER, NUMBER_IN_LUA))
            .replace("REQUESTS", &self.requests.to_string())
            .replace("BATCH", &self.batch.to_string())
            .replace("COUNT", &self.emails.to_string());
        self.write(bench, file, &text)
    }

    /// Writes the script of a load of mutations.
    pub fn writes_script(&self, bench: &Bench, file: &str) -> Result<PathBuf> {
        self.mutations(bench, file, LISTING)
    }

    /// Writes the script of a load of payments.
    pub fn payments_script(&self, bench: &Bench, file: &str) -> Result<PathBuf> {
        self.mutations(bench, file, PAYMENT)
    }

    fn mutations(&self, bench: &Bench, file: &str, body: &str) -> Result<PathBuf> {
        let body = body.replace("%s", "NAME-%012d@example.com");
        self.write(bench, file, &WRITES.replace("BODY", &body))
    }

    fn write(&self, bench: &Bench, file: &str, text: &str) -> Result<PathBuf> {
        let text =
            text.replace("PATH", self.path).replace("SECRET", self.secret).replace("NAME", self.name) + DONE;
        let file = bench.folder.join(file);
        std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        Ok(file)
    }
}

/// What wrk saw.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    pub requests_per_s: f64,
    pub duration_s: f64,
    pub median_us: f64,
    pub percentile_99_us: f64,
}

/// Runs wrk; an error when a single answer was not a success.
pub fn run(mut wrk: Command, seconds: u64, port: u16, connections: u32, script: &Path) -> Result<Seen> {
    wrk.args(["--threads", "1", "--timeout", "30s", "--connections"])
        .arg(connections.to_string())
        .arg("--duration")
        .arg(format!("{seconds}s"))
        .arg("--script")
        .arg(script)
        .arg(format!("http://127.0.0.1:{port}"));
    let printed = process::output(&mut wrk)?;
    parse(&printed).with_context(|| format!("wrk printed:\n{printed}"))
}

fn parse(printed: &str) -> Result<Seen> {
    let line = printed.lines().find_map(|line| line.strip_prefix("RESULT ")).context("no result")?;
    let numbers: Vec<f64> = line.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    let [requests, duration_micros, refused, lost, median_us, percentile_99_us] = numbers[..] else {
        anyhow::bail!("another result than the script's");
    };
    ensure!(refused == 0.0, "{refused} of {requests} answers were no success");
    ensure!(lost == 0.0, "{lost} requests got no answer");
    let duration_s = duration_micros / 1e6;
    Ok(Seen { requests_per_s: requests / duration_s, duration_s, median_us, percentile_99_us })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_is_read_and_a_failure_is_an_error() {
        let seen = parse("Running\nRESULT 5000 2000000 0 0 640 900\n").unwrap();
        assert_eq!(
            seen,
            Seen { requests_per_s: 2500.0, duration_s: 2.0, median_us: 640.0, percentile_99_us: 900.0 }
        );
        assert!(parse("RESULT 5000 2000000 1 0 640 900").is_err());
        assert!(parse("RESULT 5000 2000000 0 3 640 900").is_err());
        assert!(parse("Requests/sec: 7").is_err());
    }
}

//! Redis, unpipelined: a set of one million members, asked with SISMEMBER by 64 clients.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpStream};

use anyhow::{Context as _, Result, ensure};
use interdict_test_support::free_port;

use super::server::Server;
use super::{Bench, machine};
use crate::process;

const SET: &str = "blocked";
/// Members a command while the set is filled.
const CHUNK: u64 = 1_000;
/// Enough for a first guess at how many requests a second takes.
const WARM_UP_REQUESTS: u64 = 100_000;

/// A Redis server on the server's core, with its set filled.
pub struct Redis {
    server: Server,
    members: u64,
    per_s: f64,
}

impl Redis {
    pub fn start(bench: &Bench) -> Result<Self> {
        let port = free_port().context("no free port")?;
        let mut command = machine::pinned(bench.server_core, "redis-server");
        command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port"]);
        command.arg(port.to_string()).current_dir(&bench.folder);
        let mut server = Server::start(command, port, bench.folder.join("redis.log"))?;
        server.wait_ready(|port| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok())?;
        fill(port, bench.entries)?;
        let mut redis = Self { server, members: bench.entries, per_s: 0.0 };
        redis.per_s = redis.ask(bench, WARM_UP_REQUESTS)?;
        Ok(redis)
    }

    /// Requests a second, measured for about as long as every other side.
    pub fn measure(&mut self, bench: &Bench) -> Result<f64> {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a number of requests, far below what either type holds"
        )]
        let requests = (self.per_s * bench.seconds as f64) as u64;
        self.per_s = self.ask(bench, requests.max(WARM_UP_REQUESTS))?;
        Ok(self.per_s)
    }

    fn ask(&self, bench: &Bench, requests: u64) -> Result<f64> {
        let mut command = machine::pinned(bench.load_core, "redis-benchmark");
        command.args(["-h", "127.0.0.1", "-c", "64", "-P", "1", "--csv", "-p"]);
        command.arg(self.server.port.to_string());
        command.arg("-n").arg(requests.to_string()).arg("-r").arg(self.members.to_string());
        command.args(["SISMEMBER", SET, "customer-__rand_int__@example.com"]);
        let printed = process::output(&mut command)?;
        parse(&printed).with_context(|| format!("redis-benchmark printed:\n{printed}"))
    }
}

/// The second cell of the last line is the requests a second.
fn parse(printed: &str) -> Option<f64> {
    let line = printed.lines().rfind(|line| line.contains("SISMEMBER"))?;
    let cells: Vec<_> = line.split("\",\"").collect();
    cells.get(1)?.trim_matches('"').parse().ok()
}

fn fill(port: u16, members: u64) -> Result<()> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    let mut replies = BufReader::new(stream.try_clone()?);
    let mut added = 0;
    for first in (0..members).step_by(usize::try_from(CHUNK)?) {
        let last = members.min(first + CHUNK);
        let mut command = format!("*{}\r\n$4\r\nSADD\r\n${}\r\n{SET}\r\n", last - first + 2, SET.len());
        for number in first..last {
            let email = super::data::email("customer", number);
            write!(command, "${}\r\n{email}\r\n", email.len())?;
        }
        stream.write_all(command.as_bytes())?;
        let mut reply = String::new();
        replies.read_line(&mut reply)?;
        added += reply.trim().trim_start_matches(':').parse::<u64>().context("Redis refused SADD")?;
    }
    ensure!(added == members, "Redis took {added} of {members} members");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_read_with_and_without_latencies() {
        let new = "\"test\",\"rps\",\"avg_latency_ms\"\n\"SISMEMBER blocked x\",\"81234.50\",\"0.4\"\n";
        assert_eq!(parse(new), Some(81_234.5));
        assert_eq!(parse("\"SISMEMBER blocked x\",\"81234.50\"\n"), Some(81_234.5));
        assert_eq!(parse("nothing"), None);
    }
}

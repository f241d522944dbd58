//! The machine: the programs that a run needs, the cores that it may use, real time, and what to call it in a report.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Result, bail};
use interdict_test_support::Binaries;

use crate::process;

/// A program that a run needs besides our own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// The load over HTTP.
    Wrk,
    /// `redis-server` and `redis-benchmark`.
    Redis,
    /// `postgres`, `psql` and `pgbench`.
    Pgbench,
}

impl Tool {
    fn is_there(self) -> bool {
        match self {
            Self::Wrk => process::on_path("wrk"),
            Self::Redis => process::on_path("redis-server") && process::on_path("redis-benchmark"),
            Self::Pgbench => Binaries::find().is_some_and(|found| found.program("pgbench").is_file()),
        }
    }

    const fn packages(self) -> &'static str {
        match self {
            Self::Wrk => "wrk",
            Self::Redis => "redis-server redis-tools",
            Self::Pgbench => "postgresql",
        }
    }
}

/// Fails with the line that installs what is missing.
pub fn ensure_tools(needed: &[Tool]) -> Result<()> {
    let missing: Vec<_> = needed.iter().copied().filter(|tool| !tool.is_there()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<_> = missing.iter().map(|tool| tool.packages()).collect();
    bail!("this machine lacks {missing:?}; install it with: apt-get install -y {}", packages.join(" "))
}

/// A command that stays on one core, and everything that it starts.
pub fn pinned(core: usize, program: impl AsRef<Path>) -> Command {
    let mut command = Command::new("taskset");
    command.arg("--cpu-list").arg(core.to_string()).arg(program.as_ref());
    command
}

/// The cores that this process may run on.
pub fn cores() -> Vec<usize> {
    line_of("/proc/self/status", "Cpus_allowed_list").map(|list| parse_list(&list)).unwrap_or_default()
}

/// `0-2,5` as the kernel writes it.
fn parse_list(list: &str) -> Vec<usize> {
    let mut cores = Vec::new();
    for range in list.split(',') {
        let (from, to) = range.split_once('-').unwrap_or((range, range));
        if let (Ok(from), Ok(to)) = (from.trim().parse::<usize>(), to.trim().parse()) {
            cores.extend(from..=to);
        }
    }
    cores
}

/// The value of a `name: value` line, as in the files under `/proc`.
pub fn line_of(file: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    text.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        (found.trim() == name).then(|| value.trim().to_owned())
    })
}

/// The machine in one line: processor, cores, memory, kernel, and how busy it was before.
pub fn describe() -> String {
    let processor = line_of("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown processor".to_owned());
    let memory = line_of("/proc/meminfo", "MemTotal").unwrap_or_default();
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: Vec<_> = load.split_whitespace().take(3).collect();
    format!(
        "{processor}, {} cores, {memory}, Linux {}, load before the run {}",
        cores().len(),
        kernel.trim(),
        load.join(" ")
    )
}

/// The real clock: measuring is what this tool is for.
#[allow(clippy::disallowed_methods, reason = "a benchmark measures real time")]
pub fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_cores_is_read() {
        assert_eq!(parse_list("0-2,5"), [0, 1, 2, 5]);
        assert_eq!(parse_list("3"), [3]);
        assert!(!cores().is_empty());
    }
}

//! Servers under test: started, waited for, looked at, and ended by their own process id.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use interdict_test_support::{free_port, wait_until};
use rustix::process::{Pid, Signal, kill_process};

use super::{Bench, client, machine};

/// Ten million entries on a slow machine, several times over.
const READY_LIMIT: Duration = Duration::from_mins(5);
const STOP_LIMIT: Duration = Duration::from_secs(20);
/// Longer than the second between two of the service's chores.
const SETTLE_LOOK: Duration = Duration::from_millis(1_200);
const SETTLE_LOOKS: u32 = 100;
/// Processor time in one look that is no work.
const RESTING_S: f64 = 0.03;
/// The kernel counts a process's time in hundredths of a second on every Linux.
const TICKS_PER_S: f64 = 100.0;

/// A child process that ends with this value.
pub struct Server {
    child: Child,
    pub port: u16,
    log: PathBuf,
}

impl Server {
    /// Starts a command that listens on `port`; what it writes goes into a file beside the databases.
    pub fn start(mut command: Command, port: u16, log: PathBuf) -> Result<Self> {
        let file = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let twin = file.try_clone()?;
        command.stdin(Stdio::null()).stdout(file).stderr(twin);
        let child =
            command.spawn().with_context(|| format!("cannot run {}", command.get_program().display()))?;
        Ok(Self { child, port, log })
    }

    /// Waits until `is_ready` says so; an error when the process ends before.
    pub fn wait_ready(&mut self, is_ready: impl Fn(u16) -> bool) -> Result<Duration> {
        let mut ended = None;
        let port = self.port;
        let waited = wait_until(
            || {
                ended = self.child.try_wait().ok().flatten();
                ended.is_some() || is_ready(port)
            },
            READY_LIMIT,
        );
        match (ended, waited) {
            (None, Ok(waited)) => Ok(waited),
            (Some(status), _) => {
                let said = std::fs::read_to_string(&self.log).unwrap_or_default();
                bail!("the server ended with {status} before it was ready:\n{said}")
            }
            (None, Err(error)) => Err(error).context("the server did not become ready"),
        }
    }

    /// Processor time that the process has used, in seconds.
    pub fn cpu_s(&self) -> f64 {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        cpu_ticks(&text).unwrap_or(f64::NAN) / TICKS_PER_S
    }

    /// Waits until the process rests, and says how much processor time it used until then: what it put off must burden
    /// neither the next side nor go unseen.
    pub fn settle(&self) -> Result<f64> {
        let started = self.cpu_s();
        let mut before = started;
        for _ in 0..SETTLE_LOOKS {
            thread::sleep(SETTLE_LOOK);
            let now = self.cpu_s();
            if now - before < RESTING_S {
                return Ok(now - started);
            }
            before = now;
        }
        bail!("the server works on, long after its last request")
    }

    /// Memory that the process holds, in MiB.
    pub fn resident_mib(&self) -> f64 {
        let line = machine::line_of(&format!("/proc/{}/status", self.child.id()), "VmRSS");
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
        kib.unwrap_or(f64::NAN) / 1024.0
    }
}

/// Fields 14 and 15 of `/proc/PID/stat`; the name in field 2 may hold blanks.
fn cpu_ticks(stat: &str) -> Option<f64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

impl Drop for Server {
    fn drop(&mut self) {
        let child = &mut self.child;
        if matches!(child.try_wait(), Ok(None)) {
            let _ = kill_process(Pid::from_child(child), Signal::TERM);
            let ended = wait_until(|| !matches!(child.try_wait(), Ok(None)), STOP_LIMIT);
            if ended.is_err() {
                let _ = child.kill();
            }
            let _ = child.wait();
        }
    }
}

/// How the service is started.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Cores {
    /// On the server's core alone.
    One,
    /// On every core.
    Every,
}

/// The service on a data folder, with one worker; not waited for.
pub fn start_interdict(bench: &Bench, data: &Path, cores: Cores) -> Result<Server> {
    serve(bench, cores, "interdict.log", |command| {
        command.arg("--data-dir").arg(data);
    })
}

/// The same, ready to decide.
pub fn interdict(bench: &Bench, data: &Path, cores: Cores) -> Result<Server> {
    settled(start_interdict(bench, data, cores)?)
}

/// The service as one of the nodes over a database, with one worker; ready to decide. A read of a revision may wait
/// longer there than it ever should: a time that is too long is to be seen, and not a refusal.
pub fn node(bench: &Bench, url: &str, pepper_file: &Path, cores: Cores, log: &str) -> Result<Server> {
    let server = serve(bench, cores, log, |command| {
        command.args(["--at-least-wait-ms", "20000", "--database-url", url]);
        command.arg("--pepper-file").arg(pepper_file);
    })?;
    settled(server)
}

fn settled(mut server: Server) -> Result<Server> {
    server.wait_ready(is_ready)?;
    server.settle()?;
    Ok(server)
}

fn serve(bench: &Bench, cores: Cores, log: &str, further: impl FnOnce(&mut Command)) -> Result<Server> {
    let port = free_port().context("no free port")?;
    let mut command = match cores {
        Cores::One => machine::pinned(bench.server_core, &bench.interdict),
        Cores::Every => Command::new(&bench.interdict),
    };
    command.args(["serve", "--workers", "1"]).arg("--listen").arg(format!("127.0.0.1:{port}"));
    further(&mut command);
    command.current_dir(&bench.folder);
    Server::start(command, port, bench.folder.join(log))
}

/// Whether the service says that it is ready.
pub fn is_ready(port: u16) -> bool {
    client::get(port, "/readyz").is_ok_and(|answer| answer.status == 200)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_read_past_a_name_with_blanks() {
        let stat = "7 (a (b) c) S 1 7 7 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 1 0 1 1 1";
        assert_eq!(cpu_ticks(stat), Some(300.0));
    }

    #[test]
    fn a_server_ends_with_its_value() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sleep");
        command.arg("600");
        let server = Server::start(command, 0, folder.path().join("log")).unwrap();
        let status = format!("/proc/{}/status", server.child.id());
        assert!(server.cpu_s() >= 0.0);
        drop(server);
        assert!(!Path::new(&status).exists());
    }
}

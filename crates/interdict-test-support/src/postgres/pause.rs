//! A server that stands still and keeps its connections: SIGSTOP to the postmaster and to each of its children.
//!
//! The postmaster is stopped first and continues last. While it stands it neither forks nor buries, so the list of its
//! children is complete and every id on it stays its own: no signal can reach a process that is not ours.
//! Not stopped are grandchildren, such as the shell of an `archive_command`.

use std::fs;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::keeper::Keeper;
use crate::wait::{TimedOut, wait_until};

/// A process stops when it leaves the kernel, and it may have to wait there for a slow disk.
const STOP_LIMIT: Duration = Duration::from_mins(1);
/// Continues the processes when its standard input ends without a word: the kernel's death signal for a postmaster
/// whose owner was killed stays pending for as long as the postmaster is stopped.
const WAKER: &str = r#"read -r word || kill -s CONT "$@""#;

/// Why a server was not paused or resumed.
#[derive(Debug, thiserror::Error)]
pub enum PauseError {
    /// There is no server.
    #[error("the server is not running")]
    NotRunning,
    /// The operating system refused something.
    #[error("{doing}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A process went on in spite of SIGSTOP.
    #[error("a process of the server did not stop")]
    NotStopped(#[source] TimedOut),
}

/// A server all of whose processes are stopped. Dropping it lets them continue.
#[derive(Debug)]
pub(super) struct Paused {
    waker: Child,
}

impl Paused {
    pub(super) fn begin(keeper: &Keeper) -> Result<Self, PauseError> {
        keeper.signal(Signal::STOP).map_err(io_error("cannot stop the postmaster"))?;
        stop_children(keeper).inspect_err(|_| {
            let _ = signal_all(keeper, Signal::CONT);
        })
    }

    /// Sends the signals, one after the other to everybody.
    pub(super) fn end(mut self, keeper: &Keeper, signals: &[Signal]) -> Result<(), PauseError> {
        for signal in signals {
            signal_all(keeper, *signal)?;
        }
        self.dismiss_waker().map_err(io_error("cannot dismiss the shell that guards the pause"))
    }

    fn dismiss_waker(&mut self) -> io::Result<()> {
        if let Some(mut input) = self.waker.stdin.take() {
            io::Write::write_all(&mut input, b"done\n")?;
        }
        self.waker.wait().map(drop)
    }
}

impl Drop for Paused {
    fn drop(&mut self) {
        // After `end` both are done already; else the silence wakes the processes.
        drop(self.waker.stdin.take());
        let _ = self.waker.wait();
    }
}

fn stop_children(keeper: &Keeper) -> Result<Paused, PauseError> {
    let postmaster = keeper.process_id();
    wait_for_stop(|| state_of(postmaster).is_none_or(is_still))?;
    let children = children_of(postmaster)?;
    for child in &children {
        signal(*child, Signal::STOP)?;
    }
    wait_for_stop(|| children.iter().all(|child| state_of(*child).is_none_or(is_still)))?;
    let waker = Command::new("sh")
        .args(["-c", WAKER, "sh"])
        .args(children.iter().chain([&postmaster]).map(u32::to_string))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // Who interrupts the tests with Ctrl-C interrupts their whole group, but not the one who cleans up.
        .process_group(0)
        .spawn()
        .map_err(io_error("cannot run sh"))?;
    Ok(Paused { waker })
}

/// The children first: while the postmaster stands, their ids are their own.
fn signal_all(keeper: &Keeper, sent: Signal) -> Result<(), PauseError> {
    for child in children_of(keeper.process_id())? {
        signal(child, sent)?;
    }
    keeper.signal(sent).map_err(io_error("cannot signal the postmaster"))
}

/// A child that has ended meanwhile is still a zombie of the postmaster's, and takes every signal.
fn signal(process_id: u32, sent: Signal) -> Result<(), PauseError> {
    let Some(pid) = i32::try_from(process_id).ok().and_then(Pid::from_raw) else { return Ok(()) };
    kill_process(pid, sent)
        .map_err(io::Error::from)
        .map_err(io_error("cannot signal a child of the postmaster"))
}

fn wait_for_stop(holds: impl FnMut() -> bool) -> Result<(), PauseError> {
    wait_until(holds, STOP_LIMIT).map(drop).map_err(PauseError::NotStopped)
}

/// Stopped, or ended and not yet buried.
fn is_still(state: char) -> bool {
    matches!(state, 'T' | 't' | 'Z' | 'X')
}

fn state_of(process_id: u32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{process_id}/stat")).ok()?;
    state_and_parent(&stat).map(|(state, _)| state)
}

fn children_of(parent: u32) -> Result<Vec<u32>, PauseError> {
    let entries = fs::read_dir("/proc").map_err(io_error("cannot list the processes"))?;
    let ids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    // A process that ends while we look is no child of a stopped postmaster's.
    let is_child = |id: &u32| {
        fs::read_to_string(format!("/proc/{id}/stat"))
            .is_ok_and(|stat| state_and_parent(&stat).is_some_and(|(_, of)| of == parent))
    };
    Ok(ids.filter(is_child).collect())
}

/// The third and the fourth field; the second is the program's name in brackets, and may hold anything.
fn state_and_parent(stat: &str) -> Option<(char, u32)> {
    let (_, behind_name) = stat.rsplit_once(')')?;
    let mut fields = behind_name.split_whitespace();
    let state = fields.next()?.chars().next()?;
    Some((state, fields.next()?.parse().ok()?))
}

fn io_error(doing: &'static str) -> impl FnOnce(io::Error) -> PauseError {
    move |source| PauseError::Io { doing, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_programs_name_may_hold_brackets_and_spaces() {
        assert_eq!(state_and_parent("7 (a) S (b) T 5 7 7 0"), Some(('T', 5)));
        assert_eq!(state_and_parent("7 (a"), None);
    }

    #[test]
    fn children_are_those_of_this_process_alone() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let children = children_of(std::process::id()).unwrap();
        let grandchildren = children_of(child.id()).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(children.contains(&child.id()));
        assert!(grandchildren.is_empty());
    }
}

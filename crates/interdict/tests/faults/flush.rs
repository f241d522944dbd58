//! Between each commit and its acknowledgement there is a flush of the log to the disk. A SIGKILL
//! cannot see a missing one, so the system calls are read (strace, from Debian).

use std::fs;
use std::path::Path;
use std::time::Duration;

use interdict_test_support::wait_until;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::server::{Folder, Kind, Server};

/// Mutations one after another: each has a commit of its own.
const MUTATIONS: usize = 20;

/// One system call that matters.
#[derive(Debug, PartialEq, Eq)]
enum Call {
    /// Something was written to the log of the test store.
    Logged,
    /// The log of the test store was flushed.
    Flushed,
    /// A 201 went to a client.
    Acknowledged,
}

/// The calls that matter, in the order in which they were complete.
fn calls(trace: &str) -> Vec<Call> {
    let mut calls = Vec::new();
    // A call that another thread interrupts in the trace is resumed on a line of its own, by thread:
    // what it was about stands on the first line.
    let mut unfinished = std::collections::HashMap::new();
    for line in trace.lines() {
        let Some((thread, rest)) = line.split_once(' ') else { continue };
        let rest = rest.trim_start();
        let whole = if rest.contains("<unfinished ...>") {
            unfinished.insert(thread.to_owned(), rest.to_owned());
            // What was handed to the system is on its way now; a flush counts when it is done.
            if rest.starts_with("fdatasync") || rest.starts_with("fsync") {
                continue;
            }
            rest.to_owned()
        } else if rest.starts_with("<...") {
            let Some(begun) = unfinished.remove(thread) else { continue };
            if !begun.starts_with("fdatasync") && !begun.starts_with("fsync") {
                continue;
            }
            begun
        } else {
            rest.to_owned()
        };
        let name = whole.split('(').next().unwrap_or_default();
        let on_log = whole.contains("test.db-wal>");
        match name {
            "pwrite64" | "write" if on_log => calls.push(Call::Logged),
            "fdatasync" | "fsync" if on_log => calls.push(Call::Flushed),
            "sendto" | "write" | "writev" | "sendmsg" if whole.contains("HTTP/1.1 201") => {
                calls.push(Call::Acknowledged);
            }
            _ => {}
        }
    }
    calls
}

/// How many acknowledgements had no flush after the last write to the log before them.
fn unflushed(calls: &[Call]) -> usize {
    let mut dirty = false;
    let mut flushed_since_last = false;
    let mut faults = 0;
    for call in calls {
        match call {
            Call::Logged => dirty = true,
            Call::Flushed => {
                dirty = false;
                flushed_since_last = true;
            }
            Call::Acknowledged => {
                faults += usize::from(dirty || !flushed_since_last);
                flushed_since_last = false;
            }
        }
    }
    faults
}

/// Runs mutations one after another under the tracer; returns acknowledgements without a flush.
fn trace(kind: Kind) -> usize {
    let strace = Path::new("/usr/bin/strace");
    assert!(strace.exists(), "strace is missing: apt-get install strace");
    let folder = Folder::new();
    let output = folder.path().join("trace");
    let wrapper = [
        "/usr/bin/strace",
        "-f",
        "-y",
        "-s",
        "64",
        "-e",
        "trace=fdatasync,fsync,pwrite64,write,writev,sendto,sendmsg",
        "-o",
        output.to_str().unwrap(),
    ];
    let server = Server::start_under(&folder, kind, &wrapper);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let client = reqwest::Client::builder().timeout(Duration::from_mins(1)).build().unwrap();
        for number in 0..MUTATIONS {
            let response = client
                .post(format!("http://{}/blacklist", server.address))
                .bearer_auth(&folder.key)
                .json(&json!({ "email": format!("flush-{number}@example.com") }))
                .send()
                .await
                .unwrap();
            assert_eq!(response.status(), 201);
        }
    });
    end_traced(&server);
    drop(server);
    let trace = fs::read_to_string(&output).unwrap();
    let calls = calls(&trace);
    let acknowledged = calls.iter().filter(|call| **call == Call::Acknowledged).count();
    assert_eq!(acknowledged, MUTATIONS, "the trace does not show every acknowledgement");
    unflushed(&calls)
}

/// Ends the server that the tracer runs, by its id: the tracer then writes the rest and ends itself.
fn end_traced(server: &Server) {
    let children = format!("/proc/{0}/task/{0}/children", server.id());
    let children = fs::read_to_string(children).unwrap();
    for child in children.split_whitespace() {
        let id = Pid::from_raw(child.parse().unwrap()).unwrap();
        kill_process(id, Signal::TERM).unwrap();
        wait_until(|| !is_running(child), Duration::from_secs(30)).unwrap();
    }
}

fn is_running(id: &str) -> bool {
    fs::read_to_string(format!("/proc/{id}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

#[test]
fn every_acknowledgement_comes_after_a_flush() {
    assert_eq!(trace(Kind::Product), 0);
}

#[test]
fn a_control_without_flushes_is_caught() {
    assert_eq!(trace(Kind::WithoutFlush), MUTATIONS);
}

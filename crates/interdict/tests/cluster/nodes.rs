//! Three real processes, each behind a network of its own that fails on demand, over one real server.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use interdict_test_support::{Binaries, Fsync, Postgres, PostgresSettings, Proxy, free_port, wait_until};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::clients;

const BINARY: &str = env!("CARGO_BIN_EXE_interdict");
const NODES: usize = 3;
/// Short, so that a fault of a second or two makes nodes stale and leases lapse.
const MAX_STALENESS_MS: &str = "1500";
const PATIENCE: Duration = Duration::from_mins(1);

/// What the nodes keep, or break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    Kept,
    TailById,
    EarlyAcknowledgement,
    LeasesIgnored,
}

impl Promise {
    const fn word(self) -> &'static str {
        match self {
            Self::Kept => "full",
            Self::TailById => "tail-by-id",
            Self::EarlyAcknowledgement => "early-acknowledgement",
            Self::LeasesIgnored => "leases-ignored",
        }
    }
}

/// A node: its process, and its way to the server.
pub struct Node {
    process: Option<Child>,
    pub proxy: Proxy,
    port: u16,
    url: String,
}

/// All of it.
pub struct Cluster {
    pub postgres: Postgres,
    pub nodes: Vec<Node>,
    promise: Promise,
    folder: TempDir,
    key: String,
}

impl Cluster {
    pub fn start(promise: Promise) -> Self {
        let settings = PostgresSettings { fsync: Fsync::On, ..PostgresSettings::default() };
        let postgres = Postgres::start_with(&settings);
        let url = postgres.create_database("cluster");
        let folder = tempfile::tempdir().unwrap();
        let created = command(&folder)
            .args(["merchant", "create", "--name", "Shop", "--json", "--database-url", &url])
            .output()
            .unwrap();
        assert!(created.status.success(), "{}", String::from_utf8_lossy(&created.stderr));
        let created: Value = serde_json::from_slice(&created.stdout).unwrap();
        let key = created["keys"]["test"]["secret"].as_str().unwrap().to_owned();
        if promise == Promise::TailById {
            let psql = Binaries::find().unwrap().program("psql");
            let make = "CREATE SEQUENCE test.control_ids INCREMENT 1000 START 1000";
            assert!(Command::new(psql).args([&url, "-qc", make]).status().unwrap().success());
        }
        let nodes = (0..NODES).map(|_| {
            let proxy = Proxy::start(postgres.address());
            let url = postgres.url_through(&proxy, "cluster");
            Node { process: None, proxy, port: free_port().unwrap(), url }
        });
        let nodes = nodes.collect();
        let mut cluster = Self { postgres, nodes, promise, folder, key };
        cluster.heal();
        cluster
    }

    pub fn key(&self) -> &str {
        &self.key
    }

    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.nodes.iter().map(Node::address).collect()
    }

    /// Starts what does not run, lets the network be, and waits until every node is ready.
    pub fn heal(&mut self) {
        for number in 0..self.nodes.len() {
            let node = &mut self.nodes[number];
            node.proxy.freeze(false);
            node.proxy.refuse(false);
            node.proxy.set_delay(Duration::ZERO);
            node.signal(Signal::CONT);
        }
        let waited = wait_until(|| (0..NODES).all(|number| self.is_ready(number)), PATIENCE);
        assert!(waited.is_ok(), "a node did not come back:\n{}", self.logs());
    }

    /// A node that ended at its start, because the server was away, is started again: an operator's supervisor
    /// does it.
    fn is_ready(&mut self, number: usize) -> bool {
        if !self.nodes[number].runs() {
            self.spawn(number);
        }
        clients::is_ready(self.nodes[number].address())
    }

    /// Starts a node that does not run.
    pub fn spawn(&mut self, number: usize) {
        let log = std::fs::File::options().create(true).append(true).open(self.log(number)).unwrap();
        let node = &mut self.nodes[number];
        let listen = format!("127.0.0.1:{}", node.port);
        let mut command = if self.promise == Promise::Kept {
            let mut command = command(&self.folder);
            command.args(["serve", "--workers", "1", "--listen", &listen, "--database-url", &node.url]);
            command.args(["--max-staleness-ms", MAX_STALENESS_MS]);
            command
        } else {
            let mut command = Command::new(control_node());
            command.current_dir(self.folder.path());
            let word = self.promise.word();
            command.args(["interdict-data", &listen, word, &node.url, MAX_STALENESS_MS]);
            command
        };
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        node.process = Some(command.spawn().unwrap());
    }

    fn log(&self, number: usize) -> PathBuf {
        self.folder.path().join(format!("node{number}.log"))
    }

    fn logs(&self) -> String {
        (0..NODES).map(|number| std::fs::read_to_string(self.log(number)).unwrap_or_default()).collect()
    }
}

impl Node {
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    fn runs(&mut self) -> bool {
        self.process.as_mut().is_some_and(|process| matches!(process.try_wait(), Ok(None)))
    }

    pub fn signal(&mut self, signal: Signal) {
        if self.runs()
            && let Some(process) = &self.process
        {
            kill_process(Pid::from_child(process), signal).unwrap();
        }
    }

    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            process.wait().unwrap();
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

fn command(folder: &TempDir) -> Command {
    let mut command = Command::new(BINARY);
    command.current_dir(folder.path()).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("INTERDICT_") {
            command.env_remove(name);
        }
    }
    command
}

/// Cargo builds the examples before it runs the tests, and puts them beside the binary.
fn control_node() -> PathBuf {
    let program = PathBuf::from(BINARY).with_file_name("examples").join("control_node");
    assert!(program.exists(), "run `cargo build -p interdict --examples` first");
    program
}

//! A server process of a test's own, in a folder of its own.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use interdict_test_support::{free_port, wait_until};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Longer than any start takes.
const START: Duration = Duration::from_secs(30);

/// Which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The product, on one thread.
    Product,
    /// The product, on two.
    ProductOnThreads,
    /// The control that answers before it commits.
    EarlyAcknowledgement,
    /// The control that never flushes.
    WithoutFlush,
    /// The control that forgets, on a start, which payments requests have begun.
    ForgottenKeys,
    /// The control that forgets, on a start, what it was about to ask the gateway.
    ForgottenIntents,
    /// The control that forgets, on a start, that money was being given back.
    ForgottenReversals,
}

impl Kind {
    /// The promise that a control breaks, as it is told.
    fn promise(self) -> Option<&'static str> {
        match self {
            Self::Product | Self::ProductOnThreads => None,
            Self::EarlyAcknowledgement => Some("early-acknowledgement"),
            Self::WithoutFlush => Some("without-flush"),
            Self::ForgottenKeys => Some("forgotten-keys"),
            Self::ForgottenIntents => Some("forgotten-intents"),
            Self::ForgottenReversals => Some("forgotten-reversals"),
        }
    }
}

/// A data folder with a merchant in it.
pub struct Folder {
    dir: TempDir,
    pub key: String,
    pub live_key: String,
    /// Where its servers find Stripe.
    pub stripe_url: Option<String>,
}

impl Folder {
    pub fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let output = Command::new(binary())
            .args(["merchant", "create", "--name", "Faults", "--json", "--data-dir"])
            .arg(dir.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let created: Value = serde_json::from_slice(&output.stdout).unwrap();
        let key = |mode: &str| created["keys"][mode]["secret"].as_str().unwrap().to_owned();
        Self { dir, key: key("test"), live_key: key("live"), stripe_url: None }
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Walks the chain of every store; the answer of `interdict audit verify`.
    pub fn verify(&self) {
        let output = Command::new(binary())
            .args(["audit", "verify", "--json", "--data-dir"])
            .arg(self.path())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

pub fn binary() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_interdict"))
}

/// Cargo builds the examples of a package together with its tests.
fn control() -> PathBuf {
    let path = binary().parent().unwrap().join("examples/control_server");
    assert!(path.exists(), "{} is missing: run cargo build -p interdict --examples", path.display());
    path
}

/// A running server. Ended by its own id.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
}

impl Server {
    pub fn start(folder: &Folder, kind: Kind) -> Self {
        Self::start_under(folder, kind, &[])
    }

    /// Starts the server as the last arguments of another command, such as a tracer.
    pub fn start_under(folder: &Folder, kind: Kind, wrapper: &[&str]) -> Self {
        let mut server = Self::spawn(folder, kind, wrapper);
        wait_until(|| server.is_ready(), START).unwrap();
        server
    }

    /// Starts the server and waits no longer than until it listens: the first requests meet its start.
    pub fn start_unready(folder: &Folder, kind: Kind) -> Self {
        let mut server = Self::spawn(folder, kind, &[]);
        wait_until(|| server.is_listening(), START).unwrap();
        server
    }

    fn spawn(folder: &Folder, kind: Kind, wrapper: &[&str]) -> Self {
        let address: SocketAddr = ([127, 0, 0, 1], free_port().unwrap()).into();
        let mut words: Vec<std::ffi::OsString> = wrapper.iter().map(Into::into).collect();
        match kind.promise() {
            None => {
                words.push(binary().into());
                let workers = if kind == Kind::Product { "1" } else { "2" };
                for word in ["serve", "--workers", workers, "--listen", &address.to_string(), "--data-dir"] {
                    words.push(word.into());
                }
                words.push(folder.path().into());
            }
            Some(promise) => {
                words.push(control().into());
                words.push(folder.path().into());
                words.push(address.to_string().into());
                words.push(promise.into());
            }
        }
        let child = Command::new(&words[0])
            .args(&words[1..])
            .env("INTERDICT_RENEWAL_INTERVAL_MS", "20")
            .envs(folder.stripe_url.as_ref().map(|url| ("INTERDICT_STRIPE_URL", url)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, address }
    }

    fn is_listening(&mut self) -> bool {
        assert!(self.child.try_wait().unwrap().is_none(), "the server ended before it listened");
        TcpStream::connect(self.address).is_ok()
    }

    fn is_ready(&mut self) -> bool {
        assert!(self.child.try_wait().unwrap().is_none(), "the server ended before it was ready");
        let Ok(mut stream) = TcpStream::connect(self.address) else { return false };
        let request = "GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        if stream.write_all(request.as_bytes()).is_err() {
            return false;
        }
        let mut answer = String::new();
        stream.read_to_string(&mut answer).is_ok() && answer.starts_with("HTTP/1.1 200")
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The body of an answer that must be a success; null where there is none.
    pub fn call(
        &self,
        runtime: &Runtime,
        key: &str,
        request: impl FnOnce(&reqwest::Client, &str) -> reqwest::RequestBuilder,
    ) -> Value {
        let client = reqwest::Client::builder().timeout(Duration::from_secs(30)).build().unwrap();
        let request = request(&client, &format!("http://{}", self.address)).bearer_auth(key);
        let body = runtime.block_on(async {
            let answer = request.send().await.unwrap();
            assert!(answer.status().is_success(), "{}: {}", answer.url(), answer.status());
            answer.text().await.unwrap()
        });
        if body.is_empty() { Value::Null } else { serde_json::from_str(&body).unwrap() }
    }

    /// SIGKILL: nothing of it runs on, nothing is flushed.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

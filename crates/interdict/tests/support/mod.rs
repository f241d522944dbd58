//! A folder for a test, the real binary in it, and a server that ends with the test.
#![allow(dead_code, reason = "each test file uses a part")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The binary under test.
pub const BINARY: &str = env!("CARGO_BIN_EXE_interdict");

/// A folder in which commands run, with nothing of the machine's own configuration.
pub struct Place(TempDir);

impl Place {
    /// An empty one.
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A place in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A file in the data folder.
    pub fn data(&self, name: &str) -> PathBuf {
        self.path("interdict-data").join(name)
    }

    /// The process, to start.
    pub fn process(&self, words: &str) -> Command {
        let mut command = Command::new(BINARY);
        command.current_dir(self.0.path()).args(words.split_whitespace()).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("INTERDICT_") {
                command.env_remove(name);
            }
        }
        command
    }

    /// A command with words between which stands white space.
    pub fn run(&self, words: &str) -> assert_cmd::assert::Assert {
        assert_cmd::Command::from_std(self.process(words)).assert()
    }

    /// What a command prints as JSON when it succeeds.
    pub fn json(&self, words: &str) -> Value {
        serde_json::from_slice(&self.run(words).success().get_output().stdout).unwrap()
    }

    /// What a command complains of when it fails with a status.
    pub fn complaint(&self, words: &str, status: i32) -> String {
        let assert = self.run(words).code(status);
        let output = assert.get_output();
        assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stderr.clone()).unwrap()
    }

    /// A server on a free port, which listens.
    pub fn serve(&self, words: &str) -> Server {
        Server::start(self.process(&format!("{words} --listen 127.0.0.1:0")))
    }

    /// The first server here, ready, and the test mode's secret key.
    pub fn begin(&self) -> (Server, String) {
        let server = self.serve("serve");
        server.wait_until_ready();
        let key = self.first_key();
        (server, key)
    }

    /// The files of the data folder that hold one of the marks.
    pub fn files_with(&self, marks: &[&[u8]]) -> Vec<PathBuf> {
        let files = std::fs::read_dir(self.path("interdict-data")).unwrap().map(|file| file.unwrap().path());
        let holds = |path: &PathBuf| {
            let bytes = std::fs::read(path).unwrap();
            marks.iter().any(|mark| bytes.windows(mark.len()).any(|window| window == *mark))
        };
        files.filter(|path| path.is_file()).filter(holds).collect()
    }

    /// The test mode's secret key that the first start showed.
    pub fn first_key(&self) -> String {
        self.first_key_in("interdict-data")
    }

    /// The same from another data folder.
    pub fn first_key_in(&self, folder: &str) -> String {
        let text = std::fs::read_to_string(self.path(folder).join("first-run.txt")).unwrap();
        text.split_whitespace().find(|word| word.starts_with("sk_test_")).unwrap().to_owned()
    }
}

/// A server that listens. It is killed with the test.
pub struct Server {
    process: Child,
    stdout: BufReader<ChildStdout>,
    /// What it said on standard output until it listened.
    pub said: String,
    address: String,
}

impl Server {
    /// Starts a command that serves, and waits until it listens.
    pub fn start(mut command: Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let (mut said, mut address) = (String::new(), None);
        while address.is_none() {
            let mut line = String::new();
            if stdout.read_line(&mut line).unwrap() == 0 {
                let mut complaint = String::new();
                process.stderr.take().unwrap().read_to_string(&mut complaint).unwrap();
                panic!("the server ended: {said}{complaint}");
            }
            said.push_str(&line);
            address =
                line.split("http://").nth(1).map(|rest| rest.split(['/', ' ']).next().unwrap().to_owned());
        }
        Self { process, stdout, said, address: address.unwrap() }
    }

    /// What it says next on standard output, until a line holds a text.
    pub fn read_until(&mut self, text: &str) {
        while !self.said.contains(text) {
            assert_ne!(self.stdout.read_line(&mut self.said).unwrap(), 0, "{}", self.said);
        }
    }

    /// A connection to it.
    pub fn connect(&self) -> TcpStream {
        TcpStream::connect(&self.address).unwrap()
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What anybody can read.
    pub fn text(&self, path: &str) -> String {
        let mut stream = self.connect();
        write!(stream, "GET {path} HTTP/1.0\r\nHost: interdict\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Sends a request; the status and the body.
    pub fn call(&self, method: &str, path: &str, key: &str, body: &Value) -> (u16, Value) {
        let answer = self.exchange(method, path, key, body);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap_or(Value::Null))
    }

    /// Sends a request; the answer as it came.
    pub fn exchange(&self, method: &str, path: &str, key: &str, body: &Value) -> String {
        let mut stream = self.connect();
        let body = if body.is_null() { String::new() } else { body.to_string() };
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: interdict\r\nConnection: close\r\nAuthorization: Bearer {key}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Blocks an email.
    pub fn block(&self, key: &str, email: &str) {
        let (status, answer) =
            self.call("POST", "/blacklist", key, &json!({"email": email, "reason": "test"}));
        assert_eq!(status, 201, "{answer}");
    }

    /// The code of a decision.
    pub fn decide(&self, key: &str, payer: &Value) -> String {
        let (status, answer) = self.call("POST", "/v1/decisions", key, payer);
        assert_eq!(status, 200, "{answer}");
        answer["code"].as_str().unwrap().to_owned()
    }

    /// Waits until it can decide.
    pub fn wait_until_ready(&self) {
        while self.call("GET", "/readyz", "", &Value::Null).0 != 200 {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.process), signal).unwrap();
    }

    /// Ends it as an operator would, and says whether it ended well.
    pub fn stop(self) -> bool {
        self.signal(Signal::TERM);
        self.wait()
    }

    /// Ends it as an operator would; what it has logged.
    pub fn stop_and_tell(mut self) -> String {
        self.signal(Signal::TERM);
        let mut log = String::new();
        self.process.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        log
    }

    /// Waits for its end, and says whether it was a good one.
    pub fn wait(mut self) -> bool {
        self.process.wait().unwrap().success()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

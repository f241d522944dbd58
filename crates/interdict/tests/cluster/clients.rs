//! Writers that block emails, readers that ask for them, and the look at everything when it is over.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};

use crate::history::{Block, Decision, History};
use crate::nodes::Cluster;

const WRITERS: usize = 6;
const READERS: usize = 6;
/// Longer than the longest wait for all nodes.
const TIMEOUT: Duration = Duration::from_secs(7);
const PAGE: usize = 1_000;
const FEED_PAGE: usize = 100;

/// Emails are never used twice, in whatever run over the same database.
static EMAILS: AtomicU64 = AtomicU64::new(0);

/// A client of one node.
struct Client {
    agent: reqwest::Client,
    runtime: tokio::runtime::Runtime,
    key: String,
}

struct Answer {
    status: u16,
    revision: i64,
    body: Value,
}

impl Client {
    fn new(key: &str) -> Self {
        let agent = reqwest::Client::builder().no_proxy().timeout(TIMEOUT).build().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { agent, runtime, key: key.to_owned() }
    }

    /// Nothing when there was no answer.
    fn call(
        &self,
        node: SocketAddr,
        path: &str,
        headers: &[(&str, String)],
        body: Option<&Value>,
    ) -> Option<Answer> {
        let url = format!("http://{node}{path}");
        let mut request = match body {
            Some(body) => self.agent.post(url).json(body),
            None => self.agent.get(url),
        };
        request = request.bearer_auth(&self.key);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        self.runtime.block_on(async {
            let answer = request.send().await.ok()?;
            let status = answer.status().as_u16();
            let revision = answer.headers().get("interdict-revision");
            let revision = revision.and_then(|text| text.to_str().ok()?.parse().ok()).unwrap_or(-1);
            let body = answer.bytes().await.ok()?;
            Some(Answer { status, revision, body: serde_json::from_slice(&body).unwrap_or(Value::Null) })
        })
    }
}

/// Whether a node says that it is ready.
pub fn is_ready(node: SocketAddr) -> bool {
    Client::new("").call(node, "/readyz", &[], None).is_some_and(|answer| answer.status == 200)
}

/// Everybody at work.
pub struct Clients {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Clients {
    pub fn start(nodes: &[SocketAddr], key: &str, history: &Arc<History>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let spawn = |number: usize, work: fn(&Worker)| {
            let worker = Worker {
                client: Client::new(key),
                nodes: nodes.to_vec(),
                history: Arc::clone(history),
                stop: Arc::clone(&stop),
                dice: AtomicU64::new(number as u64 + 1),
            };
            std::thread::spawn(move || work(&worker))
        };
        let writers = (0..WRITERS).map(|number| spawn(number, Worker::write));
        let readers = (0..READERS).map(|number| spawn(100 + number, Worker::read));
        Self { threads: writers.chain(readers).collect(), stop }
    }

    pub fn stop(self) {
        self.stop.store(true, Ordering::SeqCst);
        for thread in self.threads {
            thread.join().unwrap();
        }
    }
}

struct Worker {
    client: Client,
    nodes: Vec<SocketAddr>,
    history: Arc<History>,
    stop: Arc<AtomicBool>,
    dice: AtomicU64,
}

impl Worker {
    /// A number below another, the same ones in each run.
    fn below(&self, count: usize) -> usize {
        let state = self.dice.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        usize::try_from((mixed ^ (mixed >> 27)) >> 33).unwrap() % count
    }

    fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::SeqCst) && self.history.violation().is_none()
    }

    fn write(&self) {
        while self.goes_on() {
            let node = self.below(self.nodes.len());
            let email = format!("payer.{}@example.com", EMAILS.fetch_add(1, Ordering::SeqCst));
            let waits = self.below(2) == 0;
            let wait = ("interdict-wait", "cluster".to_owned());
            let headers = if waits { vec![wait] } else { vec![] };
            let body = json!({"email": email, "reason": "test"});
            let answer = self.client.call(self.nodes[node], "/blacklist", &headers, Some(&body));
            let code = answer.as_ref().map(|answer| answer.body["error"]["code"].clone());
            match answer {
                Some(Answer { status: 201, revision, .. }) => {
                    let holds_everywhere = waits;
                    self.history.acknowledged(Block { email, node, revision, holds_everywhere });
                }
                // It is committed, and says so.
                Some(Answer { status: 503, revision, .. }) if code == Some("cluster_wait_timeout".into()) => {
                    let block = Block { email, node, revision, holds_everywhere: false };
                    self.history.acknowledged(block);
                }
                Some(Answer { status: 503, .. }) => {
                    self.history.refused();
                    self.history.unanswered(email);
                    std::thread::sleep(Duration::from_millis(20));
                }
                Some(other) => {
                    self.history
                        .violates(format!("a write was answered with {}: {}", other.status, other.body));
                }
                None => {
                    self.history.unanswered(email);
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
        }
    }

    fn read(&self) {
        while self.goes_on() {
            let newest = if self.below(4) == 0 { usize::MAX } else { 6 };
            let Some(block) = self.history.some_block(newest, |count| self.below(count)) else {
                std::thread::sleep(Duration::from_millis(5));
                continue;
            };
            let node = self.below(self.nodes.len());
            let at_least = (self.below(3) == 0).then_some(block.revision);
            if !self.ask(&block, node, at_least) {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }

    /// Asks a node about a block that was answered before. False when there was no decision.
    fn ask(&self, block: &Block, node: usize, at_least: Option<i64>) -> bool {
        let headers: Vec<_> =
            at_least.map(|wanted| ("interdict-at-least", wanted.to_string())).into_iter().collect();
        let body = json!({"initiator": "customer", "email": block.email});
        let answer = self.client.call(self.nodes[node], "/v1/decisions", &headers, Some(&body));
        let Some(Answer { status: 200, body, .. }) = answer else {
            if let Some(Answer { status, body, .. }) = answer
                && status != 503
            {
                self.history.violates(format!("a decision was answered with {status}: {body}"));
            }
            return false;
        };
        self.history.decided(
            block,
            &Decision {
                node,
                blocks: body["outcome"] == "block",
                degraded: body["degraded"] == true,
                revision: body["revision"].as_i64().unwrap(),
                at_least,
            },
        );
        true
    }
}

/// When everything has come to rest: every acknowledged block holds on every node, and stands in the feed once.
pub fn audit(cluster: &Cluster, history: &History) {
    let client = Client::new(cluster.key());
    let counts = feed(&client, cluster.addresses()[0], history);
    let mut unknown: HashSet<String> = history.unknown().into_iter().collect();
    for block in history.blocks() {
        match counts.get(&block.email) {
            Some(1) => {}
            None => history.violates(format!("lost: {block:?}")),
            Some(count) => history.violates(format!("{count} times: {block:?}")),
        }
        unknown.remove(&block.email);
    }
    for email in unknown {
        if counts.get(&email).is_some_and(|count| *count > 1) {
            history.violates(format!("more than once, and nobody was told: {email}"));
        }
    }
    for node in cluster.addresses() {
        for blocks in history.blocks().chunks(PAGE) {
            let decisions: Vec<Value> =
                blocks.iter().map(|block| json!({"initiator": "customer", "email": block.email})).collect();
            let body = json!({"decisions": decisions});
            let answer = client.call(node, "/v1/decisions/batch", &[], Some(&body)).unwrap();
            assert_eq!(answer.status, 200, "{}", answer.body);
            for (block, result) in blocks.iter().zip(answer.body["results"].as_array().unwrap()) {
                if result["outcome"] != "block" {
                    history.violates(format!("not known to the node {node} at the end: {block:?}"));
                }
            }
        }
    }
}

/// How often each email was blocked, as the feed has it; the feed's own numbers without a hole.
fn feed(client: &Client, node: SocketAddr, history: &History) -> HashMap<String, usize> {
    let (mut counts, mut after) = (HashMap::new(), 0_i64);
    loop {
        let path = format!("/v1/changes?after={after}&limit={FEED_PAGE}");
        let answer = client.call(node, &path, &[], None).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.body);
        let items = answer.body["items"].as_array().unwrap();
        for item in items {
            let sequence = item["sequence"].as_i64().unwrap();
            if sequence != after + 1 {
                history.violates(format!("a hole in the feed between {after} and {sequence}"));
            }
            after = sequence;
            if item["action"] == "entry.created" {
                let email = item["after"]["value"].as_str().unwrap().to_owned();
                *counts.entry(email).or_insert(0) += 1;
            }
        }
        if items.is_empty() {
            return counts;
        }
    }
}

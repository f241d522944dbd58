//! Three nodes over one PostgreSQL: the example of docs/operations.md without its balancer, with the real binary.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail"
)]

mod support;

use std::os::unix::fs::OpenOptionsExt as _;
use std::time::Duration;

use interdict_test_support::{Fsync, Postgres, PostgresSettings, wait_until};
use serde_json::{Value, json};
use support::{Place, Server};

/// What is promised of a block, and of a key that is revoked.
const EVERYWHERE_WITHIN: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(30);

/// A database, a pepper, and folders for nodes.
struct World {
    postgres: Postgres,
    place: Place,
}

impl World {
    fn new() -> Self {
        let postgres =
            Postgres::start_with(&PostgresSettings { fsync: Fsync::On, ..PostgresSettings::default() });
        let place = Place::new();
        write_pepper(&place, "pepper", "5e");
        Self { postgres, place }
    }

    /// The words that every command takes to meet the same database.
    fn shared(&self) -> String {
        format!("--database-url {} --pepper-file pepper", self.postgres.url())
    }

    /// A node with a folder of its own, which decides.
    fn node(&self, number: u32) -> Server {
        let node = self.place.serve(&format!("serve {} --data-dir node{number}", self.shared()));
        node.wait_until_ready();
        node
    }

    /// The key that the first start showed, on the node that came first.
    fn key(&self) -> String {
        self.place.first_key_in("node1")
    }
}

fn write_pepper(place: &Place, name: &str, byte: &str) {
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(place.path(name)).unwrap();
    std::io::Write::write_all(&mut file, byte.repeat(32).as_bytes()).unwrap();
}

fn payer(email: &str) -> Value {
    json!({"initiator": "customer", "email": email})
}

/// Waits until each node holds, and says that it took no longer than promised.
fn everywhere(nodes: &[Server], what: &str, holds: impl Fn(&Server) -> bool) {
    let waited = wait_until(|| nodes.iter().all(&holds), PATIENCE).unwrap();
    assert!(waited < EVERYWHERE_WITHIN, "{what}: {waited:?}");
}

/// A number that a node tells Prometheus of its store of test mode.
fn metric(node: &Server, name: &str) -> i64 {
    let text = node.exchange("GET", "/metrics", "", &Value::Null);
    let series = format!("interdict_store_{name}{{store=\"test\"}} ");
    let value = text.lines().find_map(|line| line.strip_prefix(&series));
    value.unwrap_or_else(|| panic!("{series}{text}")).trim().parse().unwrap()
}

#[test]
fn what_one_node_is_told_counts_on_each_and_the_rest_go_on_without_one() {
    let world = World::new();
    let mut nodes: Vec<Server> = (1..=3).map(|number| world.node(number)).collect();
    let key = world.key();

    nodes[0].block(&key, "mallory@example.com");
    everywhere(&nodes, "a block", |node| {
        node.decide(&key, &payer("mallory@example.com")) == "identifier_blacklisted"
    });

    let create = "key create --merchant 1 --mode test --kind secret --json";
    let made = world.place.json(&format!("{create} {} --data-dir node2", world.shared()));
    let (id, secret) = (made["id"].as_str().unwrap(), made["secret"].as_str().unwrap().to_owned());
    let status = |node: &Server| node.call("GET", "/blacklist", &secret, &Value::Null).0;
    assert!(nodes.iter().all(|node| status(node) == 200), "a key works when the command returns");
    world.place.run(&format!("key revoke {id} {} --data-dir node2", world.shared())).success();
    everywhere(&nodes, "a revoked key", |node| status(node) == 401);

    // Killed, not stopped.
    drop(nodes.remove(1));
    nodes[1].block(&key, "eve@example.com");
    everywhere(&nodes, "a block after the loss", |node| {
        node.decide(&key, &payer("eve@example.com")) == "identifier_blacklisted"
    });

    nodes.push(world.node(4));
    let newest = metric(&nodes[0], "revision_head");
    everywhere(&nodes, "what a new node knows", |node| metric(node, "revision_applied") == newest);
    for email in ["mallory@example.com", "eve@example.com"] {
        assert_eq!(nodes[2].decide(&key, &payer(email)), "identifier_blacklisted");
    }
    assert!(nodes.iter().all(|node| metric(node, "rebuilds_total") == 0));
    for node in nodes {
        assert!(node.stop());
    }
    let verified = world.place.json(&format!("audit verify --json {} --data-dir node1", world.shared()));
    assert_eq!(verified["ok"], true, "{verified}");
}

#[test]
fn without_the_database_what_is_known_decides_and_nothing_is_written() {
    let mut world = World::new();
    let nodes = [world.node(1), world.node(2)];
    let key = world.key();
    nodes[0].block(&key, "mallory@example.com");
    everywhere(&nodes, "a block", |node| {
        node.decide(&key, &payer("mallory@example.com")) == "identifier_blacklisted"
    });

    world.postgres.stop_immediately();
    let body = json!({"email": "eve@example.com", "reason": "test"});
    let refused = nodes[1].exchange("POST", "/blacklist", &key, &body);
    assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
    assert!(refused.to_lowercase().contains("retry-after: 1\r\n"), "{refused}");
    let ready = |node: &Server| node.call("GET", "/readyz", "", &Value::Null);
    for node in &nodes {
        // Each mode grows old by itself, a moment before or after the other.
        wait_until(|| ready(node).1["test"]["fresh"] == false, PATIENCE).unwrap();
        assert_eq!((ready(node).0, &ready(node).1["status"]), (503, &json!("stale")));
        assert_eq!(node.call("GET", "/healthz", "", &Value::Null).0, 200);
        for (email, outcome) in [("mallory@example.com", "block"), ("ada@example.com", "allow")] {
            let (status, decision) = node.call("POST", "/v1/decisions", &key, &payer(email));
            assert_eq!((status, decision["outcome"].as_str()), (200, Some(outcome)), "{decision}");
            assert_eq!(decision["degraded"], true);
        }
        assert_eq!(metric(node, "feed_lost_total"), 1);
    }
    let complaint = world.place.complaint(&format!("serve {} --data-dir node3", world.shared()), 1);
    assert!(complaint.contains("the database of --database-url cannot be used"), "{complaint}");
    assert!(complaint.contains("refused"), "it says why: {complaint}");

    world.postgres.start_again();
    for node in &nodes {
        wait_until(|| ready(node).0 == 200, PATIENCE).unwrap();
    }
    nodes[1].block(&key, "eve@example.com");
    everywhere(&nodes, "a block after the outage", |node| {
        node.decide(&key, &payer("eve@example.com")) == "identifier_blacklisted"
    });
    assert!(nodes.iter().all(|node| metric(node, "rebuilds_total") == 0), "followed, not loaded anew");
}

#[test]
fn a_node_with_another_pepper_or_none_refuses_to_start() {
    let world = World::new();
    assert!(world.node(1).stop());
    write_pepper(&world.place, "another", "7a");
    let with = |pepper: &str| {
        let words = format!("serve --database-url {} --pepper-file {pepper}", world.postgres.url());
        world.place.complaint(&format!("{words} --data-dir node2 --listen 127.0.0.1:0"), 1)
    };
    assert!(with("another").contains("does not belong to the data in the database"));
    assert!(with("absent").contains("copy the pepper of another node there"));
}

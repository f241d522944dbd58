//! Backing up and restoring a PostgreSQL database as docs/operations.md says: with PostgreSQL's own programs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail"
)]

mod support;

use std::process::Command;
use std::time::Duration;

use interdict_test_support::{Binaries, Fsync, Postgres, PostgresSettings, wait_until};
use serde_json::{Value, json};
use support::{Place, Server};

const PATIENCE: Duration = Duration::from_secs(30);
const OPERATIONS: &str = include_str!("../../../docs/operations.md");

/// Runs one of PostgreSQL's programs.
fn run(program: &str, words: &[&str]) {
    let path = Binaries::find().unwrap().program(program);
    let output = Command::new(path).args(words).output().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The statements after a restore, as the document gives them.
fn new_life() -> String {
    let statements: Vec<&str> = OPERATIONS.lines().filter(|line| line.starts_with("UPDATE ")).collect();
    assert_eq!(statements.len(), 3, "the document gives each store a new life");
    statements.join(" ")
}

fn serve(place: &Place, url: &str, folder: &str) -> Server {
    let words = format!("serve --database-url {url} --pepper-file pepper --data-dir {folder}");
    let node = place.serve(&words);
    node.wait_until_ready();
    node
}

fn code(node: &Server, key: &str, email: &str) -> String {
    node.decide(key, &json!({"initiator": "customer", "email": email}))
}

#[test]
fn what_was_dumped_decides_after_the_restore_and_who_was_forgotten_loads_anew() {
    let postgres =
        Postgres::start_with(&PostgresSettings { fsync: Fsync::On, ..PostgresSettings::default() });
    let place = Place::new();
    let (first, second) = (postgres.create_database("first"), postgres.create_database("second"));
    let dump = place.path("interdict.dump").display().to_string();

    let node = serve(&place, &first, "node1");
    let key = place.first_key_in("node1");
    node.block(&key, "mallory@example.com");
    run("pg_dump", &["--format=custom", &format!("--file={dump}"), &first]);
    node.block(&key, "later@example.com");
    assert!(node.stop());

    let dbname = format!("--dbname={second}");
    run("pg_restore", &["--exit-on-error", "--no-owner", &dbname, &dump]);
    // Somebody forgot to stop this one: it followed the restored database before its new life began.
    let forgotten = serve(&place, &second, "node2");
    run("psql", &["--quiet", "--set=ON_ERROR_STOP=1", &dbname, "--command", &new_life()]);
    let rebuilt = "interdict_store_rebuilds_total{store=\"test\"} 1";
    let metrics = || forgotten.exchange("GET", "/metrics", "", &Value::Null);
    wait_until(|| metrics().contains(rebuilt), PATIENCE).unwrap();

    let node = serve(&place, &second, "node1");
    for node in [&node, &forgotten] {
        assert_eq!(code(node, &key, "mallory@example.com"), "identifier_blacklisted");
        assert_eq!(code(node, &key, "later@example.com"), "default", "it came after the dump");
    }
    node.block(&key, "eve@example.com");
    let verify = format!("audit verify --json --database-url {second} --pepper-file pepper");
    assert_eq!(place.json(&verify)["ok"], true);
}

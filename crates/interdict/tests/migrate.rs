//! `interdict migrate`: from the folder of one server to a database for many, with the real binary.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail"
)]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;
use std::time::Duration;

use interdict_storage::PostgresServer;
use interdict_test_support::{Fsync, Postgres, PostgresSettings, wait_until};
use rusqlite::Connection;
use serde_json::{Value, json};
use support::{Place, Server};

/// Rows that take a while to copy.
const MANY: i64 = 150_000;

fn postgres() -> Postgres {
    Postgres::start_with(&PostgresSettings { fsync: Fsync::On, ..PostgresSettings::default() })
}

/// What `check` says of somebody, but for what is new each time, and how it ends.
fn check(place: &Place, words: &str, who: &str) -> (Option<i32>, Value) {
    let checked = place.run(&format!("check {words} --merchant 1 --mode test --json {who}"));
    let output = checked.get_output();
    let mut answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    for field in ["id", "decidedAt"] {
        answer[field] = Value::Null;
    }
    (output.status.code(), answer)
}

/// Somebody of each sort, in a shop with names from everywhere.
fn fill(place: &Place, server: &Server) -> Vec<String> {
    let key = place.first_key();
    server.block(&key, "mallory@example.com");
    server.block(&key, "ärger@exämple.com");
    let made = |body: Value| {
        let (status, customer) = server.call("POST", "/v1/customers", &key, &body);
        assert_eq!(status, 201, "{customer}");
        customer["id"].as_str().unwrap().to_owned()
    };
    let restricted =
        made(json!({"email": "zoë@example.com", "name": "Zoë Ærø 🦀 名前", "merchantRef": "A-17",
        "metadata": {"note": "große Worte ".repeat(30)}}));
    let quiet = made(json!({"email": "quiet@example.com"}));
    let flags = json!({"restrictCit": true, "restrictReason": "wird geprüft"});
    assert_eq!(server.call("POST", &format!("/v1/customers/{restricted}/restrictions"), &key, &flags).0, 200);
    let gone = made(json!({"email": "gone@example.com", "name": "Gone"}));
    server.block(&key, "gone@example.com");
    let (status, answer) = server.call("DELETE", &format!("/v1/customers/{gone}"), &key, &Value::Null);
    assert!(status < 300, "{status} {answer}");
    ["mallory@example.com", "ärger@exämple.com", "nobody@example.com", "gone@example.com", "merchantRef=A-17"]
        .into_iter()
        .map(str::to_owned)
        .chain([restricted, quiet])
        .collect()
}

#[test]
fn what_moved_decides_as_before_and_serves() {
    let (place, postgres) = (Place::new(), postgres());
    let url = postgres.create_database("shop");
    let server = place.serve("serve");
    server.wait_until_ready();
    let people = fill(&place, &server);
    let migrate = format!("migrate --from ./interdict-data --to {url}");
    assert!(place.complaint(&migrate, 2).contains("stop it first"));
    assert!(server.stop());
    let before: Vec<_> = people.iter().map(|who| check(&place, "", who)).collect();
    let codes: Vec<_> = before.iter().map(|(code, _)| code.unwrap()).collect();
    assert_eq!(codes, [3, 3, 0, 3, 3, 3, 0]);
    let audited = place.json("audit verify --json");
    let files =
        || ["core.db", "test.db", "live.db", "pepper"].map(|file| fs::read(place.data(file)).unwrap());
    let own_files = files();

    let report = place.json(&format!("{migrate} --json"));
    assert_eq!(report["course"], "fresh");
    assert!(own_files == files(), "the folder is only read");
    assert!(!report.to_string().contains("postgres://"), "{report}");
    let database = format!("--database-url {url}");
    assert_eq!(place.json(&format!("audit verify {database} --json")), audited);
    for (moved, own) in report["stores"].as_array().unwrap().iter().zip(audited["stores"].as_array().unwrap())
    {
        assert_eq!((&moved["store"], &moved["changes"]), (&own["store"], &own["changes"]));
        assert_eq!((&moved["personal"], &moved["erased"]), (&own["personal"], &own["erased"]));
    }
    let after: Vec<_> = people.iter().map(|who| check(&place, &database, who)).collect();
    assert_eq!(after, before);

    // Another node: nothing but the URL and the pepper.
    let node = Place::new();
    fs::copy(place.data("pepper"), node.path("pepper")).unwrap();
    let serving = node.serve(&format!("serve {database} --pepper-file pepper"));
    serving.wait_until_ready();
    let payer = |email: &str| json!({"initiator": "customer", "email": email});
    let key = place.first_key();
    assert_eq!(serving.decide(&key, &payer("mallory@example.com")), "identifier_blacklisted");
    serving.block(&key, "later@example.com");
    assert_eq!(serving.decide(&key, &payer("later@example.com")), "identifier_blacklisted");
    let (_, found) = serving.call("GET", &format!("/v1/customers/{}", people[5]), &key, &Value::Null);
    assert_eq!(found["name"], "Zoë Ærø 🦀 名前");
    assert!(serving.stop());

    assert!(place.complaint(&migrate, 2).contains("used before"));
    let other = node.path("other");
    fs::write(&other, "0a".repeat(32)).unwrap();
    fs::set_permissions(&other, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(
        node.complaint(&format!("key list {database} --pepper-file other"), 1).contains("does not belong")
    );
}

#[test]
fn a_kill_in_the_middle_leaves_nothing_that_serves_and_the_next_run_goes_on() {
    let (place, postgres) = (Place::new(), postgres());
    let url = postgres.create_database("killed");
    place.run("merchant create --name Shop").success();
    let rows = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MANY})
         INSERT INTO score SELECT CAST(printf('%020d', i) AS BLOB), 1, 'req_' || i, '10.00', 'EUR', 'allow', 'Größe',
                                  '', i FROM n"
    );
    Connection::open(place.data("test.db")).unwrap().execute(&rows, []).unwrap();

    let migrate = format!("migrate --from interdict-data --to {url}");
    let mut process = place.process(&migrate).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let server = PostgresServer::parse(&url).unwrap();
    wait_until(|| server.has_data().unwrap(), Duration::from_mins(1)).unwrap();
    process.kill().unwrap();
    assert!(!process.wait().unwrap().success(), "it was faster than the kill");
    for words in
        ["serve --listen 127.0.0.1:0", "audit verify", "check --merchant 1 --mode test ada@example.com"]
    {
        let complaint = place.complaint(&format!("{words} --database-url {url}"), 1);
        assert!(complaint.contains("did not finish"), "{words}: {complaint}");
    }
    let other = Place::new();
    other.run("merchant create --name Shop").success();
    assert!(other.complaint(&migrate, 2).contains("other data"));

    // The server's end of the killed connection may outlive it a little.
    let mut said = None;
    let run = || {
        let output = place.run(&format!("{migrate} --json")).get_output().clone();
        if output.status.code() == Some(2) {
            return false;
        }
        said = Some(output);
        true
    };
    wait_until(run, Duration::from_mins(1)).unwrap();
    let said = said.unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let report: Value = serde_json::from_slice(&said.stdout).unwrap();
    assert_eq!(report["course"], "resumed");
    let tables = report["stores"][1]["tables"].as_array().unwrap();
    let scores = tables.iter().find(|table| table["table"] == "score").unwrap();
    assert_eq!(scores["rows"], MANY);
    place.run(&format!("audit verify --database-url {url}")).success();
}

#[test]
fn it_says_what_comes_next_and_what_is_wrong() {
    let (place, postgres) = (Place::new(), postgres());
    let url = postgres.create_database("words");
    assert!(place.complaint(&format!("migrate --from nowhere --to {url}"), 2).contains("--from"));
    assert!(!place.path("nowhere").exists());
    place.run("merchant create --name Shop").success();
    assert!(place.complaint("migrate", 2).contains("--to postgres://"));
    fs::rename(place.data("pepper"), place.path("pepper")).unwrap();
    assert!(place.complaint(&format!("migrate --to {url}"), 1).contains("is missing"));
    fs::copy(place.path("pepper"), place.path("other")).unwrap();
    fs::write(place.path("other"), "0a".repeat(32)).unwrap();
    let wrong = format!("migrate --to {url} --pepper-file other");
    assert!(place.complaint(&wrong, 1).contains("does not belong"));

    // The variable instead of --to keeps a password out of the list of processes.
    let mut process = place.process("migrate --pepper-file pepper");
    process.env("INTERDICT_DATABASE_URL", &url);
    let said = assert_cmd::Command::from_std(process).assert().success();
    let text = String::from_utf8_lossy(&said.get_output().stdout).into_owned();
    for word in ["core: ", "copy the pepper pepper to each node", "interdict serve --database-url"] {
        assert!(text.contains(word), "{word} in {text}");
    }
}

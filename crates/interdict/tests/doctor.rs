//! `interdict doctor`, on data that is sound and on data that somebody altered, and with a node.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail"
)]

mod support;

use interdict_test_support::{Fsync, Postgres, PostgresSettings};
use rusqlite::Connection;
use rustix::process::Signal;
use serde_json::{Value, json};
use support::{Place, Server};

/// A place with a server and some changes in test mode.
fn served(options: &str) -> (Place, Server) {
    let place = Place::new();
    let server = place.serve(&format!("serve {options}"));
    server.wait_until_ready();
    for name in ["mallory", "eve", "trudy"] {
        server.block(&place.first_key(), &format!("{name}@example.com"));
    }
    (place, server)
}

fn alter(place: &Place, sql: &str) {
    let connection = Connection::open(place.data("test.db")).unwrap();
    assert_eq!(connection.execute(sql, []).unwrap(), 1, "{sql}");
}

fn examine(place: &Place, words: &str, status: i32) -> Value {
    let output = place.run(&format!("doctor --json {words}")).code(status);
    serde_json::from_slice(&output.get_output().stdout).unwrap()
}

fn check<'a>(report: &'a Value, name: &str) -> &'a Value {
    let checks = report["checks"].as_array().unwrap();
    checks.iter().find(|check| check["name"].as_str().unwrap().starts_with(name)).unwrap_or_else(|| {
        panic!("no {name} in {report}");
    })
}

/// What the server says of test mode.
fn metric(server: &Server, name: &str) -> Option<i64> {
    let text = server.text("/metrics");
    let start = format!("{name}{{mode=\"test\"}} ");
    text.lines().find_map(|line| line.strip_prefix(&start)?.parse().ok())
}

fn wait_for(mut condition: impl FnMut() -> bool) {
    interdict_test_support::wait_until(&mut condition, std::time::Duration::from_mins(1)).unwrap();
}

#[test]
fn what_nobody_altered_is_well() {
    let (place, server) = served("");
    assert!(server.stop());
    let report = examine(&place, "", 0);
    assert_eq!(report["ok"], true, "{report}");
    let names = ["database", "durability", "pepper", "migrations", "credentials"];
    let chains = ["hash chain of core", "hash chain of test", "hash chain of live"];
    for name in names.into_iter().chain(chains).chain(["tables of test", "tables of live"]) {
        assert_eq!(check(&report, name)["ok"], true, "{name}");
    }
    assert!(
        check(&report, "tables of test")["found"].as_str().unwrap().starts_with("0 customers and 3 entries")
    );
    let text = place.run("doctor").success();
    let text = String::from_utf8_lossy(&text.get_output().stdout).into_owned();
    assert!(text.contains("✓ hash chain of test: 3 changes, all sound") && text.ends_with("All is well.\n"));
    assert!(!text.contains('✗'), "{text}");
}

#[test]
fn what_was_altered_is_named_with_what_to_do() {
    let (place, server) = served("");
    assert!(server.stop());
    alter(&place, "UPDATE entry SET scopes = 1 WHERE id = (SELECT MAX(id) FROM entry)");
    let report = examine(&place, "", 1);
    assert_eq!(report["ok"], false);
    assert_eq!(check(&report, "hash chain of test")["ok"], true, "a table's row is in no chain");
    let tables = check(&report, "tables of test");
    assert_eq!(tables["found"], "1 of 1024 buckets are not as the feed says");
    assert!(tables["next"].as_str().unwrap().contains("backup"));
    assert_eq!(check(&report, "tables of live")["ok"], true);
    alter(&place, "UPDATE change SET actor_id = 'nobody' WHERE sequence = 2");
    let report = examine(&place, "", 1);
    assert!(check(&report, "hash chain of test")["found"].as_str().unwrap().contains("change 2"));
    assert!(check(&report, "tables of live")["found"].as_str().unwrap().contains("not compared"));
    let text = place.run("doctor").code(1);
    let text = String::from_utf8_lossy(&text.get_output().stdout).into_owned();
    assert!(text.contains("✗ hash chain of test") && text.contains("3 of 12 checks failed."), "{text}");
    assert!(!text.contains("example.com"), "{text}");
}

#[test]
fn data_that_cannot_be_opened_is_said_why() {
    let (place, server) = served("");
    assert!(server.stop());
    std::fs::write(place.data("pepper"), "00".repeat(32)).unwrap();
    let report = examine(&place, "", 1);
    assert!(check(&report, "opening")["found"].as_str().unwrap().contains("pepper"), "{report}");
    let complaint = Place::new().complaint("doctor", 2);
    assert!(complaint.contains("interdict serve"), "{complaint}");
    let complaint = place.complaint("doctor --node localhost", 2);
    assert!(complaint.contains("http://10.0.0.7:8080"), "{complaint}");
}

#[test]
fn a_node_says_what_its_last_comparison_found() {
    let (place, server) = served("--compare-interval-ms 0");
    let node = format!("--node {}", server.url());
    let report = examine(&place, &node, 0);
    assert!(check(&report, "readiness")["ok"].as_bool().unwrap());
    assert_eq!(check(&report, "test index")["found"], "at change 3, nothing behind");
    assert!(check(&report, "test comparison")["found"].as_str().unwrap().starts_with("none since its start"));
    assert!(check(&report, "test decision log")["found"].as_str().unwrap().ends_with("none lost"));
    assert_eq!(metric(&server, "interdict_index_compared_revision"), None);

    server.signal(Signal::USR1);
    wait_for(|| metric(&server, "interdict_index_compared_revision") == Some(3));
    assert_eq!(metric(&server, "interdict_index_compared_different"), Some(0));
    let found = examine(&place, &node, 0);
    let found = check(&found, "test comparison")["found"].as_str().unwrap().to_owned();
    assert!(found.starts_with("memory and database held the same at change 3, 0 minutes ago"), "{found}");

    alter(&place, "DELETE FROM entry WHERE id = (SELECT MAX(id) FROM entry)");
    server.signal(Signal::USR1);
    // It is loaded anew, and compared once more.
    let healed = |server| {
        metric(server, "interdict_index_differences_total") == Some(1)
            && metric(server, "interdict_index_compared_different") == Some(0)
    };
    wait_for(|| healed(&server));
    assert_eq!(metric(&server, "interdict_index_entries"), Some(2));
    let report = examine(&place, &node, 1);
    let found = check(&report, "test comparison")["found"].as_str().unwrap();
    assert!(found.ends_with("1 buckets have differed since its start, and were healed"), "{found}");
    assert_eq!(check(&report, "tables of test")["ok"], false, "the table is still not what the feed says");
    assert!(server.stop());
    let report = examine(&place, &node, 1);
    assert!(check(&report, "readiness")["found"].as_str().unwrap().contains("cannot be reached"));
}

#[test]
fn it_compares_by_itself_now_and_then() {
    let (_place, server) = served("--compare-interval-ms 50");
    wait_for(|| metric(&server, "interdict_index_compared_revision") == Some(3));
    assert_eq!(metric(&server, "interdict_index_differences_total"), Some(0));
    assert_eq!(metric(&server, "interdict_index_comparison_failures_total"), Some(0));
}

#[test]
fn a_database_that_nodes_share_is_examined_and_missed_when_it_is_away() {
    let settings = PostgresSettings { fsync: Fsync::On, ..PostgresSettings::default() };
    let mut postgres = Postgres::start_with(&settings);
    let place = Place::new();
    let database = format!("--database-url {}", postgres.create_database("examined"));
    let server = place.serve(&format!("serve {database}"));
    server.wait_until_ready();
    server.block(&place.first_key(), "mallory@example.com");
    let words = format!("{database} --node {}", server.url());
    server.signal(Signal::USR1);
    wait_for(|| metric(&server, "interdict_index_compared_revision") == Some(1));
    let report = examine(&place, &words, 0);
    assert!(
        check(&report, "tables of test")["found"].as_str().unwrap().starts_with("0 customers and 1 entries")
    );
    assert_eq!(check(&report, "test comparison")["ok"], true);

    postgres.stop_immediately();
    let report = examine(&place, &words, 1);
    assert_eq!(check(&report, "database")["ok"], false, "{report}");
    assert_eq!(check(&report, "test index")["found"], "at change 1; how far the database is, nobody knows");
}

#[test]
fn a_provider_that_does_not_keep_the_lists_is_named() {
    let (place, server) = served("");
    assert!(!examine(&place, "", 0).to_string().contains("payment provider"), "nobody wants any");
    let key = place.json("key create --merchant 1 --mode live --kind secret --json");
    let live = key["secret"].as_str().unwrap();
    let (status, _) = server.call("PUT", "/v1/gateway/lists", live, &json!({"mirroring": "block"}));
    assert_eq!(status, 200);
    // There is no key of the provider's.
    let lists = || server.call("GET", "/v1/gateway/lists", live, &Value::Null).1;
    wait_for(|| lists()["state"] == "failing");
    let report = examine(&place, "", 1);
    let found = check(&report, "lists at the payment provider")["found"].as_str().unwrap();
    assert!(found.ends_with("1 not served by the provider"), "{found}");
}

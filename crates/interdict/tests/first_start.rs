//! The first start and the ones after it: folder, pepper, the first merchant, and what is refused.

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
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::json;
use support::Place;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn the_first_start_makes_a_merchant_and_the_second_keeps_everything() {
    let place = Place::new();
    let server = place.serve("serve --workers 1");
    assert!(server.said.contains("first-run.txt"), "{}", server.said);
    assert!(!server.said.contains("sk_"), "no secret outside of the file");
    server.wait_until_ready();
    let key = place.first_key();
    let payer = json!({"initiator": "customer", "email": "mallory@example.com"});
    assert_eq!(server.decide(&key, &payer), "default");
    server.block(&key, "mallory@example.com");
    assert_eq!(server.decide(&key, &payer), "identifier_blacklisted");
    assert!(server.stop(), "SIGTERM is a good end");

    assert_eq!(mode(&place.data("")), 0o700);
    let logs = ["test-decisions.db", "live-decisions.db"];
    for file in ["pepper", "first-run.txt", "core.db", "test.db", "live.db"].into_iter().chain(logs) {
        assert_eq!(mode(&place.data(file)), 0o600, "{file}");
    }
    let pepper = fs::read_to_string(place.data("pepper")).unwrap();
    assert!(pepper.trim().len() == 64 && pepper.trim().bytes().all(|digit| digit.is_ascii_hexdigit()));

    let server = place.serve("");
    assert!(!server.said.contains("first-run.txt"), "{}", server.said);
    server.wait_until_ready();
    assert_eq!(server.decide(&key, &payer), "identifier_blacklisted");
    let (_, log) = server.call("GET", "/v1/decisions", &key, &serde_json::Value::Null);
    let codes: Vec<&str> =
        log["items"].as_array().unwrap().iter().map(|item| item["code"].as_str().unwrap()).collect();
    assert_eq!(
        codes,
        ["identifier_blacklisted", "identifier_blacklisted", "default"],
        "the end wrote what waited"
    );
    assert_eq!(fs::read_to_string(place.data("pepper")).unwrap(), pepper);
    assert_eq!(place.json("key list --json")["items"].as_array().unwrap().len(), 4);
}

#[test]
fn two_that_start_at_once_make_one_merchant() {
    let place = Place::new();
    let servers: Vec<_> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..3).map(|_| scope.spawn(|| place.serve("serve"))).collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    assert_eq!(place.json("key list --json")["items"].as_array().unwrap().len(), 4);
    for server in servers {
        server.wait_until_ready();
        server.decide(&place.first_key(), &json!({"initiator": "customer", "email": "ada@example.com"}));
    }
}

#[test]
fn a_kill_in_the_first_start_leaves_no_keys_that_nobody_has_seen() {
    for delay_ms in (0..60).step_by(6) {
        let place = Place::new();
        let mut first = place.process("serve --listen 127.0.0.1:0");
        let mut process = first.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(delay_ms));
        process.kill().unwrap();
        process.wait().unwrap();
        let server = place.serve("serve");
        server.wait_until_ready();
        server.decide(&place.first_key(), &json!({"initiator": "customer", "email": "ada@example.com"}));
        assert_eq!(place.json("key list --json")["items"].as_array().unwrap().len(), 4, "{delay_ms} ms");
    }
}

#[test]
fn another_pepper_is_refused() {
    let place = Place::new();
    place.run("merchant create --name Shop").success();
    fs::write(place.data("pepper"), "0a".repeat(32)).unwrap();
    let complaint = place.complaint("serve --listen 127.0.0.1:0", 1);
    assert!(complaint.contains("does not belong") && complaint.contains("--pepper-file"), "{complaint}");
}

#[test]
fn a_pepper_that_is_open_lost_or_damaged_is_refused() {
    let place = Place::new();
    place.run("merchant create --name Shop").success();
    let pepper = place.data("pepper");
    let content = fs::read(&pepper).unwrap();

    fs::set_permissions(&pepper, fs::Permissions::from_mode(0o644)).unwrap();
    let complaint = place.complaint("key list", 1);
    assert!(complaint.contains("chmod 600 interdict-data/pepper"), "{complaint}");

    fs::set_permissions(&pepper, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&pepper, "not a pepper").unwrap();
    let complaint = place.complaint("key list", 1);
    assert!(complaint.contains("damaged") && !complaint.contains("not a pepper"), "{complaint}");

    fs::remove_file(&pepper).unwrap();
    let complaint = place.complaint("key list", 1);
    assert!(complaint.contains("missing") && complaint.contains("put the pepper back"), "{complaint}");
    assert!(!pepper.exists(), "no new pepper under old data");

    fs::write(place.path("elsewhere"), content).unwrap();
    fs::set_permissions(place.path("elsewhere"), fs::Permissions::from_mode(0o600)).unwrap();
    place.run("key list --pepper-file elsewhere").success();
}

/// An empty database in the place of a lost one would let everybody pay.
#[test]
fn a_lost_database_is_not_replaced_by_an_empty_one() {
    for store in ["test.db", "live.db", "core.db"] {
        let place = Place::new();
        place.run("merchant create --name Shop").success();
        fs::remove_file(place.data(store)).unwrap();
        for _ in 0..2 {
            let complaint = place.complaint("serve --listen 127.0.0.1:0", 1);
            assert!(complaint.contains(store) && complaint.contains("restore"), "{complaint}");
        }
    }
}

#[test]
fn a_port_that_is_taken_is_said_before_anything_is_made() {
    let (place, other) = (Place::new(), Place::new());
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let complaint = place.complaint(&format!("serve --listen {address}"), 2);
    assert!(complaint.contains("--listen"), "{complaint}");
    assert!(!place.data("").exists());
    let complaint = other.complaint("serve --listen 127.0.0.1:0 --tls-cert no.pem --tls-key no.pem", 1);
    assert!(complaint.contains("--tls-cert"), "{complaint}");
    assert!(!other.data("").exists());
}

//! Merchants and keys from the command line, beside a running server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test that cannot go on must fail, and this one holds a watch"
)]

mod support;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{Place, Server};

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_else(|| panic!("{field} in {value}"))
}

fn status(server: &Server, key: &str) -> u16 {
    let payer = json!({"initiator": "customer", "email": "ada@example.com"});
    server.call("POST", "/v1/decisions", key, &payer).0
}

#[test]
fn a_merchant_comes_with_a_key_of_each_kind_and_mode() {
    let place = Place::new();
    let made = place.json("merchant create --name Shop --json");
    assert_eq!(made["number"], 1);
    for mode in ["test", "live"] {
        let keys = &made["keys"][mode];
        assert!(text(keys, "secret").starts_with(&format!("sk_{mode}_")), "{made}");
        assert!(text(keys, "publishable").starts_with(&format!("pk_{mode}_")), "{made}");
    }
    assert_eq!(place.json("merchant create --name Second --json")["number"], 2);
    let shown = place.run("merchant create --name Third").success();
    assert!(String::from_utf8_lossy(&shown.get_output().stdout).contains("Made merchant 3"));
}

#[test]
fn a_key_has_what_it_was_made_with() {
    let place = Place::new();
    place.run("merchant create --name Shop").success();
    let key = place.json(
        "key create --merchant 1 --mode live --kind secret --permissions decisions,customers:read --json \
         --expires-at 2090-01-01T00:00:00Z",
    );
    assert!(text(&key, "id").starts_with("key_"));
    assert!(text(&key, "secret").starts_with("sk_live_"));
    assert_eq!(key["kind"], "secret");
    assert_eq!(key["mode"], "live");
    assert_eq!(key["permissions"], json!(["customers:read", "decisions"]));
    assert_eq!(key["expiresAt"], "2090-01-01T00:00:00.000Z");

    let client = place.json("key create --merchant 1 --mode test --kind oauth --expires-in-days 1 --json");
    assert_eq!(client["clientId"], client["id"]);
    assert!(text(&client, "clientSecret").starts_with("oas_test_"));
    assert_eq!(client["secret"], client["clientSecret"]);
    assert!(client["expiresAt"].is_string());

    let listed = place.json("key list --merchant 1 --json");
    let items = listed["items"].as_array().unwrap();
    assert_eq!(items.len(), 6);
    assert!(!listed.to_string().contains(text(&key, "secret")), "secrets are shown once");
    let table = place.run("key list").success();
    assert!(String::from_utf8_lossy(&table.get_output().stdout).contains(text(&key, "id")));
}

#[test]
fn keys_work_at_once_and_die_within_a_second_beside_a_running_server() {
    let place = Place::new();
    let server = place.serve("serve");
    server.wait_until_ready();
    let key = place.json("key create --merchant 1 --mode test --kind secret --json");
    assert_eq!(status(&server, text(&key, "secret")), 200, "works when the command returns");

    let new = place.json(&format!("key rotate {} --overlap-hours 1 --json", text(&key, "id")));
    assert_eq!(new["replaces"]["id"], key["id"]);
    assert_eq!(status(&server, text(&key, "secret")), 200, "both work in the overlap");
    assert_eq!(status(&server, text(&new, "secret")), 200);

    place.run(&format!("key revoke {}", text(&key, "id"))).success();
    let revoked = Instant::now();
    while status(&server, text(&key, "secret")) != 401 {
        assert!(revoked.elapsed() < Duration::from_secs(1), "a revoked key is dead within a second");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(status(&server, text(&new, "secret")), 200);
    let complaint = place.complaint(&format!("key rotate {}", text(&key, "id")), 2);
    assert!(complaint.contains("revoked or expired"), "{complaint}");
}

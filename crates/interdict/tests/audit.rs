//! `interdict audit verify`, on data that is sound and on data that somebody altered.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail"
)]

mod support;

use rusqlite::Connection;
use serde_json::Value;
use support::Place;

/// A place with some changes in the core and in test mode.
fn filled() -> Place {
    let place = Place::new();
    let server = place.serve("serve");
    server.wait_until_ready();
    for name in ["mallory", "eve", "trudy"] {
        server.block(&place.first_key(), &format!("{name}@example.com"));
    }
    assert!(server.stop());
    place
}

fn alter(place: &Place, store: &str, sql: &str) {
    let connection = Connection::open(place.data(store)).unwrap();
    assert_eq!(connection.execute(sql, []).unwrap(), 1, "{sql}");
}

fn verify(place: &Place, status: i32) -> Value {
    let output = place.run("audit verify --json").code(status);
    serde_json::from_slice(&output.get_output().stdout).unwrap()
}

#[test]
fn what_nobody_altered_is_sound() {
    let place = filled();
    let report = verify(&place, 0);
    assert_eq!(report["ok"], true);
    assert_eq!(report["stores"][0]["store"], "core");
    assert_eq!(report["stores"][0]["changes"], 6, "a merchant, four keys and an owner");
    assert_eq!(report["stores"][1]["changes"], 3);
    assert_eq!(report["stores"][1]["personal"], 3);
    let text = place.run("audit verify").success();
    assert!(String::from_utf8_lossy(&text.get_output().stdout).contains("test: 3 changes, all sound"));
}

#[test]
fn what_was_altered_is_named() {
    for (store, sql, fault) in [
        ("test.db", "UPDATE change SET actor_id = 'nobody' WHERE sequence = 2", "change 2 does not agree"),
        ("test.db", "DELETE FROM change WHERE sequence = 2", "change 2 is missing"),
        ("test.db", "DELETE FROM change WHERE sequence = 3", "the head names change 3"),
        ("test.db", "UPDATE personal SET body = '{}' WHERE sequence = 1", "personal data of change 1"),
        ("core.db", "UPDATE change SET at = at + 1 WHERE sequence = 5", "change 5 does not agree"),
    ] {
        let place = filled();
        alter(&place, store, sql);
        let report = verify(&place, 1);
        assert_eq!(report["ok"], false);
        assert!(report.to_string().contains(fault), "{sql}: {report}");
        let text = place.run("audit verify").code(1);
        assert!(String::from_utf8_lossy(&text.get_output().stdout).contains(fault), "{sql}");
    }
}

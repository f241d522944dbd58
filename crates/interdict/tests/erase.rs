//! `interdict erase`: listed first, erased beside a running server, with a report; and what no customer has.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail"
)]

mod support;

use std::time::Duration;

use interdict_test_support::wait_until;
use serde_json::{Value, json};
use support::{Place, Server};

const WHERE: &str = "--merchant 1 --mode test";

/// Whoever reads the log has what waits for it written: otherwise it is written later, without the person, and is in no
/// count.
fn log_is_written(server: &Server, key: &str) {
    assert_eq!(server.call("GET", "/v1/decisions", key, &Value::Null).0, 200);
}

fn customer(server: &Server, key: &str, body: &Value) -> String {
    let (status, made) = server.call("POST", "/v1/customers", key, body);
    assert_eq!(status, 201, "{made}");
    made["id"].as_str().unwrap().to_owned()
}

#[test]
fn everybody_with_an_email_is_erased_beside_a_server_and_the_blocks_stay() {
    let place = Place::new();
    let (server, key) = place.begin();
    let ada = customer(&server, &key, &json!({"email": "erasee@example.com", "name": "Zubaida Erasee"}));
    let twin = customer(&server, &key, &json!({"email": "erasee@example.com"}));
    let other = customer(&server, &key, &json!({"email": "keeper@example.com"}));
    server.block(&key, "erasee@example.com");
    let attempt = json!({"initiator": "customer", "email": "erasee@example.com"});
    assert_eq!(server.decide(&key, &attempt), "identifier_blacklisted");
    log_is_written(&server, &key);
    let words = format!("erase {WHERE} --email Erasee@example.com");

    let planned = place.json(&format!("{words} --dry-run --json"));
    let mut both = [json!(ada), json!(twin)];
    both.sort_by_key(Value::to_string);
    let mut found = planned["customers"].as_array().unwrap().clone();
    found.sort_by_key(Value::to_string);
    assert_eq!((&planned["erased"], &found[..]), (&json!(false), &both[..]));
    assert_eq!((&planned["rows"]["customer"], &planned["rows"]["entry"]), (&json!(2), &json!(1)));
    assert_eq!(server.call("GET", &format!("/v1/customers/{ada}"), &key, &Value::Null).0, 200);
    let unasked = place.run(&words).code(2);
    assert!(String::from_utf8_lossy(&unasked.get_output().stderr).contains("--yes"));

    let erased = place.json(&format!("{words} --yes --json"));
    assert_eq!((&erased["erased"], &erased["decisions"]), (&json!(true), &json!(1)));
    assert!(erased["blocksKept"].as_i64().unwrap() >= 1, "{erased}");
    assert!(erased["notes"].to_string().contains("backups"), "{erased}");
    let status = |id: &str| server.call("GET", &format!("/v1/customers/{id}"), &key, &Value::Null).0;
    assert_eq!((status(&ada), status(&twin), status(&other)), (404, 404, 200));
    // The server hears of it by the feed; the block stands before, meanwhile and afterwards.
    assert_eq!(server.decide(&key, &attempt), "identifier_blacklisted");
    let (_, logged) = server.call("GET", "/v1/decisions", &key, &Value::Null);
    let oldest = logged["items"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(oldest["erased"], true, "{logged}");
    let nobody = place.run(&format!("{words} --yes")).success();
    assert!(String::from_utf8_lossy(&nobody.get_output().stdout).contains("No customer has it."));
    assert!(server.stop());
    place.run("audit verify").success();
    let left = place.files_with(&[b"erasee@example.com", b"Zubaida"]);
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn an_identifier_of_nobodys_becomes_a_tombstone() {
    let place = Place::new();
    let (server, key) = place.begin();
    let entry =
        json!({"list": "block", "kind": "device", "value": "zubaidas-phone", "reason": "internal words"});
    let (status, made) = server.call("POST", "/v1/entries", &key, &entry);
    assert_eq!(status, 201, "{made}");
    let allow = json!({"list": "allow", "kind": "device", "value": "zubaidas-phone"});
    assert_eq!(server.call("POST", "/v1/entries", &key, &allow).0, 201);
    let attempt = json!({"initiator": "customer", "device": "zubaidas-phone"});
    assert_eq!(server.decide(&key, &attempt), "identifier_blacklisted");
    log_is_written(&server, &key);
    let said = place.run(&format!("erase {WHERE} --identifier device=zubaidas-phone --yes")).success();
    let said = String::from_utf8_lossy(&said.get_output().stdout).into_owned();
    assert!(said.contains("Blocks that stay in force without words: 1."), "{said}");
    assert!(said.contains("decisions of the log 1"), "{said}");
    let path = format!("/v1/entries/{}", made["id"].as_str().unwrap());
    let shown = || server.call("GET", &path, &key, &Value::Null).1;
    wait_until(|| shown()["value"].is_null(), Duration::from_mins(1)).unwrap();
    assert_eq!(shown()["reason"], Value::Null);
    assert_eq!(server.decide(&key, &attempt), "identifier_blacklisted");
    let (_, changes) = server.call("GET", "/v1/changes", &key, &Value::Null);
    assert_eq!(changes["items"].as_array().unwrap().last().unwrap()["action"], "identifier.erased");
    assert!(!changes.to_string().contains("internal words"), "{changes}");
    assert!(server.stop());
    place.run("audit verify").success();
    place.run("doctor").success();
}

#[test]
fn what_was_noted_and_linked_goes_with_the_identifier() {
    let place = Place::new();
    let (server, key) = place.begin();
    let blocked = json!({
        "identifiers": [{"kind": "device", "value": "zubaidas-phone"}, {"kind": "iban", "value": "GB33BUKB20201555555555"}],
        "reason": "Zubaida of Kano Road",
    });
    let (status, person) = server.call("POST", "/v1/persons/block", &key, &blocked);
    assert_eq!(status, 201, "{person}");
    let person = person["id"].as_str().unwrap().to_owned();
    let (_, entries) = server.call("GET", "/v1/entries?kind=device", &key, &Value::Null);
    let entry = entries["items"][0]["id"].as_str().unwrap().to_owned();
    let notes = format!("/v1/entries/{entry}/notes");
    let (status, answer) = server.call("POST", &notes, &key, &json!({"text": "Zubaida called twice"}));
    assert_eq!(status, 201, "{answer}");
    let words = format!("erase {WHERE} --identifier device=zubaidas-phone");

    let planned = place.json(&format!("{words} --dry-run --json"));
    assert_eq!(planned["rows"]["note"], 1, "{planned}");
    place.run(&format!("{words} --yes")).success();
    let shown = |path: &str| server.call("GET", path, &key, &Value::Null).1;
    wait_until(|| shown(&format!("/v1/entries/{entry}"))["value"].is_null(), Duration::from_mins(1)).unwrap();
    assert_eq!(shown(&notes)["items"], json!([]));
    assert_eq!(shown(&format!("/v1/persons/{person}"))["reason"], Value::Null);
    assert!(!place.json(&format!("{words} --dry-run --json"))["rows"].to_string().contains("note"));
    let attempt = json!({"initiator": "customer", "device": "zubaidas-phone"});
    assert_eq!(server.decide(&key, &attempt), "identifier_blacklisted");
    assert!(server.stop());
    place.run("audit verify").success();
    let left = place.files_with(&[b"Zubaida"]);
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn what_stands_for_many_loses_its_words_and_blocks_as_far_as_before() {
    let place = Place::new();
    let (server, key) = place.begin();
    let listed = [("ip", "203.0.113.0/24"), ("bin", "424242"), ("emailDomain", "bad.example")];
    let attempts = [("ip", "203.0.113.9"), ("bin", "42424299"), ("email", "somebody@mail.bad.example")];
    let codes = |server: &Server| {
        attempts.map(|(kind, value)| server.decide(&key, &json!({"initiator": "customer", kind: value})))
    };
    for (kind, value) in listed {
        let entry = json!({"list": "block", "kind": kind, "value": value, "reason": "Zubaida's words"});
        assert_eq!(server.call("POST", "/v1/entries", &key, &entry).0, 201);
    }
    assert_eq!(codes(&server), ["identifier_blacklisted"; 3]);
    for (kind, value) in listed {
        place.run(&format!("erase {WHERE} --identifier {kind}={value} --yes")).success();
    }
    assert!(server.stop());
    let server = place.serve("serve");
    server.wait_until_ready();
    assert_eq!(codes(&server), ["identifier_blacklisted"; 3]);
    let (_, entries) = server.call("GET", "/v1/entries", &key, &Value::Null);
    for entry in entries["items"].as_array().unwrap() {
        assert!(entry["value"].is_string() && entry["reason"].is_null(), "{entry}");
    }
    assert!(server.stop());
    let left = place.files_with(&[b"Zubaida"]);
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_phone_is_read_as_the_merchants_customers_dial_it() {
    let place = Place::new();
    let (server, key) = place.begin();
    assert_eq!(server.call("PATCH", "/v1/settings", &key, &json!({"phoneRegion": "NG"})).0, 200);
    let id = customer(&server, &key, &json!({"phone": "0803 123 4567"}));
    let planned = place.json(&format!("erase {WHERE} --phone 08031234567 --dry-run --json"));
    assert_eq!(planned["customers"], json!([id]));
}

#[test]
fn mistakes_in_the_call_are_told() {
    let place = Place::new();
    let (server, _) = place.begin();
    assert!(server.stop());
    for (words, complaint) in [
        (format!("erase {WHERE}"), "required"),
        (format!("erase {WHERE} --email nonsense --yes"), "the email"),
        (format!("erase {WHERE} --identifier shoe=1 --yes"), "the kinds are"),
        (format!("erase {WHERE} --email a@example.com --phone +2348012345678"), "cannot be used with"),
        (format!("erase {WHERE} --customer cus_2R0uWz4tu9wxTMBXxj9CJfSE9vV --yes"), "no such customer"),
        ("erase --merchant 9 --mode test --email a@example.com --yes".to_owned(), "there is no merchant 9"),
    ] {
        let said = place.complaint(&words, 2);
        assert!(said.contains(complaint), "{words}: {said}");
    }
}

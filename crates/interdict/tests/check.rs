//! `interdict check`: what a payment would get, by its ending and in words.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail"
)]

mod support;

use serde_json::{Value, json};
use support::Place;

#[test]
fn it_ends_with_0_when_allowed_and_3_when_blocked() {
    let place = Place::new();
    let server = place.serve("serve");
    server.wait_until_ready();
    let key = place.first_key();
    server.block(&key, "mallory@example.com");
    let flags = json!({"email": "ada@example.com", "merchantRef": "A-17"});
    let (_, customer) = server.call("POST", "/v1/customers", &key, &flags);
    let id = customer["id"].as_str().unwrap();
    let flags = json!({"restrictCit": true, "restrictReason": "under review"});
    server.call("POST", &format!("/v1/customers/{id}/restrictions"), &key, &flags);

    let check = "check --merchant 1 --mode test";
    place.run(&format!("{check} eve@example.com")).code(0);
    place.run(&format!("{check} mallory@example.com")).code(3);
    place.run("check --merchant 1 --mode live mallory@example.com").code(0);
    place.run(&format!("{check} --unverified email MALLORY@example.com")).code(3);
    place.run(&format!("{check} {id}")).code(3);
    place.run(&format!("{check} --initiator merchant customer={id}")).code(0);
    place.run(&format!("{check} merchantRef=A-17 +2348012345678")).code(3);

    let (_, log) = server.call("GET", "/v1/decisions", &key, &Value::Null);
    assert_eq!(log["items"], json!([]), "it leaves no trace");

    let shown = place.run(&format!("{check} {id}")).code(3);
    let text = String::from_utf8_lossy(&shown.get_output().stdout).into_owned();
    for word in ["block: customer_restricted", "under review", "list status blacklisted", "not reached"] {
        assert!(text.contains(word), "{word} in {text}");
    }
    server.call("PATCH", "/v1/settings", &key, &json!({"emailMatching": "plus_alias"}));
    server.block(&key, "ben@gmail.com");
    let shown = place.run(&format!("{check} ben+news@gmail.com")).code(3);
    let text = String::from_utf8_lossy(&shown.get_output().stdout).into_owned();
    for rule in ["exact", "plus_alias", "domain"] {
        assert!(text.contains(rule), "by which rule, {rule}, in {text}");
    }
}

/// As over HTTP: the commands know where the merchant's customers dial.
#[test]
fn a_phone_is_read_as_it_is_dialled_in_the_merchants_region() {
    let place = Place::new();
    let server = place.serve("serve");
    server.wait_until_ready();
    let key = place.first_key();
    place.run("check --merchant 1 --mode test phone=08031234567").code(2);
    server.call("PATCH", "/v1/settings", &key, &json!({"phoneRegion": "NG"}));
    std::fs::write(place.path("list.csv"), "phone\n0803 123 4567\n").unwrap();
    let taken = place.json("import list.csv --merchant 1 --mode test --list block --json");
    assert_eq!((&taken["created"], &taken["bad"]), (&1.into(), &0.into()));
    for phone in ["phone=08031234567", "+2348031234567"] {
        place.run(&format!("check --merchant 1 --mode test {phone}")).code(3);
    }
}

#[test]
fn json_is_the_answer_over_http() {
    let place = Place::new();
    let server = place.serve("serve");
    server.wait_until_ready();
    let key = place.first_key();
    server.block(&key, "mallory@example.com");
    let payer = json!({"initiator": "customer", "email": "mallory@example.com", "explain": true});
    let (_, mut answered) = server.call("POST", "/v1/decisions", &key, &payer);
    let output = place.run("check --merchant 1 --mode test --json mallory@example.com").code(3);
    let mut checked: Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    assert!(checked["id"].as_str().unwrap().starts_with("dec_"), "{checked}");
    for field in ["id", "decidedAt"] {
        answered[field] = Value::Null;
        checked[field] = Value::Null;
    }
    assert_eq!(checked, answered);
}

#[test]
fn json_has_the_fields_of_a_decision() {
    let place = Place::new();
    place.run("merchant create --name Shop").success();
    let output = place.run("check --merchant 1 --mode test --json ada@example.com").code(0);
    let mut decision: Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    decision["decidedAt"] = json!("now");
    decision["id"] = json!("dec_…");
    insta::assert_json_snapshot!(decision);
}

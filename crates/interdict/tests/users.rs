//! People who sign in, from the command line.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail"
)]

mod support;

use assert_cmd::assert::Assert;
use serde_json::Value;
use support::Place;

const GOOD: &str = "correct horse battery";

/// A command with a password on standard input.
fn with_password(place: &Place, words: &str, password: &str) -> Assert {
    let mut command = assert_cmd::Command::from_std(place.process(words));
    command.write_stdin(password.to_owned()).assert()
}

fn json(assert: &Assert) -> Value {
    serde_json::from_slice(&assert.get_output().stdout).unwrap()
}

fn complaint(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stderr.clone()).unwrap()
}

#[test]
fn a_person_is_made_listed_disabled_and_enabled() {
    let place = Place::new();
    place.run("merchant create --name Shop").success();
    let words = "user create --merchant 1 --email Ada@Example.com --role admin --json";
    let made = json(&with_password(&place, words, &format!("{GOOD}\n")).success());
    assert!(made["id"].as_str().unwrap().starts_with("usr_"));
    assert_eq!(
        (&made["email"], &made["role"], &made["state"]),
        (&"ada@example.com".into(), &"admin".into(), &"active".into())
    );
    assert!(!made.to_string().contains("argon2"), "no hash is shown");

    let again =
        with_password(&place, "user create --merchant 1 --email ada@example.com --role owner", GOOD).code(2);
    assert!(complaint(&again).contains("use another one"), "{}", complaint(&again));
    let nowhere =
        with_password(&place, "user create --merchant 7 --email eve@example.com --role owner", GOOD).code(2);
    assert!(complaint(&nowhere).contains("interdict merchant create"), "{}", complaint(&nowhere));

    let id = made["id"].as_str().unwrap();
    assert_eq!(place.json(&format!("user disable {id} --json"))["state"], "disabled");
    assert_eq!(place.json("user list --merchant 1 --json")["items"][0]["state"], "disabled");
    assert_eq!(place.json(&format!("user enable {id} --json"))["state"], "active");
    let set = with_password(&place, &format!("user set-password {id}"), "another good one").success();
    assert!(String::from_utf8_lossy(&set.get_output().stdout).contains("ada@example.com"));
    let table = place.run("user list").success();
    assert!(String::from_utf8_lossy(&table.get_output().stdout).contains(id));
    let unknown = place.complaint("user disable usr_2R0uWz4tu9wxTMBXxj9CJfSE9vV", 2);
    assert!(unknown.contains("interdict user list"), "{unknown}");
    place.run("audit verify").success();
}

#[test]
fn a_password_that_is_no_good_makes_nobody() {
    let place = Place::new();
    place.run("merchant create --name Shop").success();
    for (password, hint) in [
        ("short\n", "at least 10 characters"),
        ("password123\n", "tried first"),
        ("ada@example.com", "must not be the email"),
        ("", "send it on standard input"),
        ("\n", "send it on standard input"),
    ] {
        let words = "user create --merchant 1 --email ada@example.com --role support";
        let refused = complaint(&with_password(&place, words, password).code(2));
        assert!(refused.contains(hint), "{refused}");
        assert!(password.trim().is_empty() || !refused.contains(password.trim()), "{refused}");
    }
    assert_eq!(place.json("user list --json")["items"].as_array().unwrap().len(), 0);
}

#[test]
fn the_first_start_makes_an_owner_and_old_data_gets_a_hint() {
    let place = Place::new();
    let server = place.serve("serve");
    server.wait_until_ready();
    let shown = std::fs::read_to_string(place.data("first-run.txt")).unwrap();
    assert!(shown.contains(&format!("{}/dashboard", server.url())), "{shown}");
    let after = |label: &str| {
        let rest = shown.split_once(&format!("\n  {label} ")).unwrap().1;
        rest.lines().next().unwrap().trim().to_owned()
    };
    assert_eq!(after("email"), "owner@interdict.local");
    assert_eq!(after("password").len(), 23, "four groups of five");
    let people = place.json("user list --json");
    assert_eq!(people["items"][0]["email"], "owner@interdict.local");
    assert_eq!(people["items"][0]["role"], "owner");
    let id = people["items"][0]["id"].as_str().unwrap();
    let refused = place.complaint(&format!("user disable {id}"), 2);
    assert!(refused.contains("make another one first"), "{refused}");
    assert!(server.stop());

    let old = Place::new();
    old.run("merchant create --name Shop").success();
    let mut process = old.process("serve --listen 127.0.0.1:0");
    process.stderr(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut process = process.spawn().unwrap();
    let mut log = std::io::BufReader::new(process.stderr.take().unwrap());
    let mut said = String::new();
    while !said.contains("interdict user create") {
        assert_ne!(std::io::BufRead::read_line(&mut log, &mut said).unwrap(), 0, "{said}");
    }
    process.kill().unwrap();
    process.wait().unwrap();
}

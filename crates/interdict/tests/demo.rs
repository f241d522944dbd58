//! The demonstration, by the real binary: its lines do what they say, and it is gone when it ends.

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
fn each_line_of_the_story_is_true() {
    let place = Place::new();
    let folder = place.path("");
    let mut command = place.process("demo --listen 127.0.0.1:0 --workers 1");
    command.env("TMPDIR", &folder);
    let mut server = support::Server::start(command);
    server.read_until("/v1/entries");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "all it has is in one folder");
    server.wait_until_ready();

    let key = server.said.split_whitespace().find(|word| word.starts_with("sk_test_")).unwrap().to_owned();
    let lines: Vec<(Value, String)> = server
        .said
        .lines()
        .filter_map(|line| line.trim().strip_prefix("ask '")?.split_once("'   # "))
        .map(|(payer, expected)| (serde_json::from_str(payer).unwrap(), expected.to_owned()))
        .collect();
    assert_eq!(lines.len(), 7, "{}", server.said);
    for (payer, expected) in &lines {
        let (status, answer) = server.call("POST", "/v1/decisions", &key, payer);
        assert_eq!(status, 200, "{answer}");
        let got = format!("{} {}", answer["outcome"].as_str().unwrap(), answer["code"].as_str().unwrap());
        assert_eq!(&got, expected);
    }

    let told: Vec<(String, Value, String)> = server
        .said
        .lines()
        .filter_map(|line| {
            let (path, rest) = line.trim().strip_prefix("do_ ")?.split_once(" '")?;
            let (body, expected) = rest.split_once("'   # ")?;
            Some((path.to_owned(), serde_json::from_str(body).unwrap(), expected.to_owned()))
        })
        .collect();
    assert_eq!(told.len(), 5, "{}", server.said);
    for (path, body, expected) in &told {
        let (status, answer) = server.call("POST", path, &key, body);
        let code = answer["error"]["code"].as_str().unwrap_or_default();
        assert_eq!(format!("{status} {code}").trim(), expected, "{path}: {answer}");
    }

    let lift = json!({"restrictCit": false, "restrictMit": false});
    let path = "/customers/cus_2R0uWz4tu9wxTMBXxj9CJfSE9vV/restrictions";
    assert_eq!(server.call("POST", path, &key, &lift).0, 200);
    assert_eq!(server.decide(&key, &lines[0].0), "default");
    assert!(server.stop());
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "nothing is left");
}

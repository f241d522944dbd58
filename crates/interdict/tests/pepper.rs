//! `interdict pepper rotate`: nothing serves meanwhile, and behind it every answer is what it was; what was cut goes on.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail"
)]

mod support;

use std::os::unix::fs::PermissionsExt as _;

use interdict_test_support::{Fsync, Postgres, PostgresSettings};
use serde_json::{Value, json};
use support::{Place, Server};

const WHERE: &str = "--merchant 1 --mode test";

fn pepper(place: &Place) -> String {
    std::fs::read_to_string(place.data("pepper")).unwrap()
}

/// What stands at the beginning of each line.
fn generations(place: &Place) -> Vec<String> {
    let word = |line: &str| line.split_once(' ').map_or(String::new(), |(number, _)| number.to_owned());
    pepper(place).lines().map(word).collect()
}

fn post(server: &Server, key: &str, path: &str, body: &Value) -> Value {
    let (status, made) = server.call("POST", path, key, body);
    assert!((200..300).contains(&status), "{path} {body}: {status} {made}");
    made
}

const ATTEMPTS: [(&str, &str); 9] = [
    ("email", "blocked@example.com"),
    ("email", "somebody@mail.bad.example"),
    ("email", "gone@example.com"),
    ("phone", "+4930901820"),
    ("ip", "203.0.113.9"),
    ("device", "forgotten-device"),
    ("device", "persons-device"),
    ("email", "person@example.com"),
    ("email", "nobody@example.com"),
];

fn fill(place: &Place, server: &Server, key: &str) {
    server.block(key, "blocked@example.com");
    for (kind, value) in
        [("emailDomain", "bad.example"), ("ip", "203.0.113.0/24"), ("device", "forgotten-device")]
    {
        post(server, key, "/v1/entries", &json!({"list": "block", "kind": kind, "value": value}));
    }
    let persons = json!([{"kind": "email", "value": "person@example.com"}, {"kind": "device", "value": "persons-device"}]);
    post(server, key, "/v1/persons/block", &json!({"identifiers": persons}));
    let gone = post(
        server,
        key,
        "/v1/customers",
        &json!({"email": "gone@example.com", "phone": "+4930901820", "name": "Zubaida Gone"}),
    );
    let id = gone["id"].as_str().unwrap();
    post(server, key, &format!("/v1/customers/{id}/blacklist"), &json!({"reason": "seen"}));
    let (status, _) = server.call("DELETE", &format!("/v1/customers/{id}"), key, &Value::Null);
    assert!((200..300).contains(&status), "{status}");
    place.run(&format!("erase {WHERE} --identifier device=forgotten-device --yes")).success();
}

fn codes(server: &Server, key: &str) -> Vec<String> {
    let code = |(kind, value): &(&str, &str)| {
        server.decide(key, &json!({"initiator": "customer", *kind: value, "dryRun": true}))
    };
    ATTEMPTS.iter().map(code).collect()
}

#[test]
fn every_answer_is_what_it_was_and_erasing_reaches_everything() {
    let place = Place::new();
    let (server, key) = place.begin();
    fill(&place, &server, &key);
    let before = codes(&server, &key);
    assert_eq!(before.iter().filter(|code| *code == "default").count(), 1, "{before:?}");
    let kept =
        post(&server, &key, "/v1/customers", &json!({"email": "erasee@example.com", "name": "Zubaida"}));
    server.block(&key, "erasee@example.com");
    let attempt = json!({"initiator": "customer", "email": "erasee@example.com"});
    assert_eq!(server.decide(&key, &attempt), "identifier_blacklisted");
    assert_eq!(server.call("GET", "/v1/decisions", &key, &Value::Null).0, 200);
    let first = pepper(&place);
    let said = place.complaint("pepper rotate", 2);
    assert!(said.contains("a server serves") && pepper(&place) == first, "{said}");
    assert!(server.stop());

    let would = place.json("pepper rotate --dry-run --json");
    assert_eq!((&would["rotated"], &would["generation"]), (&json!(false), &json!(2)));
    assert_eq!(pepper(&place), first, "a dry run writes nothing");
    let did = place.json("pepper rotate --json");
    assert_eq!((&did["rotated"], &did["course"]), (&json!(true), &json!("fresh")));
    for part in ["stores", "formerNeeded"] {
        assert_eq!(did[part], would[part], "{part}");
    }
    assert_eq!(did["stores"][0]["tombstones"], json!([{"generation": 1, "blocks": 3}]), "{did}");
    assert_eq!(generations(&place), ["2", "1"]);
    assert_eq!(pepper(&place).lines().nth(1).unwrap(), format!("1 {}", first.trim()));
    let mode = std::fs::metadata(place.data("pepper")).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    place.run("audit verify").success();
    let found = place.run("doctor").success();
    let found = String::from_utf8_lossy(&found.get_output().stdout).into_owned();
    assert!(found.contains("since the feed was trimmed, or the pepper rotated"), "{found}");

    let (server, _) = place.begin();
    assert_eq!(codes(&server, &key), before);
    assert_eq!(server.decide(&key, &attempt), "identifier_blacklisted");
    let replay = json!({"initiator": "customer", "email": "blocked@example.com", "revision": 1});
    let (status, refused) = server.call("POST", "/v1/decisions/replay", &key, &replay);
    assert_eq!((status, &refused["error"]["code"]), (404, &json!("not_retained")), "{refused}");
    // Somebody is erased of whom the log and the feed spoke before.
    let id = kept["id"].as_str().unwrap();
    let erased = place.json(&format!("erase {WHERE} --customer {id} --yes --json"));
    assert_eq!(erased["decisions"], json!(2), "{erased}");
    assert!(server.stop());
    let left =
        place.files_with(&[b"erasee@example.com", b"gone@example.com", b"Zubaida", b"forgotten-device"]);
    assert!(left.is_empty(), "{left:?}");

    let did = place.json("pepper rotate --json");
    let left = json!([{"generation": 1, "blocks": 3}, {"generation": 2, "blocks": 1}]);
    assert_eq!((&did["generation"], &did["stores"][0]["tombstones"]), (&json!(3), &left), "{did}");
    assert_eq!(generations(&place), ["3", "2", "1"]);
    let (server, _) = place.begin();
    assert_eq!(codes(&server, &key), before);
    assert_eq!(server.decide(&key, &attempt), "identifier_blacklisted");
    assert!(server.stop());
    place.run("audit verify").success();
    place.run("doctor").success();
    // A backup carries all of them, and is whole.
    place.run("backup copy").success();
    place.run("restore copy --data-dir other").success();
    place.run("doctor --data-dir other").success();
    assert_eq!(std::fs::read_to_string(place.path("other").join("pepper")).unwrap(), pepper(&place));
}

/// The states that a kill leaves behind, made of files.
#[test]
fn what_was_cut_goes_on_and_draws_no_third_pepper() {
    let place = Place::new();
    let (server, key) = place.begin();
    fill(&place, &server, &key);
    let before = codes(&server, &key);
    assert!(server.stop());
    let first = pepper(&place);
    let copies = |to: &str| {
        std::fs::create_dir_all(place.path(to)).unwrap();
        for store in ["core.db", "test.db", "live.db", "core.db-wal", "test.db-wal", "live.db-wal"] {
            let _ = std::fs::remove_file(place.path(to).join(store));
            if place.data(store).exists() {
                std::fs::copy(place.data(store), place.path(to).join(store)).unwrap();
            }
        }
    };
    copies("before");
    place.run("pepper rotate").success();
    let rotated = pepper(&place);
    copies("after");
    let put = |store: &str, from: &str| {
        for name in [format!("{store}.db"), format!("{store}.db-wal"), format!("{store}.db-shm")] {
            let _ = std::fs::remove_file(place.data(&name));
            let copy = place.path(from).join(&name);
            if copy.exists() {
                std::fs::copy(copy, place.data(&name)).unwrap();
            }
        }
    };
    // Behind the file, behind one store, behind two.
    for done in [&[][..], &["test"], &["test", "live"]] {
        for store in ["core", "test", "live"] {
            put(store, if done.contains(&store) { "after" } else { "before" });
        }
        let said = place.complaint("serve --listen 127.0.0.1:0", 1);
        assert!(said.contains("interdict pepper rotate"), "{said}");
        let would = place.json("pepper rotate --dry-run --json");
        assert_eq!(would["course"], json!("resumed"));
        let did = place.json("pepper rotate --json");
        assert_eq!((&did["course"], &did["generation"]), (&json!("resumed"), &json!(2)));
        assert_eq!(did["stores"][0]["wasDone"], json!(done.contains(&"test")));
        assert_eq!(pepper(&place), rotated, "the same new one");
        let (server, _) = place.begin();
        assert_eq!(codes(&server, &key), before, "{done:?}");
        assert!(server.stop());
    }
    place.run("doctor").success();
    // Behind all stores: the one of before is still in the file, and the mark in the core.
    put("core", "after");
    let connection = rusqlite::Connection::open(place.data("core.db")).unwrap();
    connection.execute("INSERT INTO meta (name, value) VALUES ('rotation_ending', '1')", []).unwrap();
    drop(connection);
    assert_eq!(place.json("pepper rotate --json")["course"], json!("resumed"));
    assert_eq!(pepper(&place), rotated);

    // The file of before, and one without the pepper of the tombstones.
    let write = |text: &str| std::fs::write(place.data("pepper"), text).unwrap();
    write(&first);
    for words in ["serve --listen 127.0.0.1:0", "pepper rotate"] {
        let said = place.complaint(words, 1);
        assert!(said.contains("does not belong to the data"), "{said}");
    }
    write(&format!("{}\n", rotated.lines().next().unwrap()));
    for words in ["serve --listen 127.0.0.1:0", "pepper rotate"] {
        let said = place.complaint(words, 1);
        assert!(said.contains("generation 1"), "{said}");
    }
    write("2 nonsense\n");
    assert!(place.complaint("pepper rotate", 1).contains("damaged"));
}

#[test]
fn without_data_there_is_nothing_to_rotate() {
    let place = Place::new();
    assert!(place.complaint("pepper rotate", 2).contains("there is no data"));
    assert!(!place.path("interdict-data").join("pepper").exists());
}

/// Many nodes: all of them are down meanwhile, and each gets the file.
#[test]
fn a_database_of_nodes_is_rotated_while_none_is_connected() {
    let postgres =
        Postgres::start_with(&PostgresSettings { fsync: Fsync::On, ..PostgresSettings::default() });
    let url = postgres.create_database("rotated");
    let place = Place::new();
    let database = format!("--database-url {url}");
    let server = place.serve(&format!("serve {database}"));
    server.wait_until_ready();
    let key = place.first_key();
    server.block(&key, "blocked@example.com");
    post(
        &server,
        &key,
        "/v1/entries",
        &json!({"list": "block", "kind": "device", "value": "forgotten-device"}),
    );
    place.run(&format!("erase {WHERE} --identifier device=forgotten-device --yes {database}")).success();
    let before = codes(&server, &key);
    let said = place.complaint(&format!("pepper rotate {database}"), 2);
    assert!(said.contains("stop every node"), "{said}");
    assert!(server.stop());
    let first = pepper(&place);
    let did = place.json(&format!("pepper rotate {database} --json"));
    assert_eq!(did["stores"][0]["tombstones"], json!([{"generation": 1, "blocks": 1}]), "{did}");
    // Another node, with the file of before.
    std::fs::write(place.path("old"), &first).unwrap();
    std::fs::set_permissions(place.path("old"), std::fs::Permissions::from_mode(0o600)).unwrap();
    let said = place.complaint(&format!("serve {database} --pepper-file old --listen 127.0.0.1:0"), 1);
    assert!(said.contains("the same on all nodes"), "{said}");
    let server = place.serve(&format!("serve {database}"));
    server.wait_until_ready();
    assert_eq!(codes(&server, &key), before);
    assert!(server.stop());
    place.run(&format!("audit verify {database}")).success();
}

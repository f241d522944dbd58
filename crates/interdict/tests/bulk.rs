//! `interdict import` and `interdict export`: beside a running server, with bad rows, cut, and again.

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
use std::time::Duration;

use interdict_test_support::wait_until;
use serde_json::json;
use support::Place;

const WHERE: &str = "--merchant 1 --mode test --list block";

/// The first start, and its end.
fn begin(place: &Place) {
    let server = place.serve("serve");
    server.wait_until_ready();
    assert!(server.stop());
}

#[test]
fn a_list_goes_in_beside_a_server_and_comes_out_as_it_went_in() {
    let place = Place::new();
    let server = place.serve("serve");
    server.wait_until_ready();
    let key = place.first_key();
    let rows: Vec<String> = (0..1_500).map(|number| format!("n{number}@example.com,=1+1")).collect();
    fs::write(place.path("list.csv"), format!("email,reason\n{}\n", rows.join("\n"))).unwrap();
    let checked = place.json(&format!("import list.csv {WHERE} --dry-run --json"));
    assert_eq!((&checked["state"], &checked["created"]), (&"checked".into(), &1_500.into()));
    let code = |email: &str| server.decide(&key, &json!({"initiator": "customer", "email": email}));
    assert_eq!(code("n7@example.com"), "default");
    let said = place.run(&format!("import list.csv {WHERE}")).success();
    let said = String::from_utf8_lossy(&said.get_output().stdout).into_owned();
    assert_eq!(said, "1500 rows: 1500 new, 0 changed, 0 as they were, 0 bad\n");
    // The server hears of it by the feed.
    wait_until(|| code("n1499@example.com") == "identifier_blacklisted", Duration::from_mins(1)).unwrap();
    let again = place.json(&format!("import list.csv {WHERE} --json"));
    assert_eq!((&again["state"], &again["unchanged"]), (&"done".into(), &1_500.into()));
    place.run(&format!("export {WHERE} --output out.ndjson")).success();
    assert_eq!(fs::metadata(place.path("out.ndjson")).unwrap().permissions().mode() & 0o777, 0o600);
    let again = place.json(&format!("import out.ndjson {WHERE} --json"));
    assert_eq!((&again["rows"], &again["unchanged"]), (&1_500.into(), &1_500.into()));
    let csv = place.run(&format!("export {WHERE} --kind email")).success();
    let csv = String::from_utf8_lossy(&csv.get_output().stdout).into_owned();
    assert!(csv.starts_with("kind,value,reason,") && csv.lines().count() == 1_501 && csv.contains(",'=1+1,"));
    assert!(server.stop());
    place.run("audit verify").success();
}

#[test]
fn bad_rows_stand_beside_the_file_and_the_status_says_so() {
    let place = Place::new();
    begin(&place);
    fs::write(place.path("list.csv"), "email\nada@example.com\nnonsense\n").unwrap();
    let told = place.run(&format!("import list.csv {WHERE}")).code(1);
    let told = String::from_utf8_lossy(&told.get_output().stdout).into_owned();
    assert!(told.contains("2 rows: 1 new, 0 changed, 0 as they were, 1 bad\n"), "{told}");
    assert!(told.contains("list.csv.errors.csv"), "{told}");
    let errors = fs::read_to_string(place.path("list.csv.errors.csv")).unwrap();
    assert!(errors.contains("3,email,") && errors.ends_with(",nonsense\n"), "{errors}");
    fs::write(place.path("list.csv"), "email\nada@example.com\n").unwrap();
    place.run(&format!("import list.csv {WHERE}")).success();
    assert!(!place.path("list.csv.errors.csv").exists());
    fs::write(place.path("odd.csv"), "mail;note\na;b\n").unwrap();
    let failed = place.run(&format!("import odd.csv {WHERE}")).code(1);
    assert!(String::from_utf8_lossy(&failed.get_output().stdout).contains("column 1 is not known"));
    let mut piped = assert_cmd::Command::from_std(place.process(&format!("import - {WHERE} --json")));
    let piped = piped.write_stdin("email\nben@example.com\n").assert().success();
    assert!(String::from_utf8_lossy(&piped.get_output().stdout).contains("\"created\": 1"));
}

#[test]
fn mistakes_in_the_call_are_told() {
    let place = Place::new();
    begin(&place);
    fs::write(place.path("list.csv"), "email\n").unwrap();
    for (words, complaint) in [
        (format!("import none.csv {WHERE}"), "none.csv cannot be read"),
        ("import list.csv --merchant 9 --mode test --list block".to_owned(), "there is no merchant 9"),
        (format!("import list.csv {WHERE} --kind shoe"), "must be one of email, emailDomain"),
        ("import list.csv --merchant 1 --mode test --list grey".to_owned(), "must be block or allow"),
        ("export --merchant 1 --mode test".to_owned(), "--list"),
    ] {
        let said = place.complaint(&words, 2);
        assert!(said.contains(complaint), "{words}: {said}");
    }
}

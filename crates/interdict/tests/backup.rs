//! `interdict backup` and `restore`: there and back, beside a running server.

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

use serde_json::json;
use support::Place;

/// A place with a server that blocks one email.
fn serving() -> (Place, support::Server) {
    let place = Place::new();
    let server = place.serve("serve");
    server.wait_until_ready();
    server.block(&place.first_key(), "mallory@example.com");
    (place, server)
}

#[test]
fn what_was_backed_up_while_serving_decides_after_the_restore() {
    let (place, server) = serving();
    let copied = place.json("backup copy --json");
    assert_eq!(copied["pepper"]["copied"], true);
    server.block(&place.first_key(), "later@example.com");
    for file in ["core.db", "test.db", "live.db", "pepper"] {
        let mode = fs::metadata(place.path("copy").join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }

    place.run("restore copy --data-dir restored").success();
    let check = "check --data-dir restored --merchant 1 --mode test";
    place.run(&format!("{check} mallory@example.com")).code(3);
    place.run(&format!("{check} later@example.com")).code(0);
    place.run("audit verify --data-dir restored").success();
    let restored = place.serve("serve --data-dir restored");
    restored.wait_until_ready();
    let payer = json!({"initiator": "customer", "email": "mallory@example.com"});
    assert_eq!(restored.decide(&place.first_key(), &payer), "identifier_blacklisted");
}

#[test]
fn a_backup_without_its_pepper_needs_the_pepper_back() {
    let (place, _server) = serving();
    let said = place.run("backup copy --without-pepper").success();
    assert!(String::from_utf8_lossy(&said.get_output().stdout).contains("in another place"));
    assert!(!place.path("copy/pepper").exists());

    let said = place.run("restore copy --data-dir restored").success();
    assert!(String::from_utf8_lossy(&said.get_output().stdout).contains("put that at restored/pepper"));
    assert!(place.complaint("key list --data-dir restored", 1).contains("missing"));
    fs::copy(place.data("pepper"), place.path("restored/pepper")).unwrap();
    place.run("check --data-dir restored --merchant 1 --mode test mallory@example.com").code(3);
}

#[test]
fn nothing_is_overwritten_and_nothing_is_half() {
    let (place, _server) = serving();
    place.run("backup copy").success();
    assert!(place.complaint("backup copy", 2).contains("name another folder"));
    assert!(place.complaint("restore copy", 2).contains("does not touch"));

    // A pepper that does not fit is found out before anything is in its place.
    let other = place.path("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("pepper"), "0a".repeat(32)).unwrap();
    fs::set_permissions(other.join("pepper"), fs::Permissions::from_mode(0o600)).unwrap();
    assert!(place.complaint("restore copy --data-dir other", 1).contains("not the one in the backup"));
    fs::remove_file(place.path("copy/pepper")).unwrap();
    assert!(place.complaint("restore copy --data-dir other", 1).contains("does not belong"));
    assert!(!other.join("core.db").exists());

    // One that was cut leaves a folder that does not serve.
    place.run("restore copy --data-dir half --pepper-file half/pepper").success();
    fs::copy(place.data("pepper"), place.path("half/pepper")).unwrap();
    fs::create_dir(place.path("half/restore.partial")).unwrap();
    let complaint = place.complaint("serve --listen 127.0.0.1:0 --data-dir half", 1);
    assert!(complaint.contains("did not finish"), "{complaint}");
}

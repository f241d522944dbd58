//! What the commands say of themselves, and what they say to those who mistake them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail"
)]

mod support;

use std::process::Stdio;

use support::Place;

#[test]
fn each_command_explains_itself() {
    let place = Place::new();
    let mut helps = String::new();
    for command in [
        "",
        "serve",
        "demo",
        "merchant",
        "merchant create",
        "key",
        "key create",
        "key list",
        "key rotate",
        "key revoke",
        "user",
        "user create",
        "user list",
        "user disable",
        "user enable",
        "user set-password",
        "check",
        "import",
        "export",
        "erase",
        "audit verify",
        "doctor",
        "backup",
        "restore",
        "migrate",
        "completions",
    ] {
        let output = place.run(&format!("{command} --help")).success();
        let help = String::from_utf8(output.get_output().stdout.clone()).unwrap();
        // The options that all have are shown once.
        let (own, common) = help.split_once("Data and logs:").unwrap();
        let examples = common.split_once("\n\n").map_or("", |(_, examples)| examples);
        helps.extend([format!("$ interdict {command} --help\n{}\n\n{examples}\n", own.trim_end())]);
    }
    insta::assert_snapshot!(helps);
}

#[test]
fn a_mistake_ends_with_2_and_says_how_to_do_it_right() {
    let place = Place::new();
    place.run("merchant create --name Shop").success();
    for (words, hint) in [
        ("serv", "serve"),
        ("--lisen x", "--lisen"),
        ("--workers none", "--workers"),
        ("serve --workers 0", "1 to 1024"),
        ("serve --max-staleness-ms 100", "200 to 3600000"),
        ("serve --feed-retention-days 0", "1 to 36500"),
        ("serve --feed-retention-days 36501", "1 to 36500"),
        ("serve --tls-cert only.pem", "--tls-key"),
        ("serve --listen nowhere", "--listen"),
        ("key list --database-url mysql://localhost/x", "postgres://user:password@host"),
        ("key list --data-dir nowhere", "interdict serve"),
        ("key list --config nowhere.toml", "nowhere.toml"),
        ("key list --merchant 9", "no such merchant"),
        ("key create --merchant 9 --mode test --kind secret", "merchant create"),
        ("key create --merchant 1 --mode prod --kind secret", "test or live"),
        ("key create --merchant 1 --mode test --kind secret --permissions decide", "decisions"),
        ("key create --merchant 1 --mode test --kind publishable --permissions decisions", "leave out"),
        ("key create --merchant 1 --mode test --kind secret --expires-at 2020-01-01T00:00:00Z", "future"),
        ("key revoke key_2R0uWz4tu9wxTMBXxj9CJfSE9vV", "key list"),
        ("key revoke sk_test_1", "key_"),
        ("check --merchant 1 --mode test", "IDENTIFIER"),
        ("check --merchant 9 --mode test ada@example.com", "numbered from 1"),
        ("check --merchant 1 --mode test A-17", "kind=value"),
        ("check --merchant 1 --mode test ada@", "email"),
        ("check --merchant 1 --mode test cus_2R0uWz4tu9wxTMBXxj9CJfSE9vV", "no customer"),
        ("restore nowhere", "no whole backup"),
        ("backup copy --data-dir nowhere", "--data-dir"),
        ("migrate", "--to postgres://"),
        ("migrate --to postgres://localhost", "postgres://user:password@host"),
        ("migrate --from nowhere --to postgres://localhost/x", "--from"),
    ] {
        let complaint = place.complaint(words, 2);
        assert!(complaint.contains(hint), "{words}: {complaint}");
    }
    assert!(!place.path("nowhere").exists(), "a mistake makes nothing");
}

#[test]
fn flags_win_over_variables_and_variables_over_the_file() {
    let place = Place::new();
    std::fs::write(place.path("interdict.toml"), "data_dir = \"of-file\"\nworkers = 1\n").unwrap();
    place.run("merchant create --name Shop").success();
    assert!(place.path("of-file/core.db").exists());
    let mut with_variable = place.process("merchant create --name Shop");
    with_variable.env("INTERDICT_DATA_DIR", "of-variable");
    assert_cmd::Command::from_std(with_variable).assert().success();
    assert!(place.path("of-variable/core.db").exists());
    let mut with_both = place.process("merchant create --name Shop --data-dir of-flag");
    with_both.env("INTERDICT_DATA_DIR", "of-variable");
    assert_cmd::Command::from_std(with_both).assert().success();
    assert!(place.path("of-flag/core.db").exists());
    std::fs::write(place.path("interdict.toml"), "datadir = \"typo\"\n").unwrap();
    assert!(place.complaint("key list", 2).contains("datadir"));
}

#[test]
fn a_variable_that_is_set_to_nothing_says_nothing() {
    let place = Place::new();
    let names =
        ["LISTEN", "DATA_DIR", "DATABASE_URL", "WORKERS", "PEPPER_FILE", "AT_LEAST_WAIT_MS", "CONFIG"]
            .into_iter()
            .chain(["MAX_STALENESS_MS", "TLS_CERT", "TLS_KEY", "LOG", "LOG_FORMAT"]);
    let mut process = place.process("--listen 127.0.0.1:0");
    for name in names {
        process.env(format!("INTERDICT_{name}"), "");
    }
    support::Server::start(process).wait_until_ready();
    assert!(place.data("pepper").exists());
}

#[test]
fn a_reader_that_goes_away_is_no_fault() {
    let place = Place::new();
    for words in ["--help", "completions bash", "openapi"] {
        let mut process = place.process(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(process.stdout.take());
        let output = process.wait_with_output().unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(!complaint.contains("panic"), "{words}: {complaint}");
    }
}

#[test]
fn completions_and_the_openapi_document_need_no_data() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = place.run(&format!("completions {shell}")).success();
        assert!(String::from_utf8_lossy(&script.get_output().stdout).contains("interdict"));
    }
    let document = place.run("openapi").success();
    let document = String::from_utf8(document.get_output().stdout.clone()).unwrap();
    assert_eq!(document.trim_end(), interdict_http::openapi_json().trim_end());
    assert_eq!(std::fs::read_dir(place.path("")).unwrap().count(), 0);
}

//! The files in `deploy/`, the Dockerfile and docs/operations.md against what they speak of: paths that are there, flags
//! that there are.
//!
//! Deliberately not here: the metrics that the dashboard and the document name (`interdict-http`, `tests/http/metrics.rs`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail"
)]

mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::{BINARY, Place};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn everything_that_the_dockerfile_copies_is_there_and_not_ignored() {
    let let_in: Vec<String> =
        read(".dockerignore").lines().filter_map(|line| line.strip_prefix('!').map(str::to_owned)).collect();
    let mut copied = BTreeSet::new();
    for line in read("Dockerfile").lines() {
        let Some(words) = line.strip_prefix("COPY ") else { continue };
        let words: Vec<&str> = words.split_whitespace().collect();
        if words[0].starts_with("--from") {
            continue;
        }
        copied.extend(words[..words.len() - 1].iter().map(ToString::to_string));
    }
    for path in &copied {
        assert!(root().join(path).exists(), "{path} is copied and not there");
        assert!(let_in.contains(path), "{path} is copied and ignored");
    }
    // Without these the build would take another compiler, other versions, or a SQLite that cannot erase.
    for path in ["rust-toolchain.toml", "Cargo.lock", ".cargo"] {
        assert!(copied.contains(path), "{path}");
    }
    for member in read("Cargo.toml").lines().find(|line| line.starts_with("members")).unwrap().split('"') {
        let folder = member.trim_end_matches("/*");
        if root().join(folder).is_dir() && !folder.trim().is_empty() {
            assert!(copied.contains(folder), "a member of the workspace is not copied: {folder}");
        }
    }
}

#[test]
fn what_the_document_and_the_files_say_of_each_other_is_there() {
    let operations = read("docs/operations.md");
    for entry in std::fs::read_dir(root().join("deploy")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(operations.contains(&format!("(../deploy/{name})")), "docs/operations.md leaves out {name}");
    }
    // Both balancers ask the same nodes, where the example starts them.
    for port in ["8081", "8082", "8083"] {
        assert_eq!(read("deploy/haproxy.cfg").matches(&format!("127.0.0.1:{port}")).count(), 2, "{port}");
        assert!(operations.contains(&format!("127.0.0.1:{port}")), "{port}");
    }
}

#[test]
fn the_settings_are_those_of_the_command_line() {
    let operations = read("docs/operations.md");
    let settings = operations.split("\n## Settings\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let flags = |text: &str| -> BTreeSet<String> {
        let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-');
        words.filter(|word| word.starts_with("--") && !word.ends_with('-')).map(str::to_owned).collect()
    };
    let help = Place::new().run("serve --help").success().get_output().stdout.clone();
    let mut there = flags(&String::from_utf8(help).unwrap());
    there.remove("--help");
    assert_eq!(flags(settings), there);
}

#[test]
fn systemd_takes_the_units() {
    let folder = tempfile::tempdir().unwrap();
    for (unit, program, there) in [
        ("interdict.service", "/usr/local/bin/interdict ", BINARY.to_owned()),
        (
            "nginx-ready.service",
            "/usr/local/bin/nginx-ready.sh ",
            root().join("deploy/nginx-ready.sh").canonicalize().unwrap().display().to_string(),
        ),
    ] {
        let text = read(&format!("deploy/{unit}"));
        assert!(text.contains(program), "{unit}");
        let path = folder.path().join(unit);
        // The programs are not installed here: those of the repository stand for them.
        std::fs::write(&path, text.replace(program, &format!("{there} "))).unwrap();
        match Command::new("systemd-analyze").arg("verify").arg(&path).output() {
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success() && said.is_empty(), "{unit}: {said}");
            }
            Err(_) => eprintln!("left out: this machine has no systemd-analyze to look at {unit}"),
        }
    }
}

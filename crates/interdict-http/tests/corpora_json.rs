//! JSONTestSuite (Nicolas Seriot): every `n_` text is malformed, no `y_` text is, and nothing crashes.
//!
//! The corpus lies outside the project: `INTERDICT_CORPORA`, or `../shared/corpora` beside it. Without
//! it this test says so and is left out.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail"
)]

use std::path::PathBuf;

use interdict_http::json::{JsonError, parse};

fn corpus() -> Option<PathBuf> {
    #[allow(clippy::disallowed_methods, reason = "a test has no command line")]
    let folder = std::env::var("INTERDICT_CORPORA").map_or_else(
        |_| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpora")),
        PathBuf::from,
    );
    let folder = folder.join("json");
    folder.is_dir().then_some(folder)
}

#[test]
fn json_test_suite() {
    let Some(folder) = corpus() else {
        eprintln!("LEFT OUT: the JSONTestSuite corpus is absent; set INTERDICT_CORPORA to its parent folder");
        return;
    };
    let mut files = 0;
    let mut wrong = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        if file.path().extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        files += 1;
        let parsed = parse(&std::fs::read(file.path()).unwrap());
        let is_malformed = matches!(parsed, Err(JsonError::Malformed));
        let is_right = match name.get(..2) {
            Some("n_") => is_malformed,
            // Duplicate keys are the grammatical texts that we refuse all the same.
            Some("y_") => parsed.is_ok() || (name.contains("duplicated_key") && !is_malformed),
            _ => true,
        };
        if !is_right {
            wrong.push(format!("{name}: {parsed:?}"));
        }
    }
    assert!(files > 300, "only {files} files");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

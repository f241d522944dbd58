//! Outside test data against the real listener: JSONTestSuite as the body of every call and as rows of files, the Big
//! List of Naughty Strings in every text field.
//!
//! The data is no part of the project: it is read from the folder that `INTERDICT_CORPORA` names, by
//! default `../shared/corpora` beside the project's root, and where it is absent the tests say so and
//! pass. Deliberately not here: emails, domains and phones, which the domain crate tests.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "tests"
)]

#[path = "../support/api.rs"]
mod api;
#[allow(dead_code, reason = "the tests of payments use all of it")]
#[path = "../support/billing.rs"]
mod billing;
#[path = "../support/shop.rs"]
mod shop;
#[allow(dead_code, reason = "the tests of webhooks use all of it")]
#[path = "../support/signed.rs"]
mod signed;
#[path = "../support/mod.rs"]
mod support;

mod documented;
mod json_bodies;
mod json_rows;
mod naughty_files;
mod naughty_strings;
mod texts;

use std::path::PathBuf;

/// A file or folder of the data; none where there is no such data.
fn corpus(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("INTERDICT_CORPORA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpora")),
        PathBuf::from,
    );
    if !folder.is_dir() {
        eprintln!("LEFT OUT: {name} (no folder of corpora; set INTERDICT_CORPORA to where it is)");
        return None;
    }
    // A folder without the file is a mistake, not an absence.
    let path = folder.join(name);
    assert!(path.exists(), "{}", path.display());
    Some(path)
}

//! Our verdicts against public collections of good and bad values. Each departure from a collection's
//! verdict is listed with its reason; an unlisted one fails, and so does a listed one that is none.
//!
//! The collections are no part of the project: they are read from the folder that
//! `INTERDICT_CORPORA` names, by default `../shared/corpora` beside the project's root, and where it
//! is absent the tests say so and pass. Deliberately not here: JSON and free text, which the HTTP
//! crate tests as bodies.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests"
)]

mod departures;
mod emails;
mod idna;
mod phones;

use std::path::PathBuf;

/// A file of the collections; none where there is no such folder.
fn corpus(file: &str) -> Option<String> {
    let folder = std::env::var_os("INTERDICT_CORPORA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpora")),
        PathBuf::from,
    );
    if !folder.is_dir() {
        eprintln!("LEFT OUT: {file} (no folder of corpora; set INTERDICT_CORPORA to where it is)");
        return None;
    }
    // A folder without the file is a mistake, not an absence.
    Some(std::fs::read_to_string(folder.join(file)).expect(file))
}

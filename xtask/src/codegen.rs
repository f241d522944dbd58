//! Files that are generated and checked in, so that a change of theirs shows in the diff. Nothing here decides what
//! they hold: the crates do.

mod phones;

use std::fs;

use anyhow::{Context as _, Result, ensure};

use crate::workspace::{Depth, Metadata};
use crate::{openapi, process};

/// The table of routes and credentials, written by the HTTP tests, from the workspace's root.
const CREDENTIALS: &str = "docs/credentials.md";

/// Regenerates everything, or with `check` fails where something would change.
pub fn run(check: bool) -> Result<()> {
    let metadata = Metadata::load(Depth::Everything)?;
    settle(&metadata, phones::CHECKED_IN, &phones::generate(&metadata)?, check)?;
    settle(&metadata, openapi::CHECKED_IN, &openapi::generate(&metadata)?, check)?;
    credentials(check)?;
    ensure!(
        metadata.workspace_root.join(CREDENTIALS).is_file(),
        "{CREDENTIALS} is not there: no test of interdict-http with `credentials` in its name wrote it"
    );
    Ok(())
}

/// Compares a checked-in file with what was generated, or writes it.
fn settle(metadata: &Metadata, checked_in: &str, generated: &str, check: bool) -> Result<()> {
    if check {
        return openapi::compare(metadata, checked_in, generated);
    }
    let file = metadata.workspace_root.join(checked_in);
    fs::write(&file, generated).with_context(|| format!("cannot write {}", file.display()))?;
    println!("wrote {checked_in}");
    Ok(())
}

/// The test asserts the table cell by cell; told to update, it writes it.
fn credentials(check: bool) -> Result<()> {
    let mut command = process::cargo();
    command.args(["test", "--locked", "--package", "interdict-http", "credentials"]);
    if !check {
        command.env("UPDATE", "1");
    }
    process::run(&mut command)
}

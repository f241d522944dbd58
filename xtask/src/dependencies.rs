//! What may depend on what: the walls between our crates, and what may come in from outside.

mod licences;
mod reasons;
mod versions;
mod walls;

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use crate::process;
use crate::workspace::{Depth, Metadata, read};

/// The part of `deny.toml` that is checked here too, because cargo-deny is not on every machine.
#[derive(Debug, Deserialize)]
struct Policy {
    licenses: LicencePolicy,
    bans: BanPolicy,
}

#[derive(Debug, Deserialize)]
struct LicencePolicy {
    allow: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct BanPolicy {
    deny: Vec<Ban>,
}

#[derive(Debug, Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
    #[serde(rename = "deny-multiple-versions", default)]
    deny_multiple_versions: bool,
}

/// Checks the locked tree.
pub fn run() -> Result<()> {
    let metadata = Metadata::load(Depth::Everything)?;
    let root = &metadata.workspace_root;
    let policy: Policy = toml::from_str(&read(&root.join("deny.toml"))?).context("cannot parse deny.toml")?;
    let written = read(&root.join(reasons::DOCUMENT))?;

    let mut problems = walls::check(&metadata);
    problems.extend(licences::check(&metadata, &policy.licenses.allow));
    let single =
        policy.bans.deny.iter().filter(|ban| ban.deny_multiple_versions).map(|ban| ban.name.as_str());
    problems.extend(versions::check(&metadata, &single.collect::<Vec<_>>()));
    problems.extend(reasons::check(&metadata, &written));
    for problem in &problems {
        println!("problem: {problem}");
    }
    println!("dependencies: {} packages, {} problems", metadata.packages.len(), problems.len());

    if process::on_path("cargo-deny") {
        process::run(Command::new("cargo-deny").args(["check", "bans", "licenses", "sources"]))?;
    }
    ensure!(problems.is_empty(), "{} problems", problems.len());
    check_fuzz_lock(root)
}

/// `fuzz/` is outside of the workspace and built rarely: its versions are forgotten easily.
fn check_fuzz_lock(root: &Path) -> Result<()> {
    let mut command = process::cargo();
    command.args(["metadata", "--locked", "--format-version", "1", "--manifest-path"]);
    process::output(command.arg(root.join("fuzz/Cargo.toml")))
        .map(drop)
        .context("cargo update --workspace --manifest-path fuzz/Cargo.toml brings its Cargo.lock up to date")
}

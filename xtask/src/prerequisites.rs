//! What the tests need from the machine besides Rust. Root on Debian gets it installed; anybody else is told the line.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail, ensure};
use interdict_test_support::Binaries;

use crate::process;
use crate::workspace::{Depth, Metadata};

/// Something that the machine has or lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prerequisite {
    /// `initdb` and `postgres`, for the storage tests.
    Postgres,
    /// For the test that finds a flush between each commit and its acknowledgement.
    Strace,
    /// Debian's own, for the tests of pages.
    Chromium,
    /// With npm, for what drives the browser.
    Node,
    /// With venv and pip, for the OpenAPI validator and for localstripe.
    Python,
}

impl Prerequisite {
    fn is_there(self) -> bool {
        match self {
            Self::Postgres => Binaries::find().is_some(),
            Self::Strace => process::on_path("strace"),
            Self::Chromium => process::on_path("chromium"),
            Self::Node => process::on_path("node") && process::on_path("npm"),
            // Debian ships the interpreter without ensurepip, which a virtual environment cannot do without.
            Self::Python => {
                process::succeeds(Command::new("python3").args(["-c", "import ensurepip, ssl, venv"]))
            }
        }
    }

    fn packages(self) -> &'static [&'static str] {
        match self {
            Self::Postgres => &["postgresql"],
            Self::Strace => &["strace"],
            Self::Chromium => &["chromium"],
            Self::Node => &["nodejs", "npm"],
            Self::Python => &["python3", "python3-venv"],
        }
    }
}

/// Passes when everything needed is there, or could be installed.
pub fn ensure_all(needed: &[Prerequisite]) -> Result<()> {
    let lacking = || needed.iter().copied().filter(|one| !one.is_there()).collect::<Vec<_>>();
    let missing = lacking();
    for one in needed {
        println!("{one:?}: {}", if missing.contains(one) { "missing" } else { "found" });
    }
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<_> = missing.iter().flat_map(|one| one.packages()).copied().collect();
    let line = install_line(&packages);
    if !is_root() || !process::on_path("apt-get") {
        bail!("this machine lacks {missing:?}; install it with: {line}");
    }
    process::run(Command::new("apt-get").arg("update").env("DEBIAN_FRONTEND", "noninteractive"))?;
    process::run(
        Command::new("apt-get")
            .args(["install", "-y", "--no-install-recommends"])
            .args(&packages)
            .env("DEBIAN_FRONTEND", "noninteractive"),
    )?;
    let still_missing = lacking();
    ensure!(still_missing.is_empty(), "still missing after `{line}`: {still_missing:?}");
    Ok(())
}

fn install_line(packages: &[&str]) -> String {
    let sudo = if is_root() { "" } else { "sudo " };
    format!("{sudo}apt-get install -y --no-install-recommends {}", packages.join(" "))
}

fn is_root() -> bool {
    process::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

/// The validator of the OpenAPI initiative's community; pinned, because a newer one may judge otherwise.
const VALIDATOR: &str = "openapi-spec-validator";
const VALIDATOR_VERSION: &str = "0.9.0";

/// The Python that has the OpenAPI validator: a virtual environment of our own under `target/`.
pub fn validator_python() -> Result<PathBuf> {
    let environment = Metadata::load(Depth::Workspace)?.scratch()?.join("venv");
    let python = environment.join("bin/python");
    if !has_validator(&python) {
        process::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment))?;
        process::run(
            Command::new(&python)
                .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
                .arg(format!("{VALIDATOR}=={VALIDATOR_VERSION}")),
        )?;
    }
    Ok(python)
}

fn has_validator(python: &Path) -> bool {
    let question =
        format!("import importlib.metadata as m; assert m.version('{VALIDATOR}') == '{VALIDATOR_VERSION}'");
    process::succeeds(Command::new(python).arg("-c").arg(question))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_install_line_can_be_pasted() {
        let line = install_line(&["postgresql", "strace"]);
        assert!(line.ends_with("apt-get install -y --no-install-recommends postgresql strace"), "{line}");
    }
}

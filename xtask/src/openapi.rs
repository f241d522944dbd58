//! The OpenAPI document: what the binary prints is what is checked in, and it is valid by an independent validator.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

use crate::workspace::{Depth, Metadata, read};
use crate::{prerequisites, process};

/// Where the document is checked in, from the workspace's root.
pub const CHECKED_IN: &str = "docs/openapi.json";

/// Generates the document, compares it with the checked-in one, and validates it.
pub fn run() -> Result<()> {
    let metadata = Metadata::load(Depth::Workspace)?;
    let generated = generate(&metadata)?;
    let file = metadata.scratch()?.join("openapi.json");
    fs::write(&file, &generated).with_context(|| format!("cannot write {}", file.display()))?;
    let compared = compare(&metadata, CHECKED_IN, &generated);
    validate(&file)?;
    compared
}

/// The document as the binary of this tree prints it.
pub fn generate(metadata: &Metadata) -> Result<String> {
    process::run(process::cargo().args(["build", "--locked", "--package", "interdict"]))?;
    let binary = metadata.target_directory.join("debug/interdict");
    let mut document = process::output(Command::new(binary).arg("openapi"))?;
    ensure!(!document.trim().is_empty(), "`interdict openapi` printed nothing");
    if !document.ends_with('\n') {
        document.push('\n');
    }
    Ok(document)
}

/// Fails where a checked-in file is not the generated one.
pub fn compare(metadata: &Metadata, checked_in: &str, generated: &str) -> Result<()> {
    let old = read(&metadata.workspace_root.join(checked_in))
        .with_context(|| format!("{checked_in} is not checked in; run: cargo xtask codegen"))?;
    match first_difference(&old, generated) {
        None => Ok(()),
        Some((line, old, new)) => {
            bail!(
                "{checked_in} is out of date; run: cargo xtask codegen\n  line {line}\n  - {old}\n  + {new}"
            )
        }
    }
}

/// Fails where the validator finds fault with the document.
pub fn validate(document: &Path) -> Result<()> {
    let python = prerequisites::validator_python()?;
    process::run(Command::new(python).args(["-m", "openapi_spec_validator"]).arg(document))
        .context("the OpenAPI document is not valid")
}

fn first_difference<'a>(old: &'a str, new: &'a str) -> Option<(usize, &'a str, &'a str)> {
    if old == new {
        return None;
    }
    let end = "(end of the file)";
    let lines = old.lines().count().max(new.lines().count());
    let padded = |text: &'a str| text.lines().chain(std::iter::repeat(end)).take(lines);
    padded(old)
        .zip(padded(new))
        .enumerate()
        .find(|(_, (old, new))| old != new)
        .map(|(index, (old, new))| (index + 1, old, new))
        // Equal lines in unequal texts: they end their lines differently.
        .or(Some((lines, "(line ends)", "(line ends)")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_shown() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
        assert_eq!(first_difference("a\nb\n", "a\nc\n"), Some((2, "b", "c")));
        assert_eq!(first_difference("a\n", "a\nb\n"), Some((2, "(end of the file)", "b")));
        assert_eq!(first_difference("a\n", "a\r\n"), Some((1, "(line ends)", "(line ends)")));
    }
}

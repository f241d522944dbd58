//! What cargo knows about the workspace, and the files in it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::process;

/// How much of the tree cargo is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Our own packages.
    Workspace,
    /// The locked tree with everything below them, for every platform.
    Everything,
}

/// `cargo metadata`, format version 1, as far as the chores need it.
#[derive(Debug, Deserialize)]
pub struct Metadata {
    pub packages: Vec<Package>,
    pub workspace_members: BTreeSet<String>,
    pub workspace_root: PathBuf,
    pub target_directory: PathBuf,
    pub resolve: Option<Resolve>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Package {
    pub id: String,
    pub name: String,
    pub version: String,
    pub license: Option<String>,
    pub manifest_path: PathBuf,
    pub dependencies: Vec<Dependency>,
    pub targets: Vec<Target>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Dependency {
    pub name: String,
    /// Nothing, `dev` or `build`.
    pub kind: Option<String>,
    /// Of ours when it has one.
    pub path: Option<PathBuf>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Target {
    pub name: String,
    pub kind: Vec<String>,
    pub test: bool,
}

#[derive(Debug, Deserialize)]
pub struct Resolve {
    pub nodes: Vec<Node>,
}

#[derive(Debug, Deserialize)]
pub struct Node {
    pub id: String,
    pub deps: Vec<NodeDependency>,
}

#[derive(Debug, Deserialize)]
pub struct NodeDependency {
    pub pkg: String,
    pub dep_kinds: Vec<DependencyKind>,
}

#[derive(Debug, Deserialize)]
pub struct DependencyKind {
    pub kind: Option<String>,
}

impl Metadata {
    pub fn load(depth: Depth) -> Result<Self> {
        let mut command = process::cargo();
        command.args(["metadata", "--format-version", "1"]);
        match depth {
            Depth::Workspace => command.arg("--no-deps"),
            Depth::Everything => command.arg("--locked"),
        };
        let text = process::output(&mut command).context("is Cargo.lock up to date and checked in?")?;
        serde_json::from_str(&text).context("cargo metadata answered in an unknown shape")
    }

    /// Our own packages.
    pub fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| self.workspace_members.contains(&package.id))
    }

    /// The folder for what the chores make for themselves.
    pub fn scratch(&self) -> Result<PathBuf> {
        let folder = self.target_directory.join("xtask");
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(folder)
    }
}

/// Folders that hold what is built or run, not what is written.
const SKIPPED: [&str; 4] = ["target", "build-output", "interdict-data", "node_modules"];

/// The files under `root` whose names end in `.{extension}`, sorted. Hidden folders are left out, `.ci` is not.
pub fn files(root: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let hidden = name.starts_with('.') && name != ".ci";
            let kind = entry.file_type()?;
            if kind.is_dir() && !hidden && !SKIPPED.contains(&name.as_ref()) {
                folders.push(entry.path());
            } else if kind.is_file() && entry.path().extension().is_some_and(|found| found == extension) {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The path as people write it, from the workspace's root.
pub fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}

/// The file's text, or an error that names it.
pub fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_below_and_not_in_what_is_built() {
        let root = tempfile::tempdir().unwrap();
        for path in ["b/two.rs", "a.rs", "a.md", "target/made.rs", ".git/hook.rs", ".ci/three.rs"] {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let found: Vec<_> =
            files(root.path(), "rs").unwrap().iter().map(|path| relative(root.path(), path)).collect();
        assert_eq!(found, [".ci/three.rs", "a.rs", "b/two.rs"]);
    }
}

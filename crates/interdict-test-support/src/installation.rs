//! What is installed once for all tests, into the build's folder: one process does it, the others wait.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The right to install something. It ends with the value.
pub(crate) struct Lock(#[allow(dead_code, reason = "held, not read")] File);

impl Lock {
    /// Waits for whoever has it.
    pub(crate) fn take(path: &Path) -> io::Result<Self> {
        let file = File::create(path)?;
        file.lock()?;
        Ok(Self(file))
    }
}

/// Runs a command; what it wrote, when it fails.
pub(crate) fn output_of(command: &mut Command) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let mut written = String::from_utf8_lossy(&output.stdout).into_owned();
    written.push_str(&String::from_utf8_lossy(&output.stderr));
    Err(written)
}

/// Cargo's folder for what is built, above the test that runs: `target/debug/deps/…`.
pub(crate) fn target_folder() -> io::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let deps = program.ancestors().find(|folder| folder.ends_with("deps"));
    let target = deps.and_then(Path::parent).and_then(Path::parent);
    target.map(Path::to_owned).ok_or_else(|| io::Error::other("the test is in no folder `deps`"))
}

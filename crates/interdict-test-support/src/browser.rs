//! Debian's Chromium, driven by Playwright: a script of a test runs in Node with `playwright-core` and `axe-core` at
//! the versions of `browser/package-lock.json`, from npm.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::installation::{Lock, output_of, target_folder};

/// What installs Node and npm on Debian and Ubuntu.
pub const NODE_INSTALL_LINE: &str = "apt-get install -y nodejs npm chromium";

const PACKAGE: &str = include_str!("../browser/package.json");
const LOCK: &str = include_str!("../browser/package-lock.json");

/// Why a script could not be run, or failed.
#[derive(Debug, thiserror::Error)]
pub enum BrowserError {
    /// No Node or no npm, or npm did not answer.
    #[error("cannot install what drives the browser; is npm there ({NODE_INSTALL_LINE})?\n{0}")]
    NotInstalled(String),
    /// The operating system refused something.
    #[error("{doing}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The script ended with an error.
    #[error("the browser's story failed:\n{0}")]
    Failed(String),
}

/// Runs a script to its end and returns what it wrote. It finds the packages' folder in `BROWSER_MODULES`.
pub fn run_in_browser(script: &Path, variables: &[(&str, &str)]) -> Result<String, BrowserError> {
    let modules = installed()?;
    let mut command = Command::new("node");
    command.arg(script).env("BROWSER_MODULES", modules).envs(variables.iter().copied());
    let output = command.stdin(Stdio::null()).output().map_err(io_error("cannot run node"))?;
    let written = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(written);
    }
    Err(BrowserError::Failed(format!("{written}{}", String::from_utf8_lossy(&output.stderr))))
}

/// Where what a browser's test leaves to be looked at is kept: screenshots.
pub fn kept_in(name: &str) -> io::Result<PathBuf> {
    let folder = target_folder()?.join("screenshots").join(name);
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// The folder that has the packages.
fn installed() -> Result<PathBuf, BrowserError> {
    let folder = target_folder().map_err(io_error("cannot find the build's folder"))?;
    let _lock = Lock::take(&folder.join("browser.lock")).map_err(io_error("cannot take the lock"))?;
    let folder = folder.join("browser");
    // Written last: an installation that was cut short is begun again.
    let mark = folder.join("installed");
    if fs::read_to_string(&mark).is_ok_and(|written| written == LOCK) {
        return Ok(folder);
    }
    fs::create_dir_all(&folder).map_err(io_error("cannot make the packages' folder"))?;
    for (name, text) in [("package.json", PACKAGE), ("package-lock.json", LOCK)] {
        fs::write(folder.join(name), text).map_err(io_error("cannot write the packages' names"))?;
    }
    let mut install = Command::new("npm");
    install.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&folder);
    output_of(&mut install).map_err(BrowserError::NotInstalled)?;
    fs::write(&mark, LOCK).map_err(io_error("cannot mark the installation"))?;
    Ok(folder)
}

fn io_error(doing: &'static str) -> impl FnOnce(io::Error) -> BrowserError {
    move |source| BrowserError::Io { doing, source }
}

//! A Stripe for one test: localstripe from PyPI, at a pinned version, in a virtual environment of our own under
//! `target/`. It is a second opinion on what we send: written by others, and strict about unknown parameters.
//!
//! It knows neither idempotency keys nor `off_session`: the tests that need those bring their own server.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::installation::{Lock, output_of, target_folder};
use crate::keeper::Keeper;
use crate::port::free_port;
use crate::wait::wait_until;

/// What installs Python with virtual environments on Debian and Ubuntu.
pub const PYTHON_INSTALL_LINE: &str = "apt-get install -y python3 python3-venv";

/// Pinned, because a newer one may behave otherwise.
const PACKAGE: &str = "localstripe==1.15.10";
/// Python starts slowly on a machine that is busy with builds.
const READY_LIMIT: Duration = Duration::from_mins(2);
/// Another process may take the port between our look and the server's bind.
const PORT_ATTEMPTS: u32 = 5;
/// Listens on the loopback alone, and keeps its objects in memory: by itself it binds every address and writes them
/// to one file for all of its instances.
const PROGRAM: &str = "\
import logging, sys
logging.basicConfig(level=logging.INFO)
from aiohttp import web
from localstripe import resources, server
resources.Store.dump_to_disk = lambda self: None
web.run_app(server.app, host='127.0.0.1', port=int(sys.argv[1]))
";

/// Why no localstripe could be started.
#[derive(Debug, thiserror::Error)]
pub enum LocalStripeError {
    /// No Python, or one without virtual environments.
    #[error("Python with virtual environments is not installed; install it with: {PYTHON_INSTALL_LINE}\n{0}")]
    NoPython(String),
    /// PyPI did not answer, or has it no more.
    #[error("cannot install {PACKAGE} from PyPI into {folder}:\n{output}", folder = .folder.display())]
    NotInstalled {
        /// The virtual environment.
        folder: PathBuf,
        /// What pip wrote.
        output: String,
    },
    /// The operating system refused something.
    #[error("{doing}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// It ran, and ended or did not become ready in time.
    #[error("localstripe did not start:\n{0}")]
    NotReady(String),
}

/// A running localstripe; dropping it ends exactly its own process.
#[derive(Debug)]
pub struct LocalStripe {
    keeper: Option<Keeper>,
    folder: TempDir,
    port: u16,
}

impl LocalStripe {
    /// Starts one, and installs it first where that was not done.
    ///
    /// # Panics
    /// When it cannot be started: a test that needs it fails without it, and is never silently skipped.
    #[allow(clippy::panic, reason = "a test without its server has failed; Result is `try_start`")]
    pub fn start() -> Self {
        match Self::try_start() {
            Ok(stripe) => stripe,
            Err(LocalStripeError::Io { doing, source }) => panic!("localstripe: {doing}: {source}"),
            Err(error) => panic!("{error}"),
        }
    }

    /// Starts one, or says why there is none.
    pub fn try_start() -> Result<Self, LocalStripeError> {
        let python = installed()?;
        let folder = tempfile::Builder::new()
            .prefix("interdict-localstripe-")
            .tempdir()
            .map_err(io_error("cannot make a temporary folder"))?;
        let mut attempt = 1;
        loop {
            let port = free_port().map_err(io_error("cannot find a free port"))?;
            match run(&python, folder.path(), port) {
                Ok(keeper) => return Ok(Self { keeper: Some(keeper), folder, port }),
                Err(LocalStripeError::NotReady(output))
                    if output.contains("address already in use") && attempt < PORT_ATTEMPTS =>
                {
                    attempt += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Its address, in place of `https://api.stripe.com`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its process.
    pub fn process_id(&self) -> Option<u32> {
        self.keeper.as_ref().map(Keeper::process_id)
    }

    /// What it has written so far: a line for each request.
    pub fn log(&self) -> String {
        fs::read_to_string(log_in(self.folder.path())).unwrap_or_default()
    }
}

impl Drop for LocalStripe {
    fn drop(&mut self) {
        // The server goes first: it still writes into the folder.
        drop(self.keeper.take());
    }
}

fn run(python: &Path, folder: &Path, port: u16) -> Result<Keeper, LocalStripeError> {
    let log = log_in(folder);
    let log_file = File::create(&log).map_err(io_error("cannot make the log"))?;
    let log_twin = log_file.try_clone().map_err(io_error("cannot make the log"))?;
    // The kernel ends the program when we die without a chance to clean up.
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "TERM"]).arg(python).args(["-u", "-c", PROGRAM]).arg(port.to_string());
    command.current_dir(folder).stdin(Stdio::null()).stdout(log_file).stderr(log_twin);
    let keeper = Keeper::spawn(command, Signal::TERM)
        .map_err(io_error("cannot run setpriv (Debian package util-linux)"))?;
    // Its own word: somebody else might answer on the port.
    let is_ready = || fs::read_to_string(&log).is_ok_and(|written| written.contains("Running on"));
    let waited = wait_until(|| keeper.has_ended() || is_ready(), READY_LIMIT);
    if waited.is_err() || keeper.has_ended() {
        drop(keeper);
        return Err(LocalStripeError::NotReady(fs::read_to_string(&log).unwrap_or_default()));
    }
    Ok(keeper)
}

fn log_in(folder: &Path) -> PathBuf {
    folder.join("log")
}

/// The Python that has it. Only one process installs, the others wait for it.
fn installed() -> Result<PathBuf, LocalStripeError> {
    let folder = target_folder().map_err(io_error("cannot find the build's folder"))?;
    let _lock = Lock::take(&folder.join("localstripe.lock")).map_err(io_error("cannot take the lock"))?;
    let environment = folder.join("localstripe");
    let python = environment.join("bin/python");
    // Written last: an installation that was cut short is begun again.
    let mark = environment.join("installed");
    if fs::read_to_string(&mark).is_ok_and(|written| written == PACKAGE) {
        return Ok(python);
    }
    let mut make = Command::new("python3");
    make.args(["-m", "venv", "--clear"]).arg(&environment);
    output_of(&mut make).map_err(LocalStripeError::NoPython)?;
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", PACKAGE]);
    output_of(&mut install)
        .map_err(|output| LocalStripeError::NotInstalled { folder: environment.clone(), output })?;
    fs::write(&mark, PACKAGE).map_err(io_error("cannot mark the installation"))?;
    Ok(python)
}

fn io_error(doing: &'static str) -> impl FnOnce(io::Error) -> LocalStripeError {
    move |source| LocalStripeError::Io { doing, source }
}

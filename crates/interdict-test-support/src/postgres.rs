//! A PostgreSQL server for one test or for one test binary: a fresh cluster in a temporary folder, gone with the
//! value that owns it. It trusts every local connection and holds nothing worth keeping.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Signal, getuid};
use tempfile::TempDir;

use crate::binaries::{Binaries, INSTALL_LINE};
use crate::keeper::Keeper;
use crate::port::free_port;
use crate::wait::wait_until;

/// `initdb` and a first start take about a second; a machine busy with builds may need far longer.
const READY_LIMIT: Duration = Duration::from_mins(2);
/// Another process may take the port between our look and the server's bind.
const PORT_ATTEMPTS: u32 = 5;
/// The operating system's user and the database's superuser carry the same name.
const USER: &str = "postgres";

/// Whether a commit waits for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fsync {
    /// As in production: for tests of durability and for benchmarks.
    On,
    /// Faster, and enough where nothing pulls the plug.
    #[default]
    Off,
}

/// How a server is started.
#[derive(Debug, Clone, Default)]
pub struct PostgresSettings {
    /// Whether a commit waits for the disk.
    pub fsync: Fsync,
    /// Further settings, name and value, as `postgres -c name=value` takes them.
    pub extra: Vec<(String, String)>,
}

/// Why no server could be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No binaries on this machine.
    #[error("PostgreSQL is not installed; install it with: {INSTALL_LINE}")]
    NotInstalled,
    /// PostgreSQL refuses to run as root, and there is no other user to run it as.
    #[error("PostgreSQL cannot run as root and there is no user `{USER}`; install it with: {INSTALL_LINE}")]
    NoUser,
    /// The operating system refused something.
    #[error("{doing}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A program ran and failed, or did not become ready in time.
    #[error("{program} failed:\n{output}")]
    Failed {
        /// Its name.
        program: &'static str,
        /// What it wrote.
        output: String,
    },
}

/// A running server; dropping it ends exactly its own process and removes its folder, after a panic too.
#[derive(Debug)]
pub struct Postgres {
    server: Option<Server>,
    folder: TempDir,
    port: u16,
}

impl Postgres {
    /// A server with the default settings.
    ///
    /// # Panics
    /// When it cannot be started: a test that needs PostgreSQL fails without it, and is never silently skipped.
    pub fn start() -> Self {
        Self::start_with(&PostgresSettings::default())
    }

    /// A server with the given settings.
    ///
    /// # Panics
    /// As [`Postgres::start`].
    #[allow(clippy::panic, reason = "a test without its database has failed; Result is `try_start`")]
    pub fn start_with(settings: &PostgresSettings) -> Self {
        match Self::try_start(settings) {
            Ok(postgres) => postgres,
            Err(StartError::Io { doing, source }) => panic!("PostgreSQL: {doing}: {source}"),
            Err(error) => panic!("{error}"),
        }
    }

    /// A server with the given settings, or the reason why there is none.
    pub fn try_start(settings: &PostgresSettings) -> Result<Self, StartError> {
        let binaries = Binaries::find().ok_or(StartError::NotInstalled)?;
        let user = RunAs::pick()?;
        let folder = tempfile::Builder::new()
            .prefix("interdict-postgres-")
            .tempdir()
            .map_err(io_error("cannot make a temporary folder"))?;
        user.give(folder.path())?;
        initialise(&binaries, &user, &folder.path().join("data"))?;

        let mut attempt = 1;
        loop {
            let port = free_port().map_err(io_error("cannot find a free port"))?;
            match Server::start(&binaries, &user, folder.path(), port, settings) {
                Ok(server) => return Ok(Self { server: Some(server), folder, port }),
                Err(StartError::Failed { output, .. })
                    if output.contains("Address already in use") && attempt < PORT_ATTEMPTS =>
                {
                    attempt += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The address for a client, over TCP on the loopback: `postgres://postgres@127.0.0.1:PORT/postgres`.
    pub fn url(&self) -> String {
        self.url_of(USER)
    }

    /// The same for another database, which the caller has made.
    pub fn url_of(&self, database: &str) -> String {
        format!("postgres://{USER}@{}:{}/{database}", self.host(), self.port)
    }

    /// The loopback address that it listens on.
    pub fn host(&self) -> &'static str {
        "127.0.0.1"
    }

    /// The port, of the address and of the unix socket alike.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The superuser's name; no password is asked for.
    pub fn user(&self) -> &'static str {
        USER
    }

    /// The folder of the unix socket: a client takes it in place of a host.
    pub fn socket_folder(&self) -> &Path {
        self.folder.path()
    }

    /// The server's process.
    pub fn process_id(&self) -> Option<u32> {
        self.server.as_ref().map(|server| server.0.process_id())
    }

    /// The cluster's own folder.
    pub fn data_folder(&self) -> PathBuf {
        self.folder.path().join("data")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // The server goes first: it would complain about a folder that vanishes under it.
        drop(self.server.take());
    }
}

/// The user that owns the cluster: PostgreSQL refuses root.
#[derive(Debug)]
enum RunAs {
    Myself,
    Other { uid: u32, gid: u32 },
}

impl RunAs {
    fn pick() -> Result<Self, StartError> {
        if !getuid().is_root() {
            return Ok(Self::Myself);
        }
        let passwd = fs::read_to_string("/etc/passwd").map_err(io_error("cannot read /etc/passwd"))?;
        let (uid, gid) = ids_of(USER, &passwd).ok_or(StartError::NoUser)?;
        Ok(Self::Other { uid, gid })
    }

    fn give(&self, folder: &Path) -> Result<(), StartError> {
        match self {
            Self::Myself => Ok(()),
            Self::Other { uid, gid } => {
                chown(folder, Some(*uid), Some(*gid)).map_err(io_error("cannot give the folder away"))
            }
        }
    }

    /// A command under this user. `setpriv` replaces itself by the program, so that the child's id is the program's;
    /// and the kernel interrupts the program when we die without a chance to clean up.
    fn command(&self, program: &Path, folder: &Path) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "INT"]);
        if let Self::Other { uid, gid } = self {
            command.arg(format!("--reuid={uid}")).arg(format!("--regid={gid}")).arg("--clear-groups");
        }
        // Settings of the caller's own databases (PGDATA, PGPORT, PGOPTIONS) must not reach this one.
        let inherited = std::env::vars_os().map(|(name, _)| name);
        for name in inherited.filter(|name| name.as_encoded_bytes().starts_with(b"PG")) {
            command.env_remove(name);
        }
        command.arg(program).current_dir(folder).stdin(Stdio::null());
        command
    }
}

fn ids_of(user: &str, passwd: &str) -> Option<(u32, u32)> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(user)).then_some(())?;
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some((uid, gid))
    })
}

fn initialise(binaries: &Binaries, user: &RunAs, data: &Path) -> Result<(), StartError> {
    let folder = data.parent().unwrap_or(data);
    let output = user
        .command(&binaries.program("initdb"), folder)
        .args(["--no-sync", "--no-instructions", "--no-locale", "--encoding=UTF8", "--auth=trust"])
        .arg(format!("--username={USER}"))
        .arg("--pgdata")
        .arg(data)
        .output()
        .map_err(io_error("cannot run setpriv (Debian package util-linux)"))?;
    if output.status.success() {
        return Ok(());
    }
    let mut written = String::from_utf8_lossy(&output.stdout).into_owned();
    written.push_str(&String::from_utf8_lossy(&output.stderr));
    Err(StartError::Failed { program: "initdb", output: written })
}

/// The server's process.
#[derive(Debug)]
struct Server(Keeper);

impl Server {
    fn start(
        binaries: &Binaries,
        user: &RunAs,
        folder: &Path,
        port: u16,
        settings: &PostgresSettings,
    ) -> Result<Self, StartError> {
        let data = folder.join("data");
        let log = folder.join("log");
        let mut command = user.command(&binaries.program("postgres"), folder);
        command.arg("-D").arg(&data);
        for (name, value) in configuration(folder, port, settings) {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        let log_file = File::create(&log).map_err(io_error("cannot make the log"))?;
        let log_twin = log_file.try_clone().map_err(io_error("cannot make the log"))?;
        command.stdout(log_file).stderr(log_twin);

        // SIGQUIT is PostgreSQL's immediate shutdown: the cluster is thrown away in any case.
        let server = Keeper::spawn(command, Signal::QUIT)
            .map_err(io_error("cannot run setpriv (Debian package util-linux)"))?;
        let mut ended = false;
        let status_file = data.join("postmaster.pid");
        let waited = wait_until(
            || {
                ended = server.has_ended();
                ended || is_ready(&status_file)
            },
            READY_LIMIT,
        );
        if ended || waited.is_err() {
            drop(server);
            let output = fs::read_to_string(&log).unwrap_or_default();
            return Err(StartError::Failed { program: "postgres", output });
        }
        Ok(Self(server))
    }
}

fn configuration(folder: &Path, port: u16, settings: &PostgresSettings) -> Vec<(String, String)> {
    let durable = match settings.fsync {
        Fsync::On => "on",
        Fsync::Off => "off",
    };
    let mut all = vec![
        ("listen_addresses".to_owned(), "127.0.0.1".to_owned()),
        ("port".to_owned(), port.to_string()),
        ("unix_socket_directories".to_owned(), folder.display().to_string()),
        ("fsync".to_owned(), durable.to_owned()),
        ("synchronous_commit".to_owned(), durable.to_owned()),
        ("full_page_writes".to_owned(), durable.to_owned()),
        ("max_connections".to_owned(), "100".to_owned()),
        ("shared_buffers".to_owned(), "64MB".to_owned()),
    ];
    all.extend(settings.extra.iter().cloned());
    all
}

/// The postmaster writes its state into the eighth line of its lock file, where `pg_ctl` too looks for it.
fn is_ready(status_file: &Path) -> bool {
    fs::read_to_string(status_file)
        .is_ok_and(|text| text.lines().nth(7).is_some_and(|line| line.trim() == "ready"))
}

fn io_error(doing: &'static str) -> impl FnOnce(io::Error) -> StartError {
    move |source| StartError::Io { doing, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_users_ids_are_the_third_and_fourth_field() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\npostgres:x:101:104::/var/lib/postgresql:/bin/bash\n";
        assert_eq!(ids_of("postgres", passwd), Some((101, 104)));
        assert_eq!(ids_of("post", passwd), None);
    }

    #[test]
    fn a_setting_of_the_caller_comes_last_and_so_wins() {
        let settings =
            PostgresSettings { fsync: Fsync::On, extra: vec![("max_connections".into(), "7".into())] };
        let all = configuration(Path::new("/tmp"), 1, &settings);
        assert!(all.contains(&("fsync".into(), "on".into())));
        assert_eq!(all.last(), Some(&("max_connections".into(), "7".into())));
    }
}

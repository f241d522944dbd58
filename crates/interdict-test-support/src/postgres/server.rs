//! The processes of a PostgreSQL: `initdb`, `createdb`, the server itself, and the user that they run as.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Signal, getuid};

use super::pause::{PauseError, Paused};
use super::{Fsync, HOST, PostgresSettings, StartError, USER};
use crate::binaries::Binaries;
use crate::keeper::Keeper;
use crate::wait::wait_until;

/// `initdb` and a first start take about a second; a machine busy with builds may need far longer, and so may the
/// recovery after a crash.
const READY_LIMIT: Duration = Duration::from_mins(2);
/// The one program that runs every other.
const CANNOT_RUN: &str = "cannot run setpriv (Debian package util-linux)";

/// What every start of one cluster has in common.
#[derive(Debug)]
pub(super) struct Cluster {
    binaries: Binaries,
    user: RunAs,
    /// Holds the data, the log and the unix socket.
    folder: PathBuf,
}

impl Cluster {
    /// A fresh cluster in an empty folder.
    pub(super) fn initialise(folder: &Path) -> Result<Self, StartError> {
        let binaries = Binaries::find().ok_or(StartError::NotInstalled)?;
        let user = RunAs::pick()?;
        user.give(folder)?;
        let cluster = Self { binaries, user, folder: folder.to_owned() };
        let mut command = cluster.command("initdb");
        command
            .args(["--no-sync", "--no-instructions", "--no-locale", "--encoding=UTF8", "--auth=trust"])
            .arg(format!("--username={USER}"))
            .arg("--pgdata")
            .arg(cluster.data_folder());
        match output_of(&mut command).map_err(io_error(CANNOT_RUN))? {
            Ok(()) => Ok(cluster),
            Err(output) => Err(StartError::Failed { program: "initdb", output }),
        }
    }

    pub(super) fn data_folder(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Starts the server, after a crash with its recovery, and waits until it takes connections.
    pub(super) fn start(&self, port: u16, settings: &PostgresSettings) -> Result<Server, StartError> {
        let log = self.folder.join("log");
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.data_folder());
        for (name, value) in configuration(&self.folder, port, settings) {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        let log_file = File::create(&log).map_err(io_error("cannot make the log"))?;
        let log_twin = log_file.try_clone().map_err(io_error("cannot make the log"))?;
        command.stdout(log_file).stderr(log_twin);

        // SIGQUIT is PostgreSQL's immediate shutdown: the cluster is thrown away, or it is meant to crash.
        let keeper = Keeper::spawn(command, Signal::QUIT).map_err(io_error(CANNOT_RUN))?;
        let mut ended = false;
        let status_file = self.data_folder().join("postmaster.pid");
        let waited = wait_until(
            || {
                ended = keeper.has_ended();
                ended || is_ready(&status_file, keeper.process_id())
            },
            READY_LIMIT,
        );
        if ended || waited.is_err() {
            drop(keeper);
            let output = fs::read_to_string(&log).unwrap_or_default();
            return Err(StartError::Failed { program: "postgres", output });
        }
        Ok(Server { keeper, paused: Mutex::new(None) })
    }

    /// Makes a database on the server at this port; the inner error is what `createdb` wrote.
    pub(super) fn create_database(&self, port: u16, name: &str) -> io::Result<Result<(), String>> {
        let mut command = self.command("createdb");
        command
            .arg(format!("--host={HOST}"))
            .arg(format!("--port={port}"))
            .arg(format!("--username={USER}"))
            // Nobody is ever connected to template0; somebody on template1 would block the copy.
            .args(["--no-password", "--template=template0", "--", name]);
        output_of(&mut command)
    }

    fn command(&self, program: &str) -> Command {
        self.user.command(&self.binaries.program(program), &self.folder)
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

/// Runs a program to its end; the inner error is what it wrote.
fn output_of(command: &mut Command) -> io::Result<Result<(), String>> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(Ok(()));
    }
    let mut written = String::from_utf8_lossy(&output.stdout).into_owned();
    written.push_str(&String::from_utf8_lossy(&output.stderr));
    Ok(Err(written))
}

/// The server's process; dropping it is an immediate shutdown.
#[derive(Debug)]
pub(super) struct Server {
    keeper: Keeper,
    paused: Mutex<Option<Paused>>,
}

impl Server {
    pub(super) fn process_id(&self) -> u32 {
        self.keeper.process_id()
    }

    pub(super) fn has_ended(&self) -> bool {
        self.keeper.has_ended()
    }

    pub(super) fn pause(&self) -> Result<(), PauseError> {
        let mut paused = self.paused.lock().unwrap_or_else(PoisonError::into_inner);
        if paused.is_none() {
            *paused = Some(Paused::begin(&self.keeper)?);
        }
        Ok(())
    }

    pub(super) fn resume(&self) -> Result<(), PauseError> {
        let mut paused = self.paused.lock().unwrap_or_else(PoisonError::into_inner);
        paused.take().map_or(Ok(()), |paused| paused.end(&self.keeper, &[Signal::CONT]))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let paused = self.paused.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(paused) = paused {
            // A stopped process leaves SIGQUIT pending, and takes it before anything else once it continues.
            let _ = paused.end(&self.keeper, &[Signal::QUIT, Signal::CONT]);
        }
    }
}

fn configuration(folder: &Path, port: u16, settings: &PostgresSettings) -> Vec<(String, String)> {
    let durable = match settings.fsync {
        Fsync::On => "on",
        Fsync::Off => "off",
    };
    let mut all = vec![
        ("listen_addresses".to_owned(), HOST.to_string()),
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

/// The postmaster writes its id into the first line of its lock file and its state into the eighth, where `pg_ctl` too
/// looks for them. A crash may leave the file of an earlier one behind.
fn is_ready(status_file: &Path, process_id: u32) -> bool {
    fs::read_to_string(status_file).is_ok_and(|text| {
        let mut lines = text.lines().map(str::trim);
        lines.next() == Some(process_id.to_string().as_str()) && lines.nth(6) == Some("ready")
    })
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

    #[test]
    fn only_the_word_of_the_process_itself_makes_it_ready() {
        let folder = tempfile::tempdir().unwrap();
        let status_file = folder.path().join("postmaster.pid");
        assert!(!is_ready(&status_file, 7));
        let lines = |id, state| format!("{id}\n/data\n1\n5432\n/tmp\n127.0.0.1\n 1 2\n{state}\n");
        fs::write(&status_file, lines(7, "starting")).unwrap();
        assert!(!is_ready(&status_file, 7));
        fs::write(&status_file, lines(7, "ready   ")).unwrap();
        assert!(is_ready(&status_file, 7));
        assert!(!is_ready(&status_file, 8));
    }
}

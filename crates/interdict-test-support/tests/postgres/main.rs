//! The PostgreSQL harness against the real binaries: it serves, it ends with its owner, it ends with its process.

#![allow(clippy::unwrap_used, reason = "helpers of tests, outside of any #[test] function")]

mod faults;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use interdict_test_support::{Fsync, Postgres, PostgresSettings, wait_until};
use tokio_postgres::NoTls;

const LIMIT: Duration = Duration::from_mins(1);
/// Set for the copy of this test binary that plays the crashing process: where it reports.
const CRASH: &str = "INTERDICT_TEST_SUPPORT_CRASH";
/// Set besides when the server is paused at the crash.
const CRASH_PAUSED: &str = "INTERDICT_TEST_SUPPORT_CRASH_PAUSED";

async fn ask(parameters: &str, question: &str) -> String {
    let (client, connection) = tokio_postgres::connect(parameters, NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    let answer = client.query_one(question, &[]).await.unwrap().get(0);
    drop(client);
    connection.await.unwrap().unwrap();
    answer
}

fn lives(process_id: u32) -> bool {
    // A zombie has ended; only its parent has not looked yet.
    std::fs::read_to_string(format!("/proc/{process_id}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or_default().trim_start().starts_with('Z'))
}

#[tokio::test]
async fn it_serves_over_tcp_and_over_its_socket() {
    let postgres = Postgres::start();
    assert_eq!(ask(&postgres.url(), "SHOW server_encoding").await, "UTF8");
    assert_eq!(ask(&postgres.url(), "SHOW fsync").await, "off");
    let socket = format!(
        "host={} port={} user={} dbname=postgres",
        postgres.socket_folder().display(),
        postgres.port(),
        postgres.user()
    );
    assert_eq!(ask(&socket, "SELECT current_user::text").await, "postgres");
}

#[tokio::test]
async fn fsync_and_other_settings_are_the_callers_choice() {
    let settings =
        PostgresSettings { fsync: Fsync::On, extra: vec![("work_mem".to_owned(), "5MB".to_owned())] };
    let postgres = Postgres::start_with(&settings);
    assert_eq!(ask(&postgres.url(), "SHOW fsync").await, "on");
    assert_eq!(ask(&postgres.url(), "SHOW synchronous_commit").await, "on");
    assert_eq!(ask(&postgres.url(), "SHOW work_mem").await, "5MB");
}

#[tokio::test]
async fn two_servers_share_nothing() {
    let first = Postgres::start();
    let second = Postgres::start();
    let process_id = second.process_id().unwrap();
    assert_ne!(first.port(), second.port());
    drop(first);
    assert!(lives(process_id));
    assert_eq!(ask(&second.url(), "SELECT 'here'").await, "here");
}

#[test]
fn it_outlives_the_thread_that_started_it() {
    let postgres = std::thread::spawn(Postgres::start).join().unwrap();
    let process_id = postgres.process_id().unwrap();
    let ended = wait_until(|| !lives(process_id), Duration::from_millis(300));
    assert!(ended.is_err(), "the server ended with the thread");
}

#[test]
fn a_panic_ends_the_server_and_removes_its_folder() {
    let (sender, receiver) = std::sync::mpsc::channel();
    let panicked = std::thread::spawn(move || {
        let postgres = Postgres::start();
        sender.send((postgres.process_id().unwrap(), postgres.data_folder())).unwrap();
        panic!("as a failing test does");
    })
    .join();
    assert!(panicked.is_err());
    let (process_id, data_folder): (u32, PathBuf) = receiver.recv().unwrap();
    assert!(!lives(process_id));
    assert!(!data_folder.exists());
}

#[test]
fn a_setting_that_postgres_refuses_is_an_error_with_its_words() {
    let settings = PostgresSettings {
        extra: vec![("shared_buffers".to_owned(), "nonsense".to_owned())],
        ..Default::default()
    };
    let error = Postgres::try_start(&settings).unwrap_err().to_string();
    assert!(error.contains("shared_buffers"), "{error}");
}

/// Not a test of its own: in the copy it starts a server and dies without any destructor.
#[test]
fn crash_with_a_running_server() {
    let Some(report) = std::env::var_os(CRASH) else { return };
    let postgres = Postgres::start();
    let words = format!("{} {}", postgres.process_id().unwrap(), postgres.socket_folder().display());
    if std::env::var_os(CRASH_PAUSED).is_some() {
        postgres.pause().unwrap();
    }
    std::fs::write(report, words).unwrap();
    std::process::abort();
}

fn crash_takes_the_server_along(environment: &[(&str, &str)]) {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report");
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash_with_a_running_server"])
        .env(CRASH, &report)
        .envs(environment.iter().copied())
        .output()
        .unwrap()
        .status;
    assert!(!status.success());
    let words = std::fs::read_to_string(report).unwrap();
    let (process_id, left_behind) = words.split_once(' ').unwrap();
    let process_id = process_id.parse().unwrap();
    wait_until(|| !lives(process_id), LIMIT).unwrap();
    std::fs::remove_dir_all(Path::new(left_behind)).unwrap();
}

#[test]
fn a_process_that_is_killed_takes_its_server_along() {
    crash_takes_the_server_along(&[]);
}

#[test]
fn a_process_that_is_killed_takes_its_paused_server_along() {
    crash_takes_the_server_along(&[(CRASH_PAUSED, "yes")]);
}

//! A server that crashes, comes back and stands still; and the one that several tests share.

#![allow(clippy::disallowed_methods, reason = "how long a real server takes is measured on the real clock")]

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use interdict_test_support::{
    CreateDatabaseError, Fsync, PauseError, Postgres, PostgresSettings, Proxy, StartError,
};
use tokio::time::timeout;
use tokio_postgres::{Client, NoTls};

use crate::{LIMIT, ask, lives};

/// How long nothing must happen before a test believes that nothing will.
const SILENCE: Duration = Duration::from_millis(300);

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

fn durable() -> Postgres {
    Postgres::start_with(&PostgresSettings { fsync: Fsync::On, ..Default::default() })
}

/// Every process of the server, from the server's own mouth.
async fn processes_of(client: &Client, postmaster: u32) -> Vec<u32> {
    let rows = client.query("SELECT pid FROM pg_stat_activity", &[]).await.unwrap();
    let mut all: Vec<_> = rows.iter().map(|row| u32::try_from(row.get::<_, i32>(0)).unwrap()).collect();
    all.push(postmaster);
    assert!(all.len() > 3, "{all:?}");
    all
}

#[tokio::test]
async fn a_crash_loses_nothing_that_was_committed() {
    let mut postgres = durable();
    let (url, process_id) = (postgres.url(), postgres.process_id().unwrap());
    let client = connect(&url).await;
    client.batch_execute("CREATE TABLE kept (word text); INSERT INTO kept VALUES ('here')").await.unwrap();
    client.batch_execute("BEGIN; INSERT INTO kept VALUES ('open')").await.unwrap();
    let processes = processes_of(&client, process_id).await;

    postgres.stop_immediately();
    assert!(!processes.iter().any(|process| lives(*process)));
    assert_eq!(postgres.process_id(), None);
    assert!(client.batch_execute("COMMIT").await.is_err());
    assert!(tokio_postgres::connect(&url, NoTls).await.is_err());
    postgres.stop_immediately();

    postgres.start_again();
    assert_eq!(postgres.url(), url);
    assert_ne!(postgres.process_id(), Some(process_id));
    assert_eq!(ask(&url, "SELECT string_agg(word, ',') FROM kept").await, "here");
    assert_eq!(ask(&url, "SHOW fsync").await, "on");
    let log = std::fs::read_to_string(postgres.socket_folder().join("log")).unwrap();
    assert!(log.contains("was not properly shut down"), "{log}");
}

#[test]
fn a_running_server_is_not_started_again() {
    let mut postgres = Postgres::start();
    let process_id = postgres.process_id();
    assert!(matches!(postgres.try_start_again(), Err(StartError::StillRunning)));
    assert_eq!(postgres.process_id(), process_id);
}

#[tokio::test]
async fn it_comes_back_on_its_own_port_or_not_at_all() {
    let mut postgres = Postgres::start();
    let address = (Ipv4Addr::LOCALHOST, postgres.port());
    postgres.stop_immediately();
    assert!(TcpStream::connect(address).is_err());
    let intruder = TcpListener::bind(address).unwrap();
    let error = postgres.try_start_again().unwrap_err().to_string();
    assert!(error.contains("Address already in use"), "{error}");
    assert_eq!((postgres.process_id(), postgres.port()), (None, address.1));
    drop(intruder);
    postgres.start_again();
    assert_eq!(ask(&postgres.url(), "SELECT 'back'").await, "back");
}

#[tokio::test]
async fn a_paused_server_keeps_its_connections_and_answers_when_it_continues() {
    let postgres = Postgres::start();
    let client = connect(&postgres.url()).await;
    postgres.resume().unwrap();
    postgres.pause().unwrap();
    postgres.pause().unwrap();

    let question = client.query_one("SELECT 'late'", &[]);
    tokio::pin!(question);
    assert!(timeout(SILENCE, &mut question).await.is_err());
    // The kernel takes the connection, and nobody answers on it.
    assert!(timeout(SILENCE, tokio_postgres::connect(&postgres.url(), NoTls)).await.is_err());

    postgres.resume().unwrap();
    let answer: String = timeout(LIMIT, question).await.unwrap().unwrap().get(0);
    assert_eq!(answer, "late");
    assert_eq!(ask(&postgres.url(), "SELECT 'new'").await, "new");
}

#[tokio::test]
async fn a_paused_server_ends_where_it_stands() {
    let mut postgres = durable();
    let client = connect(&postgres.url()).await;
    client.batch_execute("CREATE TABLE work (word text)").await.unwrap();
    let processes = processes_of(&client, postgres.process_id().unwrap()).await;
    postgres.pause().unwrap();
    // Reaches the server's socket, and must not be carried out any more.
    let late = client.batch_execute("INSERT INTO work VALUES ('late')");
    tokio::pin!(late);
    assert!(timeout(SILENCE, &mut late).await.is_err());

    let begin = Instant::now();
    postgres.stop_immediately();
    // Stopped children that heard nothing are killed by the postmaster after five seconds.
    assert!(begin.elapsed() < Duration::from_secs(4), "{:?}", begin.elapsed());
    assert!(!processes.iter().any(|process| lives(*process)));
    assert!(timeout(LIMIT, late).await.unwrap().is_err());
    assert!(matches!(postgres.pause(), Err(PauseError::NotRunning)));

    postgres.start_again();
    assert_eq!(ask(&postgres.url(), "SELECT count(*)::text FROM work").await, "0");
    postgres.pause().unwrap();
    drop(postgres);
}

#[tokio::test]
async fn tests_share_a_server_with_a_database_each() {
    let (mine, yours) = (Postgres::shared(), Postgres::shared());
    assert!(Arc::ptr_eq(&mine, &yours));
    let (first, second) = (mine.create_database("first"), yours.create_database("second"));
    assert_eq!(first, mine.url_of("first"));
    connect(&first).await.batch_execute("CREATE TABLE own ()").await.unwrap();
    connect(&second).await.batch_execute("CREATE TABLE own ()").await.unwrap();
    let error = yours.try_create_database("first").unwrap_err();
    assert!(matches!(&error, CreateDatabaseError::Refused(words) if words.contains("exists")), "{error}");

    let process_id = mine.process_id().unwrap();
    drop((mine, yours));
    assert!(!lives(process_id));
    assert_ne!(Postgres::shared().process_id(), Some(process_id));
}

#[tokio::test]
async fn it_is_reached_through_a_proxy_that_can_be_cut() {
    let postgres = Postgres::start();
    let proxy = Proxy::start(postgres.address());
    let url = postgres.url_through(&proxy, "postgres");
    let client = connect(&url).await;
    client.batch_execute("SELECT 1").await.unwrap();
    proxy.cut();
    assert!(client.batch_execute("SELECT 1").await.is_err());
    assert_eq!(ask(&url, "SELECT 'again'").await, "again");
}

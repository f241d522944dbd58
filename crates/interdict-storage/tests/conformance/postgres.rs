//! What only a server has: it can be away, and it can be careless.

use std::sync::Arc;
use std::time::Duration;

use interdict_storage::{
    Durability, EntryFilter, FeedObserver, PageRequest, Place, PostgresServer, Schema, SchemaName,
    SearchState, StorageError, Store, StoreOptions, View, WriteError,
};
use interdict_test_support::{Fsync, Postgres, PostgresSettings, Proxy, wait_until};
use tokio_postgres::NoTls;

use crate::support::{
    Deterministic, MERCHANT, Observer, Ticking, World, ask_server, now, pepper, put, put_one,
};

const PATIENCE: Duration = Duration::from_secs(20);

fn open(url: &str, durability: Durability, observer: Option<&Observer>) -> Result<Store, StorageError> {
    Store::open(StoreOptions {
        clock: Arc::<Ticking>::default(),
        take_over: false,
        lease_term: None,
        place: Place::Postgres(PostgresServer::parse(url).unwrap(), SchemaName::Test),
        schema: Schema::Mode,
        pepper: pepper(),
        random: Deterministic::new(1),
        durability,
        observer: observer.map(|observer| Box::new(observer.clone()) as Box<dyn FeedObserver>),
    })
}

#[test]
fn a_server_that_may_lose_what_it_acknowledged_is_refused() {
    let careless = Postgres::shared();
    let refused = open(&careless.create_database("careless"), Durability::Full, None).map(drop);
    assert!(matches!(refused, Err(StorageError::NotDurable("fsync"))), "{refused:?}");
}

#[test]
fn urls_are_read_and_passwords_are_not_shown() {
    let server = PostgresServer::parse("postgres://joe:secret@127.0.0.1/shop?sslmode=disable").unwrap();
    assert!(!format!("{server:?}").contains("secret"));
    for bad in
        ["", "mysql://x/y", "postgres://h/d?sslmode=perhaps", "postgres://joe:secret@h:x/d", "postgres://h"]
    {
        let error = PostgresServer::parse(bad).unwrap_err().to_string();
        assert!(!error.contains("secret"), "{error}");
    }
    let missing = PostgresServer::parse("postgres://h/d?sslrootcert=/nowhere.pem").unwrap_err();
    assert!(missing.to_string().contains("/nowhere.pem"));
    assert!(matches!(World::sqlite().place(), Place::Sqlite(_)));
}

/// A store over a network that fails on demand.
fn behind(proxy: &Proxy, server: &Postgres, name: &str) -> (Store, Observer) {
    server.create_database(name);
    let observer = Observer::default();
    let url = server.url_through(proxy, name);
    (open(&url, Durability::ControlWithoutFlush, Some(&observer)).unwrap(), observer)
}

#[test]
fn what_cannot_be_committed_now_says_so_and_everything_goes_on_by_itself() {
    let server = Postgres::shared();
    let proxy = Proxy::start(server.address());
    let (store, observer) = behind(&proxy, &server, "away");
    let random = Deterministic::new(1);
    put_one(&store, 1, &random);
    proxy.refuse(true);
    let again = Arc::clone(&random);
    let refused = store.write_blocking::<_, StorageError, _>(move |work| put(work, 2, again.as_ref()));
    assert!(matches!(refused, Err(WriteError::Away)), "{refused:?}");
    #[allow(clippy::redundant_closure_for_method_calls, reason = "the method has one lifetime too few")]
    let read = store.read_blocking::<_, StorageError, _>(|view| view.revision());
    assert!(matches!(read, Err(error) if error.is_away()));
    proxy.refuse(false);
    assert_eq!(put_one(&store, 3, &random), 2);
    assert_eq!(observer.revision(), 2);
    let told = observer.0.lock();
    assert_eq!((told.loads, told.lost), (1, 0), "a server that is away takes nothing from what is known");
}

#[test]
fn a_network_that_swallows_everything_is_not_waited_for_for_ever() {
    let server = Postgres::shared();
    let proxy = Proxy::start(server.address());
    let (store, _observer) = behind(&proxy, &server, "swallowed");
    let random = Deterministic::new(1);
    put_one(&store, 1, &random);
    proxy.freeze(true);
    let waiting: Vec<_> = (2..6)
        .map(|number| {
            let (store, random) = (store.clone(), Arc::clone(&random));
            std::thread::spawn(move || {
                store.write_blocking::<_, StorageError, _>(move |work| put(work, number, random.as_ref()))
            })
        })
        .collect();
    for writer in waiting {
        assert!(matches!(writer.join().unwrap(), Err(WriteError::Away)));
    }
    proxy.freeze(false);
    let revision = put_one(&store, 10, &random);
    assert!(revision >= 2, "what was on its way may have been kept or not");
    assert_eq!(store.verify_chain(&mut |_| {}).unwrap().fault, None);
}

#[test]
fn what_is_answered_is_on_the_disk_and_not_only_committed() {
    const WRITES: u64 = 40;
    let settings = PostgresSettings { fsync: Fsync::On, ..PostgresSettings::default() };
    let server = Postgres::start_with(&settings);
    let url = server.create_database("flushed");
    let store = open(&url, Durability::Full, None).unwrap();
    let random = Deterministic::new(1);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut flushed = 0;
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
        let driver = tokio::spawn(connection);
        // One look at both: the log as it was written, and how far it is on the disk.
        let look =
            "SELECT CASE WHEN pg_current_wal_flush_lsn() >= pg_current_wal_insert_lsn() THEN 1 ELSE 0 END";
        for number in 0..WRITES {
            let (store, random) = (store.clone(), Arc::clone(&random));
            tokio::task::spawn_blocking(move || put_one(&store, number, &random)).await.unwrap();
            flushed += client.query_one(look, &[]).await.unwrap().get::<_, i32>(0);
        }
        drop(client);
        driver.await.unwrap().unwrap();
    });
    // The server writes something of its own into the log now and then. Without a flush the log would be
    // written a fifth of a second later, and hardly any look would find it there.
    assert!(flushed > i32::try_from(WRITES).unwrap() / 2, "{flushed} of {WRITES}");
}

/// Turns end before they are on the disk. What another node committed may be gone after a crash, and another
/// change may stand in its place: until it is on the disk nobody follows it, and nobody reads it.
#[test]
fn what_others_committed_is_told_to_nobody_before_it_is_on_the_disk() {
    const COMMITS: i64 = 20;
    // By itself the server would write it to the disk after ten seconds.
    let settings =
        PostgresSettings { fsync: Fsync::On, extra: vec![("wal_writer_delay".to_owned(), "10s".to_owned())] };
    let server = Postgres::start_with(&settings);
    let url = server.create_database("unflushed");
    let observer = Observer::default();
    let store = open(&url, Durability::Full, Some(&observer)).unwrap();
    wait_until(|| observer.0.lock().loads == 1, PATIENCE).unwrap();
    put_one(&store, 1, &Deterministic::new(1));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (client, connection) = runtime.block_on(tokio_postgres::connect(&url, NoTls)).unwrap();
    let driver = runtime.spawn(connection);
    let ask = |text: &str| runtime.block_on(client.query_one(text, &[])).unwrap().get::<_, bool>(0);
    for revision in 2..=COMMITS {
        // What a turn does, by a node that is killed before it waits for the disk.
        // Without a notification nobody follows at once, and the read is the first to see it.
        let (is_followed, notify) =
            if revision % 2 == 0 { (true, "NOTIFY interdict_test;") } else { (false, "") };
        let turn = format!("BEGIN; SET LOCAL synchronous_commit = off;
            INSERT INTO test.change (sequence, at, merchant, actor_type, actor_id, action, subject, facts, commitment, hash)
                SELECT sequence + 1, at, merchant, actor_type, actor_id, action, subject, facts, commitment, hash
                FROM test.change ORDER BY sequence DESC LIMIT 1;
            UPDATE test.head SET sequence = sequence + 1; {notify} COMMIT");
        runtime.block_on(client.batch_execute(&turn)).unwrap();
        let committed: String = runtime
            .block_on(client.query_one("SELECT pg_current_wal_insert_lsn()::text", &[]))
            .unwrap()
            .get(0);
        let is_on_the_disk = || ask(&format!("SELECT pg_current_wal_flush_lsn() >= '{committed}'::pg_lsn"));
        if is_followed {
            wait_until(|| observer.revision() >= revision, PATIENCE).unwrap();
            assert!(is_on_the_disk(), "{revision} was followed before it was on the disk");
        } else {
            let read = store.read_blocking(|view: &View<'_>| view.revision()).unwrap();
            assert_eq!(read, revision);
            assert!(is_on_the_disk(), "{revision} was read before it was on the disk");
            wait_until(|| observer.revision() >= revision, PATIENCE).unwrap();
        }
    }
    drop(client);
    runtime.block_on(driver).unwrap().unwrap();
}

fn search_state(view: &View<'_>) -> Result<SearchState, StorageError> {
    view.search_state()
}

const CUSTOMERS: &str = "INSERT INTO customer (id, merchant, metadata, restrict_cit, restrict_mit, list_status, list_scopes, search,
                   created_at, updated_at)
               SELECT decode(lpad(to_hex(n), 40, '0'), 'hex'), 1, '{}', 0, 0, 'normal', 3, 'somebody ' || n, n, n
               FROM generate_series(1, 3000) n";

/// A store that has no index by three letters, as after an upgrade with many rows, gets it while it is open.
#[test]
fn what_is_searched_is_indexed_behind_the_back_of_a_store_that_decides() {
    let world = World::postgres("what_is_searched_is_indexed_behind");
    let command = world.open(1, None);
    let state = |store: &Store| store.read_blocking(search_state).unwrap();
    assert_eq!(state(&command), SearchState::Indexed);
    world.run("DROP INDEX customer_text; DROP INDEX entry_text");
    assert_eq!(state(&command), SearchState::RowByRow);
    world.run(CUSTOMERS);
    let node = world.open(2, Some(&Observer::default()));
    assert_eq!(state(&node), SearchState::RowByRow, "that would have kept the start waiting");
    wait_until(|| state(&node) == SearchState::Indexed, Duration::from_mins(1)).unwrap();
}

/// An import into a new store is not planned as if its tables were empty, until the server comes round.
#[test]
fn a_table_that_has_grown_is_looked_at_before_the_server_comes_round() {
    let world = World::postgres("a_table_that_has_grown");
    let _node = world.open(1, Some(&Observer::default()));
    world.run(&format!("ALTER TABLE customer SET (autovacuum_enabled = false); {CUSTOMERS}"));
    let read = "SELECT CAST(reltuples AS BIGINT) FROM pg_class WHERE oid = 'customer'::regclass";
    let known = || ask_server(&world.url(), "test", read);
    wait_until(|| known() == 3_000, PATIENCE).unwrap();
}

/// Whoever may not add the extension searches all the same.
#[test]
fn a_database_without_the_extension_is_searched_row_by_row() {
    let world = World::postgres("a_database_without_the_extension");
    let url = world.url();
    world.run("CREATE ROLE poor LOGIN; CREATE SCHEMA test AUTHORIZATION poor");
    let poor = url.replacen("postgres@", "poor@", 1);
    assert_ne!(poor, url);
    let store = open(&poor, Durability::ControlWithoutFlush, None).unwrap();
    put_one(&store, 1, &Deterministic::new(1));
    let found = store.read_blocking(|view| {
        let filter = EntryFilter {
            list: None,
            kind: None,
            query: Some("MEBOD".to_owned()),
            active: None,
            identifier: None,
            now: now(),
        };
        let page = PageRequest::After { position: None, limit: 9 };
        Ok::<_, StorageError>((view.search_state()?, view.merchant(MERCHANT).entries(&filter, page)?.len()))
    });
    assert_eq!(found.unwrap(), (SearchState::RowByRow, 1));
}

//! What only a server has: it can be away, and it can be careless.

use std::sync::Arc;

use interdict_storage::{
    Durability, FeedObserver, Place, PostgresServer, Schema, SchemaName, StorageError, Store, StoreOptions,
};
use interdict_test_support::Postgres;

use crate::support::{Deterministic, Observer, Ticking, World, pepper};

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

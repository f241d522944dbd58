//! Leases between nodes over one PostgreSQL: a change that everybody waited for is known to everybody who may
//! still call himself fresh.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use interdict_domain::change::Change;
use interdict_domain::clock::{Clock, Timestamp};
use interdict_storage::{
    Durability, FeedObserver, NodePlace, Place, PostgresServer, Schema, SchemaName, StorageError, Store,
    StoreOptions, View,
};
use interdict_test_support::{Postgres, Proxy, wait_until};

use crate::support::{Deterministic, now, pepper, put_one};

const TERM: Duration = Duration::from_millis(800);
const PATIENCE: Duration = Duration::from_secs(20);

/// The machine's own.
struct Machine(std::time::Instant);

impl Machine {
    #[allow(clippy::disallowed_methods, reason = "leases are about time that passes")]
    fn new() -> Arc<Self> {
        Arc::new(Self(std::time::Instant::now()))
    }
}

impl Clock for Machine {
    fn now(&self) -> Timestamp {
        now()
    }

    fn uptime(&self) -> Duration {
        self.0.elapsed()
    }
}

/// What a node knows.
#[derive(Default)]
struct Known {
    revision: AtomicU64,
    leased_until_ms: AtomicU64,
}

#[derive(Clone)]
struct Node {
    known: Arc<Known>,
    clock: Arc<Machine>,
}

impl Node {
    fn new() -> Self {
        Self { known: Arc::default(), clock: Machine::new() }
    }

    fn open(&self, url: &str, seed: u64) -> Store {
        Store::open(StoreOptions {
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            take_over: false,
            lease_term: Some(TERM),
            place: Place::Postgres(PostgresServer::parse(url).unwrap(), SchemaName::Test),
            schema: Schema::Mode,
            pepper: pepper(),
            random: Deterministic::new(seed),
            durability: Durability::ControlWithoutFlush,
            observer: Some(Box::new(self.clone())),
        })
        .unwrap()
    }

    fn holds_a_lease(&self) -> bool {
        let until = Duration::from_millis(self.known.leased_until_ms.load(Ordering::SeqCst));
        self.clock.uptime() < until
    }

    fn revision(&self) -> i64 {
        i64::try_from(self.known.revision.load(Ordering::SeqCst)).unwrap()
    }
}

impl FeedObserver for Node {
    fn load(&mut self, view: &View<'_>) -> Result<(), StorageError> {
        self.known.revision.store(view.revision()?.unsigned_abs(), Ordering::SeqCst);
        Ok(())
    }

    fn apply(&mut self, changes: &[Change], _: &View<'_>) -> Result<(), StorageError> {
        let last = changes.last().unwrap().sequence.unsigned_abs();
        self.known.revision.store(last, Ordering::SeqCst);
        Ok(())
    }

    fn heard(&mut self, _: Duration) {}

    fn leased(&mut self, until: Duration) {
        let until = u64::try_from(until.as_millis()).unwrap();
        self.known.leased_until_ms.store(until, Ordering::SeqCst);
    }

    fn lost(&mut self) {}
}

fn wait_for_all(store: &Store, revision: i64, limit: Duration) -> bool {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(store.wait_for_all_nodes(revision, limit))
}

#[test]
fn who_waits_for_all_nodes_waits_until_each_has_applied_it() {
    let server = Postgres::shared();
    let url = server.create_database("leases_all");
    let nodes = [Node::new(), Node::new(), Node::new()];
    let stores: Vec<Store> = (1..).zip(&nodes).map(|(seed, node)| node.open(&url, seed)).collect();
    for node in &nodes {
        wait_until(|| node.holds_a_lease(), PATIENCE).unwrap();
    }
    wait_until(|| stores.iter().all(|store| store.place().nodes == 3), PATIENCE).unwrap();
    let mut ranks: Vec<usize> = stores.iter().map(|store| store.place().rank).collect();
    ranks.sort_unstable();
    assert_eq!(ranks, [0, 1, 2]);
    for number in 0..30 {
        let store = &stores[number % 3];
        let revision = put_one(store, number as u64, &Deterministic::new(100 + number as u64));
        assert!(wait_for_all(store, revision, PATIENCE));
        assert!(nodes.iter().all(|node| node.revision() >= revision));
    }
    // A node that ends gives its lease back: nobody waits for it.
    let mut stores = stores;
    drop(stores.remove(0));
    let revision = put_one(&stores[0], 1_000, &Deterministic::new(1_000));
    assert!(wait_for_all(&stores[0], revision, TERM / 2));
    wait_until(|| stores.iter().all(|store| store.place().nodes == 2), PATIENCE).unwrap();
}

#[test]
fn a_node_that_hears_nothing_is_waited_for_until_it_no_longer_trusts_itself() {
    let server = Postgres::shared();
    let url = server.create_database("leases_frozen");
    let proxy = Proxy::start(server.address());
    let (near, far) = (Node::new(), Node::new());
    let store = near.open(&url, 1);
    let far_store = far.open(&server.url_through(&proxy, "leases_frozen"), 2);
    wait_until(|| near.holds_a_lease() && far.holds_a_lease(), PATIENCE).unwrap();
    wait_until(|| store.place().nodes == 2, PATIENCE).unwrap();
    proxy.freeze(true);
    let revision = put_one(&store, 1, &Deterministic::new(7));
    assert!(!wait_for_all(&store, revision, TERM / 4), "the other one may still decide");
    assert!(wait_for_all(&store, revision, PATIENCE));
    assert!(far.revision() < revision && !far.holds_a_lease(), "it may not decide as if it knew");
    wait_until(|| store.place() == NodePlace::ALONE, PATIENCE).unwrap();
    proxy.freeze(false);
    wait_until(|| far.holds_a_lease(), PATIENCE).unwrap();
    assert!(far.revision() >= revision, "it has caught up before it holds one again");
    drop(far_store);
}

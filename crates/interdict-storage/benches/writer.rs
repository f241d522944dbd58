//! New block entries by 64 clients at once through the writer, beside a bare rusqlite that puts the very
//! same rows into the same tables with 64 entries a transaction: with a flush a commit, and without.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::disallowed_methods,
    reason = "a benchmark, which measures real time and may stop at any surprise"
)]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use interdict_domain::actor::Actor;
use interdict_domain::change::Action;
use interdict_domain::clock::{Clock, Random, Timestamp};
use interdict_domain::entry::{Entry, EntrySource, List, Strength};
use interdict_domain::identifier::{Kind, Pepper};
use interdict_domain::ids::EntryId;
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::scopes::Scopes;
use interdict_domain::text::Reason;
use interdict_domain::window::Window;
use interdict_storage::{Authorship, Durability, Place, Schema, StorageError, Store, StoreOptions};
use rusqlite::Connection;
use rusqlite::types::Value;
use tokio::task::JoinSet;

const MERCHANT: MerchantNumber = MerchantNumber(1);
const CLIENTS: u64 = 64;
const EACH: u64 = 200;
const ENTRIES: u64 = CLIENTS * EACH;

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        now()
    }

    fn uptime(&self) -> Duration {
        Duration::ZERO
    }
}

struct Counting(AtomicU64);

impl Random for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.0.fetch_add(1, Ordering::Relaxed).to_le_bytes());
        hasher.finalize_xof().fill(bytes);
    }
}

fn pepper() -> Pepper {
    Pepper::from_bytes([7; 32])
}

fn now() -> Timestamp {
    Timestamp::from_micros(1_790_000_000_000_000)
}

fn open(path: &Path, durability: Durability, random: &Arc<Counting>) -> Store {
    let options = StoreOptions {
        take_over: false,
        lease_term: None,
        place: Place::Sqlite(path.to_owned()),
        schema: Schema::Mode,
        pepper: pepper(),
        clock: Arc::new(Still),
        random: Arc::clone(random) as Arc<dyn Random>,
        durability,
        observer: None,
    };
    Store::open(options).unwrap()
}

fn entry(number: u64, random: &dyn Random) -> Entry {
    let value = format!("somebody.{number}@example.com");
    Entry {
        id: EntryId::generate(List::Block, now(), random),
        kind: Kind::Email,
        key: pepper().key(MERCHANT, Kind::Email, &value),
        value: Some(value),
        reason: Some(Reason::from_stored("seen before".to_owned())),
        reason_code: None,
        public_message: None,
        scopes: Scopes::BOTH,
        strength: Strength::Hard,
        window: Window::ALWAYS,
        source: EntrySource::Api,
        created_by: Actor::system(),
        created_at: now(),
        updated_at: now(),
        erased_customer: None,
        generation: None,
        limits: interdict_domain::limits::Limits::NONE,
        matching: interdict_domain::identifier::EmailMatching::Exact,
    }
}

/// All entries through the store, by 64 clients.
fn through_the_writer(store: &Store, random: &Arc<Counting>) -> Duration {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let start = Instant::now();
    runtime.block_on(async {
        let mut clients = JoinSet::new();
        for client in 0..CLIENTS {
            let (store, random) = (store.clone(), Arc::clone(random));
            clients.spawn(async move {
                for number in 0..EACH {
                    let random = Arc::clone(&random);
                    let put = move |transaction: &mut interdict_storage::Transaction<'_>| {
                        let actor = Actor::system();
                        let by = Authorship::new(&actor, now(), random.as_ref());
                        let entry = entry(client * EACH + number, random.as_ref());
                        transaction.merchant(MERCHANT).put_entry(&by, Action::EntryCreated, None, &entry)
                    };
                    store.write::<_, StorageError, _>(put).await.unwrap();
                }
            });
        }
        clients.join_all().await;
    });
    start.elapsed()
}

/// The rows of a table as they are.
struct Rows {
    insert: String,
    rows: Vec<Vec<Value>>,
}

fn rows(connection: &Connection, table: &str, order: &str) -> Rows {
    let mut statement = connection.prepare(&format!("SELECT * FROM {table} ORDER BY {order}")).unwrap();
    let columns = statement.column_count();
    let read = |row: &rusqlite::Row<'_>| (0..columns).map(|column| row.get(column)).collect();
    let rows = statement.query_map([], read).unwrap().map(Result::unwrap).collect();
    let places = vec!["?"; columns].join(", ");
    Rows { insert: format!("INSERT INTO {table} VALUES ({places})"), rows }
}

/// The same rows with nothing around them.
fn bare(connection: &Connection, tables: &[Rows]) -> Duration {
    let start = Instant::now();
    for first in (0..ENTRIES).step_by(CLIENTS as usize) {
        connection.prepare_cached("BEGIN IMMEDIATE").unwrap().execute([]).unwrap();
        for number in first..first + CLIENTS {
            for table in tables {
                let row = &table.rows[number as usize];
                let mut insert = connection.prepare_cached(&table.insert).unwrap();
                insert.execute(rusqlite::params_from_iter(row)).unwrap();
            }
        }
        let head = "UPDATE head SET sequence = ?1 WHERE id = 1";
        connection.prepare_cached(head).unwrap().execute([i64::try_from(first + CLIENTS).unwrap()]).unwrap();
        connection.prepare_cached("COMMIT").unwrap().execute([]).unwrap();
    }
    start.elapsed()
}

fn writer(criterion: &mut Criterion) {
    let random = Arc::new(Counting(AtomicU64::new(0)));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("filled.db");
    let filled = open(&path, Durability::ControlWithoutFlush, &random);
    through_the_writer(&filled, &random);
    let connection = Connection::open(&path).unwrap();
    // In an order that is neither the ids' nor the keys', as they came.
    let tables = [("entry", "value"), ("change", "sequence"), ("personal", "sequence")]
        .map(|(table, order)| rows(&connection, table, order));

    let mut group = criterion.benchmark_group("entries, 64 at once");
    group.sample_size(10).throughput(Throughput::Elements(ENTRIES));
    for (name, durability) in
        [("flushed", Durability::Full), ("not flushed", Durability::ControlWithoutFlush)]
    {
        let fresh = || {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("test.db");
            (open(&path, durability, &random), folder, path)
        };
        group.bench_function(format!("writer, {name}"), |bencher| {
            bencher.iter_custom(|times| {
                (0..times)
                    .map(|_| {
                        let (store, _folder, _) = fresh();
                        through_the_writer(&store, &random)
                    })
                    .sum()
            });
        });
        group.bench_function(format!("bare, {name}"), |bencher| {
            bencher.iter_custom(|times| {
                (0..times)
                    .map(|_| {
                        let (store, _folder, path) = fresh();
                        drop(store);
                        let connection = Connection::open(path).unwrap();
                        let flush = if durability == Durability::Full { "full" } else { "off" };
                        connection.pragma_update(None, "synchronous", flush).unwrap();
                        connection.pragma_update(None, "secure_delete", "on").unwrap();
                        connection.pragma_update(None, "wal_autocheckpoint", 8_000).unwrap();
                        connection.pragma_update(None, "cache_size", -65_536).unwrap();
                        bare(&connection, &tables)
                    })
                    .sum()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, writer);
criterion_main!(benches);

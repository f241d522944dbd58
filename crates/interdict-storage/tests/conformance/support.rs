//! What the store's tests share: a deterministic generator, an observer that remembers, and entries.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use interdict_domain::actor::Actor;
use interdict_domain::change::{Action, Change};
use interdict_domain::clock::{Clock, Random, Timestamp};
use interdict_domain::entry::{Entry, EntrySource, List, Strength};
use interdict_domain::identifier::{Kind, Pepper};
use interdict_domain::ids::EntryId;
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::scopes::Scopes;
use interdict_domain::text::Reason;
use interdict_domain::window::Window;
use interdict_storage::{
    Authorship, Durability, FeedObserver, Place, PostgresServer, Schema, SchemaName, StorageError, Store,
    StoreOptions, Transaction, View,
};
use interdict_test_support::{Postgres, wait_until};
use parking_lot::Mutex;
use tempfile::{TempDir, tempdir};
use tokio_postgres::NoTls;

pub const MERCHANT: MerchantNumber = MerchantNumber(1);

pub fn pepper() -> Pepper {
    Pepper::from_bytes([7; 32])
}

pub fn now() -> Timestamp {
    Timestamp::from_micros(1_790_000_000_000_000)
}

/// The same bytes in each run, and never the same twice in one.
pub struct Deterministic {
    seed: u64,
    next: AtomicU64,
}

impl Deterministic {
    pub fn new(seed: u64) -> Arc<Self> {
        Arc::new(Self { seed, next: AtomicU64::new(0) })
    }
}

impl Random for Deterministic {
    fn fill(&self, bytes: &mut [u8]) {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.seed.to_le_bytes());
        hasher.update(&self.next.fetch_add(1, Ordering::Relaxed).to_le_bytes());
        hasher.finalize_xof().fill(bytes);
    }
}

/// A clock on which a second passes with each look at the uptime.
#[derive(Default)]
pub struct Ticking(pub AtomicU64);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        now()
    }

    fn uptime(&self) -> Duration {
        Duration::from_secs(self.0.fetch_add(1, Ordering::SeqCst))
    }
}

/// What an observer was told.
#[derive(Default)]
pub struct Told {
    pub loads: usize,
    pub lost: usize,
    /// The sequences of each call.
    pub applied: Vec<Vec<i64>>,
    /// The newest that is known, loaded or applied.
    pub revision: i64,
    /// Up to when everything is known, and how much was known when that was said.
    pub heard: Vec<(Duration, i64)>,
    /// Panics at the next change.
    pub panics: bool,
    /// Fails at the next change, once.
    pub fails: bool,
}

/// Remembers what it was told.
#[derive(Clone, Default)]
pub struct Observer(pub Arc<Mutex<Told>>);

impl Observer {
    pub fn revision(&self) -> i64 {
        self.0.lock().revision
    }

    pub fn sequences(&self) -> Vec<i64> {
        self.0.lock().applied.concat()
    }
}

impl FeedObserver for Observer {
    fn load(&mut self, view: &View<'_>) -> Result<(), StorageError> {
        let mut told = self.0.lock();
        told.loads += 1;
        told.revision = view.revision()?;
        Ok(())
    }

    fn apply(&mut self, changes: &[Change], _: &View<'_>) -> Result<(), StorageError> {
        let mut told = self.0.lock();
        assert!(!told.panics, "the observer was told to panic");
        if std::mem::take(&mut told.fails) {
            return Err(StorageError::Corrupt("the observer was told to fail"));
        }
        told.applied.push(changes.iter().map(|change| change.sequence).collect());
        told.revision = changes.last().map_or(told.revision, |change| change.sequence);
        Ok(())
    }

    fn heard(&mut self, as_of: Duration) {
        let mut told = self.0.lock();
        let revision = told.revision;
        told.heard.push((as_of, revision));
    }

    fn lost(&mut self) {
        self.0.lock().lost += 1;
    }
}

/// A place for a store, which any number of processes or nodes open.
pub enum World {
    Sqlite(TempDir),
    /// The server lives as long as somebody uses it.
    Postgres {
        _server: Arc<Postgres>,
        url: String,
    },
}

impl World {
    pub fn sqlite() -> Self {
        Self::Sqlite(tempdir().unwrap())
    }

    /// A database of its own.
    pub fn postgres(name: &str) -> Self {
        let server = Postgres::shared();
        // PostgreSQL cuts names after 63 bytes, and two tests may begin with the same.
        let hash = hex::encode(&blake3::hash(name.as_bytes()).as_bytes()[..8]);
        let name = format!("t{hash}");
        let url = server.create_database(&name);
        Self::Postgres { _server: server, url }
    }

    /// A fresh one beside it, on the same engine.
    pub fn another(&self, number: u64) -> Self {
        match self {
            Self::Sqlite(_) => Self::sqlite(),
            Self::Postgres { url, .. } => Self::postgres(&format!("{url}/{number}")),
        }
    }

    /// The database; only on PostgreSQL.
    pub fn url(&self) -> String {
        match self {
            Self::Sqlite(_) => panic!("there is no server"),
            Self::Postgres { url, .. } => url.clone(),
        }
    }

    /// The file; only on SQLite.
    pub fn path(&self) -> PathBuf {
        match self {
            Self::Sqlite(folder) => folder.path().join("test.db"),
            Self::Postgres { .. } => panic!("there is no file"),
        }
    }

    pub fn place(&self) -> Place {
        match self {
            Self::Sqlite(_) => Place::Sqlite(self.path()),
            Self::Postgres { url, .. } => {
                Place::Postgres(PostgresServer::parse(url).unwrap(), SchemaName::Test)
            }
        }
    }

    pub fn try_open(
        &self,
        seed: u64,
        pepper: Pepper,
        observer: Option<Observer>,
    ) -> Result<Store, StorageError> {
        let observer = observer.map(|observer| Box::new(observer) as Box<dyn FeedObserver>);
        self.open_on(seed, pepper, Arc::default(), observer)
    }

    pub fn open_on(
        &self,
        seed: u64,
        pepper: Pepper,
        clock: Arc<Ticking>,
        observer: Option<Box<dyn FeedObserver>>,
    ) -> Result<Store, StorageError> {
        Store::open(StoreOptions {
            clock,
            take_over: false,
            lease_term: None,
            place: self.place(),
            schema: Schema::Mode,
            pepper,
            random: Deterministic::new(seed),
            durability: match self {
                Self::Sqlite(_) => Durability::Full,
                // The server of the tests runs without: nothing here pulls its plug.
                Self::Postgres { .. } => Durability::ControlWithoutFlush,
            },
            observer,
        })
    }

    /// A store in a file that is not the world's own.
    pub fn open_file(path: &Path, seed: u64) -> Store {
        Store::open(StoreOptions {
            clock: Arc::<Ticking>::default(),
            take_over: false,
            lease_term: None,
            place: Place::Sqlite(path.to_owned()),
            schema: Schema::Mode,
            pepper: pepper(),
            random: Deterministic::new(seed),
            durability: Durability::Full,
            observer: None,
        })
        .unwrap()
    }

    pub fn open(&self, seed: u64, observer: Option<&Observer>) -> Store {
        self.try_open(seed, pepper(), observer.cloned()).unwrap()
    }

    /// Waits until everything stands in the index that is searched; on PostgreSQL it always does.
    pub fn wait_for_search(&self) {
        let Self::Sqlite(_) = self else { return };
        let beside = rusqlite::Connection::open(self.path()).unwrap();
        let is_even = || -> bool {
            let read = "SELECT COUNT(*) FROM meta m JOIN head h ON m.value = CAST(h.sequence AS TEXT)
                        WHERE m.name = 'search_mark' AND NOT EXISTS (SELECT 1 FROM meta WHERE name = 'search_filling')";
            beside.query_row(read, [], |row| row.get(0)).unwrap()
        };
        wait_until(is_even, Duration::from_mins(1)).unwrap();
    }

    /// Runs a script past the log of decisions.
    pub fn run_in_log(&self, script: &str) {
        match self {
            Self::Sqlite(_) => {
                let path = interdict_storage::DecisionStore::file(&self.path());
                rusqlite::Connection::open(path).unwrap().execute_batch(script).unwrap();
            }
            Self::Postgres { .. } => self.run(&format!("SET search_path TO test_decisions; {script}")),
        }
    }

    /// How many rows a table of the log has.
    pub fn count_in_log(&self, table: &str) -> i64 {
        let sql = format!("SELECT COUNT(*) FROM {table}");
        match self {
            Self::Sqlite(_) => {
                let path = interdict_storage::DecisionStore::file(&self.path());
                let connection = rusqlite::Connection::open(path).unwrap();
                connection.query_row(&sql, [], |row| row.get(0)).unwrap()
            }
            Self::Postgres { url, .. } => ask_server(url, "test_decisions", &sql),
        }
    }

    /// Runs a script past the store, as somebody with the database's password could.
    pub fn run(&self, script: &str) {
        match self {
            Self::Sqlite(_) => {
                rusqlite::Connection::open(self.path()).unwrap().execute_batch(script).unwrap();
            }
            Self::Postgres { url, .. } => {
                let script = script.replace("zeroblob(16)", "decode(repeat('00', 16), 'hex')");
                let script = script.replace("zeroblob(32)", "decode(repeat('00', 32), 'hex')");
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
                    let driver = tokio::spawn(connection);
                    client.batch_execute(&format!("SET search_path TO test; {script}")).await.unwrap();
                    drop(client);
                    driver.await.unwrap().unwrap();
                });
            }
        }
    }
}

/// One number, past the store.
pub fn ask_server(url: &str, schema: &str, sql: &str) -> i64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
        let driver = tokio::spawn(connection);
        client.batch_execute(&format!("SET search_path TO {schema}")).await.unwrap();
        let number = client.query_one(sql, &[]).await.unwrap().get(0);
        drop(client);
        driver.await.unwrap().unwrap();
        number
    })
}

/// Why a piece of work of a test fails.
#[derive(Debug)]
pub enum Refused {
    OnPurpose,
    Storage(StorageError),
}

impl From<StorageError> for Refused {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

pub fn email(number: u64) -> String {
    format!("somebody.{number}@example.com")
}

pub fn entry(number: u64, random: &dyn Random) -> Entry {
    let value = email(number);
    Entry {
        id: EntryId::generate(List::Block, now(), random),
        kind: Kind::Email,
        key: pepper().key(MERCHANT, Kind::Email, &value),
        value: Some(value),
        reason: Some(Reason::from_stored(format!("reason {number}"))),
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

/// Puts a new block entry and gives its sequence.
pub fn put(transaction: &mut Transaction<'_>, number: u64, random: &dyn Random) -> Result<i64, StorageError> {
    let actor = Actor::system();
    let by = Authorship::new(&actor, now(), random);
    let entry = entry(number, random);
    transaction.merchant(MERCHANT).put_entry(&by, Action::EntryCreated, None, &entry)?;
    Ok(transaction.revision())
}

/// Puts one entry in a commit of its own.
pub fn put_one(store: &Store, number: u64, random: &Arc<Deterministic>) -> i64 {
    let random = Arc::clone(random);
    let put = move |transaction: &mut Transaction<'_>| put(transaction, number, random.as_ref());
    store.write_blocking::<_, StorageError, _>(put).unwrap().revision
}

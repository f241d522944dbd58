//! Where the log of decisions lives: a connection that writes, and some that read, of either engine.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use interdict_domain::clock::Timestamp;
use interdict_domain::identifier::{Generation, Pepper};
use interdict_domain::merchant::MerchantNumber;
use parking_lot::Mutex;
use tokio::sync::Semaphore;

use super::forget;
use super::rotation;
use super::row::{self, DecisionRow, SearchKey};
use crate::error::StorageError;
use crate::migrations::{Dialect, Schema, migrate};
use crate::postgres::{self, PostgresServer, Purpose, SchemaName, Session};
use crate::sql::Connection;
use crate::sqlite;
use crate::sqlite::scrub::{self, Walk};
use crate::store::{Durability, Place};
use crate::view::MerchantView;

/// Connections that read side by side.
const READERS: usize = 2;
/// Pages whose gaps are zeroed before an erasure is answered, and at once later on.
const SCRUB_BEFORE_ANSWER: i64 = 16_384;
const SCRUB_AT_ONCE: i64 = 1_024;
/// Kibibytes of pages that a connection keeps.
const CACHE_KIB: i64 = 8_192;

/// Erasures and those who write exclude each other, over all nodes.
const BEGIN_WRITING: &str = "BEGIN; LOCK TABLE decision IN ROW EXCLUSIVE MODE";
const BEGIN_ERASING: &str = "BEGIN; LOCK TABLE decision IN SHARE ROW EXCLUSIVE MODE";
/// What the log loses in a crash of the server was lost to readers alone.
const WITHOUT_FLUSH: &str = "SET synchronous_commit = off";

/// The log of decisions of one mode.
pub struct DecisionStore {
    writer: Mutex<LogWriter>,
    readers: Arc<LogReaders>,
    permits: Arc<Semaphore>,
}

/// The connection that writes.
enum LogWriter {
    Sqlite(FileWriter),
    Postgres { server: PostgresServer, schema: &'static str, session: Option<Box<Session>> },
}

struct FileWriter {
    connection: rusqlite::Connection,
    /// When it was last looked whether another process has erased, and left some of it to be done.
    data_version: i64,
    /// Where zeroing the gaps goes on, if it is to.
    walk: Option<Walk>,
    /// What was erased may still stand in SQLite's own log.
    truncate_pending: bool,
}

enum LogReaders {
    Sqlite(sqlite::Readers),
    Postgres(postgres::Readers),
}

/// What a transaction is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Work {
    Write,
    Erase,
}

impl DecisionStore {
    /// Opens or creates the log that belongs to a mode's store: a file beside the store's, or a schema of its own.
    pub fn open(place: &Place, pepper: &Pepper) -> Result<Self, StorageError> {
        let (writer, readers) = match place {
            Place::Sqlite(path) => {
                let path = Self::file(path);
                let writer = LogWriter::Sqlite(FileWriter::open(&path)?);
                (writer, LogReaders::Sqlite(sqlite::Readers::new(path, pepper.clone(), READERS)))
            }
            Place::Postgres(server, name) => {
                let schema = schema_of(*name);
                postgres::prepare_schema(server, schema, Schema::Decisions)?;
                let readers = postgres::Readers::new(server.clone(), schema, pepper.clone());
                let writer = LogWriter::Postgres { server: server.clone(), schema, session: None };
                (writer, LogReaders::Postgres(readers))
            }
        };
        let permits = Arc::new(Semaphore::new(READERS));
        Ok(Self { writer: Mutex::new(writer), readers: Arc::new(readers), permits })
    }

    /// The file of the log that belongs to a store's file: `test-decisions.db` beside `test.db`.
    pub fn file(store: &Path) -> PathBuf {
        let stem = store.file_stem().and_then(|stem| stem.to_str()).unwrap_or("store");
        store.with_file_name(format!("{stem}-decisions.db"))
    }

    /// Writes decisions with the keys by which they are found, in one transaction.
    pub fn append(&self, rows: &[(DecisionRow, Vec<SearchKey>)]) -> Result<(), StorageError> {
        self.writer.lock().run(Work::Write, |connection| row::insert(connection, rows))
    }

    /// Deletes some of the decisions of before a moment; false when there are no more.
    pub fn trim(&self, before: Timestamp, now: Timestamp) -> Result<bool, StorageError> {
        let trimmed =
            self.writer.lock().run(Work::Write, |connection| forget::trim(connection, before, now))?;
        Ok(forget::has_more(trimmed))
    }

    /// Notes that another pepper is in use from a moment on, and says which of before are still needed to find what was
    /// decided under them. A dry run leaves no note.
    pub fn note_rotation(
        &self,
        pepper: &Pepper,
        now: Timestamp,
        is_dry_run: bool,
    ) -> Result<Vec<Generation>, StorageError> {
        let note = |connection: Connection<'_>| rotation::note(connection, pepper, now, is_dry_run);
        self.writer.lock().run(Work::Write, note)
    }

    /// Takes a person out of every decision that one of the keys finds, and out of those that other nodes have not
    /// written yet. Returns how many were found.
    pub fn erase(
        &self,
        merchant: MerchantNumber,
        keys: &[SearchKey],
        now: Timestamp,
    ) -> Result<usize, StorageError> {
        let mut writer = self.writer.lock();
        writer.run(Work::Erase, |connection| forget::remember(connection, merchant, keys, now))?;
        let mut found = 0;
        loop {
            let some = writer.run(Work::Erase, |connection| {
                let some = forget::empty_some(connection, merchant, keys)?;
                if let Connection::Sqlite(connection) = connection
                    && some > 0
                {
                    scrub::mark_due(connection)?;
                }
                Ok(some)
            })?;
            found += some;
            if some == 0 {
                break;
            }
        }
        if let LogWriter::Sqlite(file) = &mut *writer
            && found > 0
        {
            file.walk = Some(Walk::due(file.walk));
            file.truncate_pending = true;
            file.clean_up(SCRUB_BEFORE_ANSWER);
        }
        Ok(found)
    }

    /// Goes on with what an erasure has left to do, and says whether more of it can be done at once. Costs nothing where
    /// there is nothing left.
    pub fn tend(&self) -> bool {
        match &mut *self.writer.lock() {
            LogWriter::Sqlite(file) => file.clean_up(SCRUB_AT_ONCE),
            LogWriter::Postgres { .. } => false,
        }
    }

    /// Reads one merchant's decisions, on a thread that may wait for the disk.
    pub async fn read<T, F>(&self, merchant: MerchantNumber, read: F) -> Result<T, StorageError>
    where
        T: Send + 'static,
        F: FnOnce(&MerchantView<'_>) -> Result<T, StorageError> + Send + 'static,
    {
        let readers = Arc::clone(&self.readers);
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| StorageError::Stopped)?;
        // The read keeps its permit even when its caller goes away.
        let run = move || {
            let _permit = permit;
            readers.run(merchant, read)
        };
        tokio::task::spawn_blocking(run).await.unwrap_or(Err(StorageError::Stopped))
    }

    /// The same for a thread that may wait.
    pub fn read_blocking<T>(
        &self,
        merchant: MerchantNumber,
        read: impl FnOnce(&MerchantView<'_>) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        self.readers.run(merchant, read)
    }
}

const fn schema_of(name: SchemaName) -> &'static str {
    match name {
        SchemaName::Core => "core_decisions",
        SchemaName::Test => "test_decisions",
        SchemaName::Live => "live_decisions",
    }
}

impl LogReaders {
    fn run<T>(
        &self,
        merchant: MerchantNumber,
        read: impl FnOnce(&MerchantView<'_>) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        match self {
            Self::Sqlite(readers) => readers.run(|view| read(&view.merchant(merchant))),
            Self::Postgres(readers) => readers.run(|view| read(&view.merchant(merchant))),
        }
    }
}

impl LogWriter {
    /// Runs some work in a transaction of its own.
    fn run<T>(
        &mut self,
        work: Work,
        run: impl FnOnce(Connection<'_>) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        match self {
            Self::Sqlite(file) => file.run(run),
            Self::Postgres { server, schema, session } => {
                let begin = if work == Work::Erase { BEGIN_ERASING } else { BEGIN_WRITING };
                // One that has waited may have lost its server meanwhile, and one that fails takes its transaction
                // with it.
                let idle = session.take().filter(|session| session.run_script(begin).is_ok());
                let used = if let Some(session) = idle {
                    session
                } else {
                    let session = Box::new(server.connect(schema, Purpose::Write)?);
                    session.run_script(WITHOUT_FLUSH)?;
                    session.run_script(begin)?;
                    session
                };
                let done = run(Connection::Postgres(&used))?;
                used.run_script("COMMIT")?;
                used.abandon();
                *session = Some(used);
                Ok(done)
            }
        }
    }
}

impl FileWriter {
    fn open(path: &Path) -> Result<Self, StorageError> {
        let mut connection = sqlite::connection::open_writer(path, Durability::Full)?;
        // What the log loses in a loss of power was lost to readers alone.
        connection.pragma_update(None, "synchronous", "normal")?;
        connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
        let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        migrate(Connection::Sqlite(&transaction), Schema::Decisions, Dialect::Sqlite)?;
        transaction.commit()?;
        // A process that ended between an erasure's commit and the cut left the old bytes there.
        let mut file = Self { connection, data_version: -1, walk: None, truncate_pending: true };
        file.look_for_erasures()?;
        Ok(file)
    }

    fn run<T>(
        &mut self,
        run: impl FnOnce(Connection<'_>) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        let behaviour = rusqlite::TransactionBehavior::Immediate;
        let transaction = self.connection.transaction_with_behavior(behaviour)?;
        let done = run(Connection::Sqlite(&transaction))?;
        transaction.commit()?;
        Ok(done)
    }

    /// Zeroes gaps that are left of an erasure, and cuts SQLite's own log. What does not succeed is tried again. True when
    /// some succeeded, and there are more.
    fn clean_up(&mut self, pages: i64) -> bool {
        let mut goes_on = false;
        if let Err(error) = self.look_for_erasures() {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "what others have erased of the decision log is cleaned up later"
            );
        }
        if let Some(walk) = self.walk {
            match walk.step(&self.connection, pages) {
                Ok(rest) => {
                    goes_on = rest.is_some();
                    self.walk = rest;
                    self.truncate_pending = true;
                }
                Err(error) => tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "gaps of the decision log are zeroed later"
                ),
            }
        }
        if self.truncate_pending {
            match sqlite::connection::truncate_log(&self.connection) {
                Ok(done) => self.truncate_pending = !done,
                Err(error) => tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the decision log's own log is truncated later"
                ),
            }
        }
        goes_on
    }

    /// Another process, or this one before its start, may have left a walk unfinished.
    fn look_for_erasures(&mut self) -> Result<(), StorageError> {
        let data_version = sqlite::connection::data_version(&self.connection)?;
        if data_version != self.data_version {
            if scrub::is_due(Connection::Sqlite(&self.connection))? {
                self.walk = Some(Walk::due(self.walk));
            }
            self.data_version = data_version;
        }
        Ok(())
    }
}

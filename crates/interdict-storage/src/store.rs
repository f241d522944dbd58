//! A store: one SQLite file with its writer and its readers. Core, test and live are one each.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use interdict_domain::clock::{Clock, Random};
use interdict_domain::identifier::Pepper;
use interdict_domain::merchant::MerchantNumber;
use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension as _};
use tokio::sync::Semaphore;

use crate::chain::{self, ChainReport};
use crate::error::StorageError;
use crate::feed::FeedObserver;
use crate::migrations::{Schema, migrate};
use crate::payment;
use crate::sqlite;
use crate::transaction::Transaction;
use crate::view::{MerchantView, View};
use crate::writer::{Committed, WriteError, Writer};

/// Connections that read side by side.
const READERS: usize = 4;

/// When a commit counts as done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// When it is on the disk. The only choice outside tests.
    Full,
    /// A control that the fault tests must catch: no flush at all.
    ControlWithoutFlush,
    /// A control that the fault tests must catch: answers before the commit.
    ControlEarlyAcknowledgement,
}

impl Durability {
    pub(crate) const fn synchronous(self) -> &'static str {
        match self {
            Self::Full | Self::ControlEarlyAcknowledgement => "full",
            Self::ControlWithoutFlush => "off",
        }
    }
}

/// How to open a store.
pub struct StoreOptions {
    /// The file.
    pub path: PathBuf,
    /// What kind of store it holds.
    pub schema: Schema,
    /// The secret under the identifiers' keys.
    pub pepper: Pepper,
    /// Says how long ago the feed was heard.
    pub clock: Arc<dyn Clock>,
    /// Where the epoch of a new store comes from.
    pub random: Arc<dyn Random>,
    /// When a commit counts as done.
    pub durability: Durability,
    /// Who is told of each change, in order; none for a command that only writes.
    pub observer: Option<Box<dyn FeedObserver>>,
    /// Whether nobody drives any payment now, so that each can be taken over at once.
    pub take_over: bool,
}

struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
    pepper: Pepper,
}

/// One SQLite file with its writer and its readers. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    writer: Arc<Writer>,
    readers: Arc<Readers>,
}

impl Store {
    /// Opens or creates the file, brings it up to date, checks the pepper, and starts the writer.
    pub fn open(options: StoreOptions) -> Result<Self, StorageError> {
        let mut connection = sqlite::open_writer(&options.path, options.durability)?;
        migrate(&mut connection, options.schema)?;
        prepare_meta(&mut connection, &options)?;
        if options.take_over {
            payment::abandon_all(&connection)?;
        }
        let readers = Arc::new(Readers {
            path: options.path.clone(),
            idle: Mutex::new(Vec::new()),
            permits: Arc::new(Semaphore::new(READERS)),
            pepper: options.pepper.clone(),
        });
        let writer = Arc::new(Writer::start(connection, options)?);
        Ok(Self { writer, readers })
    }

    /// Runs a piece of work in the next commit, and answers once it is on the disk and applied. Work
    /// that fails leaves nothing behind and harms nobody else's.
    pub async fn write<T, E, F>(&self, work: F) -> Result<Committed<T>, WriteError<E>>
    where
        T: Send + 'static,
        E: From<StorageError> + Send + 'static,
        F: FnOnce(&mut Transaction<'_>) -> Result<T, E> + Send + 'static,
    {
        self.writer.write(work).await
    }

    /// As [`Self::write`], for a thread that may wait.
    pub fn write_blocking<T, E, F>(&self, work: F) -> Result<Committed<T>, WriteError<E>>
    where
        T: Send + 'static,
        E: From<StorageError> + Send + 'static,
        F: FnOnce(&mut Transaction<'_>) -> Result<T, E> + Send + 'static,
    {
        self.writer.write_blocking(work)
    }

    /// Reads one merchant's data from a snapshot, on a thread that may wait for the disk.
    pub async fn read<T, E, F>(&self, merchant: MerchantNumber, read: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StorageError> + Send + 'static,
        F: FnOnce(&MerchantView<'_>) -> Result<T, E> + Send + 'static,
    {
        self.read_all(move |view| read(&view.merchant(merchant))).await
    }

    /// Reads what belongs to no single merchant: credentials, the feed as a whole.
    pub async fn read_all<T, E, F>(&self, read: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StorageError> + Send + 'static,
        F: FnOnce(&View<'_>) -> Result<T, E> + Send + 'static,
    {
        let readers = Arc::clone(&self.readers);
        let permits = Arc::clone(&self.readers.permits);
        let permit = permits.acquire_owned().await.map_err(|_| E::from(StorageError::Stopped))?;
        // The read keeps its permit even when its caller goes away.
        let run = move || {
            let _permit = permit;
            readers.run(read)
        };
        tokio::task::spawn_blocking(run).await.unwrap_or_else(|_| Err(E::from(StorageError::Stopped)))
    }

    /// As [`Self::read_all`], for a thread that may wait.
    pub fn read_blocking<T, E, F>(&self, read: F) -> Result<T, E>
    where
        E: From<StorageError>,
        F: FnOnce(&View<'_>) -> Result<T, E>,
    {
        self.readers.run(read)
    }

    /// Walks the whole chain of changes and says what it found. `progress` is called with the
    /// sequence now and then.
    pub fn verify_chain(&self, progress: &mut dyn FnMut(i64)) -> Result<ChainReport, StorageError> {
        self.readers.run(|view| chain::verify(view.connection, progress))
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.readers.path
    }
}

impl Readers {
    fn run<T, E, F>(&self, read: F) -> Result<T, E>
    where
        E: From<StorageError>,
        F: FnOnce(&View<'_>) -> Result<T, E>,
    {
        let idle = self.idle.lock().pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => sqlite::open_reader(&self.path)?,
        };
        // One transaction: all queries of a read see the same moment.
        let result = {
            let snapshot = connection.transaction().map_err(StorageError::from)?;
            read(&View { connection: &snapshot, pepper: &self.pepper })
        };
        let mut idle = self.idle.lock();
        if idle.len() < READERS {
            idle.push(connection);
        }
        result
    }
}

/// The rows that a store has from its first day: its epoch, whose pepper it is, and the head.
fn prepare_meta(connection: &mut Connection, options: &StoreOptions) -> Result<(), StorageError> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let fingerprint = hex::encode(options.pepper.fingerprint());
    let stored: Option<String> = transaction
        .query_row("SELECT value FROM meta WHERE name = 'pepper'", [], |row| row.get(0))
        .optional()?;
    match stored {
        Some(stored) if stored == fingerprint => {}
        Some(_) => return Err(StorageError::WrongPepper),
        None => {
            transaction.execute("INSERT INTO meta (name, value) VALUES ('pepper', ?1)", [&fingerprint])?;
            new_epoch(&transaction, options.random.as_ref())?;
            transaction.execute(
                "INSERT INTO head (id, sequence, hash) VALUES (1, 0, ?1)",
                [chain::GENESIS.as_slice()],
            )?;
        }
    }
    transaction.commit()?;
    Ok(())
}

/// Marks the store as another life of itself: whoever followed it before must rebuild.
pub(crate) fn new_epoch(connection: &Connection, random: &dyn Random) -> Result<(), StorageError> {
    let mut epoch = [0_u8; 16];
    random.fill(&mut epoch);
    connection.execute(
        "INSERT INTO meta (name, value) VALUES ('epoch', ?1)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        [hex::encode(epoch)],
    )?;
    Ok(())
}

//! A store: a writer, its readers, and what follows the feed, over either engine. Core, test and live are
//! one each.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use interdict_domain::clock::{Clock, Random};
use interdict_domain::identifier::Pepper;
use interdict_domain::merchant::MerchantNumber;
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::chain::{self, ChainReport};
use crate::error::StorageError;
use crate::feed::FeedObserver;
use crate::follower::Follower;
use crate::foreseen::Foreseen;
use crate::meta::prepare_meta;
use crate::migrations::{Dialect, Schema, migrate};
use crate::payment;
use crate::postgres::{
    self, FollowOptions, Following, Node, NodePlace, OwnWriter, PostgresServer, PostgresWriter, SchemaName,
    Upkeep,
};
use crate::readers::Readers;
use crate::sql::Connection;
use crate::sqlite;
use crate::sqlite::writer::SqliteWriter;
use crate::status::{Counters, StoreStatus};
use crate::transaction::Transaction;
use crate::view::{MerchantView, View};
use crate::writer::{Committed, Pending, WriteError, Writer};
use crate::{counter, departure};

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
    /// A control that the fault tests must catch, on PostgreSQL: numbers come from a sequence (`control_ids`,
    /// which the test makes), and whoever follows asks for what is above the last number that it saw.
    ControlTailById,
}

impl Durability {
    pub(crate) const fn synchronous(self) -> &'static str {
        match self {
            Self::Full | Self::ControlEarlyAcknowledgement | Self::ControlTailById => "full",
            Self::ControlWithoutFlush => "off",
        }
    }
}

/// Where a store lives.
#[derive(Clone, Debug)]
pub enum Place {
    /// In a file of its own.
    Sqlite(PathBuf),
    /// In a schema of a database that many nodes share.
    Postgres(PostgresServer, SchemaName),
}

/// How to open a store.
pub struct StoreOptions {
    /// Where it lives.
    pub place: Place,
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
    /// For how long other nodes wait for this one, where there are any: it decides. Nothing for a command.
    pub lease_term: Option<Duration>,
    /// Whether nobody drives any payment now, so that each can be taken over at once.
    pub take_over: bool,
}

/// A writer with its readers. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    writer: Arc<Writer>,
    readers: Arc<Readers>,
    permits: Arc<Semaphore>,
    counters: Arc<Counters>,
    clock: Arc<dyn Clock>,
    node: Node,
    /// On SQLite, of the thread that copies the log.
    log_turns: Option<Arc<sqlite::Turns>>,
    /// On PostgreSQL, what follows the other nodes; on SQLite the writer does it.
    following: Option<Arc<Following>>,
    /// On PostgreSQL, where it is followed.
    _upkeep: Option<Arc<Upkeep>>,
    /// See [`Follower::distrusted`].
    distrusted: Arc<AtomicBool>,
}

impl Store {
    /// Opens or creates the store, brings it up to date, checks the pepper, and starts the writer.
    pub fn open(options: StoreOptions) -> Result<Self, StorageError> {
        match options.place.clone() {
            Place::Sqlite(path) => Self::open_sqlite(path, options),
            Place::Postgres(server, schema) => Self::open_postgres(server, schema, options),
        }
    }

    fn open_sqlite(path: PathBuf, options: StoreOptions) -> Result<Self, StorageError> {
        let mut connection = sqlite::connection::open_writer(&path, options.durability)?;
        // An exclusive lock from the start: two processes that start at once take turns.
        let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        migrate(Connection::Sqlite(&transaction), options.schema, Dialect::Sqlite)?;
        prepare_meta(Connection::Sqlite(&transaction), &options.pepper, options.random.as_ref())?;
        if options.schema == Schema::Mode && !counter::are_true(Connection::Sqlite(&transaction))? {
            counter::count_anew(Connection::Sqlite(&transaction))?;
        }
        if options.schema == Schema::Mode && !departure::are_noted(Connection::Sqlite(&transaction))? {
            departure::begin_anew(Connection::Sqlite(&transaction))?;
        }
        transaction.commit()?;
        if options.take_over {
            payment::abandon_all(Connection::Sqlite(&connection))?;
        }
        let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("store").to_owned();
        let checkpointer = sqlite::Checkpointer::start(&mut connection, &path, options.durability)?;
        let log_turns = Some(checkpointer.turns());
        let readers = Readers::Sqlite(sqlite::Readers::new(path, options.pepper.clone(), READERS));
        let (counters, clock) = (Arc::<Counters>::default(), options.clock);
        let (own, own_clock) = (Arc::clone(&counters), Arc::clone(&clock));
        let follower = Follower::new(options.observer, own_clock, name.clone(), options.pepper.clone(), own);
        let distrusted = follower.distrusted();
        let is_searched = options.schema == Schema::Mode;
        let writer = SqliteWriter::new(
            (connection, checkpointer),
            follower,
            options.durability,
            options.pepper,
            is_searched,
        );
        Ok(Self {
            writer: Arc::new(Writer::start(&name, Arc::clone(&counters), move |queue| writer.run(queue))?),
            readers: Arc::new(readers),
            permits: Arc::new(Semaphore::new(READERS)),
            counters,
            clock,
            node: Node::default(),
            log_turns,
            following: None,
            _upkeep: None,
            distrusted,
        })
    }

    fn open_postgres(
        server: PostgresServer,
        name: SchemaName,
        options: StoreOptions,
    ) -> Result<Self, StorageError> {
        let must_be_durable = options.durability != Durability::ControlWithoutFlush;
        let (pepper, random) = (options.pepper, options.random.as_ref());
        postgres::prepare(&server, name, options.schema, must_be_durable, &pepper, random)?;
        let is_followed = options.observer.is_some();
        let (counters, clock) = (Arc::<Counters>::default(), options.clock);
        let mut follower = Follower::new(
            options.observer,
            Arc::clone(&clock),
            name.as_str().to_owned(),
            pepper.clone(),
            Arc::clone(&counters),
        );
        if options.durability == Durability::ControlTailById {
            follower.believe_numbers();
        }
        let node = Node::new(random);
        let lease = options.lease_term.map(|term| (node, term));
        let is_kept = is_followed && options.schema == Schema::Mode;
        let upkeep = if is_kept { Some(Arc::new(Upkeep::start(server.clone(), name)?)) } else { None };
        if lease.is_some() {
            // There is none yet.
            follower.leased(Duration::ZERO);
        }
        let distrusted = follower.distrusted();
        let follower = Arc::new(Mutex::new(follower));
        let readers = postgres::Readers::new(server.clone(), name.as_str(), pepper.clone());
        let (own, own_writer) = (Arc::clone(&follower), OwnWriter::default());
        let writer = PostgresWriter::new(
            server.clone(),
            name,
            own,
            Arc::clone(&clock),
            Arc::clone(&own_writer),
            pepper,
            options.durability,
        );
        let following = if is_followed {
            Some(Arc::new(Following::start(
                FollowOptions { server, schema: name, clock: Arc::clone(&clock), own_writer, lease },
                follower,
            )?))
        } else {
            None
        };
        Ok(Self {
            writer: Arc::new(Writer::start(name.as_str(), Arc::clone(&counters), move |queue| {
                writer.run(queue);
            })?),
            readers: Arc::new(Readers::Postgres(readers)),
            permits: Arc::new(Semaphore::new(READERS)),
            counters,
            clock,
            node,
            log_turns: None,
            following,
            _upkeep: upkeep,
            distrusted,
        })
    }

    /// Runs a piece of work in the next commit, and answers once it is on the disk and applied. Work
    /// that fails leaves nothing behind and harms nobody else's.
    pub async fn write<T, E, F>(&self, work: F) -> Result<Committed<T>, WriteError<E>>
    where
        T: Send + 'static,
        E: From<StorageError> + Send + 'static,
        F: FnOnce(&mut Transaction<'_>) -> Result<T, E> + Send + 'static,
    {
        self.writer.write(Vec::new(), work).await
    }

    /// As [`Self::write`], with what the work is going to read: on PostgreSQL it is fetched together with
    /// what the rest of the commit reads.
    pub async fn write_foreseeing<T, E, F>(
        &self,
        foreseen: Vec<Foreseen>,
        work: F,
    ) -> Result<Committed<T>, WriteError<E>>
    where
        T: Send + 'static,
        E: From<StorageError> + Send + 'static,
        F: FnOnce(&mut Transaction<'_>) -> Result<T, E> + Send + 'static,
    {
        self.writer.write(foreseen, work).await
    }

    /// As [`Self::write`], for a thread that may wait.
    pub fn write_blocking<T, E, F>(&self, work: F) -> Result<Committed<T>, WriteError<E>>
    where
        T: Send + 'static,
        E: From<StorageError> + Send + 'static,
        F: FnOnce(&mut Transaction<'_>) -> Result<T, E> + Send + 'static,
    {
        self.begin_write(work)?.wait()
    }

    /// As [`Self::write_blocking`], for a thread that has something else to do meanwhile.
    pub fn begin_write<T, E, F>(&self, work: F) -> Result<Pending<T, E>, WriteError<E>>
    where
        T: Send + 'static,
        E: From<StorageError> + Send + 'static,
        F: FnOnce(&mut Transaction<'_>) -> Result<T, E> + Send + 'static,
    {
        self.writer.begin(work)
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
        let counters = Arc::clone(&self.counters);
        let permits = Arc::clone(&self.permits);
        let asked_at = Instant::now();
        let permit = permits.acquire_owned().await.map_err(|_| E::from(StorageError::Stopped))?;
        counters.readers.waited(asked_at.elapsed());
        // The read keeps its permit even when its caller goes away.
        let run = move || {
            let _permit = permit;
            readers.run(&counters, read)
        };
        tokio::task::spawn_blocking(run).await.unwrap_or_else(|_| Err(E::from(StorageError::Stopped)))
    }

    /// As [`Self::read_all`], for a thread that may wait.
    pub fn read_blocking<T, E, F>(&self, read: F) -> Result<T, E>
    where
        E: From<StorageError>,
        F: FnOnce(&View<'_>) -> Result<T, E>,
    {
        self.readers.run(&self.counters, read)
    }

    /// Walks the whole chain of changes and says what it found. `progress` is called with the
    /// sequence now and then.
    pub fn verify_chain(&self, progress: &mut dyn FnMut(i64)) -> Result<ChainReport, StorageError> {
        self.walk(|view| chain::verify(view.connection, progress))
    }

    /// As [`Self::read_blocking`], for whoever reads everything and may take long.
    pub fn walk<T, E, F>(&self, walk: F) -> Result<T, E>
    where
        E: From<StorageError>,
        F: FnOnce(&View<'_>) -> Result<T, E>,
    {
        match &*self.readers {
            Readers::Sqlite(readers) => readers.run(walk),
            Readers::Postgres(readers) => readers.walk(walk),
        }
    }

    /// How it stands now. Costs the decisions nothing, and waits for nobody.
    pub fn status(&self) -> StoreStatus {
        self.counters.read(self.clock.uptime(), self.readers.idle(), READERS)
    }

    /// Has the observer load everything anew, at the next look at the feed: what it knows is not what is
    /// stored.
    pub fn load_anew(&self) {
        self.distrusted.store(true, Ordering::Release);
        self.look_for_changes();
    }

    /// Waits until every node that may decide has applied a revision; false when the time is over. Where
    /// there are no other nodes there is nothing to wait for.
    pub async fn wait_for_all_nodes(&self, revision: i64, limit: Duration) -> bool {
        match &self.following {
            Some(following) => following.waiting().wait_for(revision, limit, || following.look()).await,
            None => true,
        }
    }

    /// Waits while the write-ahead log is copied, for whoever writes much and can wait: with nobody else on its processor
    /// the copying is short, and the log then begins anew. On PostgreSQL that is the server's.
    pub fn wait_for_log(&self) {
        self.log_turns.iter().for_each(|turns| turns.wait());
    }

    /// This node.
    pub fn node(&self) -> Node {
        self.node
    }

    /// This node's place among those over the same store.
    pub fn place(&self) -> NodePlace {
        self.following.as_ref().map_or(NodePlace::ALONE, |following| following.waiting().place())
    }

    /// Sees at once what other nodes have committed, instead of at the next look.
    pub fn look_for_changes(&self) {
        if let Some(following) = &self.following {
            following.look();
        }
    }
}

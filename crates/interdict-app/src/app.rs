//! Everything together: the core with its credentials and people, and a service for each mode.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use interdict_domain::actor::{Actor, ActorType};
use interdict_domain::clock::{Clock, Random};
use interdict_domain::identifier::Pepper;
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::mode::Mode;
use interdict_domain::user::LOCK_S;
use interdict_storage::{
    Authorship, Durability, Place, PostgresServer, Schema, SchemaName, StorageError, Store, StoreOptions,
    StoreStatus, Transaction, WriteError,
};

use crate::decision_log::DecisionLogOptions;
use crate::directory::{Directory, DirectoryFollower};
use crate::gateways::StripeAddress;
use crate::import_jobs::ImportJobs;
use crate::service::{Service, ServiceOptions};
use crate::sign_in::SignIns;
use crate::tokens::TokenKeys;
use crate::vault::Vault;

/// For how long changes may go unheard before decisions are degraded, unless said otherwise: many looks at the
/// feed, and short enough for a block to count soon.
pub const MAX_STALENESS: Duration = Duration::from_secs(5);

/// What the application is made of. Only the command line makes a real clock and generator.
pub struct AppOptions {
    /// Where the data lives.
    pub data: DataPlace,
    /// The secret under the identifiers' keys.
    pub pepper: Pepper,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The generator.
    pub random: Arc<dyn Random>,
    /// When a commit counts as done.
    pub durability: Durability,
    /// For how long what was committed may be unknown here before decisions are degraded.
    pub max_staleness: Duration,
    /// Where Stripe is.
    pub stripe: StripeAddress,
    /// For how long other nodes wait for this one, where there are any; nothing for what does not serve.
    pub lease_term: Option<Duration>,
    /// Whether decisions are wanted: a command that only writes needs no index.
    pub with_index: bool,
    /// Whether this process is the only one that serves the data: what whoever served before has begun at
    /// a gateway is taken over at once.
    pub take_over: bool,
    /// What of the decisions is kept; nothing for what does not serve.
    pub decision_log: Option<DecisionLogOptions>,
}

/// Where the data lives.
#[derive(Clone, Debug)]
pub enum DataPlace {
    /// In `core.db`, `test.db` and `live.db` of a folder, which must exist.
    Folder(PathBuf),
    /// In the schemas `core`, `test` and `live` of a database that other nodes use, too.
    Server(PostgresServer),
}

impl DataPlace {
    pub(crate) fn store(&self, name: SchemaName) -> Place {
        match self {
            Self::Folder(folder) => Place::Sqlite(App::file(folder, name.as_str())),
            Self::Server(server) => Place::Postgres(server.clone(), name),
        }
    }
}

/// Why the application cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("{store} cannot be opened")]
pub struct OpenError {
    /// Which store.
    pub store: String,
    /// Why.
    #[source]
    pub source: StorageError,
}

/// The application.
pub struct App {
    pub(crate) core: Store,
    pub(crate) directory: Arc<Directory>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) token_keys: TokenKeys,
    pub(crate) sign_ins: SignIns,
    /// For what has to be read again of people.
    pub(crate) vault: Vault,
    test: Arc<Service>,
    live: Arc<Service>,
}

impl App {
    /// Where a store's file lies in a data folder: `core`, `test` or `live`.
    pub fn file(data_dir: &Path, store: &str) -> PathBuf {
        data_dir.join(store).with_extension("db")
    }

    /// Opens or creates the three stores and begins to load the index.
    pub fn open(options: &AppOptions) -> Result<Self, OpenError> {
        let directory = Arc::new(Directory::default());
        let failed = |name: SchemaName| {
            let store = match &options.data {
                DataPlace::Folder(folder) => Self::file(folder, name.as_str()).display().to_string(),
                DataPlace::Server(_) => format!("the schema {}", name.as_str()),
            };
            move |source| OpenError { store, source }
        };
        let core = Store::open(StoreOptions {
            place: options.data.store(SchemaName::Core),
            schema: Schema::Core,
            pepper: options.pepper.clone(),
            clock: Arc::clone(&options.clock),
            random: Arc::clone(&options.random),
            durability: options.durability,
            observer: Some(Box::new(DirectoryFollower(Arc::clone(&directory)))),
            lease_term: None,
            take_over: false,
        })
        .map_err(failed(SchemaName::Core))?;
        let service = |mode: Mode| {
            let name = match mode {
                Mode::Test => SchemaName::Test,
                Mode::Live => SchemaName::Live,
            };
            Service::open(ServiceOptions {
                mode,
                place: options.data.store(name),
                pepper: options.pepper.clone(),
                clock: Arc::clone(&options.clock),
                random: Arc::clone(&options.random),
                durability: options.durability,
                max_staleness: options.max_staleness,
                stripe: options.stripe.clone(),
                lease_term: options.lease_term,
                with_index: options.with_index,
                imports: match &options.data {
                    DataPlace::Folder(folder) => ImportJobs::alone_in(imports_of(folder, mode)),
                    DataPlace::Server(_) => ImportJobs::default(),
                },
                take_over: options.take_over,
                decision_log: options.decision_log,
            })
            .map(Arc::new)
            .map_err(failed(name))
        };
        Ok(Self {
            core,
            directory,
            clock: Arc::clone(&options.clock),
            random: Arc::clone(&options.random),
            vault: Vault::new(&options.pepper),
            sign_ins: SignIns::new(&options.clock),
            token_keys: TokenKeys::new(&options.pepper.derive("interdict 2026-11 oauth tokens")),
            test: service(Mode::Test)?,
            live: service(Mode::Live)?,
        })
    }

    /// Where this process keeps the files of imports: in a folder of its own, where many nodes share the data.
    pub fn keep_imports_in(&self, data_dir: &Path) {
        for mode in Mode::ALL {
            self.service(mode).imports.keep_in(imports_of(data_dir, mode));
        }
    }

    /// The service of a mode.
    pub fn service(&self, mode: Mode) -> &Arc<Service> {
        match mode {
            Mode::Test => &self.test,
            Mode::Live => &self.live,
        }
    }

    /// The core: merchants, credentials, and people who sign in.
    pub fn core(&self) -> &Store {
        &self.core
    }

    /// The clock.
    pub fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    /// The generator.
    pub fn random(&self) -> &dyn Random {
        self.random.as_ref()
    }

    /// Whether both modes can answer from an index that has seen everything.
    pub fn is_ready(&self) -> bool {
        Mode::ALL.into_iter().all(|mode| {
            let readiness = self.service(mode).readiness();
            readiness.loaded && readiness.fresh
        })
    }

    /// How each store stands, by its name.
    pub fn store_statuses(&self) -> [(&'static str, StoreStatus); 3] {
        [
            (SchemaName::Core.as_str(), self.core.status()),
            (SchemaName::Test.as_str(), self.test.store().status()),
            (SchemaName::Live.as_str(), self.live.store().status()),
        ]
    }

    /// What people call a merchant.
    pub async fn merchant_name(&self, number: MerchantNumber) -> String {
        match self.core.read_all(move |view| view.merchant_record(number)).await {
            Ok(Some(merchant)) => merchant.name,
            Ok(None) => number.to_string(),
            Err(error) => {
                let error: StorageError = error;
                tracing::warn!(error = &error as &dyn std::error::Error, "a merchant's name cannot be read");
                number.to_string()
            }
        }
    }

    /// What people call an actor: a key by its name, a person by the email.
    pub fn label_of(&self, actor: &Actor) -> Option<String> {
        if actor.kind == ActorType::User {
            return self.directory.email_of(actor.id.parse().ok()?);
        }
        let known = self.directory.by_id(actor.id.parse().ok()?)?;
        Some(known.credential.name.clone())
    }

    /// Runs a piece of work in the core's next commit, for a thread that may wait.
    pub fn write_core<T, E, F>(&self, actor: Actor, work: F) -> Result<T, WriteError<E>>
    where
        T: Send + 'static,
        E: From<StorageError> + Send + 'static,
        F: FnOnce(&mut Transaction<'_>, &Authorship<'_>) -> Result<T, E> + Send + 'static,
    {
        let (now, random) = (self.clock.now(), Arc::clone(&self.random));
        let committed = self.core.write_blocking(move |transaction| {
            work(transaction, &Authorship::new(&actor, now, random.as_ref()))
        })?;
        Ok(committed.value)
    }

    /// The same for a task.
    pub(crate) async fn change_core<T, E, F>(&self, actor: Actor, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StorageError> + From<WriteError<E>> + Send + 'static,
        F: FnOnce(&mut Transaction<'_>, &Authorship<'_>) -> Result<T, E> + Send + 'static,
    {
        let (now, random) = (self.clock.now(), Arc::clone(&self.random));
        let committed = self
            .core
            .write(move |transaction| work(transaction, &Authorship::new(&actor, now, random.as_ref())))
            .await?;
        Ok(committed.value)
    }

    /// What is done now and then: hit counts and last uses are written, old answers forgotten. The
    /// caller decides when; a failure is logged and the next call tries again.
    pub async fn do_chores(&self, forget: bool) {
        for mode in Mode::ALL {
            let service = self.service(mode);
            if forget {
                service.forget_old_decisions();
            }
            if let Err(error) = service.write_hits().await {
                put_off(&error, matches!(error, WriteError::Away), "hit counts are kept for later");
            }
            if let Err(error) = service.record_ends().await {
                put_off(&error, matches!(error, WriteError::Away), "what has ended is recorded later");
            }
            if forget && let Err(error) = service.forget_old_answers().await {
                put_off(&error, matches!(error, WriteError::Away), "old answers are kept for now");
            }
        }
        if forget {
            self.forget_sign_ins().await;
        }
        self.write_last_uses().await;
    }

    /// Sessions that nobody can use any more, and failures that count no longer, are forgotten.
    async fn forget_sign_ins(&self) {
        let now = self.clock.now();
        let forgotten: Result<_, WriteError<StorageError>> = self
            .core
            .write(move |transaction| transaction.forget_sign_ins(now, now.plus_seconds(-LOCK_S)))
            .await;
        if let Err(error) = forgotten {
            put_off(&error, matches!(error, WriteError::Away), "old sessions are kept for now");
        }
    }

    /// Settles what was begun at a gateway by somebody who is gone. A failure is logged and the next call
    /// tries again.
    pub async fn recover_payments(&self) {
        for mode in Mode::ALL {
            match self.service(mode).recover_payments().await {
                Ok(0) => {}
                Ok(recovered) => {
                    tracing::info!(mode = mode.as_str(), recovered, "payments were settled after all");
                }
                Err(error) => put_off(&error, error.is_away(), "payments are settled later"),
            }
        }
    }

    /// Ends the imports behind their present parts: the next start goes on with them.
    pub fn stop_imports(&self) {
        for mode in Mode::ALL {
            self.service(mode).imports.stop();
        }
    }

    /// What has gathered in memory and should outlive this process is written, all of it.
    pub async fn finish_chores(&self) {
        for mode in Mode::ALL {
            // An error leaves the rest in memory, and that is lost: there is nobody left to try again.
            while let Ok(true) = self.service(mode).write_hits().await {}
            self.service(mode).finish_noticer().await;
            self.service(mode).finish_log().await;
        }
        self.write_last_uses().await;
    }

    async fn write_last_uses(&self) {
        let used = self.directory.take_used();
        if used.is_empty() {
            return;
        }
        let written = self
            .core
            .write(move |transaction: &mut Transaction<'_>| {
                used.iter().try_for_each(|(id, at)| transaction.touch_credential(*id, *at))
            })
            .await;
        if let Err(error) = written {
            put_off(&error, matches!(error, WriteError::Away), "last uses were not written");
        }
    }
}

fn imports_of(data_dir: &Path, mode: Mode) -> PathBuf {
    data_dir.join("imports").join(mode.as_str())
}

/// A chore could not be done. That the database is away was said already, once: an outage is not told anew by each
/// chore in each second.
pub(crate) fn put_off(error: &(dyn std::error::Error + 'static), is_away: bool, what: &str) {
    if is_away {
        tracing::debug!(error, "{what}");
    } else {
        tracing::warn!(error, "{what}");
    }
}

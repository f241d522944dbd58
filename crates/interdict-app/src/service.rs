//! One mode of Interdict: its store, its index, and what goes on between them. Nothing here can reach
//! the other mode (invariant 8).

use std::sync::Arc;
use std::time::Duration;

use interdict_decision::{Fingerprint, Statistics};
use interdict_domain::clock::{Clock, Random, Timestamp};
use interdict_domain::identifier::Pepper;
use interdict_domain::ids::EntryId;
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::mode::Mode;
use interdict_gateway::sandbox::Sandbox;
use interdict_storage::{
    Durability, EntryRow, Place, Schema, StorageError, Store, StoreOptions, Transaction, View, WriteError,
};
use parking_lot::Mutex;
use tokio::sync::{Notify, Semaphore};

use crate::compare_with_store::Comparisons;
use crate::decision_log::{DecisionLog, DecisionLogOptions};
use crate::gateways::{Accounts, Gateways, StripeAddress};
use crate::hits::Hits;
use crate::import_jobs::ImportJobs;
use crate::index_feed::{IndexFollower, IndexState};
use crate::mutate::{FORMER_SECRETS, Running};
use crate::noticed::{Noticer, NoticerParts};
use crate::provider_lists::Mirrors;
use crate::renew_subscriptions::COMMITS_AT_ONCE;
use crate::renewal_report::RenewalCounts;
use crate::sandbox_ledger::StoreLedger;
use crate::vault::Vault;

/// Entries whose hits are written in one go: some milliseconds.
const HITS_AT_ONCE: usize = 1_000;
/// Answers that are forgotten in one go, so that the writer is never held up.
const FORGET_AT_ONCE: i64 = 1_000;

/// One mode of Interdict.
pub struct Service {
    pub(crate) mode: Mode,
    pub(crate) store: Store,
    pub(crate) index: Arc<IndexState>,
    pub(crate) hits: Hits,
    /// Nothing for what does not serve.
    pub(crate) decision_log: Option<Arc<DecisionLog>>,
    /// Nothing for what does not serve.
    pub(crate) noticer: Option<Arc<Noticer>>,
    pub(crate) running: Running,
    pub(crate) gateways: Gateways,
    pub(crate) vault: Vault,
    pub(crate) comparisons: Comparisons,
    pub(crate) renewals: Arc<RenewalCounts>,
    /// Turns for the commits of renewals.
    pub(crate) renewal_commits: Semaphore,
    /// Told when something may have fallen due before its time.
    pub(crate) due: Notify,
    pub(crate) imports: ImportJobs,
    /// What is remembered of the lists at the providers.
    pub(crate) mirrors: Mirrors,
    pub(crate) clock: Arc<dyn Clock>,
    /// For how long what was committed may be unknown before the index is stale.
    pub(crate) max_staleness: Duration,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) pepper: Pepper,
    pub(crate) request_secret: [u8; 32],
    /// Those of the newest former peppers.
    pub(crate) former_request_secrets: [Option<[u8; 32]>; FORMER_SECRETS],
}

/// What a service is made of.
pub(crate) struct ServiceOptions {
    pub(crate) mode: Mode,
    pub(crate) place: Place,
    pub(crate) pepper: Pepper,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) durability: Durability,
    pub(crate) max_staleness: Duration,
    pub(crate) stripe: StripeAddress,
    pub(crate) lease_term: Option<Duration>,
    /// Whether decisions are wanted: a command that only writes needs no index.
    pub(crate) with_index: bool,
    pub(crate) imports: ImportJobs,
    /// Whether nobody else serves the data.
    pub(crate) take_over: bool,
    /// Nothing for what keeps no decisions.
    pub(crate) decision_log: Option<DecisionLogOptions>,
}

/// Whether a service can answer, and from what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// There is an index.
    pub loaded: bool,
    /// It has seen everything, but for what was committed within the bound of staleness.
    pub fresh: bool,
    /// The newest change that it has seen.
    pub revision: i64,
}

/// Where numbers are dialled: a command follows no feed, and a server writes before it has loaded everything.
fn read_phone_regions(store: &Store, index: &IndexState) -> Result<(), StorageError> {
    for (merchant, settings) in store.read_blocking(|view: &View<'_>| view.all_settings())? {
        index.phone_regions().set_first(merchant, settings.phone_region);
    }
    Ok(())
}

/// Under what the keys of requests are hashed.
fn request_secret(pepper: &Pepper) -> [u8; 32] {
    pepper.derive("interdict 2026-11 idempotency")
}

fn former_request_secrets(pepper: &Pepper) -> [Option<[u8; 32]>; FORMER_SECRETS] {
    let mut former = pepper.former();
    std::array::from_fn(|_| former.next().map(request_secret))
}

impl Service {
    pub(crate) fn open(options: ServiceOptions) -> Result<Self, StorageError> {
        let index = IndexState::new();
        let observer = IndexFollower::new(options.mode, Arc::clone(&index));
        let place = options.place.clone();
        let store = Store::open(StoreOptions {
            place: options.place,
            schema: Schema::Mode,
            pepper: options.pepper.clone(),
            clock: Arc::clone(&options.clock),
            random: Arc::clone(&options.random),
            durability: options.durability,
            observer: if options.with_index { Some(Box::new(observer)) } else { None },
            lease_term: options.lease_term,
            take_over: options.take_over,
        })?;
        let open_log = |chosen: DecisionLogOptions| {
            let (clock, rates) = (Arc::clone(&options.clock), Arc::clone(index.log_rates()));
            DecisionLog::open(&place, &options.pepper, clock, rates, chosen)
        };
        let decision_log = options.decision_log.map(open_log).transpose()?;
        read_phone_regions(&store, &index)?;
        let start = |log: &Arc<DecisionLog>| {
            Noticer::start(NoticerParts {
                store: store.clone(),
                index: Arc::clone(&index),
                log: Arc::clone(log),
                pepper: options.pepper.clone(),
                clock: Arc::clone(&options.clock),
                random: Arc::clone(&options.random),
            })
        };
        let noticer = decision_log.as_ref().map(start).transpose()?;
        let vault = Vault::new(&options.pepper);
        let gateways = match options.mode {
            Mode::Test => {
                let ledger = StoreLedger { store: store.clone(), clock: Arc::clone(&options.clock) };
                Gateways::Sandbox(Arc::new(Sandbox::new(ledger)))
            }
            Mode::Live => Gateways::Stripe(Box::new(Accounts {
                store: store.clone(),
                vault: vault.clone(),
                address: options.stripe,
                changes: index.gateway_changes(),
                opened: Mutex::default(),
            })),
        };
        Ok(Self {
            mode: options.mode,
            store,
            gateways,
            vault,
            comparisons: Comparisons::default(),
            renewals: Arc::default(),
            renewal_commits: Semaphore::new(COMMITS_AT_ONCE),
            due: Notify::new(),
            index,
            hits: Hits::default(),
            decision_log,
            noticer,
            running: Running::default(),
            imports: options.imports,
            mirrors: Mirrors::default(),
            clock: options.clock,
            max_staleness: options.max_staleness,
            random: options.random,
            request_secret: request_secret(&options.pepper),
            former_request_secrets: former_request_secrets(&options.pepper),
            pepper: options.pepper,
        })
    }

    /// Which mode.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The store, for reading.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The secret under the identifiers' keys.
    pub fn pepper(&self) -> &Pepper {
        &self.pepper
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The present moment on a merchant's clock: in test mode it may be ahead.
    pub fn merchant_now(&self, merchant: MerchantNumber) -> Timestamp {
        let now = self.clock.now();
        self.index.with(|index| index.merchant_now(merchant, now)).unwrap_or(now)
    }

    /// What sweeps over the renewals have done.
    pub fn renewals(&self) -> &RenewalCounts {
        &self.renewals
    }

    /// Says that something may have fallen due before its time.
    pub fn look_for_renewals(&self) {
        self.due.notify_one();
    }

    /// Waits until somebody says so.
    pub async fn renewals_wanted(&self) {
        self.due.notified().await;
    }

    /// For ids.
    pub fn random(&self) -> &dyn Random {
        self.random.as_ref()
    }

    /// Whether it can answer, and from what.
    pub fn readiness(&self) -> Readiness {
        let loaded = self.index.with(|_| ()).is_some();
        let fresh = self.index.is_fresh(self.clock.uptime(), self.max_staleness);
        Readiness { loaded, fresh, revision: self.index.revision() }
    }

    /// What the index holds; nothing before it is loaded.
    pub fn statistics(&self) -> Option<Statistics> {
        self.index.with(interdict_decision::Index::statistics)
    }

    /// A digest of all that the index holds, to compare two of them.
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        self.index.with(interdict_decision::Index::fingerprint)
    }

    /// Waits until the index has seen a revision; false when the time is over.
    pub async fn wait_for_revision(&self, revision: i64, limit: Duration) -> bool {
        let mut revisions = self.index.revisions();
        if *revisions.borrow() < revision {
            self.store.look_for_changes();
        }
        let reached = revisions.wait_for(|seen| *seen >= revision);
        matches!(tokio::time::timeout(limit, reached).await, Ok(Ok(_)))
    }

    /// Waits until every node that may decide has applied a revision; false when the time is over.
    pub async fn wait_for_all_nodes(&self, revision: i64, limit: Duration) -> bool {
        self.store.wait_for_all_nodes(revision, limit).await
    }

    /// Adds what was counted and not written yet.
    pub fn with_pending_hits(&self, mut row: EntryRow) -> EntryRow {
        if let Some((hits, last)) = self.hits.pending(row.entry.id) {
            row.hits = row.hits.saturating_add(hits);
            row.last_hit_at = row.last_hit_at.max(Some(last));
        }
        row
    }

    /// Writes some of what was counted; false when nothing is left. Not all at once, because mutations
    /// wait meanwhile: when more entries are hit than are written, counts gather in memory.
    pub async fn write_hits(&self) -> Result<bool, WriteError<StorageError>> {
        let pending = self.hits.take(HITS_AT_ONCE);
        if pending.is_empty() {
            return Ok(false);
        }
        let mut rows: Vec<(EntryId, i64, Timestamp)> =
            pending.iter().map(|(entry, (hits, last))| (*entry, *hits, *last)).collect();
        // In the order of the table: neighbours share pages.
        rows.sort_unstable_by_key(|(entry, ..)| *entry);
        let written = self
            .store
            .write(move |transaction: &mut Transaction<'_>| {
                rows.into_iter().try_for_each(|(entry, hits, last)| transaction.add_hits(entry, hits, last))
            })
            .await;
        if written.is_err() {
            self.hits.put_back(pending);
        }
        written.map(|_| true)
    }

    /// Forgets answers that are older than a day.
    pub async fn forget_old_answers(&self) -> Result<(), WriteError<StorageError>> {
        let now = self.clock.now();
        loop {
            let forgotten = self
                .store
                .write(move |transaction| transaction.forget_old_answers(now, FORGET_AT_ONCE))
                .await?;
            if forgotten.value < FORGET_AT_ONCE.unsigned_abs() {
                return Ok(());
            }
        }
    }
}

/// What waits for a thread is done before its service is gone.
impl Drop for Service {
    fn drop(&mut self) {
        if let Some(noticer) = &self.noticer {
            noticer.stop();
        }
        if let Some(log) = &self.decision_log {
            log.stop();
        }
    }
}

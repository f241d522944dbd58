//! The index as the fold of the feed (invariant 2): loads it, follows, and says how fresh it is.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use interdict_decision::Index;
use interdict_domain::change::{Action, Change, Fact};
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::mode::Mode;
use interdict_storage::{FeedObserver, StorageError, View};
use parking_lot::RwLock;
use tokio::sync::watch;

use crate::decision_log::Rates;
use crate::freshness::{Freshness, Known};
use crate::noticed::PersonWatch;
use crate::phone_regions::PhoneRegions;

/// Facts handed from the reading to the applying thread at once.
const CHUNK: usize = 8_192;
/// Chunks that may wait.
const CHUNKS_WAITING: usize = 8;

/// The index of one mode, with how fresh it is.
pub(crate) struct IndexState {
    index: RwLock<Index>,
    loaded: AtomicBool,
    freshness: Freshness,
    revision: watch::Sender<i64>,
    /// Counts up when a merchant's account at a provider may have changed.
    gateway_changes: Arc<AtomicU64>,
    /// How much of each merchant's decisions the log is offered.
    log_rates: Arc<Rates>,
    /// Where each merchant's customers dial.
    phone_regions: PhoneRegions,
    /// Whose blocked persons there are.
    persons: PersonWatch,
    /// The merchants who want a second person for what hits many.
    second_approvers: RwLock<HashSet<MerchantNumber>>,
}

impl IndexState {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            index: RwLock::new(Index::new()),
            loaded: AtomicBool::new(false),
            freshness: Freshness::new(),
            revision: watch::Sender::new(0),
            gateway_changes: Arc::default(),
            log_rates: Arc::default(),
            phone_regions: PhoneRegions::default(),
            persons: PersonWatch::default(),
            second_approvers: RwLock::default(),
        })
    }

    /// Reads the index; nothing before it is loaded.
    pub(crate) fn with<T>(&self, read: impl FnOnce(&Index) -> T) -> Option<T> {
        self.loaded.load(Ordering::Acquire).then(|| read(&self.index.read()))
    }

    /// Up to when everything that was committed is known. Asked before the index is read.
    #[inline]
    pub(crate) fn known(&self) -> Known {
        self.freshness.known()
    }

    /// Whether everything is known but what was committed within the bound.
    pub(crate) fn is_fresh(&self, uptime: Duration, bound: Duration) -> bool {
        self.loaded.load(Ordering::Acquire) && self.freshness.is_fresh(uptime, bound)
    }

    /// Whether the other nodes take this one for one of them.
    pub(crate) fn is_leased(&self, uptime: Duration) -> bool {
        self.freshness.known().is_leased(uptime)
    }

    /// What is in memory is not what is stored: nothing is fresh until it is loaded anew.
    pub(crate) fn distrust(&self) {
        self.freshness.distrust();
    }

    /// The newest change that the index has seen.
    pub(crate) fn revision(&self) -> i64 {
        *self.revision.borrow()
    }

    /// Changes with the revision.
    pub(crate) fn revisions(&self) -> watch::Receiver<i64> {
        self.revision.subscribe()
    }

    /// Counts up when a merchant's account at a provider may have changed.
    pub(crate) fn gateway_changes(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.gateway_changes)
    }

    /// How much of each merchant's decisions the log is offered.
    pub(crate) fn log_rates(&self) -> &Arc<Rates> {
        &self.log_rates
    }

    /// Where each merchant's customers dial.
    pub(crate) fn phone_regions(&self) -> &PhoneRegions {
        &self.phone_regions
    }

    /// Whose blocked persons there are.
    #[inline]
    pub(crate) fn persons(&self) -> &PersonWatch {
        &self.persons
    }

    /// Whether a merchant wants a second person for what hits many.
    pub(crate) fn wants_second_approver(&self, merchant: MerchantNumber) -> bool {
        self.second_approvers.read().contains(&merchant)
    }

    fn seen(&self, revision: i64) {
        self.revision.send_replace(revision);
    }
}

/// Follows the feed of one store into an index.
pub(crate) struct IndexFollower {
    mode: Mode,
    state: Arc<IndexState>,
}

impl IndexFollower {
    pub(crate) fn new(mode: Mode, state: Arc<IndexState>) -> Self {
        Self { mode, state }
    }

    fn read_settings(&self, view: &View<'_>) -> Result<(), StorageError> {
        let mut second_approvers = HashSet::new();
        for (merchant, settings) in view.all_settings()? {
            self.state.log_rates.set(merchant, settings.decision_log);
            self.state.phone_regions.set(merchant, settings.phone_region);
            if settings.second_approver.is_some() {
                second_approvers.insert(merchant);
            }
        }
        *self.state.second_approvers.write() = second_approvers;
        Ok(())
    }
}

impl FeedObserver for IndexFollower {
    /// Builds a whole index aside and swaps it in: meanwhile the old one goes on deciding.
    fn load(&mut self, view: &View<'_>) -> Result<(), StorageError> {
        let revision = view.revision()?;
        self.read_settings(view)?;
        self.state.persons.set(view.merchants_with_persons()?);
        let (customers, entries) = view.counts()?;
        // Each customer may be found by email, phone and ref.
        let keys = usize::try_from(entries.saturating_add(customers.saturating_mul(3))).unwrap_or(0);
        let index = Index::with_capacity(keys);
        read_and_apply(view, &index)?;
        index.shrink();
        index.advance(revision);
        // The old one is taken apart after the lock is free again: that takes long.
        let old = std::mem::replace(&mut *self.state.index.write(), index);
        drop(old);
        self.state.loaded.store(true, Ordering::Release);
        self.state.freshness.trust();
        self.state.gateway_changes.fetch_add(1, Ordering::AcqRel);
        self.state.seen(revision);
        tracing::info!(mode = self.mode.as_str(), customers, entries, revision, "index loaded");
        Ok(())
    }

    fn apply(&mut self, changes: &[Change], view: &View<'_>) -> Result<(), StorageError> {
        let Some(last) = changes.last() else { return Ok(()) };
        if changes.iter().any(|change| change.action == Action::GatewayChanged) {
            self.state.gateway_changes.fetch_add(1, Ordering::AcqRel);
        }
        if changes.iter().any(|change| change.action == Action::SettingsChanged) {
            self.read_settings(view)?;
        }
        if changes.iter().any(PersonWatch::is_moved_by) {
            match view.merchants_with_persons() {
                Ok(merchants) => self.state.persons.set(merchants),
                // No decision hangs on it: what blocked persons come with is noticed as far as they are known.
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "blocked persons cannot be read"
                    );
                }
            }
        }
        let index = self.state.index.read();
        for change in changes {
            index.apply_change(change.sequence, &change.facts);
        }
        drop(index);
        self.state.seen(last.sequence);
        Ok(())
    }

    fn heard(&mut self, as_of: Duration) {
        // All of it was seen: not somewhere in the middle of what others committed.
        self.state.index.read().settle();
        self.state.freshness.heard(as_of);
    }

    fn leased(&mut self, until: Duration) {
        self.state.freshness.leased(until);
    }

    fn lost(&mut self) {
        self.state.freshness.lose();
    }
}

/// One thread steps through the rows while another applies them: the load takes the longer of both,
/// not their sum.
fn read_and_apply(view: &View<'_>, index: &Index) -> Result<(), StorageError> {
    std::thread::scope(|scope| {
        let (chunks, received) = sync_channel::<Vec<Fact>>(CHUNKS_WAITING);
        scope.spawn(move || {
            for chunk in received {
                index.apply(&chunk);
            }
        });
        let mut chunk = Vec::with_capacity(CHUNK);
        let mut stopped = false;
        view.for_each_fact(&mut |fact| {
            chunk.push(fact);
            if chunk.len() == CHUNK {
                let full = std::mem::replace(&mut chunk, Vec::with_capacity(CHUNK));
                stopped |= chunks.send(full).is_err();
            }
        })?;
        stopped |= chunks.send(chunk).is_err();
        if stopped { Err(StorageError::Stopped) } else { Ok(()) }
    })
}

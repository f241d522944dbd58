//! One step for each merchant: what was on its way, what is due, what changes touched, and a piece of the round over
//! everything; then it is written how far it came, or what kept it.
//!
//! Deliberately not here: how one entry is brought in step ([`super::bring`]).

use std::error::Error as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use interdict_domain::clock::Timestamp;
use interdict_domain::entry::List;
use interdict_domain::ids::EntryId;
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::provider_list::Mirroring;
use interdict_gateway::Gateway;
use interdict_gateway::lists::ListError;
use interdict_storage::{
    EntryFilter, Keeper, MerchantView, Node, ProviderMirror, RoundStage, StorageError, Transaction, View,
    WriteError,
};
use tokio::task::JoinSet;

use super::memory::{Memory, MirrorCounts, count};
use super::plan::adds;
use crate::gateways::NoGateway;
use crate::service::Service;

/// How often a merchant's provider is asked in one step: below the 25 requests a second that Stripe lets through for one
/// kind of object, and far below those for all, which payments need.
const REQUESTS: usize = 20;
/// Merchants whose providers are asked side by side.
const SIDE_BY_SIDE: usize = 8;
/// Changes that are read at once.
const CHANGES: i64 = 100;
/// Entries that are looked at together.
const TOGETHER: usize = 100;
/// How often so many entries are looked at in one step, where nothing has to be asked.
const LOOKS: usize = 20;
/// How long after the end of a round the next one begins.
const ROUND_EVERY_S: i64 = 6 * 3_600;
/// The longest pause after failures, in seconds. The first one has two, and each doubles.
const PAUSE_S_MAX: i64 = 300;
/// So many doublings are longer.
const DOUBLINGS_MAX: i64 = 9;

/// Why a step did not come to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stop {
    #[error("the store failed")]
    Storage(#[from] StorageError),
    #[error("the store cannot be written")]
    Write(#[from] WriteError<StorageError>),
    #[error("there is no gateway")]
    Gateway(#[from] NoGateway),
    #[error("the provider failed")]
    Provider(#[from] ListError),
    #[error("another node does it, or may do it")]
    NotOurs,
}

/// What one step works with.
pub(super) struct Step<'a> {
    pub(super) service: &'a Service,
    pub(super) merchant: MerchantNumber,
    pub(super) now: Timestamp,
    pub(super) mirror: ProviderMirror,
    pub(super) memory: Memory,
    /// How often the provider may be asked yet.
    pub(super) requests: usize,
}

impl Service {
    /// What was done on the providers' lists since the start.
    pub fn mirror_counts(&self) -> &MirrorCounts {
        &self.mirrors.counts
    }

    /// One step towards the lists at the providers for each merchant that wants any. Of many nodes one does it, as long as
    /// the others take it for one of them.
    pub async fn mirror_lists(self: &Arc<Self>) -> Result<(), StorageError> {
        let read = |view: &View<'_>| -> Result<_, StorageError> { view.merchants_with_provider_lists() };
        let merchants = self.store.read_all(read).await?;
        let (mut steps, mut failing) = (JoinSet::new(), 0);
        for merchant in merchants {
            if steps.len() == SIDE_BY_SIDE {
                failing += u64::from(matches!(steps.join_next().await, Some(Ok(true))));
            }
            let service = Arc::clone(self);
            steps.spawn(async move { service.mirror_for(merchant).await });
        }
        while let Some(step) = steps.join_next().await {
            failing += u64::from(matches!(step, Ok(true)));
        }
        self.mirrors.counts.failing.store(failing, Ordering::Relaxed);
        Ok(())
    }

    /// One merchant's step; whether the provider does not do what it is asked.
    async fn mirror_for(&self, merchant: MerchantNumber) -> bool {
        let (now, us) = (self.clock.now(), self.store.node());
        let mirror = match self.keep_mirror(merchant, us).await {
            Ok(Some(mirror)) => mirror,
            Ok(None) => {
                drop(self.mirrors.take(merchant));
                return false;
            }
            Err(error) => {
                crate::app::put_off(&error, matches!(error, WriteError::Away), "provider lists wait");
                return false;
            }
        };
        if mirror.retry_at.is_some_and(|at| at > now) {
            return true;
        }
        let before = mirror.clone();
        let memory = self.mirrors.take(merchant);
        let mut step = Step { service: self, merchant, now, mirror, memory, requests: REQUESTS };
        let outcome = step.run().await;
        if matches!(outcome, Err(Stop::NotOurs)) {
            return false;
        }
        step.note(outcome.as_ref().err());
        let Step { mirror, memory, .. } = step;
        self.mirrors.put_back(merchant, memory);
        let is_failing = mirror.failures > 0;
        if mirror != before {
            let written = self.store.write(move |transaction: &mut Transaction<'_>| {
                let mut transaction = transaction.merchant(merchant);
                let is_ours = transaction.view().provider_mirror_keeper(us)? == Keeper::Us;
                if is_ours { transaction.put_provider_mirror(&mirror) } else { Ok(()) }
            });
            if let Err(error) = written.await {
                crate::app::put_off(&error, matches!(error, WriteError::Away), "provider lists wait");
            }
        }
        is_failing
    }

    /// How far a merchant's lists are, where this node is to bring them in step: it does already, or takes it over from one
    /// that is gone.
    async fn keep_mirror(
        &self,
        merchant: MerchantNumber,
        us: Node,
    ) -> Result<Option<ProviderMirror>, WriteError<StorageError>> {
        let read = move |view: &MerchantView<'_>| -> Result<_, StorageError> {
            Ok((view.provider_mirror_keeper(us)?, view.provider_mirror()?))
        };
        let (keeper, mirror) = self.store.read(merchant, read).await.map_err(WriteError::Refused)?;
        match keeper {
            Keeper::Us => Ok(mirror),
            Keeper::Another => Ok(None),
            Keeper::Nobody => {
                let taken = self.store.write(move |transaction: &mut Transaction<'_>| {
                    let mut transaction = transaction.merchant(merchant);
                    let is_ours = transaction.keep_provider_mirror(us)?;
                    if is_ours { transaction.view().provider_mirror() } else { Ok(None) }
                });
                Ok(taken.await?.value)
            }
        }
    }
}

impl Step<'_> {
    async fn run(&mut self) -> Result<(), Stop> {
        if !std::mem::replace(&mut self.memory.has_started, true) {
            // Where a round is going, it goes on, the comparison from its beginning.
            self.mirror.again |= self.mirror.stage.is_none();
        }
        self.follow().await?;
        let adding = self.service.store.read(self.merchant, |view| {
            let rows = view.provider_items_adding(None, i64::try_from(REQUESTS).unwrap_or(i64::MAX))?;
            Ok::<_, StorageError>(rows.into_iter().map(|row| row.entry).collect::<Vec<_>>())
        });
        let adding = adding.await?;
        self.bring(&adding).await?;
        let now = self.now;
        let due = self.service.store.read(self.merchant, move |view| view.provider_items_due(now, 100));
        let due: Vec<EntryId> = due.await?;
        self.bring(&due).await?;
        while !self.memory.queue.is_empty() {
            let some: Vec<EntryId> = self.memory.queue.iter().take(TOGETHER).copied().collect();
            let handled = self.bring(&some).await?;
            self.memory.queue.drain(..handled.min(self.memory.queue.len()));
            if handled < some.len() {
                return Ok(());
            }
        }
        self.mirror.position = self.mirror.position.max(self.memory.through);
        self.go_round().await
    }

    /// Queues what the next changes touched.
    async fn follow(&mut self) -> Result<(), Stop> {
        if !self.memory.queue.is_empty() {
            return Ok(());
        }
        let position = self.mirror.position;
        let read =
            self.service.store.read(self.merchant, move |view| view.entries_touched(position, CHANGES));
        let touched = read.await?;
        if touched.account {
            // What was known of the provider is another account's, or not wanted any more.
            self.memory.lists.clear();
            self.memory.comparison = None;
            self.mirror.stage = None;
            self.mirror.again = true;
        }
        self.mirror.again |= touched.everything;
        self.memory.queue.extend(touched.entries);
        self.memory.through = touched.through;
        // Behind the head only where an older state was put back.
        self.mirror.position = position.min(touched.through);
        Ok(())
    }

    /// A piece of the round over everything.
    async fn go_round(&mut self) -> Result<(), Stop> {
        let is_due = self.mirror.compared_at.is_none_or(|at| at.plus_seconds(ROUND_EVERY_S) <= self.now);
        if self.mirror.stage.is_none() && (self.mirror.again || is_due) {
            self.mirror.again = false;
            self.mirror.stage = Some(RoundStage::Comparing);
            self.memory.comparison = None;
        }
        for _ in 0..LOOKS {
            self.mirror.stage = match self.mirror.stage {
                None => return Ok(()),
                Some(RoundStage::Comparing) => match self.compare().await? {
                    true if adds(self.mirror.mirroring) => Some(RoundStage::Entries(List::Block, None)),
                    true => Some(RoundStage::Items(None)),
                    false => return Ok(()),
                },
                Some(RoundStage::Entries(list, after)) => {
                    let Some(next) = self.look_at_entries(list, after).await? else { return Ok(()) };
                    Some(next)
                }
                Some(RoundStage::Items(after)) => match self.look_at_items(after).await? {
                    Looked::On(next) => Some(RoundStage::Items(Some(next))),
                    Looked::Waits => return Ok(()),
                    Looked::End => {
                        self.mirror.compared_at = Some(self.now);
                        count(&self.service.mirrors.counts.rounds);
                        None
                    }
                },
            };
        }
        Ok(())
    }

    /// The next entries of a list; nothing when the step is at its end before them.
    async fn look_at_entries(
        &mut self,
        list: List,
        after: Option<(Timestamp, EntryId)>,
    ) -> Result<Option<RoundStage>, Stop> {
        let (filter, position) = (EntryFilter::of(list, self.now), after.map(|(at, id)| (at, id.ksuid())));
        let limit = i64::try_from(TOGETHER).unwrap_or(i64::MAX);
        let read = self.service.store.read(self.merchant, move |view| {
            let rows = view.oldest_entries(&filter, position, limit)?;
            Ok::<_, StorageError>(
                rows.iter().map(|row| (row.entry.created_at, row.entry.id)).collect::<Vec<_>>(),
            )
        });
        let rows = read.await?;
        if rows.is_empty() {
            let is_over = list == List::Allow || self.mirror.mirroring != Mirroring::BlockAndAllow;
            let next = if is_over { RoundStage::Items(None) } else { RoundStage::Entries(List::Allow, None) };
            return Ok(Some(next));
        }
        let ids: Vec<EntryId> = rows.iter().map(|(_, id)| *id).collect();
        let handled = self.bring(&ids).await?;
        let reached = rows.get(..handled).and_then(<[_]>::last).copied();
        let next = RoundStage::Entries(list, reached.or(after));
        if handled < rows.len() {
            self.mirror.stage = Some(next);
            return Ok(None);
        }
        Ok(Some(next))
    }

    async fn look_at_items(&mut self, after: Option<EntryId>) -> Result<Looked, Stop> {
        let limit = i64::try_from(TOGETHER).unwrap_or(i64::MAX);
        let read =
            self.service.store.read(self.merchant, move |view| view.provider_items_after(after, limit));
        let ids: Vec<EntryId> = read.await?;
        if ids.is_empty() {
            return Ok(Looked::End);
        }
        let handled = self.bring(&ids).await?;
        let Some(reached) = ids.get(..handled).and_then(<[_]>::last).copied() else {
            return Ok(Looked::Waits);
        };
        if handled < ids.len() {
            self.mirror.stage = Some(RoundStage::Items(Some(reached)));
            return Ok(Looked::Waits);
        }
        Ok(Looked::On(reached))
    }

    /// Who is asked.
    pub(super) async fn gateway(&self) -> Result<Arc<dyn Gateway>, Stop> {
        Ok(self.service.gateways.for_task(self.merchant).await?)
    }

    /// Writes down how the step ended.
    fn note(&mut self, stop: Option<&Stop>) {
        let Some(stop) = stop else {
            if self.mirror.failures > 0 {
                self.mirror.problem = None;
                self.mirror.problem_at = None;
            }
            self.mirror.failures = 0;
            self.mirror.retry_at = None;
            return;
        };
        let merchant = self.merchant.0;
        let words = match stop {
            Stop::Storage(error) => {
                tracing::warn!(error = error as &dyn std::error::Error, merchant, "provider lists wait");
                return;
            }
            Stop::Write(error) => {
                crate::app::put_off(error, matches!(error, WriteError::Away), "provider lists wait");
                return;
            }
            Stop::NotOurs => return,
            Stop::Gateway(error) => error.to_string(),
            Stop::Provider(error) => match error.source() {
                Some(source) => format!("{error}: {source}"),
                None => error.to_string(),
            },
        };
        count(&self.service.mirrors.counts.failures);
        self.mirror.failures = self.mirror.failures.saturating_add(1);
        let pause_s = (1_i64 << self.mirror.failures.min(DOUBLINGS_MAX)).min(PAUSE_S_MAX);
        self.mirror.retry_at = Some(self.now.plus_seconds(pause_s));
        if self.mirror.failures == 1 {
            tracing::warn!(merchant, problem = words, "provider lists wait");
        }
        self.mirror.problem = Some(words);
        self.mirror.problem_at = Some(self.now);
    }
}

/// What a look came to.
enum Looked {
    /// Up to here.
    On(EntryId),
    /// The step is at its end.
    Waits,
    /// Nothing is left.
    End,
}

//! Bringing entries in step: read how each stands, commit what is about to be asked, ask, and commit what came of it.
//!
//! Deliberately not here: which entries, and what is to be done about one ([`super::plan`]).

use std::collections::HashSet;
use std::sync::Arc;

use interdict_domain::entry::Entry;
use interdict_domain::ids::EntryId;
use interdict_domain::provider_list::{ItemState, ProviderList, Standing};
use interdict_gateway::Gateway;
use interdict_gateway::lists::{ListError, ListItem, ValueLists};
use interdict_storage::{ItemMark, Keeper, ProviderItem, StorageError, Transaction};
use tokio::task::JoinSet;

use super::memory::count;
use super::plan::{Plan, adds, plan};
use super::step::{Step, Stop};

/// Requests that are under way at the same time.
const AT_ONCE: usize = 4;
/// What a provider does not take is offered again after so many seconds.
const REFUSED_S: i64 = 86_400;

/// How an entry stands, here and there.
struct Read {
    id: EntryId,
    entry: Option<Entry>,
    item: Option<ProviderItem>,
}

/// What is asked about an entry.
#[derive(Clone)]
struct Job {
    id: EntryId,
    /// How it stands while it is asked.
    item: ProviderItem,
    standing: Standing,
    ask: Ask,
}

#[derive(Clone)]
enum Ask {
    Add { list: String, value: String, key: String },
    Settle { list: String, value: String, key: String, adds: bool },
    Remove { item: String },
}

/// What came of it.
enum Came {
    /// It is on the list: by us, or by somebody else.
    There(ListItem, ItemState),
    NotTaken(String),
    NotThere,
}

/// A row as it was seen, and as it is to be.
pub(super) type Change = (EntryId, Option<ProviderItem>, Option<ProviderItem>);

impl Step<'_> {
    /// Brings entries in step, in order, as far as the provider may be asked in this step; how many.
    pub(super) async fn bring(&mut self, ids: &[EntryId]) -> Result<usize, Stop> {
        if ids.is_empty() {
            return Ok(0);
        }
        let (now, mirroring) = (self.now, self.mirror.mirroring);
        let wanted = ids.to_vec();
        let read = self.service.store.read(self.merchant, move |view| {
            let of = |id: EntryId| {
                let entry = view.entry(id)?.map(|row| row.entry);
                Ok::<_, StorageError>(Read { id, entry, item: view.provider_item(id)? })
            };
            wanted.into_iter().map(of).collect::<Result<Vec<_>, _>>()
        });
        let (mut handled, mut changes, mut jobs) = (0, Vec::new(), Vec::new());
        let mut seen = HashSet::new();
        for Read { id, entry, item } in read.await? {
            if !seen.insert(id) {
                handled += 1;
                continue;
            }
            let standing = entry.as_ref().map_or(Standing::Over, |entry| Standing::of(entry, mirroring, now));
            let value = entry.as_ref().and_then(|entry| entry.value.clone());
            let planned = plan(standing, item.as_ref(), value.is_some(), mirroring, now);
            if planned.requests() > self.requests {
                break;
            }
            self.requests -= planned.requests();
            handled += 1;
            let kind = entry.as_ref().map(|entry| entry.kind).or(item.as_ref().map(|item| item.kind));
            let Some(kind) = kind else { continue };
            match planned {
                Plan::Nothing => {}
                Plan::Unresolved => self.mirror.again |= self.mirror.stage.is_none(),
                Plan::Drop => changes.push((id, item, None)),
                Plan::Write(state, due_at) => {
                    let held = item.clone().filter(|item| item.state == state);
                    let row = held.unwrap_or_else(|| ProviderItem::without_item(id, kind, state, due_at));
                    changes.push((id, item, Some(ProviderItem { due_at, ..row })));
                }
                Plan::Remove => {
                    let Some(item) = item else { continue };
                    match item.item.clone() {
                        Some(name) => jobs.push(Job { id, item, standing, ask: Ask::Remove { item: name } }),
                        None => changes.push((id, Some(item), None)),
                    }
                }
                Plan::Add | Plan::Settle => {
                    let (Some(value), Some(of)) = (value, ProviderList::of(id.list(), kind)) else {
                        continue;
                    };
                    let list = self.list(of).await?;
                    let key = format!("{id}-{}", now.micros());
                    if let (Plan::Settle, Some(item)) = (planned, &item) {
                        let adds = adds(mirroring) && matches!(standing, Standing::Listed(..));
                        let ask = Ask::Settle { list, value, key, adds };
                        jobs.push(Job { id, item: item.clone(), standing, ask });
                        continue;
                    }
                    let intent = ProviderItem {
                        mark: Some(ItemMark::new(&value, self.service.random.as_ref())),
                        ..ProviderItem::without_item(id, kind, ItemState::Adding, None)
                    };
                    changes.push((id, item, Some(intent.clone())));
                    jobs.push(Job { id, item: intent, standing, ask: Ask::Add { list, value, key } });
                }
            }
        }
        self.do_all(changes, jobs).await?;
        Ok(handled)
    }

    async fn do_all(&mut self, changes: Vec<Change>, mut jobs: Vec<Job>) -> Result<(), Stop> {
        let lost = self.commit(changes).await?;
        // Somebody else is at these.
        jobs.retain(|job| !lost.contains(&job.id));
        if jobs.is_empty() {
            return Ok(());
        }
        let gateway = self.gateway().await?;
        let (mut running, mut waiting) = (JoinSet::new(), jobs.into_iter());
        let (mut changes, mut stop) = (Vec::new(), None);
        loop {
            while running.len() < AT_ONCE
                && stop.is_none()
                && let Some(job) = waiting.next()
            {
                // What is asked later than that, another node may be at.
                if !self.service.index.is_leased(self.service.clock.uptime()) {
                    stop = Some(Stop::NotOurs);
                    break;
                }
                let gateway = Arc::clone(&gateway);
                running.spawn(async move { (job.clone(), ask(gateway.as_ref(), job.ask).await) });
            }
            let Some(done) = running.join_next().await else { break };
            // A panic of a library's: the row says that it has to be looked up.
            let Ok((job, came)) = done else { continue };
            match came {
                Ok(came) => changes.push(self.come_to(job, came)),
                Err(error) => {
                    if matches!(error, ListError::Gone) {
                        self.memory.lists.clear();
                        self.mirror.again = true;
                        // It is on no list that is not there.
                        changes.push((job.id, Some(job.item), None));
                        self.memory.queue.push_back(job.id);
                    }
                    stop = Some(error.into());
                }
            }
        }
        self.commit(changes).await?;
        stop.map_or(Ok(()), Err)
    }

    /// How an entry stands after it was asked about.
    fn come_to(&mut self, job: Job, came: Came) -> Change {
        let Job { id, item: seen, standing, ask } = job;
        let counts = &self.service.mirrors.counts;
        let due_at = match standing {
            Standing::Listed(_, until) => until,
            Standing::LeftOut(..) | Standing::From(_) | Standing::Over => None,
        };
        let row = |state, due_at| ProviderItem::without_item(id, seen.kind, state, due_at);
        let after = match came {
            Came::There(item, state @ ItemState::Held) => {
                if matches!(ask, Ask::Add { .. }) {
                    count(&counts.added);
                }
                if let Some(comparison) = &mut self.memory.comparison {
                    comparison.added.insert(id);
                }
                Some(ProviderItem { item: Some(item.id), made_at: Some(item.made_at), ..row(state, due_at) })
            }
            Came::There(_, state) => Some(row(state, due_at)),
            Came::NotTaken(words) => {
                count(&counts.refused);
                self.mirror.problem = Some(format!("a value was not taken: {words}"));
                self.mirror.problem_at = Some(self.now);
                Some(row(ItemState::Refused, Some(self.now.plus_seconds(REFUSED_S))))
            }
            Came::NotThere => {
                if matches!(ask, Ask::Remove { .. }) {
                    count(&counts.removed);
                }
                None
            }
        };
        if plan(standing, after.as_ref(), true, self.mirror.mirroring, self.now) != Plan::Nothing {
            self.memory.queue.push_back(id);
        }
        (id, Some(seen), after)
    }

    /// Writes rows in one commit, unless another node took over meanwhile; those that did not stand as they were seen any
    /// more.
    pub(super) async fn commit(&self, changes: Vec<Change>) -> Result<Vec<EntryId>, Stop> {
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        let (merchant, us) = (self.merchant, self.service.store.node());
        let written = self.service.store.write(move |transaction: &mut Transaction<'_>| {
            let mut lost = Vec::new();
            let mut transaction = transaction.merchant(merchant);
            if transaction.view().provider_mirror_keeper(us)? != Keeper::Us {
                return Ok::<_, StorageError>(None);
            }
            for (id, seen, after) in &changes {
                if !transaction.put_provider_item(*id, seen.as_ref(), after.as_ref())? {
                    lost.push(*id);
                }
            }
            Ok(Some(lost))
        });
        written.await?.value.ok_or(Stop::NotOurs)
    }

    /// The provider's id for a list of ours, which is made where it is not there.
    async fn list(&mut self, of: ProviderList) -> Result<String, Stop> {
        if let Some(list) = self.memory.lists.get(&of) {
            return Ok(list.clone());
        }
        let gateway = self.gateway().await?;
        let lists = lists_of(gateway.as_ref())?;
        self.requests = self.requests.saturating_sub(1);
        let list = match lists.find_list(of).await? {
            Some(list) => list,
            None => lists.make_list(of).await?,
        };
        self.memory.lists.insert(of, list.clone());
        Ok(list)
    }
}

pub(super) fn lists_of(gateway: &dyn Gateway) -> Result<&dyn ValueLists, ListError> {
    gateway.lists().ok_or_else(|| ListError::Refused("the provider has no lists".to_owned()))
}

async fn ask(gateway: &dyn Gateway, ask: Ask) -> Result<Came, ListError> {
    let lists = lists_of(gateway)?;
    match ask {
        Ask::Remove { item } => lists.remove_item(&item).await.map(|()| Came::NotThere),
        Ask::Add { list, value, key } => add(lists, (&list, &value, &key), ItemState::Theirs).await,
        Ask::Settle { list, value, key, adds } => match lists.find_item(&list, &value).await? {
            // It was about to be put there, and nobody else had.
            Some(item) => Ok(Came::There(item, ItemState::Held)),
            None if adds => add(lists, (&list, &value, &key), ItemState::Held).await,
            None => Ok(Came::NotThere),
        },
    }
}

/// Puts a value on a list. Where it is there already, the state says by whom.
async fn add(
    lists: &dyn ValueLists,
    (list, value, key): (&str, &str, &str),
    already: ItemState,
) -> Result<Came, ListError> {
    match lists.add_item(list, value, key).await {
        Ok(item) => Ok(Came::There(item, ItemState::Held)),
        Err(ListError::Value(words)) => match lists.find_item(list, value).await? {
            Some(item) => Ok(Came::There(item, already)),
            None => Ok(Came::NotTaken(words)),
        },
        Err(error) => Err(error),
    }
}

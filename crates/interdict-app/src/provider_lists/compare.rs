//! Comparing what the provider has with what was put there, page by page, both from the newest on: what somebody took
//! away is forgotten, so that the round puts it there again; what somebody else put there is counted and left alone.
//!
//! Deliberately not here: what belongs there.

use std::collections::HashSet;

use interdict_domain::entry::List;
use interdict_domain::provider_list::{ItemState, Mirroring, ProviderList};
use interdict_gateway::lists::{ListError, ListItem, ListPage};
use interdict_storage::{ProviderItem, StorageError};

use super::bring::{Change, lists_of};
use super::memory::Comparison;
use super::step::{Step, Stop};

/// Rows that are read at once.
const ROWS: i64 = 500;
/// Of what was on its way when a comparison began: more than one step leaves.
const ADDING: i64 = 1_000;

impl Step<'_> {
    /// Goes on comparing, as far as the provider may be asked in this step; true at the end.
    pub(super) async fn compare(&mut self) -> Result<bool, Stop> {
        let mut comparison = match self.memory.comparison.take() {
            Some(comparison) => comparison,
            None => self.begin().await?,
        };
        while let Some(list) = comparison.lists.front().copied() {
            if self.requests == 0 {
                self.memory.comparison = Some(comparison);
                return Ok(false);
            }
            self.requests -= 1;
            let page = match self.page(list, comparison.after.as_deref()).await {
                // Where the page was to begin is gone: the next step begins anew.
                Err(Stop::Provider(ListError::Gone)) => {
                    self.memory.lists.remove(&list);
                    return Ok(false);
                }
                page => page?,
            };
            self.merge(&mut comparison, list, page).await?;
        }
        // All that was on its way and is there was found.
        let lost = comparison.adding.iter().map(|row| (row.entry, Some(row.clone()), None)).collect();
        self.forget_unknown(lost).await?;
        self.mirror.strangers = comparison.strangers;
        self.mirror.repaired = comparison.repaired;
        Ok(true)
    }

    async fn begin(&self) -> Result<Comparison, Stop> {
        let read = self.service.store.read(self.merchant, |view| view.provider_items_adding(None, ADDING));
        let adding: Vec<ProviderItem> = read.await?;
        let is_wanted = |list: &ProviderList| match self.mirror.mirroring {
            Mirroring::Block => list.list == List::Block,
            Mirroring::BlockAndAllow => true,
            Mirroring::Off | Mirroring::Emptied => false,
        };
        let is_adding = |list: &ProviderList| {
            adding.iter().any(|row| row.kind == list.kind && row.entry.list() == list.list)
        };
        let lists = ProviderList::all().filter(|list| is_wanted(list) || is_adding(list)).collect();
        Ok(Comparison { lists, adding, ..Comparison::default() })
    }

    /// A page of a list; of one that is not there, an empty one.
    async fn page(&mut self, list: ProviderList, after: Option<&str>) -> Result<ListPage, Stop> {
        let gateway = self.gateway().await?;
        let lists = lists_of(gateway.as_ref())?;
        let known = if let Some(known) = self.memory.lists.get(&list) {
            Some(known.clone())
        } else {
            self.requests = self.requests.saturating_sub(1);
            lists.find_list(list).await?
        };
        let Some(known) = known else { return Ok(ListPage { items: Vec::new(), has_more: false }) };
        let page = lists.page(&known, after).await?;
        self.memory.lists.insert(list, known);
        Ok(page)
    }

    /// Compares a page with the rows of the same seconds.
    async fn merge(
        &self,
        comparison: &mut Comparison,
        list: ProviderList,
        page: ListPage,
    ) -> Result<(), Stop> {
        // Of the page's last second more may follow.
        let oldest = page.items.last().map(|item| (item.id.clone(), item.made_at));
        let (behind, more) = match oldest {
            Some((id, made_at)) if page.has_more => (made_at, Some(id)),
            _ => (i64::MIN, None),
        };
        let mut items = std::mem::take(&mut comparison.carried);
        items.extend(page.items);
        let (items, carried): (Vec<ListItem>, Vec<ListItem>) =
            items.into_iter().partition(|item| item.made_at > behind);
        let mut unknown: HashSet<&str> = items.iter().map(|item| item.id.as_str()).collect();
        let mut before = (comparison.reached.map_or(i64::MAX, |reached| reached.saturating_add(1)), None);
        loop {
            let read = self
                .service
                .store
                .read(self.merchant, move |view| view.provider_items_made(list, behind, before, ROWS));
            let rows: Vec<ProviderItem> = read.await?;
            let mut missing = Vec::new();
            for row in &rows {
                let is_there = row.item.as_deref().is_some_and(|item| unknown.remove(item));
                if !is_there && !comparison.added.contains(&row.entry) {
                    missing.push((row.entry, Some(row.clone()), None));
                }
            }
            comparison.repaired += i64::try_from(missing.len()).unwrap_or(i64::MAX);
            self.commit(missing).await?;
            let is_full = i64::try_from(rows.len()).is_ok_and(|count| count == ROWS);
            let Some(end) = rows.last().filter(|_| is_full) else { break };
            before = (end.made_at.unwrap_or(i64::MIN), Some(end.entry));
        }
        let mut found = Vec::new();
        for item in items.iter().filter(|item| unknown.contains(item.id.as_str())) {
            let of = |row: &ProviderItem| {
                row.kind == list.kind
                    && row.entry.list() == list.list
                    && row.mark.is_some_and(|mark| mark.is_of(&item.value))
            };
            match comparison.adding.iter().position(of) {
                Some(position) => {
                    let row = comparison.adding.swap_remove(position);
                    let held = ProviderItem {
                        item: Some(item.id.clone()),
                        made_at: Some(item.made_at),
                        ..ProviderItem::without_item(row.entry, row.kind, ItemState::Held, None)
                    };
                    found.push((row.entry, Some(row), Some(held)));
                }
                None => comparison.strangers += 1,
            }
        }
        self.commit(found).await?;
        comparison.carried = carried;
        comparison.reached = Some(behind);
        comparison.after = more;
        if comparison.after.is_none() {
            comparison.lists.pop_front();
            comparison.reached = None;
            comparison.added.clear();
        }
        Ok(())
    }

    /// Forgets what was on its way, is not there, and cannot be put there either, because nobody knows its value.
    async fn forget_unknown(&self, rows: Vec<Change>) -> Result<(), Stop> {
        let read = self.service.store.read(self.merchant, move |view| {
            let mut gone = Vec::new();
            for row in rows {
                if view.entry(row.0)?.is_none_or(|found| found.entry.value.is_none()) {
                    gone.push(row);
                }
            }
            Ok::<_, StorageError>(gone)
        });
        let gone = read.await?;
        self.commit(gone).await?;
        Ok(())
    }
}

//! Whether the tables hold what the feed says (invariant 2): all changes are folded, and the outcome is
//! compared with the rows. Who wrote to a table past Interdict is found like this, because a row of a table has
//! no hash of its own.
//!
//! Of a feed that was trimmed the rest is folded, and compared with the rows that it names: what nobody touched
//! since is known from the rows alone.
//!
//! The same where the pepper was rotated: what was said before under keys is said no more.
//!
//! It holds for erased people, too: their rows are gone, their blocks are entries without words, and both are
//! what the last change about them says by itself.
//!
//! Deliberately not here: whether the feed itself is whole, which its hash chain says.

use std::collections::HashSet;

use interdict_decision::{DigestKey, Index, Reading};
use interdict_domain::change::Fact;
use interdict_domain::ids::{CustomerId, EntryId};
use interdict_domain::merchant::MerchantNumber;
use interdict_storage::{StorageError, View};

use crate::compare_with_store::{Comparison, digest_of_facts};
use crate::service::Service;

/// What a comparison of the tables with the feed found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedComparison {
    /// The change from which on the feed was folded: 1, unless it was trimmed, or the pepper rotated.
    pub from: i64,
    /// What was found. When the feed was trimmed, only what the rest of it names was compared, and counted.
    pub comparison: Comparison,
}

impl FeedComparison {
    /// Whether all rows that were compared are what the feed says.
    pub fn is_equal(&self) -> bool {
        self.comparison.is_equal()
    }
}

impl Service {
    /// Compares the tables with the feed, in one snapshot. Takes as much memory as an index and about twice
    /// the time of a start: for a command, not for a node that serves.
    pub fn compare_with_feed(&self) -> Result<FeedComparison, StorageError> {
        let mut key = DigestKey::default();
        self.random.fill(&mut key.0);
        self.store.walk(|view| compare(view, key))
    }
}

fn compare(view: &View<'_>, key: DigestKey) -> Result<FeedComparison, StorageError> {
    let behind = view.trimmed_through()?.max(view.rotated_through()?);
    let mut named = (behind > 0).then(Named::default);
    let folded = Index::new();
    view.for_each_change_after(behind, &mut |change| {
        if let Some(named) = &mut named {
            change.facts.iter().for_each(|fact| named.add(fact));
        }
        folded.apply_change(change.sequence, &change.facts);
    })?;
    folded.settle();
    let revision = folded.revision();
    folded.begin_reading(revision, key);
    let is_compared = |fact: &Fact| named.as_ref().is_none_or(|named| named.has(fact));
    loop {
        match folded.read_on(usize::MAX) {
            Reading::Done(said) => {
                let comparison = Comparison::of(revision, &digest_of_facts(view, key, &is_compared)?, &said);
                return Ok(FeedComparison { from: behind + 1, comparison });
            }
            Reading::Begun => {}
            Reading::None | Reading::Waiting => {
                return Err(StorageError::Corrupt("the feed has no order"));
            }
        }
    }
}

/// Whom and what changes speak of, be it to say that it is gone.
#[derive(Default)]
struct Named {
    customers: HashSet<CustomerId>,
    entries: HashSet<EntryId>,
    clocks: HashSet<MerchantNumber>,
    outages: HashSet<MerchantNumber>,
}

impl Named {
    fn add(&mut self, fact: &Fact) {
        match fact {
            Fact::CustomerPut(fact) => self.customers.insert(fact.id),
            Fact::CustomerRemoved(id) => self.customers.insert(*id),
            Fact::EntryPut(fact) => self.entries.insert(fact.id),
            Fact::EntryRemoved { id, .. } => self.entries.insert(*id),
            Fact::ClockAdvanced { merchant, .. } => self.clocks.insert(*merchant),
            Fact::OutageChosen { merchant, .. } => self.outages.insert(*merchant),
            Fact::RowsImported(_) => false,
        };
    }

    fn has(&self, fact: &Fact) -> bool {
        match fact {
            Fact::CustomerPut(fact) => self.customers.contains(&fact.id),
            Fact::CustomerRemoved(id) => self.customers.contains(id),
            Fact::EntryPut(fact) => self.entries.contains(&fact.id),
            Fact::EntryRemoved { id, .. } => self.entries.contains(id),
            Fact::ClockAdvanced { merchant, .. } => self.clocks.contains(merchant),
            Fact::OutageChosen { merchant, .. } => self.outages.contains(merchant),
            Fact::RowsImported(_) => false,
        }
    }
}

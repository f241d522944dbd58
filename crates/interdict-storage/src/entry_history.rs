//! The history of an entry, and of the entries of an identifier: the changes about them, and those that name them
//! among many others (a part of an import, its undo, an erasure). Nothing is written for each entry of the latter: they
//! are found by what they have left ([0044](../../../docs/adr/0044-what-many-changes-left-finds-them.md)). That is the times
//! of the entry, as it is and as it was; what an import has replaced; and what has left the identifier.
//!
//! Deliberately not here: what stood at an earlier revision ([`crate::past`]).

use std::collections::{BTreeMap, BTreeSet};

use interdict_domain::change::{Fact, Subject};
use interdict_domain::clock::Timestamp;
use interdict_domain::entry::Entry;
use interdict_domain::identifier::IdentifierKey;
use interdict_domain::ids::EntryId;

use crate::error::StorageError;
use crate::facts;
use crate::feed::{self, HistoryItem, Recorded};
use crate::sql::{Row, params};
use crate::statements::statements;
use crate::view::MerchantView;

// The words of `change_of_many`: a planner takes that index for the same words alone.
statements! {
    OWN_UNDER = concat!("SELECT ", feed::item_columns!(), " FROM personal q JOIN change c ON c.sequence = q.sequence
        WHERE q.merchant = $1 AND q.identifier_key = $2 ORDER BY q.sequence DESC LIMIT $3");
    OF_MANY_AT = "SELECT sequence, facts FROM change WHERE merchant = $1 AND at >= $2 AND at < $3
        AND action IN ('entries.imported', 'entries.import_undone', 'customer.erased', 'identifier.erased')";
    REPLACED = "SELECT revision, body FROM import_before
        WHERE merchant = $1 AND identifier_key = $2 ORDER BY revision DESC LIMIT $3";
    DEPARTED = "SELECT sequence, subject FROM departure
        WHERE merchant = $1 AND identifier_key = $2 ORDER BY sequence DESC LIMIT $3";
}

/// Changes among which the newest one of many is looked for.
const NEWEST: i64 = 20;

/// What is known of some entries.
#[derive(Default)]
struct Known {
    /// Which ones.
    ids: BTreeSet<EntryId>,
    /// How they were, each with the change that found them so; nothing has found the present ones.
    states: Vec<(i64, Entry)>,
    /// Changes of many that may name them.
    of_many: BTreeSet<i64>,
}

impl Known {
    fn new(own: &[HistoryItem], present: Vec<Entry>) -> Self {
        let mut known = Self::default();
        for entry in present {
            known.add(i64::MAX, entry);
        }
        for item in own {
            if let Some(Recorded::Entry(before)) = &item.before {
                known.add(item.change.sequence, *before.clone());
            }
        }
        known
    }

    fn add(&mut self, until: i64, entry: Entry) {
        self.ids.insert(entry.id);
        self.states.push((until, entry));
    }

    /// The times at which something was written that is known.
    fn times(&self) -> BTreeSet<Timestamp> {
        self.states
            .iter()
            .flat_map(|(_, entry)| [entry.created_at, entry.updated_at])
            .map(Timestamp::whole_millis)
            .collect()
    }

    /// A change of many as the entries see it: with what it made of what, as far as that is known. Nothing when it
    /// names none of them.
    fn seen(&self, mut item: HistoryItem) -> Option<HistoryItem> {
        let change = &mut item.change;
        let of_them = |fact: &Fact| entry_of(fact).filter(|id| self.ids.contains(id));
        let id = change.facts.iter().find_map(of_them)?;
        change.facts.retain(|fact| of_them(fact).is_some());
        // What an erasure has left says nothing of anybody.
        if let Subject::Import(_) = change.subject {
            let of_it = || self.states.iter().filter(|(_, entry)| entry.id == id && entry.value.is_some());
            let before = of_it().find(|(until, _)| *until == change.sequence);
            let next = of_it().filter(|(until, _)| *until > change.sequence).min_by_key(|(until, _)| *until);
            // A later one than the change has made tells that what came between is not known any more.
            let after = next.filter(|(_, entry)| entry.updated_at.whole_millis() <= change.at);
            let is_gone = change.facts.iter().all(|fact| matches!(fact, Fact::EntryRemoved { .. }));
            let recorded = |(_, entry): &(i64, Entry)| Recorded::Entry(Box::new(entry.clone()));
            item.before = before.map(recorded);
            item.after = after.filter(|_| !is_gone).map(recorded);
        }
        Some(item)
    }
}

fn entry_of(fact: &Fact) -> Option<EntryId> {
    match fact {
        Fact::EntryPut(fact) => Some(fact.id),
        Fact::EntryRemoved { id, .. } => Some(*id),
        Fact::CustomerPut(_)
        | Fact::CustomerRemoved(_)
        | Fact::ClockAdvanced { .. }
        | Fact::OutageChosen { .. }
        | Fact::RowsImported(_) => None,
    }
}

impl MerchantView<'_> {
    /// What was done to an entry, the newest first.
    pub fn history_of_entry(&self, id: EntryId, limit: i64) -> Result<Vec<HistoryItem>, StorageError> {
        let own = self.history(Subject::Entry(id), i64::MAX, limit)?;
        let known = self.known_of_entry(id, &own, limit)?;
        self.merged(own, &known, limit)
    }

    /// The newest change of many that names an entry, as far as that is known.
    pub fn newest_of_many(&self, id: EntryId) -> Result<Option<i64>, StorageError> {
        let own = self.history(Subject::Entry(id), i64::MAX, NEWEST)?;
        Ok(self.known_of_entry(id, &own, NEWEST)?.of_many.last().copied())
    }

    fn known_of_entry(&self, id: EntryId, own: &[HistoryItem], limit: i64) -> Result<Known, StorageError> {
        let present = self.entry(id)?.map(|row| row.entry).into_iter().collect();
        let mut known = Known::new(own, present);
        known.ids.insert(id);
        let mut keys: Vec<IdentifierKey> = known.states.iter().map(|(_, entry)| entry.key).collect();
        // One that was made and not changed since, and is gone.
        let made = own.iter().filter_map(|item| match &item.after {
            Some(Recorded::Entry(after)) => Some(after.key),
            _ => None,
        });
        keys.extend(made);
        keys.sort_unstable();
        keys.dedup();
        self.look_for_those_of_many(&mut known, (&keys, Some(id)), limit)?;
        Ok(known)
    }

    /// What was done to the entries that stand, or stood, under some keys of one identifier: the newest first.
    pub fn history_under(
        &self,
        keys: &[IdentifierKey],
        limit: i64,
    ) -> Result<Vec<HistoryItem>, StorageError> {
        let mut own = Vec::new();
        for key in keys {
            let parameters = params![self.merchant.0, key.0, limit];
            let read = |row: Row<'_>| feed::read_item(row, self.pepper);
            own.extend(self.connection.query(OWN_UNDER, parameters, read)?);
        }
        let present = self.entries_under(keys)?.into_iter().map(|row| row.entry).collect();
        let mut known = Known::new(&own, present);
        self.look_for_those_of_many(&mut known, (keys, None), limit)?;
        self.merged(own, &known, limit)
    }

    fn look_for_those_of_many(
        &self,
        known: &mut Known,
        (keys, only): (&[IdentifierKey], Option<EntryId>),
        limit: i64,
    ) -> Result<(), StorageError> {
        let is_wanted = |id: EntryId| only.is_none_or(|only| only == id);
        for key in keys {
            let of = params![self.merchant.0, key.0, limit];
            let replaced = self.connection.query(REPLACED, of, |row| {
                let before: Entry = serde_json::from_str(row.text(1)?)?;
                Ok((row.get(0)?, before))
            })?;
            for (sequence, before) in replaced.into_iter().filter(|(_, before)| is_wanted(before.id)) {
                known.of_many.insert(sequence);
                known.add(sequence, before);
            }
            let departed =
                self.connection.query(DEPARTED, of, |row| Ok((row.get(0)?, Subject::parse(row.text(1)?))))?;
            for (sequence, subject) in departed {
                if let Some(Subject::Entry(id)) = subject
                    && is_wanted(id)
                {
                    known.ids.insert(id);
                    known.of_many.insert(sequence);
                }
            }
        }
        self.look_for_times(known)
    }

    /// Both together, the newest first. Of a change of many a thousand facts are read: no more than are shown.
    fn merged(
        &self,
        own: Vec<HistoryItem>,
        known: &Known,
        limit: i64,
    ) -> Result<Vec<HistoryItem>, StorageError> {
        let mut own: BTreeMap<i64, HistoryItem> =
            own.into_iter().map(|item| (item.change.sequence, item)).collect();
        let all: BTreeSet<i64> = own.keys().chain(&known.of_many).copied().collect();
        let (rows, mut items) = (usize::try_from(limit).unwrap_or(0), Vec::new());
        for sequence in all.into_iter().rev() {
            if items.len() == rows {
                break;
            }
            if let Some(item) = own.remove(&sequence) {
                items.push(item);
                continue;
            }
            // An entry's own change that was not found by its key: the person was erased.
            let of_many =
                self.change(sequence)?.filter(|item| !matches!(item.change.subject, Subject::Entry(_)));
            items.extend(of_many.and_then(|item| known.seen(item)));
        }
        Ok(items)
    }

    /// Notes the changes of many that were made when something of the entries was written, and that name one.
    fn look_for_times(&self, known: &mut Known) -> Result<(), StorageError> {
        for from in known.times().into_iter().map(Timestamp::micros) {
            let until = from.saturating_add(1_000);
            let (ids, of_many) = (&known.ids, &mut known.of_many);
            self.connection.for_each(OF_MANY_AT, params![self.merchant.0, from, until], &mut |row| {
                if facts::name_any(row.text(1)?, ids)? {
                    of_many.insert(row.get(0)?);
                }
                Ok(())
            })?;
        }
        Ok(())
    }
}

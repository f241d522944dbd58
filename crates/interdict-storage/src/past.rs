//! What stood at an earlier revision, as far as somebody asks for it: the present rows, taken back by what each change
//! since says of how it was before. So it reaches as far back as the feed was not trimmed, and costs what the keys that
//! are asked for have seen, not what the merchant has ([0038](../../../docs/adr/0038-replay-goes-backwards.md)).
//!
//! Of people who were erased the facts are left that the feed states, without words; and where the change that stated
//! them was trimmed, the blocks that the erasure has left in force.
//!
//! Deliberately not here: which keys matter, and judging (`interdict-app`).

use std::collections::{BTreeSet, HashSet};

use interdict_domain::change::{Action, Fact, Subject};
use interdict_domain::clock::Timestamp;
use interdict_domain::customer::Customer;
use interdict_domain::entry::Entry;
use interdict_domain::identifier::IdentifierKey;
use interdict_domain::ids::{CustomerId, EntryId, ImportId, Ksuid};

use crate::error::StorageError;
use crate::feed::{self, HistoryItem, Recorded};
use crate::meta;
use crate::sql::params;
use crate::statements::statements;
use crate::view::MerchantView;
use crate::{departure, facts, load};

// An end that came by itself is recorded, and changes nothing.
macro_rules! changing {
    () => {
        "c.action NOT IN ('entry.expired', 'customer.list_status_expired')"
    };
}

// By `action || ''` a planner goes through a subject's few changes, and not through all that were ever made so.
statements! {
    SELECT_AT = "SELECT at FROM change WHERE sequence = $1";
    FIRST_AFTER = concat!("SELECT ", feed::item_columns!(), " FROM change c
        WHERE c.merchant = $1 AND c.subject = $2 AND c.sequence > $3 AND ", changing!(), " ORDER BY c.sequence LIMIT 1");
    LAST_THROUGH = concat!("SELECT ", feed::item_columns!(), " FROM change c
        WHERE c.merchant = $1 AND c.subject = $2 AND c.sequence <= $3 AND ", changing!(), "
        ORDER BY c.sequence DESC LIMIT 1");
    LAST_OF_ACTION = concat!("SELECT ", feed::item_columns!(), " FROM change c
        WHERE c.merchant = $1 AND c.subject = $2 AND c.sequence <= $3 AND c.action || '' = $4
        ORDER BY c.sequence DESC LIMIT 1");
    COUNT_OF_ACTION = "SELECT COUNT(*) FROM change
        WHERE merchant = $1 AND subject = $2 AND sequence > $3 AND action || '' = $4";
    SELECT_AHEAD = "SELECT ahead_s FROM test_clock WHERE merchant = $1";
    BEFORE_IMPORT = "SELECT revision, body FROM import_before
        WHERE merchant = $1 AND identifier_key = $2 AND entry = $3 AND revision > $4 ORDER BY revision LIMIT 1";
    REPLACED_BY = "SELECT COUNT(*) FROM import_before WHERE revision = $1 AND entry = $2";
    DEPARTURES = "SELECT d.sequence, CASE WHEN c.action IN ('customer.erased', 'identifier.erased') THEN c.facts END
        FROM departure d JOIN change c ON c.sequence = d.sequence
        WHERE d.merchant = $1 AND d.identifier_key = $2 AND d.subject = $3 AND d.sequence > $4 ORDER BY d.sequence";
    IMPORTS_SINCE = "SELECT id FROM import WHERE merchant = $1 AND last_change > $2";
    PARTS_SINCE = "SELECT sequence, at FROM change
        WHERE merchant = $1 AND subject = $2 AND sequence > $3 AND action || '' = 'entries.imported'";
    FACTS_OF = "SELECT facts FROM change WHERE sequence = $1";
}

/// Whether the state at a revision can still be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retained {
    /// It can. Its newest change was made then.
    At(Timestamp),
    /// There is no such revision yet; the newest one is this.
    NotYet(i64),
    /// No longer: the oldest one that can be told is this.
    From(i64),
}

/// How something was at the revision.
enum Was<T> {
    /// Not there.
    Absent,
    /// Like this.
    There(Box<T>),
    /// As the feed still states it, without words.
    Stated(Box<Fact>),
    /// Nothing says it any more.
    Unknown,
}

/// What stood at a revision, gathered piece by piece.
pub struct Past<'v> {
    view: &'v MerchantView<'v>,
    revision: i64,
    /// Nothing was ever trimmed: what no change speaks of was not there.
    is_whole: bool,
    facts: Vec<Fact>,
    customers: HashSet<CustomerId>,
    entries: HashSet<EntryId>,
    keys: HashSet<IdentifierKey>,
    /// Parts of imports since, read when they are first wanted.
    parts: Option<Vec<(i64, Timestamp)>>,
    has_erased: bool,
}

impl MerchantView<'_> {
    /// Whether the state at a revision can still be told.
    pub fn retained(&self, revision: i64) -> Result<Retained, StorageError> {
        let head = self.revision()?;
        if revision > head {
            return Ok(Retained::NotYet(head));
        }
        let trimmed = self.trimmed_through()?;
        let noted = departure::noted_from(self.connection)?.unwrap_or(head);
        let at: Option<i64> =
            self.connection.query_optional(SELECT_AT, params![revision], |row| row.get(0))?;
        match at {
            Some(at) if revision > trimmed && revision >= noted => {
                Ok(Retained::At(Timestamp::from_micros(at)))
            }
            _ => Ok(Retained::From(noted.max(trimmed.saturating_add(1)))),
        }
    }

    /// What stood at a revision that can still be told: nothing, until it is asked for.
    pub fn past(&self, revision: i64) -> Result<Past<'_>, StorageError> {
        Ok(Past {
            view: self,
            revision,
            is_whole: self.trimmed_through()? == 0,
            facts: Vec::new(),
            customers: HashSet::new(),
            entries: HashSet::new(),
            keys: HashSet::new(),
            parts: None,
            has_erased: false,
        })
    }
}

impl Past<'_> {
    /// The facts that were gathered.
    pub fn facts(&self) -> &[Fact] {
        &self.facts
    }

    /// Whether any of it concerns somebody who was erased since: words are missing, and perhaps more.
    pub fn has_erased(&self) -> bool {
        self.has_erased
    }

    /// By how much the merchant's clock of test mode was ahead; nothing when that is not known any more.
    pub fn clock_ahead_s(&self) -> Result<Option<i64>, StorageError> {
        let (connection, merchant) = (self.view.connection, self.view.merchant);
        let (subject, action) = (Subject::Merchant(merchant).to_string(), Action::ClockAdvanced.as_str());
        let of = params![merchant.0, subject, self.revision, action];
        let last =
            connection.query_optional(LAST_OF_ACTION, of, |row| feed::read_item(row, self.view.pepper))?;
        let stated = last.and_then(|item| {
            item.change.facts.iter().find_map(|fact| match fact {
                Fact::ClockAdvanced { ahead_s, .. } => Some(*ahead_s),
                _ => None,
            })
        });
        if stated.is_some() || self.is_whole {
            return Ok(Some(stated.unwrap_or(0)));
        }
        let since: i64 = connection.query_one(COUNT_OF_ACTION, of, |row| row.get(0))?;
        if since > 0 {
            return Ok(None);
        }
        let now = connection.query_optional(SELECT_AHEAD, params![merchant.0], |row| row.get(0))?;
        Ok(Some(now.unwrap_or(0)))
    }

    /// Gathers everybody who had, and everything that stood under, one of some keys.
    pub fn add_under(&mut self, keys: &[IdentifierKey]) -> Result<(), StorageError> {
        let keys: Vec<IdentifierKey> = keys.iter().copied().filter(|key| self.keys.insert(*key)).collect();
        let view = self.view;
        for customer in view.customers_under(&keys)? {
            self.add_customer_of_now(customer.id, Some(customer))?;
        }
        for row in view.entries_under(&keys)? {
            let (id, key) = (row.entry.id, row.entry.key);
            self.add_entry(id, key, Some(row.entry))?;
        }
        for key in keys {
            for name in view.departed_from(&[key], self.revision)? {
                match Subject::parse(&name) {
                    Some(Subject::Customer(id)) => self.add_customer(id)?,
                    Some(Subject::Entry(id)) => self.add_entry(id, key, None)?,
                    _ => return Err(StorageError::Corrupt("what has left a key")),
                }
            }
        }
        Ok(())
    }

    /// Gathers a customer.
    pub fn add_customer(&mut self, id: CustomerId) -> Result<(), StorageError> {
        let now = self.view.customer(id)?;
        self.add_customer_of_now(id, now)
    }

    fn add_customer_of_now(&mut self, id: CustomerId, now: Option<Customer>) -> Result<(), StorageError> {
        if !self.customers.insert(id) {
            return Ok(());
        }
        match self.customer_was(id, now)? {
            Was::Absent | Was::Unknown => {}
            Was::There(customer) => self.facts.push(load::customer_fact(&customer, self.view.pepper)),
            Was::Stated(fact) => self.facts.push(*fact),
        }
        Ok(())
    }

    fn customer_was(&mut self, id: CustomerId, now: Option<Customer>) -> Result<Was<Customer>, StorageError> {
        let there = |customer: Option<Customer>| {
            customer.map_or(Was::Absent, |customer| Was::There(Box::new(customer)))
        };
        let subject = Subject::Customer(id);
        let Some(first) = self.first_after(subject)? else { return Ok(there(now)) };
        match (first.before, first.after) {
            (Some(Recorded::Customer(before)), _) => return Ok(Was::There(before)),
            (None, Some(_)) => return Ok(Was::Absent),
            _ if first.change.action == Action::CustomerCreated => return Ok(Was::Absent),
            _ => self.has_erased = true,
        }
        let is_put = |fact: &Fact| matches!(fact, Fact::CustomerPut(fact) if fact.id == id);
        self.stated(subject, is_put)
    }

    /// What the newest change of a subject states that was made until then.
    fn stated<T>(&self, subject: Subject, is_put: impl Fn(&Fact) -> bool) -> Result<Was<T>, StorageError> {
        let last = self.item(LAST_THROUGH, subject)?;
        let rotated = meta::rotated_through(self.view.connection)?;
        Ok(match last {
            // Under keys that are none any more.
            Some(item) if item.change.sequence <= rotated => Was::Unknown,
            Some(item) => {
                let stated = item.change.facts.into_iter().find(is_put);
                stated.map_or(Was::Absent, |fact| Was::Stated(Box::new(fact)))
            }
            None if self.is_whole => Was::Absent,
            None => Was::Unknown,
        })
    }

    fn first_after(&self, subject: Subject) -> Result<Option<HistoryItem>, StorageError> {
        self.item(FIRST_AFTER, subject)
    }

    fn item(&self, sql: &'static str, subject: Subject) -> Result<Option<HistoryItem>, StorageError> {
        let subject = subject.to_string();
        let of = params![self.view.merchant.0, subject, self.revision];
        self.view.connection.query_optional(sql, of, |row| feed::read_item(row, self.view.pepper))
    }

    fn add_entry(&mut self, id: EntryId, key: IdentifierKey, now: Option<Entry>) -> Result<(), StorageError> {
        if !self.entries.insert(id) {
            return Ok(());
        }
        match self.entry_was(id, key, now)? {
            Was::Absent | Was::Unknown => {}
            Was::There(entry) => {
                self.has_erased |= entry.value.is_none();
                self.facts.push(load::entry_fact(self.view.merchant, &entry));
            }
            Was::Stated(fact) => self.facts.push(*fact),
        }
        Ok(())
    }

    fn entry_was(
        &mut self,
        id: EntryId,
        key: IdentifierKey,
        now: Option<Entry>,
    ) -> Result<Was<Entry>, StorageError> {
        let subject = Subject::Entry(id);
        let was = match self.first_before(id, key, subject)? {
            None => now,
            Some(Some(before)) => before,
            // Nobody says what it was. What an erasure leaves in force is what it was, without words.
            Some(None) => {
                self.has_erased = true;
                let is_put = |fact: &Fact| matches!(fact, Fact::EntryPut(fact) if fact.id == id);
                match self.stated::<Entry>(subject, is_put)? {
                    Was::Stated(fact) => return Ok(Was::Stated(fact)),
                    Was::Absent | Was::There(_) | Was::Unknown => now,
                }
            }
        };
        let Some(entry) = was else { return Ok(Was::Absent) };
        if self.was_imported_since(&entry)? || self.came_of_an_erasure_since(&entry)? {
            return Ok(Was::Absent);
        }
        Ok(Was::There(Box::new(entry)))
    }

    /// How an entry was before the first change since: an outer nothing when there is none, an inner one when it says
    /// nothing any more.
    #[allow(clippy::option_option, reason = "no change since, nothing said, and not there are three things")]
    fn first_before(
        &mut self,
        id: EntryId,
        key: IdentifierKey,
        subject: Subject,
    ) -> Result<Option<Option<Option<Entry>>>, StorageError> {
        let (connection, merchant) = (self.view.connection, self.view.merchant.0);
        let mut found: Vec<(i64, Option<Option<Entry>>)> = Vec::new();
        if let Some(HistoryItem { change, before, after }) = self.first_after(subject)? {
            let before = match (before, after) {
                (Some(Recorded::Entry(before)), _) => Some(Some(*before)),
                (None, Some(_)) => Some(None),
                _ if change.action == Action::EntryCreated => Some(None),
                _ => None,
            };
            found.push((change.sequence, before));
        }
        let (entry, name) = (*id.ksuid().bytes(), subject.to_string());
        let of = params![merchant, key.0, entry, self.revision];
        let replaced = connection.query_optional(BEFORE_IMPORT, of, |row| {
            let before: Entry = serde_json::from_str(row.text(1)?)?;
            Ok((row.get(0)?, Some(Some(before))))
        })?;
        found.extend(replaced);
        found.extend(self.gone_by(id, key, &name)?.map(|sequence| (sequence, None)));
        // Of two that are the same change, the one that says something.
        let first = found.into_iter().min_by_key(|(sequence, before)| (*sequence, before.is_none()));
        Ok(first.map(|(_, before)| before))
    }

    /// The first change since that took an entry away. An erasure may leave one in force that has words no more.
    fn gone_by(&mut self, id: EntryId, key: IdentifierKey, name: &str) -> Result<Option<i64>, StorageError> {
        let of = params![self.view.merchant.0, key.0, name, self.revision];
        let departures: Vec<(i64, Option<String>)> =
            self.view.connection.query(DEPARTURES, of, |row| Ok((row.get(0)?, row.get(1)?)))?;
        for (sequence, erasure) in departures {
            let facts = facts::read(erasure.as_deref().unwrap_or("[]"))?;
            if !facts.iter().any(|fact| matches!(fact, Fact::EntryPut(fact) if fact.id == id)) {
                return Ok(Some(sequence));
            }
            self.has_erased = true;
        }
        Ok(None)
    }

    /// Whether an erasure since has left it behind, of somebody of whom it is known what stood.
    fn came_of_an_erasure_since(&mut self, entry: &Entry) -> Result<bool, StorageError> {
        let Some(id) = entry.erased_customer else { return Ok(false) };
        let erased = (Subject::Customer(id).to_string(), Action::CustomerErased.as_str());
        let of = params![self.view.merchant.0, erased.0, self.revision, erased.1];
        let since: i64 = self.view.connection.query_one(COUNT_OF_ACTION, of, |row| row.get(0))?;
        if since == 0 {
            return Ok(false);
        }
        Ok(!matches!(self.customer_was(id, None)?, Was::Unknown))
    }

    /// Whether a part of an import since has made it: such a change is about the import, not about the entry.
    fn was_imported_since(&mut self, entry: &Entry) -> Result<bool, StorageError> {
        let (connection, id) = (self.view.connection, *entry.id.ksuid().bytes());
        let made_at = entry.created_at.whole_millis();
        let parts = self.parts()?.iter().filter(|(_, at)| at.whole_millis() == made_at);
        let sequences: Vec<i64> = parts.map(|(sequence, _)| *sequence).collect();
        for sequence in sequences {
            let facts: Option<String> =
                connection.query_optional(FACTS_OF, params![sequence], |row| row.get(0))?;
            // A part takes nothing away: whatever it names it has put there.
            let is_named = facts::name_any(facts.as_deref().unwrap_or("[]"), &BTreeSet::from([entry.id]))?;
            let replaced: i64 = connection.query_one(REPLACED_BY, params![sequence, id], |row| row.get(0))?;
            if replaced == 0 && is_named {
                // What it had replaced may be forgotten.
                self.has_erased |= entry.value.is_none();
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn parts(&mut self) -> Result<&[(i64, Timestamp)], StorageError> {
        if self.parts.is_none() {
            let (connection, merchant) = (self.view.connection, self.view.merchant.0);
            let imports = connection.query(IMPORTS_SINCE, params![merchant, self.revision], |row| {
                Ok(ImportId::from_ksuid(Ksuid::from_bytes(row.get(0)?)))
            })?;
            let mut parts = Vec::new();
            for import in imports {
                let import = Subject::Import(import).to_string();
                let of = params![merchant, import, self.revision];
                parts.extend(
                    connection.query(PARTS_SINCE, of, |row| {
                        Ok((row.get(0)?, Timestamp::from_micros(row.get(1)?)))
                    })?,
                );
            }
            self.parts = Some(parts);
        }
        Ok(self.parts.as_deref().unwrap_or_default())
    }
}

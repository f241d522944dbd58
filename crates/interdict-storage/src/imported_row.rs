//! A row of an import, what becomes of it, and the part of the file that it stands in.
//!
//! Deliberately not here: how a part is written ([`crate::entry_import`]).

use std::collections::HashMap;

use interdict_domain::clock::Timestamp;
use interdict_domain::entry::{Entry, EntrySource, List, ReasonCode, Strength};
use interdict_domain::identifier::{EmailMatching, IdentifierKey, Kind, Pepper};
use interdict_domain::ids::{EntryId, Ksuid};
use interdict_domain::import::Import;
use interdict_domain::limits::Limits;
use interdict_domain::money::Money;
use interdict_domain::scopes::Scopes;
use interdict_domain::text::{PublicMessage, Reason};
use interdict_domain::window::Window;

use crate::transaction::Authorship;

/// What the digest of a part is keyed with is derived from the pepper for this.
const DIGEST_PURPOSE: &str = "interdict 2026-11 import part";

/// A row of a file, as it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedRow {
    /// Where it stands in the file.
    pub line: i64,
    /// The kind of its value.
    pub kind: Kind,
    /// The value, normalised.
    pub value: String,
    /// For which addresses an email stands.
    pub matching: EmailMatching,
    /// The key of all three.
    pub key: IdentifierKey,
    /// Why.
    pub reason: Option<Reason>,
    /// Why, as one of seven.
    pub reason_code: Option<ReasonCode>,
    /// What the payer is told.
    pub public_message: Option<PublicMessage>,
    /// For which initiators.
    pub scopes: Scopes,
    /// How strongly.
    pub strength: Strength,
    /// When.
    pub window: Window,
    /// What it does not exempt from.
    pub limits: Limits,
    /// As it came, where its end is so near that it may turn out to be bad.
    pub came: Option<String>,
    /// Where else an erasure may have left something of it: under the former peppers.
    pub former: Vec<IdentifierKey>,
}

/// What an import would do, or did, with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowFate {
    /// A new entry.
    Created,
    /// Another entry than before.
    Updated,
    /// Nothing.
    Unchanged,
    /// It ended before it began to count: nobody would notice that it does nothing.
    Ended,
}

/// What became of a part.
#[derive(Debug)]
pub struct PartTaken {
    /// How far the import is now.
    pub import: Import,
    /// Which rows were written, by their places in the part.
    pub written: Vec<usize>,
    /// Which were not, because they have ended.
    pub ended: Vec<usize>,
}

/// What rows make of the entries that are there.
pub(crate) struct PlannedRows {
    /// The entries as they are to be, each once, in the order of the rows.
    pub(crate) after: Vec<Entry>,
    /// The line of each of them: of the same value twice, the later one.
    pub(crate) lines: Vec<i64>,
    places: HashMap<IdentifierKey, usize>,
    /// Which rows say something new, by their places.
    pub(crate) written: Vec<usize>,
    /// Which have ended.
    pub(crate) ended: Vec<usize>,
    pub(crate) created: i64,
    pub(crate) updated: i64,
    pub(crate) unchanged: i64,
}

impl PlannedRows {
    /// A new entry has the id of its row's place behind the first one: planned twice, it is the same.
    pub(crate) fn of(
        rows: &[ImportedRow],
        before: &HashMap<IdentifierKey, Entry>,
        (list, first_id): (List, Ksuid),
        by: &Authorship<'_>,
    ) -> Self {
        let mut planned = Self {
            after: Vec::with_capacity(rows.len()),
            lines: Vec::with_capacity(rows.len()),
            places: HashMap::with_capacity(rows.len()),
            written: Vec::with_capacity(rows.len()),
            ended: Vec::new(),
            created: 0,
            updated: 0,
            unchanged: 0,
        };
        let mut id = first_id;
        for (index, row) in rows.iter().enumerate() {
            // The same value may stand there twice.
            let found = planned.entry(row.key).or_else(|| before.get(&row.key));
            match row.fate(found, by.merchant_now) {
                RowFate::Unchanged => planned.unchanged += 1,
                RowFate::Ended => planned.ended.push(index),
                fate @ (RowFate::Created | RowFate::Updated) => {
                    let entry = row.entry(EntryId::from_parts(list, id), found, by);
                    planned.put(entry, row.line);
                    planned.written.push(index);
                    let count =
                        if fate == RowFate::Created { &mut planned.created } else { &mut planned.updated };
                    *count += 1;
                }
            }
            id = id.successor();
        }
        planned
    }

    /// What is to stand under a key.
    pub(crate) fn entry(&self, key: IdentifierKey) -> Option<&Entry> {
        self.places.get(&key).and_then(|place| self.after.get(*place))
    }

    fn put(&mut self, entry: Entry, line: i64) {
        let place = *self.places.entry(entry.key).or_insert(self.after.len());
        if let (Some(before), Some(line_before)) = (self.after.get_mut(place), self.lines.get_mut(place)) {
            (*before, *line_before) = (entry, line);
        } else {
            self.after.push(entry);
            self.lines.push(line);
        }
    }
}

/// Rows that follow one another, and where they stand among all.
#[derive(Clone, Debug, Default)]
pub struct ImportPart {
    /// So many rows came before, bad ones included.
    pub behind: i64,
    /// So many will have been read then.
    pub through: i64,
    /// So many bad ones stand among these.
    pub bad: i64,
    /// The good ones.
    pub rows: Vec<ImportedRow>,
    /// Of these, once there are no more of them.
    pub digest: String,
}

impl ImportPart {
    /// How many rows of the file it is, good and bad.
    pub fn length(&self) -> usize {
        usize::try_from(self.through - self.behind).unwrap_or(0)
    }

    /// What proves which rows these were, to whoever has the file and to nobody else.
    #[must_use]
    pub fn sealed(mut self, pepper: &Pepper) -> Self {
        let mut hasher = blake3::Hasher::new_keyed(&pepper.derive(DIGEST_PURPOSE));
        for row in &self.rows {
            row.add_to(&mut hasher);
        }
        self.digest = hasher.finalize().to_hex().to_string();
        self
    }
}

impl ImportedRow {
    /// Wherever something of it may stand.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &IdentifierKey> {
        std::iter::once(&self.key).chain(&self.former)
    }

    /// What becomes of the entry that is there. That of somebody who was erased blocks on as it is.
    pub fn fate(&self, before: Option<&Entry>, now: Timestamp) -> RowFate {
        match before {
            Some(entry) if entry.value.is_none() || self.says(entry) => RowFate::Unchanged,
            _ if self.window.has_ended(now) => RowFate::Ended,
            None => RowFate::Created,
            Some(_) => RowFate::Updated,
        }
    }

    fn says(&self, entry: &Entry) -> bool {
        entry.reason == self.reason
            && entry.reason_code == self.reason_code
            && entry.public_message == self.public_message
            && (entry.scopes, entry.strength, entry.limits) == (self.scopes, self.strength, self.limits)
            // A file has whole milliseconds; what a chargeback had ended once has not.
            && entry.window.whole_millis() == self.window
    }

    /// The entry that it makes of the one that is there, or of a new id.
    pub(crate) fn entry(&self, id: EntryId, before: Option<&Entry>, by: &Authorship<'_>) -> Entry {
        Entry {
            id: before.map_or(id, |entry| entry.id),
            kind: self.kind,
            value: Some(self.value.clone()),
            matching: self.matching,
            key: self.key,
            reason: self.reason.clone(),
            reason_code: self.reason_code,
            public_message: self.public_message.clone(),
            scopes: self.scopes,
            strength: self.strength,
            window: self.window,
            limits: self.limits,
            source: EntrySource::Import,
            created_by: before.map_or_else(|| by.actor.clone(), |entry| entry.created_by.clone()),
            created_at: before.map_or(by.now, |entry| entry.created_at),
            updated_at: by.now,
            erased_customer: None,
            generation: None,
        }
    }

    pub(crate) fn add_to(&self, hasher: &mut blake3::Hasher) {
        hasher.update(&self.key.0);
        hasher.update(&[self.scopes.bits()]);
        hasher.update(self.strength.as_str().as_bytes());
        let texts = [
            self.reason.as_ref().map(Reason::as_str),
            self.reason_code.map(ReasonCode::as_str),
            self.public_message.as_ref().map(PublicMessage::as_str),
        ];
        // Each with its length before it: no two rows run into one another.
        for text in texts {
            hasher.update(&text.map_or(u64::MAX, |text| text.len() as u64).to_le_bytes());
            hasher.update(text.unwrap_or_default().as_bytes());
        }
        for time in [self.window.from(), self.window.until()] {
            hasher.update(&time.map_or(i64::MIN, Timestamp::micros).to_le_bytes());
        }
        let most = self.limits.max_amount;
        hasher.update(&most.map_or(0, Money::amount).to_le_bytes());
        hasher.update(most.map_or("", |most| most.currency().code()).as_bytes());
        hasher.update(&[u8::from(self.limits.lapses_on_chargeback)]);
    }
}

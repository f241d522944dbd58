//! A row of an import, what becomes of it, and the part of the file that it stands in.
//!
//! Deliberately not here: how a part is written ([`crate::entry_import`]).

use interdict_domain::clock::Timestamp;
use interdict_domain::entry::{Entry, EntrySource, ReasonCode, Strength};
use interdict_domain::identifier::{EmailMatching, IdentifierKey, Kind};
use interdict_domain::ids::EntryId;
use interdict_domain::import::Import;
use interdict_domain::limits::Limits;
use interdict_domain::money::Money;
use interdict_domain::scopes::Scopes;
use interdict_domain::text::{PublicMessage, Reason};
use interdict_domain::window::Window;

use crate::transaction::Authorship;

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

//! Entries: one row each, written together with its change; and what an erasure makes of them.

use std::collections::HashSet;

use interdict_domain::actor::{Actor, ActorType};
use interdict_domain::change::{Action, Fact, Subject};
use interdict_domain::clock::Timestamp;
use interdict_domain::customer::{Customer, ListStatus};
use interdict_domain::entry::{Entry, EntrySource, List, ReasonCode, Strength};
use interdict_domain::identifier::{EmailMatching, Generation, Identifier, IdentifierKey, Kind, Pepper};
use interdict_domain::ids::{CustomerId, EntryId, Ksuid};
use interdict_domain::limits::Limits;
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::money::Money;
use interdict_domain::scopes::Scopes;
use interdict_domain::text::{PublicMessage, Reason};
use interdict_domain::window::Window;

use crate::customer::keys;
use crate::error::StorageError;
use crate::foreseen::Foreseen;
use crate::search::{self, Searched};
use crate::sql::{Insert, Row, bind, params};
use crate::statements::statements;
use crate::transaction::{Authorship, MerchantTransaction};
use crate::view::MerchantView;
use crate::{feed, hits, load, sqlite};

macro_rules! columns {
    () => {
        "id, list, kind, identifier_key, value, reason, reason_code, public_message, scopes, strength,
         starts_at, expires_at, source, actor_type, actor_id, created_at, updated_at, erased_customer, matching,
         max_amount, currency, lapses_on_chargeback, generation"
    };
}

// Columns that follow on them where the hits are wanted, too.
macro_rules! with_hits {
    () => {
        ", (SELECT hits FROM entry_hit WHERE entry_hit.entry = entry.id),
         (SELECT last_hit_at FROM entry_hit WHERE entry_hit.entry = entry.id)"
    };
}

// A row with all its columns: their values are those of `row_of`.
macro_rules! table {
    () => {
        "entry (id, merchant, list, kind, identifier_key, value, reason, reason_code,
             public_message, scopes, strength, starts_at, expires_at, source, actor_type, actor_id,
             created_at, updated_at, erased_customer, matching, max_amount, currency, lapses_on_chargeback,
             generation)"
    };
}

macro_rules! values {
    () => {
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
             $21, $22, $23, $24) "
    };
}

/// The values of an entry's row.
macro_rules! row_of {
    ($merchant:expr, $entry:expr) => {
        $crate::sql::params![
            &$entry.id.ksuid().bytes()[..],
            $merchant.0,
            $entry.list().as_str(),
            $entry.kind.code(),
            $entry.key.0,
            $entry.value,
            $entry.reason.as_ref().map(Reason::as_str),
            $entry.reason_code.map(ReasonCode::as_str),
            $entry.public_message.as_ref().map(PublicMessage::as_str),
            $entry.scopes.bits(),
            $entry.strength.as_str(),
            $entry.window.from().map(Timestamp::micros),
            $entry.window.until().map(Timestamp::micros),
            $entry.source.as_str(),
            $entry.created_by.kind.as_str(),
            $entry.created_by.id,
            $entry.created_at.micros(),
            $entry.updated_at.micros(),
            $entry.erased_customer.map(|id| *id.ksuid().bytes()),
            Some($entry.matching).filter(|it| *it != EmailMatching::Exact).map(EmailMatching::as_str),
            $entry.limits.max_amount.map(Money::amount),
            $entry.limits.max_amount.map(|most| most.currency().code()),
            $entry.limits.lapses_on_chargeback.then_some(1_i64),
            $entry.generation.map(|generation| generation.0),
        ]
    };
}

pub(crate) use {columns, with_hits};

statements! {
    UPSERT = concat!("INSERT INTO ", table!(), values!(), "ON CONFLICT (id) DO UPDATE SET value = excluded.value, identifier_key = excluded.identifier_key,
                    generation = excluded.generation, reason = excluded.reason,
                    reason_code = excluded.reason_code, public_message = excluded.public_message,
                    scopes = excluded.scopes, strength = excluded.strength, starts_at = excluded.starts_at,
                    expires_at = excluded.expires_at, max_amount = excluded.max_amount,
                    currency = excluded.currency, lapses_on_chargeback = excluded.lapses_on_chargeback,
                    source = excluded.source, updated_at = excluded.updated_at");
    DELETE = "DELETE FROM entry WHERE merchant = $1 AND id = $2";
    SELECT = concat!("SELECT ", columns!(), with_hits!(), " FROM entry WHERE merchant = $1 AND id = $2");
    SELECT_BY_IDENTIFIER = concat!("SELECT ", columns!(), " FROM entry
        WHERE merchant = $1 AND identifier_key = $2 AND list = $3 AND kind = $4 AND erased_customer IS NULL");
    SELECT_BY_KEY = concat!("SELECT ", columns!(), " FROM entry
        WHERE merchant = $1 AND identifier_key = $2 AND erased_customer IS NULL");
}

/// Where there is none yet.
const INSERT_UNLISTED: Insert = Insert {
    into: table!(),
    columns: 24,
    on_conflict: "ON CONFLICT (merchant, identifier_key, list, kind) WHERE erased_customer IS NULL DO NOTHING",
};

/// An entry with how often it decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryRow {
    /// The entry.
    pub entry: Entry,
    /// Decisions that it was among the sources of, as last written.
    pub hits: i64,
    /// The newest of them.
    pub last_hit_at: Option<Timestamp>,
}

/// Where a page begins: after a row, or before all of them.
pub(crate) fn keyset(position: Option<(Timestamp, Ksuid)>) -> (i64, [u8; 20]) {
    position.map_or((i64::MAX, [0xff; 20]), |(at, id)| (at.micros(), *id.bytes()))
}

pub(crate) fn read(row: Row<'_>) -> Result<Entry, StorageError> {
    let word = |index: usize| row.text(index);
    let list = List::parse(word(1)?).ok_or(StorageError::Corrupt("list"))?;
    let reason_code: Option<String> = row.get(6)?;
    Ok(Entry {
        id: EntryId::from_parts(list, Ksuid::from_bytes(row.get(0)?)),
        kind: Kind::from_code(row.get(2)?).ok_or(StorageError::Corrupt("kind"))?,
        key: IdentifierKey(row.get(3)?),
        value: row.get(4)?,
        reason: row.get::<Option<String>>(5)?.map(Reason::from_stored),
        reason_code: reason_code
            .map(|code| ReasonCode::parse(&code).ok_or(StorageError::Corrupt("reason code")))
            .transpose()?,
        public_message: row.get::<Option<String>>(7)?.map(PublicMessage::from_stored),
        scopes: load::scopes(row.get(8)?)?,
        strength: Strength::parse(word(9)?).ok_or(StorageError::Corrupt("strength"))?,
        window: load::window(row.get(10)?, row.get(11)?)?,
        source: EntrySource::parse(word(12)?).ok_or(StorageError::Corrupt("source"))?,
        created_by: Actor {
            kind: ActorType::parse(word(13)?).ok_or(StorageError::Corrupt("actor"))?,
            id: row.get(14)?,
        },
        created_at: Timestamp::from_micros(row.get(15)?),
        updated_at: Timestamp::from_micros(row.get(16)?),
        erased_customer: row
            .get::<Option<[u8; 20]>>(17)?
            .map(|bytes| CustomerId::from_ksuid(Ksuid::from_bytes(bytes))),
        matching: load::matching(row.optional_text(18)?)?,
        limits: Limits {
            max_amount: load::max_amount(row.get(19)?, row.optional_text(20)?)?,
            lapses_on_chargeback: row.get::<Option<i64>>(21)?.is_some_and(|flag| flag != 0),
        },
        generation: row.get::<Option<u32>>(22)?.map(Generation),
    })
}

pub(crate) fn read_with_hits(row: Row<'_>) -> Result<EntryRow, StorageError> {
    Ok(EntryRow {
        entry: read(row)?,
        hits: row.get::<Option<i64>>(23)?.unwrap_or(0),
        last_hit_at: row.get::<Option<i64>>(24)?.map(Timestamp::from_micros),
    })
}

pub(crate) fn foresee_of(
    pepper: &Pepper,
    merchant: MerchantNumber,
    list: List,
    identifier: &Identifier,
) -> Foreseen {
    let key = identifier.key(pepper, merchant);
    let parameters = bind(params![merchant.0, key.0, list.as_str(), identifier.kind().code()]);
    Foreseen { sql: SELECT_BY_IDENTIFIER, parameters }
}

/// The same under the present pepper, where there is a value to make the key of: what was said before a rotation is read
/// as it would be said now.
pub(crate) fn anew(entry: &Entry, pepper: &Pepper, merchant: MerchantNumber) -> Entry {
    let Some(value) = &entry.value else { return entry.clone() };
    let key = pepper.matched_key(merchant, entry.kind, entry.matching, value);
    Entry { key, generation: None, ..entry.clone() }
}

/// What the index is to know of an entry that is written. One that an erasure had left under a former pepper, and that
/// somebody lists again, stands under the present one first, and then there no more.
pub(crate) fn facts_of(merchant: MerchantNumber, before: Option<&Entry>, after: &Entry) -> Vec<Fact> {
    let moved = before.filter(|before| before.key != after.key);
    let gone = moved.map(|before| Fact::EntryRemoved { id: after.id, key: before.key });
    std::iter::once(load::entry_fact(merchant, after)).chain(gone).collect()
}

impl MerchantView<'_> {
    /// An entry by id, with its hits.
    pub fn entry(&self, id: EntryId) -> Result<Option<EntryRow>, StorageError> {
        let id_bytes = *id.ksuid().bytes();
        let parameters = params![self.merchant.0, id_bytes];
        let found = self.connection.query_optional(SELECT, parameters, read_with_hits)?;
        // The KSUID alone is the row's key: `bl_` and `al_` must not name each other's entries.
        Ok(found.filter(|row| row.entry.id == id))
    }

    /// The entry of an identifier on a list; what an erasure has left of one may stand under a former pepper.
    pub fn entry_of(&self, list: List, identifier: &Identifier) -> Result<Option<Entry>, StorageError> {
        self.first_of(identifier, |key| {
            self.connection.query_optional(
                SELECT_BY_IDENTIFIER,
                params![self.merchant.0, key.0, list.as_str(), identifier.kind().code()],
                read,
            )
        })
    }
}

/// Writes entries by many at once.
pub(crate) struct Unlisted<'c> {
    merchant: MerchantNumber,
    bulk: sqlite::Bulk<'c>,
}

impl Unlisted<'_> {
    /// Writes those of some entries whose identifiers are not listed yet, and says among which are all that were.
    pub(crate) fn insert(&mut self, entries: &[&Entry]) -> Result<HashSet<IdentifierKey>, StorageError> {
        let mut doubtful = HashSet::new();
        self.bulk.insert(
            entries,
            |entry, bind| bind(row_of!(self.merchant, entry)),
            |some| doubtful.extend(some.iter().map(|entry| entry.key)),
        )?;
        Ok(doubtful)
    }
}

impl MerchantTransaction<'_, '_> {
    /// For entries whose identifiers are not listed yet. Nothing where each answer is a way to a server and back: there it
    /// is cheaper to look before, for many at once.
    pub(crate) fn unlisted(&self) -> Result<Option<Unlisted<'_>>, StorageError> {
        let bulk = self.transaction.connection.bulk(&INSERT_UNLISTED)?;
        Ok(bulk.map(|bulk| Unlisted { merchant: self.merchant, bulk }))
    }

    /// Writes an entry and the change that made it so.
    pub fn put_entry(
        &mut self,
        by: &Authorship<'_>,
        action: Action,
        before: Option<&Entry>,
        after: &Entry,
    ) -> Result<(), StorageError> {
        let after = &anew(after, self.pepper(), self.merchant);
        self.write_entry(after)?;
        self.transaction.deltas.entry(self.merchant, before, Some(after));
        let body = feed::body(before, Some(after))?;
        let facts = facts_of(self.merchant, before, after);
        self.append(by, action, Subject::Entry(after.id), facts, Some((body, Some(after.key))))?;
        Ok(())
    }

    /// Deletes an entry. Everything else that blocks the same person stays (incident 11).
    pub fn delete_entry(&mut self, by: &Authorship<'_>, entry: &Entry) -> Result<(), StorageError> {
        self.remove_entry_row(entry)?;
        let facts = vec![Fact::EntryRemoved { id: entry.id, key: entry.key }];
        let body = feed::body(Some(entry), None)?;
        self.append(
            by,
            Action::EntryDeleted,
            Subject::Entry(entry.id),
            facts,
            Some((body, Some(entry.key))),
        )?;
        Ok(())
    }

    pub(crate) fn remove_entry_row(&mut self, entry: &Entry) -> Result<(), StorageError> {
        let connection = self.transaction.connection;
        connection.execute(DELETE, params![self.merchant.0, &entry.id.ksuid().bytes()[..]])?;
        search::forget(connection, Searched::Entries, entry.id.ksuid().bytes())?;
        self.transaction.deltas.entry(self.merchant, Some(entry), None);
        hits::forget(connection, entry.id)
    }

    pub(crate) fn write_entry(&self, entry: &Entry) -> Result<(), StorageError> {
        self.transaction.connection.execute(UPSERT, row_of!(self.merchant, entry))
    }

    /// Takes the plain text from the block entries of an identifier, and the allow entries away: an
    /// exemption for somebody who is forgotten rests on nothing. What stands for many (a range, a BIN, a domain, a
    /// country) is nobody's own, and without its value it would reach no further than itself: it loses its words alone.
    /// Returns how many blocks stay.
    pub(crate) fn erase_entries(
        &mut self,
        by: &Authorship<'_>,
        key: IdentifierKey,
        facts: &mut Vec<Fact>,
    ) -> Result<i64, StorageError> {
        let parameters = params![self.merchant.0, key.0];
        let entries = self.transaction.connection.query(SELECT_BY_KEY, parameters, read)?;
        let mut kept = 0;
        for entry in entries {
            match entry.list() {
                List::Allow => {
                    self.remove_entry_row(&entry)?;
                    facts.push(Fact::EntryRemoved { id: entry.id, key });
                }
                List::Block => {
                    let is_of_many = entry.identifier().is_some_and(|identifier| identifier.is_broad());
                    let tombstone = Entry {
                        value: entry.value.filter(|_| is_of_many),
                        reason: None,
                        public_message: None,
                        updated_at: by.now,
                        ..entry
                    };
                    self.write_entry(&tombstone)?;
                    let connection = self.transaction.connection;
                    search::forget(connection, Searched::Entries, tombstone.id.ksuid().bytes())?;
                    facts.push(load::entry_fact(self.merchant, &tombstone));
                    kept += 1;
                }
            }
        }
        Ok(kept)
    }

    /// Turns a customer's own restriction and blacklisting into entries without plain text on each of
    /// its identifiers, one a source, so that nothing is lifted by forgetting.
    pub(crate) fn keep_own_blocks(
        &mut self,
        by: &Authorship<'_>,
        customer: &Customer,
        facts: &mut Vec<Fact>,
    ) -> Result<i64, StorageError> {
        let restriction = Scopes::from_flags(customer.restriction.cit, customer.restriction.mit)
            .map(|scopes| (scopes, Window::ALWAYS));
        let standing = &customer.standing;
        let blacklisted = (standing.status == ListStatus::Blacklisted
            && !standing.window.has_ended(by.merchant_now))
        .then_some((standing.scopes, standing.window));
        let mut kept = 0;
        for (scopes, window) in restriction.into_iter().chain(blacklisted) {
            for (kind, key) in keys(customer, self.pepper()) {
                let Some(key) = key else { continue };
                let tombstone = Entry {
                    id: EntryId::generate(List::Block, by.now, by.random),
                    kind,
                    value: None,
                    key,
                    reason: None,
                    reason_code: None,
                    public_message: None,
                    scopes,
                    strength: Strength::Hard,
                    window,
                    limits: Limits::NONE,
                    source: EntrySource::Erasure,
                    created_by: by.actor.clone(),
                    created_at: by.now,
                    updated_at: by.now,
                    erased_customer: Some(customer.id),
                    matching: EmailMatching::Exact,
                    generation: None,
                };
                self.write_entry(&tombstone)?;
                self.transaction.deltas.entry(self.merchant, None, Some(&tombstone));
                facts.push(load::entry_fact(self.merchant, &tombstone));
                kept += 1;
            }
        }
        Ok(kept)
    }
}

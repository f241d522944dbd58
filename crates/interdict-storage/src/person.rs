//! Persons who are blocked as a whole, and which entries are theirs. A person's row is written together with its change;
//! the entries have changes of their own, in the same commit.
//!
//! Deliberately not here: what a block does to an entry (`interdict-app`), and the values, which stand with the entries.

use interdict_domain::actor::{Actor, ActorType};
use interdict_domain::change::{Action, Subject};
use interdict_domain::clock::Timestamp;
use interdict_domain::entry::{EntrySource, List, ReasonCode, Strength};
use interdict_domain::identifier::{Identifier, IdentifierKey, Kind};
use interdict_domain::ids::{DecisionId, EntryId, Ksuid, PersonId};
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::person::{BlockedPerson, Effect, PersonIdentifier, PersonTerms, Trace};
use interdict_domain::text::{PublicMessage, Reason};

use crate::entry::keyset;
use crate::error::StorageError;
use crate::feed;
use crate::load;
use crate::sql::{Row, params};
use crate::statements::statements;
use crate::transaction::{Authorship, MerchantTransaction};
use crate::view::{MerchantView, View};

macro_rules! columns {
    () => {
        "id, merchant, reason, reason_code, public_message, scopes, expires_at, source, actor_type, actor_id,
         created_at, updated_at, lifted_at"
    };
}

macro_rules! identifier_columns {
    () => {
        "person, identifier_key, kind, entry, found_scopes, found_strength, found_from, found_until, added_at,
         actor_type, actor_id, decision, matched_kind"
    };
}

statements! {
    UPSERT = concat!("INSERT INTO person (", columns!(), ")
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
              ON CONFLICT (id) DO UPDATE SET reason = excluded.reason, reason_code = excluded.reason_code,
                    public_message = excluded.public_message, scopes = excluded.scopes,
                    expires_at = excluded.expires_at, updated_at = excluded.updated_at,
                    lifted_at = excluded.lifted_at");
    SELECT = concat!("SELECT ", columns!(), " FROM person WHERE merchant = $1 AND id = $2");
    SELECT_AFTER = concat!("SELECT ", columns!(), " FROM person
              WHERE merchant = $1 AND (created_at, id) < ($2, $3) ORDER BY created_at DESC, id DESC LIMIT $4");
    SELECT_STANDING_AFTER = concat!("SELECT ", columns!(), " FROM person
              WHERE merchant = $1 AND lifted_at IS NULL AND (created_at, id) < ($2, $3)
              ORDER BY created_at DESC, id DESC LIMIT $4");
    SELECT_HAVING_AFTER = concat!("SELECT ", columns!(), " FROM person
              WHERE merchant = $1 AND id IN (SELECT person FROM person_identifier
                    WHERE merchant = $1 AND identifier_key = $2)
              AND (created_at, id) < ($3, $4) ORDER BY created_at DESC, id DESC LIMIT $5");
    SELECT_MERCHANTS = "SELECT DISTINCT merchant FROM person WHERE lifted_at IS NULL";
    PUT_IDENTIFIER = "INSERT INTO person_identifier (person, identifier_key, merchant, kind, entry, is_held,
                    found_scopes, found_strength, found_from, found_until, added_at, actor_type, actor_id, decision,
                    matched_kind)
              VALUES ($1, $2, $3, $4, $5, 1, $6, $7, $8, $9, $10, $11, $12, $13, $14)
              ON CONFLICT (person, identifier_key) DO UPDATE SET entry = excluded.entry, is_held = 1,
                    found_scopes = excluded.found_scopes, found_strength = excluded.found_strength,
                    found_from = excluded.found_from, found_until = excluded.found_until";
    DELETE_IDENTIFIER = "DELETE FROM person_identifier WHERE person = $1 AND identifier_key = $2";
    RELEASE = "UPDATE person_identifier SET is_held = 0 WHERE person = $1 AND merchant = $2";
    SELECT_IDENTIFIERS = concat!("SELECT ", identifier_columns!(), " FROM person_identifier
              WHERE merchant = $1 AND person = $2 ORDER BY added_at, kind, identifier_key");
    SELECT_HELD = concat!("SELECT ", identifier_columns!(), " FROM person_identifier
              WHERE merchant = $1 AND identifier_key = $2 AND is_held = 1");
    SELECT_HELD_ENTRY = concat!("SELECT ", identifier_columns!(), " FROM person_identifier
              WHERE merchant = $1 AND entry = $2 AND is_held = 1");
    COUNT_ADDED = "SELECT COUNT(*) FROM person_identifier
              WHERE merchant = $1 AND person = $2 AND decision IS NOT NULL AND actor_type = 'system'";
}

/// Which persons.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PersonFilter {
    /// Only those whose block was not lifted.
    pub is_standing: bool,
    /// Only those who have or had this identifier, by one of its keys; all of them where there is none.
    pub having: Vec<IdentifierKey>,
}

fn read(row: Row<'_>) -> Result<BlockedPerson, StorageError> {
    let word = |index: usize| row.text(index);
    let code: Option<String> = row.get(3)?;
    let code = code.map(|code| ReasonCode::parse(&code).ok_or(StorageError::Corrupt("reason code")));
    Ok(BlockedPerson {
        id: PersonId::from_ksuid(Ksuid::from_bytes(row.get(0)?)),
        terms: PersonTerms {
            reason: row.get::<Option<String>>(2)?.map(Reason::from_stored),
            reason_code: code.transpose()?,
            public_message: row.get::<Option<String>>(4)?.map(PublicMessage::from_stored),
            scopes: load::scopes(row.get(5)?)?,
            expires_at: row.get::<Option<i64>>(6)?.map(Timestamp::from_micros),
        },
        source: EntrySource::parse(word(7)?).ok_or(StorageError::Corrupt("source"))?,
        created_by: Actor {
            kind: ActorType::parse(word(8)?).ok_or(StorageError::Corrupt("actor"))?,
            id: row.get(9)?,
        },
        created_at: Timestamp::from_micros(row.get(10)?),
        updated_at: Timestamp::from_micros(row.get(11)?),
        lifted_at: row.get::<Option<i64>>(12)?.map(Timestamp::from_micros),
    })
}

pub(crate) fn kind(code: Option<u8>) -> Result<Option<Kind>, StorageError> {
    code.map(|code| Kind::from_code(code).ok_or(StorageError::Corrupt("kind"))).transpose()
}

fn read_identifier(row: Row<'_>) -> Result<PersonIdentifier, StorageError> {
    let found = match row.get::<Option<u8>>(4)? {
        None => None,
        Some(bits) => Some(Effect {
            scopes: load::scopes(bits)?,
            strength: row
                .optional_text(5)?
                .and_then(Strength::parse)
                .ok_or(StorageError::Corrupt("strength"))?,
            window: load::window(row.get(6)?, row.get(7)?)?,
        }),
    };
    let decision = row.get::<Option<[u8; 20]>>(11)?.map(Ksuid::from_bytes).map(DecisionId::from_ksuid);
    let trace = decision.zip(kind(row.get(12)?)?);
    Ok(PersonIdentifier {
        person: PersonId::from_ksuid(Ksuid::from_bytes(row.get(0)?)),
        key: IdentifierKey(row.get(1)?),
        kind: kind(Some(row.get(2)?))?.ok_or(StorageError::Corrupt("kind"))?,
        entry: EntryId::from_parts(List::Block, Ksuid::from_bytes(row.get(3)?)),
        found,
        added_at: Timestamp::from_micros(row.get(8)?),
        added_by: Actor {
            kind: ActorType::parse(row.text(9)?).ok_or(StorageError::Corrupt("actor"))?,
            id: row.get(10)?,
        },
        trace: trace.map(|(decision, matched)| Trace { decision, matched }),
    })
}

impl View<'_> {
    /// Whose blocked persons there are.
    pub fn merchants_with_persons(&self) -> Result<Vec<MerchantNumber>, StorageError> {
        self.connection.query(SELECT_MERCHANTS, &[], |row| Ok(MerchantNumber(row.get(0)?)))
    }
}

impl MerchantView<'_> {
    /// A person by id.
    pub fn person(&self, id: PersonId) -> Result<Option<BlockedPerson>, StorageError> {
        self.connection.query_optional(SELECT, params![self.merchant.0, id.ksuid().bytes()], read)
    }

    /// A page of persons behind a position, newest first.
    pub fn persons(
        &self,
        filter: &PersonFilter,
        position: Option<(Timestamp, Ksuid)>,
        limit: i64,
    ) -> Result<Vec<BlockedPerson>, StorageError> {
        let (at, id) = keyset(position);
        let merchant = self.merchant.0;
        if !filter.having.is_empty() {
            let mut found = Vec::new();
            for key in &filter.having {
                let of = params![merchant, key.0, at, id, limit];
                found.extend(self.connection.query(SELECT_HAVING_AFTER, of, read)?);
            }
            found.sort_unstable_by_key(|person| std::cmp::Reverse((person.created_at, person.id)));
            found.dedup_by_key(|person| person.id);
            found.truncate(usize::try_from(limit).unwrap_or(0));
            found.retain(|person| !filter.is_standing || person.lifted_at.is_none());
            return Ok(found);
        }
        let sql = if filter.is_standing { SELECT_STANDING_AFTER } else { SELECT_AFTER };
        self.connection.query(sql, params![merchant, at, id, limit], read)
    }

    /// What is a person's, or was when the block was lifted, the first one first.
    pub fn person_identifiers(&self, id: PersonId) -> Result<Vec<PersonIdentifier>, StorageError> {
        self.connection.query(
            SELECT_IDENTIFIERS,
            params![self.merchant.0, id.ksuid().bytes()],
            read_identifier,
        )
    }

    /// The person that an identifier belongs to now. What was erased may stand under a former pepper.
    pub fn holder_of(&self, identifier: &Identifier) -> Result<Option<PersonIdentifier>, StorageError> {
        self.first_of(identifier, |key| self.holder(key))
    }

    /// The person that an identifier belongs to now, by its key.
    pub fn holder(&self, key: IdentifierKey) -> Result<Option<PersonIdentifier>, StorageError> {
        self.connection.query_optional(SELECT_HELD, params![self.merchant.0, key.0], read_identifier)
    }

    /// The person that an entry belongs to now.
    pub fn holder_of_entry(&self, entry: EntryId) -> Result<Option<PersonIdentifier>, StorageError> {
        self.connection.query_optional(
            SELECT_HELD_ENTRY,
            params![self.merchant.0, entry.ksuid_bytes()],
            read_identifier,
        )
    }

    /// How many identifiers were put to a person's by themselves.
    pub fn count_added(&self, id: PersonId) -> Result<i64, StorageError> {
        self.connection.query_one(COUNT_ADDED, params![self.merchant.0, id.ksuid().bytes()], |row| row.get(0))
    }
}

impl MerchantTransaction<'_, '_> {
    /// Writes a person and the change that made it so.
    pub fn put_person(
        &mut self,
        by: &Authorship<'_>,
        action: Action,
        before: Option<&BlockedPerson>,
        after: &BlockedPerson,
    ) -> Result<(), StorageError> {
        let terms = &after.terms;
        self.transaction.connection.execute(
            UPSERT,
            params![
                after.id.ksuid().bytes(),
                self.merchant.0,
                terms.reason.as_ref().map(Reason::as_str),
                terms.reason_code.map(ReasonCode::as_str),
                terms.public_message.as_ref().map(PublicMessage::as_str),
                terms.scopes.bits(),
                terms.expires_at.map(Timestamp::micros),
                after.source.as_str(),
                after.created_by.kind.as_str(),
                after.created_by.id,
                after.created_at.micros(),
                after.updated_at.micros(),
                after.lifted_at.map(Timestamp::micros),
            ],
        )?;
        let body = feed::body(before, Some(after))?;
        self.append(by, action, Subject::Person(after.id), Vec::new(), Some((body, None)))?;
        Ok(())
    }

    /// Says that an identifier is a person's.
    pub fn put_person_identifier(&self, identifier: &PersonIdentifier) -> Result<(), StorageError> {
        let found = identifier.found;
        self.transaction.connection.execute(
            PUT_IDENTIFIER,
            params![
                identifier.person.ksuid().bytes(),
                identifier.key.0,
                self.merchant.0,
                identifier.kind.code(),
                identifier.entry.ksuid_bytes(),
                found.map(|found| found.scopes.bits()),
                found.map(|found| found.strength.as_str()),
                found.and_then(|found| found.window.from()).map(Timestamp::micros),
                found.and_then(|found| found.window.until()).map(Timestamp::micros),
                identifier.added_at.micros(),
                identifier.added_by.kind.as_str(),
                identifier.added_by.id,
                identifier.trace.map(|trace| *trace.decision.ksuid().bytes()),
                identifier.trace.map(|trace| trace.matched.code()),
            ],
        )
    }

    /// Takes an identifier off a person, for good.
    pub fn delete_person_identifier(&self, identifier: &PersonIdentifier) -> Result<(), StorageError> {
        let (person, key) = (*identifier.person.ksuid().bytes(), identifier.key.0);
        self.transaction.connection.execute(DELETE_IDENTIFIER, params![person, key])
    }

    /// Nothing is a person's any more; what was is remembered.
    pub fn release_person(&self, id: PersonId) -> Result<(), StorageError> {
        self.transaction.connection.execute(RELEASE, params![id.ksuid().bytes(), self.merchant.0])
    }
}

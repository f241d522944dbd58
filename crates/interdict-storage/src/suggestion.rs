//! Suggestions: identifiers that may be a blocked person's, and those that somebody said are not. Not a part of the feed:
//! nothing follows from one before somebody says so.

use interdict_domain::actor::{Actor, ActorType};
use interdict_domain::clock::Timestamp;
use interdict_domain::identifier::{Identifier, IdentifierKey};
use interdict_domain::ids::{DecisionId, Ksuid, PersonId, SuggestionId};
use interdict_domain::person::{HeldBack, Suggestion, SuggestionState};

use crate::entry::keyset;
use crate::error::StorageError;
use crate::person::kind;
use crate::sql::{Row, params};
use crate::statements::statements;
use crate::transaction::MerchantTransaction;
use crate::view::MerchantView;

macro_rules! columns {
    () => {
        "id, person, kind, identifier_key, value, state, held_back, matched_kind, seen, first_decision, last_decision,
         created_at, last_seen_at, settled_at, actor_type, actor_id"
    };
}

statements! {
    // Two nodes may see the same attempt's like at the same moment.
    UPSERT = concat!("INSERT INTO person_suggestion (", columns!(), ", merchant)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
              ON CONFLICT (merchant, person, identifier_key) DO UPDATE SET value = excluded.value,
                    state = excluded.state, held_back = excluded.held_back, seen = excluded.seen,
                    last_decision = excluded.last_decision, last_seen_at = excluded.last_seen_at,
                    settled_at = excluded.settled_at, actor_type = excluded.actor_type, actor_id = excluded.actor_id");
    SEE = "UPDATE person_suggestion SET seen = seen + $1, last_decision = $2, last_seen_at = $3
           WHERE merchant = $4 AND id = $5";
    SELECT = concat!("SELECT ", columns!(), " FROM person_suggestion WHERE merchant = $1 AND id = $2");
    SELECT_OF = concat!("SELECT ", columns!(), " FROM person_suggestion
              WHERE merchant = $1 AND person = $2 AND identifier_key = $3");
    SELECT_REFUSED_AT = concat!("SELECT ", columns!(), " FROM person_suggestion
              WHERE merchant = $1 AND identifier_key = $2 AND state = 'refused' AND settled_at = $3");
    SELECT_AFTER = concat!("SELECT ", columns!(), " FROM person_suggestion
              WHERE merchant = $1 AND (created_at, id) < ($2, $3) ORDER BY created_at DESC, id DESC LIMIT $4");
    SELECT_IN_STATE_AFTER = concat!("SELECT ", columns!(), " FROM person_suggestion
              WHERE merchant = $1 AND state = $2 AND (created_at, id) < ($3, $4)
              ORDER BY created_at DESC, id DESC LIMIT $5");
    SELECT_OF_PERSON = concat!("SELECT ", columns!(), " FROM person_suggestion
              WHERE merchant = $1 AND person = $2 AND state = $3 ORDER BY created_at DESC, id DESC LIMIT $4");
    COUNT_OPEN = "SELECT COUNT(*) FROM (SELECT id FROM person_suggestion WHERE merchant = $1 AND state = 'open'
              LIMIT $2) AS waiting";
    COUNT_OPEN_OF_PERSON = "SELECT COUNT(*) FROM person_suggestion
              WHERE merchant = $1 AND person = $2 AND state = 'open'";
    DELETE = "DELETE FROM person_suggestion WHERE merchant = $1 AND id = $2";
    DELETE_OPEN = "DELETE FROM person_suggestion WHERE merchant = $1 AND person = $2 AND state = 'open'";
}

/// Attempts that brought what was suggested, or refused, before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// How many.
    pub count: i64,
    /// The newest of them.
    pub decision: DecisionId,
    /// When that was.
    pub at: Timestamp,
}

fn read(row: Row<'_>) -> Result<Suggestion, StorageError> {
    let decision = |index: usize| -> Result<Option<DecisionId>, StorageError> {
        Ok(row.get::<Option<[u8; 20]>>(index)?.map(Ksuid::from_bytes).map(DecisionId::from_ksuid))
    };
    let held_back = row.optional_text(6)?;
    let settled_at = row.get::<Option<i64>>(13)?.map(Timestamp::from_micros);
    let actor = row.optional_text(14)?.zip(row.get::<Option<String>>(15)?);
    let actor = actor.map(|(word, id)| {
        let kind = ActorType::parse(word).ok_or(StorageError::Corrupt("actor"))?;
        Ok::<_, StorageError>(Actor { kind, id })
    });
    Ok(Suggestion {
        id: SuggestionId::from_ksuid(Ksuid::from_bytes(row.get(0)?)),
        person: PersonId::from_ksuid(Ksuid::from_bytes(row.get(1)?)),
        kind: kind(Some(row.get(2)?))?.ok_or(StorageError::Corrupt("kind"))?,
        key: IdentifierKey(row.get(3)?),
        value: row.get(4)?,
        state: SuggestionState::parse(row.text(5)?).ok_or(StorageError::Corrupt("a suggestion's state"))?,
        held_back: held_back
            .map(|word| HeldBack::parse(word).ok_or(StorageError::Corrupt("what holds a suggestion back")))
            .transpose()?,
        matched: kind(row.get(7)?)?,
        seen: row.get(8)?,
        first_decision: decision(9)?,
        last_decision: decision(10)?,
        created_at: Timestamp::from_micros(row.get(11)?),
        last_seen_at: Timestamp::from_micros(row.get(12)?),
        settled: settled_at.zip(actor.transpose()?),
    })
}

impl MerchantView<'_> {
    /// A suggestion by id.
    pub fn suggestion(&self, id: SuggestionId) -> Result<Option<Suggestion>, StorageError> {
        self.connection.query_optional(SELECT, params![self.merchant.0, id.ksuid().bytes()], read)
    }

    /// What was said of an identifier and a person. What was erased may stand under a former pepper.
    pub fn suggestion_about(
        &self,
        person: PersonId,
        identifier: &Identifier,
    ) -> Result<Option<Suggestion>, StorageError> {
        self.first_of(identifier, |key| self.suggestion_of(person, key))
    }

    /// The same by a key.
    pub fn suggestion_of(
        &self,
        person: PersonId,
        key: IdentifierKey,
    ) -> Result<Option<Suggestion>, StorageError> {
        self.connection.query_optional(
            SELECT_OF,
            params![self.merchant.0, person.ksuid().bytes(), key.0],
            read,
        )
    }

    /// The one that was refused at a moment: somebody took the identifier off its person then.
    pub fn refused_at(&self, key: IdentifierKey, at: Timestamp) -> Result<Option<Suggestion>, StorageError> {
        self.connection.query_optional(SELECT_REFUSED_AT, params![self.merchant.0, key.0, at.micros()], read)
    }

    /// A page of suggestions behind a position, newest first.
    pub fn suggestions(
        &self,
        state: Option<SuggestionState>,
        position: Option<(Timestamp, Ksuid)>,
        limit: i64,
    ) -> Result<Vec<Suggestion>, StorageError> {
        let (at, id) = keyset(position);
        match state {
            Some(state) => self.connection.query(
                SELECT_IN_STATE_AFTER,
                params![self.merchant.0, state.as_str(), at, id, limit],
                read,
            ),
            None => self.connection.query(SELECT_AFTER, params![self.merchant.0, at, id, limit], read),
        }
    }

    /// Those of one person, newest first.
    pub fn suggestions_of_person(
        &self,
        person: PersonId,
        state: SuggestionState,
        limit: i64,
    ) -> Result<Vec<Suggestion>, StorageError> {
        self.connection.query(
            SELECT_OF_PERSON,
            params![self.merchant.0, person.ksuid().bytes(), state.as_str(), limit],
            read,
        )
    }

    /// How many wait for somebody's word; so many at most are counted.
    pub fn count_open_suggestions(&self, most: i64) -> Result<i64, StorageError> {
        self.connection.query_one(COUNT_OPEN, params![self.merchant.0, most], |row| row.get(0))
    }

    /// How many wait for a person.
    pub fn count_open_suggestions_of(&self, person: PersonId) -> Result<i64, StorageError> {
        self.connection.query_one(
            COUNT_OPEN_OF_PERSON,
            params![self.merchant.0, person.ksuid().bytes()],
            |row| row.get(0),
        )
    }
}

impl MerchantTransaction<'_, '_> {
    /// Writes a suggestion.
    pub fn put_suggestion(&self, suggestion: &Suggestion) -> Result<(), StorageError> {
        let decision = |id: Option<DecisionId>| id.map(|id| *id.ksuid().bytes());
        let (settled_at, actor) = suggestion.settled.clone().unzip();
        self.transaction.connection.execute(
            UPSERT,
            params![
                suggestion.id.ksuid().bytes(),
                suggestion.person.ksuid().bytes(),
                suggestion.kind.code(),
                suggestion.key.0,
                suggestion.value,
                suggestion.state.as_str(),
                suggestion.held_back.map(HeldBack::as_str),
                suggestion.matched.map(interdict_domain::identifier::Kind::code),
                suggestion.seen,
                decision(suggestion.first_decision),
                decision(suggestion.last_decision),
                suggestion.created_at.micros(),
                suggestion.last_seen_at.micros(),
                settled_at.map(Timestamp::micros),
                actor.as_ref().map(|actor| actor.kind.as_str()),
                actor.as_ref().map(|actor| actor.id.as_str()),
                self.merchant.0,
            ],
        )
    }

    /// Counts attempts that brought the same once more.
    pub fn see_suggestion(&self, id: SuggestionId, sighting: Sighting) -> Result<(), StorageError> {
        let Sighting { count, decision, at } = sighting;
        let (decision, id) = (*decision.ksuid().bytes(), *id.ksuid().bytes());
        self.transaction.connection.execute(SEE, params![count, decision, at.micros(), self.merchant.0, id])
    }

    /// Forgets one: it means nothing any more.
    pub fn delete_suggestion(&self, id: SuggestionId) -> Result<(), StorageError> {
        self.transaction.connection.execute(DELETE, params![self.merchant.0, id.ksuid().bytes()])
    }

    /// Forgets those of a person that wait.
    pub fn delete_open_suggestions(&self, person: PersonId) -> Result<(), StorageError> {
        self.transaction.connection.execute(DELETE_OPEN, params![self.merchant.0, person.ksuid().bytes()])
    }
}

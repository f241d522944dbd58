//! Proposals: one row each, written together with the change that says so.

use interdict_domain::actor::{Actor, ActorType};
use interdict_domain::change::{Action, Subject};
use interdict_domain::clock::Timestamp;
use interdict_domain::identifier::IdentifierKey;
use interdict_domain::ids::{Ksuid, ProposalId};
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::proposal::{Blast, Proposal, ProposalState};

use crate::entry::keyset;
use crate::error::StorageError;
use crate::sql::{Connection, Row, params};
use crate::statements::statements;
use crate::transaction::{Authorship, MerchantTransaction};
use crate::view::MerchantView;

macro_rules! columns {
    () => {
        "id, merchant, identifier_key, body, seen, customers, more_customers, attempts, more_attempts, state,
         actor_type, actor_id, created_at, expires_at, decided_by, decided_at"
    };
}

statements! {
    UPSERT = concat!("INSERT INTO proposal (", columns!(), ")
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
              ON CONFLICT (id) DO UPDATE SET state = excluded.state, decided_by = excluded.decided_by,
                    decided_at = excluded.decided_at");
    SELECT = concat!("SELECT ", columns!(), " FROM proposal WHERE merchant = $1 AND id = $2");
    SELECT_AFTER = concat!("SELECT ", columns!(), " FROM proposal WHERE merchant = $1 AND (created_at, id) < ($2, $3) ORDER BY created_at DESC, id DESC LIMIT $4");
    SELECT_OPEN = concat!("SELECT ", columns!(), " FROM proposal WHERE merchant = $1 AND state = 'open'
              AND expires_at > $2 AND (created_at, id) < ($3, $4) ORDER BY created_at DESC, id DESC LIMIT $5");
    COUNT_OPEN = "SELECT COUNT(*) FROM proposal WHERE merchant = $1 AND state = 'open' AND created_at > $2
              AND expires_at > $3";
    DELETE_IDENTIFIER = "DELETE FROM proposal WHERE merchant = $1 AND identifier_key = $2";
}

fn read(row: Row<'_>) -> Result<Proposal, StorageError> {
    let time =
        |index: usize| Ok::<_, StorageError>(row.get::<Option<i64>>(index)?.map(Timestamp::from_micros));
    let blast = |count: usize, more: usize| {
        Ok::<_, StorageError>(Blast { count: row.get(count)?, is_least: row.get(more)? })
    };
    let decided_by: Option<String> = row.get(14)?;
    let decided_by = decided_by
        .map(|id| id.parse().map_err(|_| StorageError::Corrupt("who decided on a proposal")))
        .transpose()?;
    Ok(Proposal {
        id: ProposalId::from_ksuid(Ksuid::from_bytes(row.get(0)?)),
        entry: serde_json::from_str(row.text(3)?)?,
        seen: time(4)?,
        customers: blast(5, 6)?,
        attempts: blast(7, 8)?,
        state: ProposalState::parse(row.text(9)?).ok_or(StorageError::Corrupt("a proposal's state"))?,
        created_by: Actor {
            kind: ActorType::parse(row.text(10)?).ok_or(StorageError::Corrupt("actor"))?,
            id: row.get(11)?,
        },
        created_at: Timestamp::from_micros(row.get(12)?),
        expires_at: Timestamp::from_micros(row.get(13)?),
        decided: decided_by.zip(time(15)?),
    })
}

/// Forgets what was proposed about an identifier.
pub(crate) fn erase_identifier(
    connection: Connection<'_>,
    merchant: MerchantNumber,
    key: IdentifierKey,
) -> Result<(), StorageError> {
    connection.execute(DELETE_IDENTIFIER, params![merchant.0, key.0])
}

impl MerchantView<'_> {
    /// A proposal by id.
    pub fn proposal(&self, id: ProposalId) -> Result<Option<Proposal>, StorageError> {
        let id = *id.ksuid().bytes();
        self.connection.query_optional(SELECT, params![self.merchant.0, id], read)
    }

    /// A page of proposals, newest first.
    pub fn proposals(
        &self,
        position: Option<(Timestamp, Ksuid)>,
        limit: i64,
    ) -> Result<Vec<Proposal>, StorageError> {
        let (at, id) = keyset(position);
        self.connection.query(SELECT_AFTER, params![self.merchant.0, at, id, limit], read)
    }

    /// A page of those that wait, newest first.
    pub fn open_proposals(
        &self,
        now: Timestamp,
        position: Option<(Timestamp, Ksuid)>,
        limit: i64,
    ) -> Result<Vec<Proposal>, StorageError> {
        let ((at, id), now) = (keyset(position), now.micros());
        self.connection.query(SELECT_OPEN, params![self.merchant.0, now, at, id, limit], read)
    }

    /// How many wait that were made after a moment.
    pub fn count_open_proposals(&self, now: Timestamp, since: Timestamp) -> Result<i64, StorageError> {
        let (since, now) = (since.micros(), now.micros());
        self.connection.query_one(COUNT_OPEN, params![self.merchant.0, since, now], |row| row.get(0))
    }
}

impl MerchantTransaction<'_, '_> {
    /// Writes a proposal and the change that says what became of it. Nothing of what it says stands in the change.
    pub fn put_proposal(
        &mut self,
        by: &Authorship<'_>,
        action: Action,
        proposal: &Proposal,
    ) -> Result<(), StorageError> {
        let (customers, attempts) = (proposal.customers, proposal.attempts);
        self.transaction.connection.execute(
            UPSERT,
            params![
                *proposal.id.ksuid().bytes(),
                self.merchant.0,
                proposal.entry.key.0,
                serde_json::to_string(&proposal.entry)?,
                proposal.seen.map(Timestamp::micros),
                customers.count,
                i64::from(customers.is_least),
                attempts.count,
                i64::from(attempts.is_least),
                proposal.state.as_str(),
                proposal.created_by.kind.as_str(),
                proposal.created_by.id,
                proposal.created_at.micros(),
                proposal.expires_at.micros(),
                proposal.decided.map(|(who, _)| who.to_string()),
                proposal.decided.map(|(_, at)| at.micros()),
            ],
        )?;
        self.append(by, action, Subject::Entry(proposal.entry.id), Vec::new(), None)?;
        Ok(())
    }
}

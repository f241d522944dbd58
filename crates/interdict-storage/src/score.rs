//! Transactions that were scored (Idenza): one row each, as they were answered.

use interdict_domain::clock::Timestamp;
use interdict_domain::ids::{DecisionId, Ksuid};

use crate::entry::keyset;
use crate::error::StorageError;
use crate::sql::{Row, params};
use crate::statements::statements;
use crate::transaction::MerchantTransaction;
use crate::view::MerchantView;

statements! {
    INSERT = "INSERT INTO score (id, merchant, request_id, amount, currency, outcome, code, action, created_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    SELECT_AFTER = "SELECT id, request_id, amount, currency, outcome, code, action, created_at FROM score
              WHERE merchant = $1 AND (created_at, id) < ($2, $3) ORDER BY created_at DESC, id DESC LIMIT $4";
}

/// A scored transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Score {
    /// The decision behind it.
    pub id: DecisionId,
    /// The caller's own id for it.
    pub request_id: String,
    /// The amount, as the caller wrote it: Idenza does not say in which unit.
    pub amount: String,
    /// The currency, as the caller wrote it.
    pub currency: String,
    /// What the lists said.
    pub outcome: String,
    /// Why.
    pub code: String,
    /// What Idenza's clients were told to do.
    pub action: String,
    /// When.
    pub created_at: Timestamp,
}

fn read(row: Row<'_>) -> Result<Score, StorageError> {
    Ok(Score {
        id: DecisionId::from_ksuid(Ksuid::from_bytes(row.get(0)?)),
        request_id: row.get(1)?,
        amount: row.get(2)?,
        currency: row.get(3)?,
        outcome: row.get(4)?,
        code: row.get(5)?,
        action: row.get(6)?,
        created_at: Timestamp::from_micros(row.get(7)?),
    })
}

impl MerchantView<'_> {
    /// A page of scored transactions, newest first.
    pub fn scores(
        &self,
        position: Option<(Timestamp, Ksuid)>,
        limit: i64,
    ) -> Result<Vec<Score>, StorageError> {
        let (at, id) = keyset(position);
        self.connection.query(SELECT_AFTER, params![self.merchant.0, at, id, limit], read)
    }
}

impl MerchantTransaction<'_, '_> {
    /// Keeps a scored transaction. Not a change: nothing is otherwise than before.
    pub fn insert_score(&mut self, score: &Score) -> Result<(), StorageError> {
        self.transaction.connection.execute(
            INSERT,
            params![
                *score.id.ksuid().bytes(),
                self.merchant.0,
                score.request_id,
                score.amount,
                score.currency,
                score.outcome,
                score.code,
                score.action,
                score.created_at.micros(),
            ],
        )?;
        Ok(())
    }
}

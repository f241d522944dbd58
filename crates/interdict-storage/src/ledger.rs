//! The sandbox's own books (`interdict-gateway`): what it was asked to move, and what came of it.
//! Nothing but the sandbox writes them, in commits of their own, so that comparing them with the
//! payments shows what a crash in between would do with a real provider.

use interdict_domain::clock::Timestamp;
use interdict_domain::ids::{Ksuid, PaymentId};
use interdict_domain::merchant::MerchantNumber;

use crate::error::StorageError;
use crate::sql::{Row, params};
use crate::statements::statements;
use crate::transaction::Transaction;
use crate::view::{MerchantView, View};

statements! {
    INSERT = "INSERT INTO sandbox_ledger (merchant, payment, reversed_before, amount, currency, result, created_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (merchant, payment, reversed_before) DO NOTHING";
    SELECT = "SELECT payment, reversed_before, amount, currency, result FROM sandbox_ledger
              WHERE merchant = $1 AND payment = $2 AND reversed_before = $3";
    SETTLE = "UPDATE sandbox_ledger SET result = $1
              WHERE merchant = $2 AND payment = $3 AND reversed_before = -1 AND result = $4";
    SELECT_OF_MERCHANT = "SELECT payment, reversed_before, amount, currency, result FROM sandbox_ledger
              WHERE merchant = $1 ORDER BY payment, reversed_before";
}

/// A row of the sandbox's books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerEntry {
    /// Of which payment.
    pub payment: PaymentId,
    /// Nothing for the charge; for a reversal, how much was reversed before it.
    pub reversed_before: Option<i64>,
    /// In minor units.
    pub amount: i64,
    /// Three letters.
    pub currency: String,
    /// What came of it, in the sandbox's words.
    pub result: String,
}

fn read(row: Row<'_>) -> Result<LedgerEntry, StorageError> {
    Ok(LedgerEntry {
        payment: PaymentId::from_ksuid(Ksuid::from_bytes(row.get(0)?)),
        reversed_before: Some(row.get(1)?).filter(|before| *before >= 0),
        amount: row.get(2)?,
        currency: row.get(3)?,
        result: row.get(4)?,
    })
}

impl Transaction<'_> {
    /// Keeps a row unless there is one in its place already, and returns what stands there.
    pub fn record_in_ledger(
        &mut self,
        merchant: MerchantNumber,
        row: &LedgerEntry,
        now: Timestamp,
    ) -> Result<LedgerEntry, StorageError> {
        let before = row.reversed_before.unwrap_or(-1);
        let written = self.connection.execute_counted(
            INSERT,
            params![
                merchant.0,
                &row.payment.ksuid().bytes()[..],
                before,
                row.amount,
                row.currency,
                row.result,
                now.micros(),
            ],
        )?;
        if written > 0 {
            return Ok(row.clone());
        }
        self.connection.query_one(SELECT, params![merchant.0, row.payment.ksuid().bytes(), before], read)
    }

    /// Gives a charge that is in one state another.
    pub fn settle_in_ledger(
        &mut self,
        merchant: MerchantNumber,
        payment: PaymentId,
        from: &str,
        to: &str,
    ) -> Result<(), StorageError> {
        let id = *payment.ksuid().bytes();
        self.connection.execute(SETTLE, params![to, merchant.0, id, from])?;
        Ok(())
    }
}

impl View<'_> {
    /// The charge of a payment in the sandbox's books.
    pub fn ledger_charge(
        &self,
        merchant: MerchantNumber,
        payment: PaymentId,
    ) -> Result<Option<LedgerEntry>, StorageError> {
        self.connection.query_optional(SELECT, params![merchant.0, payment.ksuid().bytes(), -1_i64], read)
    }
}

impl MerchantView<'_> {
    /// The sandbox's books for a merchant, to be compared with the payments.
    pub fn ledger(&self) -> Result<Vec<LedgerEntry>, StorageError> {
        self.connection.query(SELECT_OF_MERCHANT, params![self.merchant.0], read)
    }
}

//! The sandbox's books in the store of test mode: commits of their own, before ours, as with a real
//! provider.

use std::sync::Arc;

use interdict_domain::clock::Clock;
use interdict_domain::ids::PaymentId;
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::money::{Currency, Money};
use interdict_gateway::sandbox::{Ledger, LedgerResult, LedgerRow};
use interdict_gateway::{Answer, GatewayError};
use interdict_storage::{LedgerEntry, StorageError, Store, Transaction, WriteError};

/// Keeps the sandbox's rows.
pub(crate) struct StoreLedger {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
}

fn to_entry(row: &LedgerRow) -> LedgerEntry {
    LedgerEntry {
        payment: row.payment,
        reversed_before: row.reversed_before,
        amount: row.money.amount(),
        currency: row.money.currency().code().to_owned(),
        result: row.result.as_str().to_owned(),
    }
}

fn from_entry(merchant: MerchantNumber, entry: &LedgerEntry) -> Result<LedgerRow, GatewayError> {
    let corrupt = |what| GatewayError::Unknown(Box::new(StorageError::Corrupt(what)));
    let currency = Currency::parse(&entry.currency).map_err(|_| corrupt("currency"))?;
    Ok(LedgerRow {
        merchant,
        payment: entry.payment,
        reversed_before: entry.reversed_before,
        money: Money::new(entry.amount, currency).map_err(|_| corrupt("amount"))?,
        result: LedgerResult::parse(&entry.result).ok_or_else(|| corrupt("ledger result"))?,
    })
}

fn unwritten(error: WriteError<StorageError>) -> GatewayError {
    match error {
        WriteError::Overloaded | WriteError::Stopped => GatewayError::NothingDone(Box::new(error)),
        WriteError::CommitFailed | WriteError::Away | WriteError::Refused(_) => {
            GatewayError::Unknown(Box::new(error))
        }
    }
}

impl Ledger for StoreLedger {
    fn record(&self, row: LedgerRow) -> Answer<'_, LedgerRow> {
        Box::pin(async move {
            let (merchant, entry, now) = (row.merchant, to_entry(&row), self.clock.now());
            let write =
                move |transaction: &mut Transaction<'_>| transaction.record_in_ledger(merchant, &entry, now);
            from_entry(merchant, &self.store.write(write).await.map_err(unwritten)?.value)
        })
    }

    fn charge_of(&self, merchant: MerchantNumber, payment: PaymentId) -> Answer<'_, Option<LedgerRow>> {
        Box::pin(async move {
            let found = self.store.read_all(move |view| view.ledger_charge(merchant, payment)).await;
            let found = found.map_err(|error: StorageError| GatewayError::Unknown(Box::new(error)))?;
            found.map(|entry| from_entry(merchant, &entry)).transpose()
        })
    }

    fn settle(
        &self,
        merchant: MerchantNumber,
        payment: PaymentId,
        result: LedgerResult,
    ) -> Answer<'_, Option<LedgerRow>> {
        Box::pin(async move {
            let write = move |transaction: &mut Transaction<'_>| {
                let waiting = LedgerResult::RequiresAction.as_str();
                transaction.settle_in_ledger(merchant, payment, waiting, result.as_str())
            };
            self.store.write(write).await.map_err(unwritten)?;
            self.charge_of(merchant, payment).await
        })
    }
}

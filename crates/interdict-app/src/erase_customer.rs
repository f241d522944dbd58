//! Erasing a person: personal data goes, the blocks stay in force (invariant 12).
//!
//! The log of decisions forgets the person first, and the store afterwards: whatever is cut in between is begun again, and
//! finds the person still there. What the log alone knows to be the person's is noted in the store before.

use interdict_domain::identifier::IdentifierKey;
use interdict_domain::ids::CustomerId;
use interdict_domain::merchant::MerchantNumber;
use interdict_storage::{Authorship, Erased, MerchantTransaction, StorageError, WriteError};

use crate::error::UseCaseError;
use crate::manage_subscription::end_all;
use crate::service::Service;

/// What the log of decisions has forgotten ahead of an erasure.
#[derive(Clone, Debug, Default)]
pub struct Forgotten {
    /// By which it was found; nothing for somebody who is not there.
    identifiers: Option<Vec<IdentifierKey>>,
    /// In how many decisions.
    pub decisions: usize,
}

impl Service {
    /// Has the log of decisions forget a customer who is about to be erased.
    pub async fn forget_in_log(
        &self,
        merchant: MerchantNumber,
        id: CustomerId,
    ) -> Result<Forgotten, StorageError> {
        self.note_means(merchant, id).await?;
        let identifiers = self.store.read(merchant, move |view| view.identifiers_ever(id)).await?;
        let decisions = match &identifiers {
            Some(identifiers) => self.erase_from_log(merchant, Some(id), identifiers).await?,
            None => 0,
        };
        Ok(Forgotten { identifiers, decisions })
    }

    /// Notes the devices, cards and accounts that this customer's attempts alone came with, by their keys: what is listed
    /// under them was said of the person.
    async fn note_means(&self, merchant: MerchantNumber, id: CustomerId) -> Result<(), StorageError> {
        let keys = self.keys_of_own_means(merchant, id).await?;
        if keys.is_empty() {
            return Ok(());
        }
        let noted =
            self.store.write(move |transaction| transaction.merchant(merchant).note_identifiers(id, &keys));
        match noted.await {
            Ok(_) => Ok(()),
            Err(WriteError::Refused(error)) => Err(error),
            Err(
                WriteError::Overloaded | WriteError::CommitFailed | WriteError::Away | WriteError::Stopped,
            ) => Err(StorageError::Stopped),
        }
    }
}

/// Erases a customer of whom the log has forgotten everything, unless there is something new to forget.
pub fn erase_forgotten_customer(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    id: CustomerId,
    forgotten: &Forgotten,
) -> Result<Erased, UseCaseError> {
    if transaction.view().identifiers_ever(id)? != forgotten.identifiers {
        return Err(UseCaseError::ChangedMeanwhile);
    }
    erase_customer(transaction, by, id)
}

/// Erases a customer: the row, all that the feed ever said of the person, the answers kept for
/// replays. Blocks on its email, phone and ref stay as keys without plain text. The log of decisions is not touched: where
/// there is one, [`erase_forgotten_customer`] comes after it.
pub fn erase_customer(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    id: CustomerId,
) -> Result<Erased, UseCaseError> {
    let customer = transaction.view().customer(id)?.ok_or(UseCaseError::NotFound("customer"))?;
    // Nobody is charged for somebody who is forgotten.
    end_all(transaction, by, id)?;
    Ok(transaction.erase_customer(by, &customer)?)
}

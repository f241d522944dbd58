//! Erasing by an identifier: everybody who has it, or, where nobody has, what was said under it. For a command that
//! looks first and reports afterwards; the API erases one customer, or one identifier that none has, at a time.

use std::sync::Arc;

use interdict_domain::actor::Actor;
use interdict_domain::customer::Customer;
use interdict_domain::identifier::{Identifier, IdentifierKey};
use interdict_domain::ids::CustomerId;
use interdict_domain::merchant::MerchantNumber;
use interdict_storage::{
    Authorship, Erased, Extent, MerchantTransaction, MerchantView, StorageError, WriteError,
};

use crate::erase_customer::erase_forgotten_customer;
use crate::error::UseCaseError;
use crate::service::Service;

/// Who is to be erased.
#[derive(Clone, Debug)]
pub enum Erasable {
    /// A customer by id.
    Customer(CustomerId),
    /// Whoever has an identifier, and the identifier itself.
    Identifier(Identifier),
}

/// What there is to erase.
#[derive(Clone, Debug)]
pub struct ErasePlan {
    /// Who.
    pub customers: Vec<Customer>,
    /// Rows by table that an erasure reaches, the log of decisions aside.
    pub extent: Extent,
    /// Under which it is found, where no customer has it.
    keys: Vec<IdentifierKey>,
}

/// What an erasure did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ErasedPerson {
    /// So many customers.
    pub customers: usize,
    /// Blocks that stay in force without plain text.
    pub blocks_kept: i64,
    /// Decisions of the log that were emptied.
    pub decisions: usize,
}

/// Why somebody was not erased, or not everybody.
#[derive(Debug, thiserror::Error)]
pub enum ErasePersonError {
    /// The use case's own.
    #[error("the person cannot be erased")]
    Write(#[source] WriteError<UseCaseError>),
    /// The store, or the log.
    #[error("what is known of the person cannot be read")]
    Storage(#[from] StorageError),
}

impl Service {
    /// What there is to erase of somebody.
    pub async fn plan_erasure(
        &self,
        merchant: MerchantNumber,
        who: Erasable,
    ) -> Result<ErasePlan, StorageError> {
        let mut plan = self.store.read(merchant, move |view| plan(view, &who)).await?;
        for customer in plan.customers.iter().map(|customer| customer.id) {
            let keys = self.keys_of_own_means(merchant, customer).await?;
            let extent = self.store.read(merchant, move |view| view.extent_of_identifiers(&keys)).await?;
            plan.extent.extend(extent);
        }
        Ok(plan)
    }

    /// Erases what a plan names, one commit for each customer. What is cut in between goes on when it is called again.
    pub async fn erase_planned(
        &self,
        merchant: MerchantNumber,
        plan: &ErasePlan,
    ) -> Result<ErasedPerson, ErasePersonError> {
        let mut erased = ErasedPerson::default();
        for id in plan.customers.iter().map(|customer| customer.id) {
            // The log first: whatever is cut in between finds the person still there.
            let forgotten = self.forget_in_log(merchant, id).await?;
            erased.decisions += forgotten.decisions;
            let work = move |transaction: &mut MerchantTransaction<'_, '_>, by: &Authorship<'_>| {
                erase_forgotten_customer(transaction, by, id, &forgotten)
            };
            erased.blocks_kept += self.erase_in_commit(merchant, work).await?.blocks_kept;
            erased.customers += 1;
        }
        if plan.customers.is_empty() {
            let keys = plan.keys.clone();
            erased.decisions += self.erase_from_log(merchant, None, &keys).await?;
            let work = move |transaction: &mut MerchantTransaction<'_, '_>, by: &Authorship<'_>| {
                Ok(transaction.erase_identifiers(by, &keys)?)
            };
            erased.blocks_kept += self.erase_in_commit(merchant, work).await?.blocks_kept;
        }
        Ok(erased)
    }

    /// Whether all that was erased is overwritten in the files of SQLite. In a large one that goes on for a while.
    pub fn is_overwritten(&self, merchant: MerchantNumber) -> Result<bool, StorageError> {
        let is_overwritten = |view: &MerchantView<'_>| view.is_overwritten();
        let in_log = self.decision_log.as_ref().map(|log| log.store.read_blocking(merchant, is_overwritten));
        Ok(in_log.unwrap_or(Ok(true))?
            && self.store.read_blocking(|view| view.merchant(merchant).is_overwritten())?)
    }

    async fn erase_in_commit<F>(&self, merchant: MerchantNumber, work: F) -> Result<Erased, ErasePersonError>
    where
        F: FnOnce(&mut MerchantTransaction<'_, '_>, &Authorship<'_>) -> Result<Erased, UseCaseError>
            + Send
            + 'static,
    {
        let (now, random) = (self.clock.now(), Arc::clone(&self.random));
        let committed = self.store.write(move |transaction| {
            let actor = Actor::cli();
            let mut transaction = transaction.merchant(merchant);
            // Where the merchant's clock of test mode stands, an index would say: a block whose window is over there
            // and not here stays, and counts for nobody.
            work(&mut transaction, &Authorship::new(&actor, now, random.as_ref()))
        });
        Ok(committed.await.map_err(ErasePersonError::Write)?.value)
    }

    /// Has the log of decisions forget an identifier that is about to be erased by itself; not what a customer has in its
    /// record.
    pub async fn forget_identifier_in_log(
        &self,
        merchant: MerchantNumber,
        identifier: Identifier,
    ) -> Result<(), StorageError> {
        let read = self.store.read(merchant, move |view| {
            let is_of_a_customer = !view.customers_having(&identifier)?.is_empty();
            Ok::<_, StorageError>((!is_of_a_customer).then(|| view.keys_of_identifier(&identifier)))
        });
        if let Some(keys) = read.await? {
            self.erase_from_log(merchant, None, &keys).await?;
        }
        Ok(())
    }
}

/// Erases what was said under an identifier that no customer has, after the log has forgotten it.
pub fn erase_identifier(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    identifier: &Identifier,
) -> Result<Erased, UseCaseError> {
    let view = transaction.view();
    if !view.customers_having(identifier)?.is_empty() {
        return Err(UseCaseError::Invalid { path: "value", issue: "is a customer's: erase the customer" });
    }
    let keys = view.keys_of_identifier(identifier);
    Ok(transaction.erase_identifiers(by, &keys)?)
}

fn plan(view: &MerchantView<'_>, who: &Erasable) -> Result<ErasePlan, StorageError> {
    let (ids, keys) = match who {
        Erasable::Customer(id) => (vec![*id], Vec::new()),
        Erasable::Identifier(identifier) => {
            (view.customers_having(identifier)?, view.keys_of_identifier(identifier))
        }
    };
    let mut plan = ErasePlan { customers: Vec::new(), extent: view.extent_of_identifiers(&keys)?, keys };
    for id in ids {
        let Some(customer) = view.customer(id)? else { continue };
        let ever = view.identifiers_ever(id)?.unwrap_or_default();
        plan.extent.extend(view.extent_of_customer(id, &ever)?);
        plan.customers.push(customer);
    }
    Ok(plan)
}

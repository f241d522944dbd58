//! Idenza's `/customer/remove`: takes a customer off a list.

use interdict_domain::customer::{Customer, ListStatus};
use interdict_domain::identifier::{Email, MerchantRef};
use interdict_storage::{Authorship, MerchantTransaction, StorageError};

use crate::error::UseCaseError;
use crate::list_customer::whom;
use crate::set_list_status::clear_list_status;

/// Why nobody was taken off.
#[derive(Debug, thiserror::Error)]
pub enum UnlistError {
    /// There is no such customer.
    #[error("nobody has this customer_reference_id, and no customer without one has this email alone")]
    Nobody,
    /// The customer is not on that list.
    #[error("the customer is not on that list")]
    NotListed,
    /// The store failed.
    #[error("the store failed")]
    Storage(#[from] StorageError),
}

/// Takes a customer off a list, found as `/customer/add` finds one: an email that has changed since does
/// not keep anybody on a list. Nothing is a silent no-op: somebody who is not there, or not on that list,
/// is an error.
pub fn unlist_customer(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    merchant_ref: &MerchantRef,
    email: &Email,
    status: ListStatus,
) -> Result<Customer, UnlistError> {
    let customer = whom(&transaction.view(), merchant_ref, email)?.ok_or(UnlistError::Nobody)?;
    if customer.standing.at(by.merchant_now) != status {
        return Err(UnlistError::NotListed);
    }
    clear_list_status(transaction, by, customer.id, status).map_err(|error| match error {
        UseCaseError::Storage(error) => UnlistError::Storage(error),
        UseCaseError::NotFound(_)
        | UseCaseError::RefTaken
        | UseCaseError::Invalid { .. }
        | UseCaseError::ChangedMeanwhile => UnlistError::Nobody,
    })
}

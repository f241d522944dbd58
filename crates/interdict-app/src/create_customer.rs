//! Making a customer.

use interdict_domain::change::Action;
use interdict_domain::customer::{Customer, ListStanding, Profile, Restriction};
use interdict_domain::ids::CustomerId;
use interdict_storage::{Authorship, MerchantTransaction};

use crate::error::UseCaseError;

/// Makes a customer. Emails and phones are not unique; a merchantRef is.
pub fn create_customer(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    profile: Profile,
) -> Result<Customer, UseCaseError> {
    if let Some(merchant_ref) = &profile.merchant_ref
        && transaction.view().customer_by_ref(merchant_ref)?.is_some()
    {
        return Err(UseCaseError::RefTaken);
    }
    refuse_card_number(&profile)?;
    let customer = Customer {
        id: CustomerId::generate(by.now, by.random),
        merchant: transaction.merchant(),
        profile,
        restriction: Restriction::default(),
        standing: ListStanding::NORMAL,
        created_at: by.now,
        updated_at: by.now,
    };
    transaction.put_customer(by, Action::CustomerCreated, None, &customer)?;
    Ok(customer)
}

/// Each of the names was looked at by itself.
pub(crate) fn refuse_card_number(profile: &Profile) -> Result<(), UseCaseError> {
    if profile.hides_card_number() {
        let issue = "must not make up a card number with the first name: remove it, and send a token or a fingerprint instead";
        return Err(UseCaseError::Invalid { path: "lastName", issue });
    }
    Ok(())
}

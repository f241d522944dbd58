//! Changing who a customer is. What stands against the customer is changed elsewhere.

use interdict_domain::change::Action;
use interdict_domain::customer::Customer;
use interdict_domain::date_of_birth::DateOfBirth;
use interdict_domain::identifier::{Email, MerchantRef, Phone};
use interdict_domain::ids::CustomerId;
use interdict_domain::text::Name;
use interdict_storage::{Authorship, MerchantTransaction};
use serde_json::{Map, Value};

use crate::create_customer::refuse_card_number;
use crate::error::UseCaseError;

/// What to change: an outer `None` keeps a field, an inner one clears it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileUpdate {
    /// The email.
    pub email: Option<Option<Email>>,
    /// The phone.
    pub phone: Option<Option<Phone>>,
    /// The full name.
    pub name: Option<Option<Name>>,
    /// The first name.
    pub first_name: Option<Option<Name>>,
    /// The last name.
    pub last_name: Option<Option<Name>>,
    /// The merchant's own id.
    pub merchant_ref: Option<Option<MerchantRef>>,
    /// The role.
    pub role: Option<Option<Name>>,
    /// The date of birth.
    pub date_of_birth: Option<Option<DateOfBirth>>,
    /// The billing address.
    pub billing_address: Option<Option<Map<String, Value>>>,
    /// The shipping address.
    pub shipping_address: Option<Option<Map<String, Value>>>,
    /// Merged: an empty string or null removes a key; an inner `None` clears all (Odus).
    pub metadata: Option<Option<Map<String, Value>>>,
}

/// Changes only what is sent.
pub fn update_customer(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    id: CustomerId,
    update: ProfileUpdate,
) -> Result<Customer, UseCaseError> {
    let before = transaction.view().customer(id)?.ok_or(UseCaseError::NotFound("customer"))?;
    if update == ProfileUpdate::default() {
        return Ok(before);
    }
    if let Some(Some(merchant_ref)) = &update.merchant_ref
        && transaction.view().customer_by_ref(merchant_ref)?.is_some_and(|other| other.id != id)
    {
        return Err(UseCaseError::RefTaken);
    }
    let mut after = before.clone();
    apply(update, &mut after)?;
    if after.profile.full_name() != before.profile.full_name() {
        refuse_card_number(&after.profile)?;
    }
    after.updated_at = by.now;
    transaction.put_customer(by, Action::CustomerUpdated, Some(&before), &after)?;
    Ok(after)
}

fn apply(update: ProfileUpdate, customer: &mut Customer) -> Result<(), UseCaseError> {
    fn set<T>(field: &mut T, update: Option<T>) {
        if let Some(value) = update {
            *field = value;
        }
    }
    let profile = &mut customer.profile;
    set(&mut profile.email, update.email);
    set(&mut profile.phone, update.phone);
    set(&mut profile.name, update.name);
    set(&mut profile.first_name, update.first_name);
    set(&mut profile.last_name, update.last_name);
    set(&mut profile.merchant_ref, update.merchant_ref);
    set(&mut profile.role, update.role);
    set(&mut profile.date_of_birth, update.date_of_birth);
    set(&mut profile.addresses.billing, update.billing_address);
    set(&mut profile.addresses.shipping, update.shipping_address);
    if let Some(patch) = update.metadata {
        profile.metadata.merge(patch).map_err(|_| UseCaseError::Invalid {
            path: "metadata",
            issue: "must have at most 50 keys and 16 KiB together with what is stored",
        })?;
    }
    Ok(())
}

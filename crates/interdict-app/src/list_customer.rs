//! Idenza's `/customer/add`: makes or updates a customer, and sets the list status in the same go.

use interdict_domain::change::Action;
use interdict_domain::customer::{Customer, ListStanding, ListStatus, Profile, Restriction};
use interdict_domain::identifier::{Email, MerchantRef};
use interdict_domain::ids::CustomerId;
use interdict_domain::text::Name;
use interdict_storage::{Authorship, MerchantTransaction, MerchantView, StorageError};

use crate::create_customer::refuse_card_number;
use crate::error::UseCaseError;
use crate::manage_subscription::follow_blacklisting;
use crate::set_list_status::action;

/// A customer as Idenza's clients describe one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedCustomer {
    /// The first name.
    pub first_name: Name,
    /// The last name.
    pub last_name: Name,
    /// The email.
    pub email: Email,
    /// `customer_reference_id`.
    pub merchant_ref: MerchantRef,
    /// The role; the old one, or `PAYEE`, when none is sent.
    pub role: Option<Name>,
    /// The list to put it on; nothing keeps the present status.
    pub status: Option<ListStatus>,
}

/// Whom Idenza's clients mean: the customer with this ref; with no such ref, the one customer without a
/// ref that has the email.
pub(crate) fn whom(
    view: &MerchantView<'_>,
    merchant_ref: &MerchantRef,
    email: &Email,
) -> Result<Option<Customer>, StorageError> {
    match view.customer_by_ref(merchant_ref)? {
        Some(customer) => Ok(Some(customer)),
        None => view.only_customer_without_ref(email),
    }
}

/// Makes or updates a customer.
pub fn list_customer(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    listed: ListedCustomer,
) -> Result<Customer, UseCaseError> {
    let before = whom(&transaction.view(), &listed.merchant_ref, &listed.email)?;
    let mut after = before.clone().unwrap_or_else(|| Customer {
        id: CustomerId::generate(by.now, by.random),
        merchant: transaction.merchant(),
        profile: Profile::default(),
        restriction: Restriction::default(),
        standing: ListStanding::NORMAL,
        created_at: by.now,
        updated_at: by.now,
    });
    let profile = &mut after.profile;
    // The names that were sent are the names now: an older full name must not speak against them.
    profile.name = None;
    profile.first_name = Some(listed.first_name);
    profile.last_name = Some(listed.last_name);
    profile.email = Some(listed.email);
    profile.merchant_ref = Some(listed.merchant_ref);
    refuse_card_number(profile)?;
    profile.role =
        listed.role.or(profile.role.take()).or_else(|| Some(Name::from_stored("PAYEE".to_owned())));
    after.updated_at = by.now;
    let what = match (listed.status, &before) {
        (Some(status), _) => {
            after.standing = ListStanding { status, ..ListStanding::NORMAL };
            action(status)
        }
        (None, Some(_)) => Action::CustomerUpdated,
        (None, None) => Action::CustomerCreated,
    };
    transaction.put_customer(by, what, before.as_ref(), &after)?;
    if listed.status == Some(ListStatus::Blacklisted) {
        follow_blacklisting(transaction, by, after.id)?;
    }
    Ok(after)
}

//! The customers that an identifier would cover if it were listed, found by their keys or by a part of their email.
//!
//! Deliberately not here: what covers what (`interdict-domain`), and what somebody does with them.

use std::collections::HashSet;

use interdict_domain::clock::Timestamp;
use interdict_domain::customer::Customer;
use interdict_domain::identifier::{
    Cover, Email, EmailMatching, Identifier, IdentifierKey, Kind, MerchantRef,
};

use crate::customer::{columns, read};
use crate::customer_list::CustomerFilter;
use crate::error::StorageError;
use crate::sql::params;
use crate::statements::statements;
use crate::view::{MerchantView, PageRequest};

statements! {
    SELECT_OF_PHONE = concat!("SELECT ", columns!(), " FROM customer
        WHERE merchant = $1 AND phone_key = $2 LIMIT $3");
}

/// Some of the customers that an identifier covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoveredCustomers {
    /// The newest first.
    pub customers: Vec<Customer>,
    /// Whether there are no others.
    pub are_all: bool,
}

impl MerchantView<'_> {
    /// The customers whose email, phone or ref an identifier covers. Not more than so many are looked at in each place
    /// where they may be.
    pub fn customers_covered(
        &self,
        identifier: &Identifier,
        limit: i64,
    ) -> Result<CoveredCustomers, StorageError> {
        let key = identifier.key(self.pepper, self.merchant);
        match (identifier.kind(), identifier.matching()) {
            (Kind::Email, EmailMatching::Exact) => {
                let filter = CustomerFilter {
                    email: Some(Email::from_stored(identifier.value().to_owned())),
                    ..every_customer()
                };
                let page = PageRequest::After { position: None, limit };
                Ok(up_to(self.customers(&filter, page)?, limit))
            }
            (Kind::Email, EmailMatching::PlusAlias | EmailMatching::Provider) | (Kind::EmailDomain, _) => {
                self.customers_with_email_covered(identifier, limit)
            }
            (Kind::Phone, _) => Ok(up_to(self.customers_of_phone(key, limit)?, limit)),
            (Kind::MerchantRef, _) => {
                let merchant_ref = MerchantRef::from_stored(identifier.value().to_owned());
                Ok(up_to(self.customer_by_ref(&merchant_ref)?.into_iter().collect(), limit))
            }
            (Kind::Ip | Kind::Device | Kind::CardFingerprint | Kind::Bin | Kind::Iban | Kind::Country, _) => {
                Ok(CoveredCustomers { customers: Vec::new(), are_all: true })
            }
        }
    }

    fn customers_of_phone(&self, key: IdentifierKey, limit: i64) -> Result<Vec<Customer>, StorageError> {
        let parameters = params![self.merchant.0, key.0, limit];
        let mut found = self.connection.query(SELECT_OF_PHONE, parameters, read)?;
        found.sort_unstable_by_key(|customer| std::cmp::Reverse((customer.created_at, customer.id)));
        Ok(found)
    }

    /// A part that each of them has leads to more; what covers them says which.
    fn customers_with_email_covered(
        &self,
        identifier: &Identifier,
        limit: i64,
    ) -> Result<CoveredCustomers, StorageError> {
        let cover = Cover::of(identifier, self.pepper, self.merchant);
        let (mut seen, mut customers, mut are_all) = (HashSet::new(), Vec::new(), true);
        for part in parts(identifier) {
            let filter = CustomerFilter { query: Some(part), ..every_customer() };
            let found = self.customers(&filter, PageRequest::After { position: None, limit })?;
            let found = up_to(found, limit);
            are_all &= found.are_all;
            let covered = found.customers.into_iter().filter(|customer| {
                let email = customer.profile.email.as_ref();
                email.is_some_and(|email| cover.covers(Kind::Email, email.as_str()))
            });
            customers.extend(covered.filter(|customer| seen.insert(customer.id)));
        }
        customers.sort_unstable_by_key(|customer| std::cmp::Reverse((customer.created_at, customer.id)));
        Ok(CoveredCustomers { customers, are_all })
    }
}

fn every_customer() -> CustomerFilter {
    let now = Timestamp::from_micros(0);
    CustomerFilter { query: None, list_status: None, restricted: None, email: None, now }
}

/// One more than are wanted tells that there are more.
fn up_to(mut customers: Vec<Customer>, limit: i64) -> CoveredCustomers {
    let limit = usize::try_from(limit).unwrap_or(0);
    let are_all = customers.len() < limit;
    customers.truncate(limit.saturating_sub(1));
    CoveredCustomers { customers, are_all }
}

/// The parts one of which each covered email has.
fn parts(identifier: &Identifier) -> Vec<String> {
    let value = identifier.value();
    let at = |domain: &str| format!("@{domain}");
    match (identifier.kind(), identifier.matching()) {
        (Kind::Email, EmailMatching::Provider) => {
            EmailMatching::Provider.domains(value).into_iter().map(at).collect()
        }
        // Short ones have no place in an index of three letters.
        (Kind::Email, _) => match value.rsplit_once('@') {
            Some((local, _)) if local.len() > 1 => vec![format!("{local}+"), value.to_owned()],
            Some((_, domain)) => vec![at(domain)],
            None => Vec::new(),
        },
        _ => vec![at(value), format!(".{value}")],
    }
}

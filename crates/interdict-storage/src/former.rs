//! Identifiers that are a customer's and that nothing else in the store says to be: those it once had, when the changes
//! that said so were trimmed, and those that only the log of decisions knew, noted before it forgets them. An erasure
//! must find what was written under them, too. Keys alone, no values.
//!
//! Those that a customer has stand in its row, and those that kept changes speak of stand there: neither is here.

use interdict_domain::change::Subject;
use interdict_domain::customer::Customer;
use interdict_domain::identifier::{EmailMatching, IdentifierKey, Kind, Pepper};
use interdict_domain::ids::CustomerId;
use interdict_domain::merchant::MerchantNumber;

use crate::customer::keys;
use crate::error::StorageError;
use crate::feed;
use crate::person_erasure;
use crate::personal;
use crate::sql::{Connection, params};
use crate::statements::statements;
use crate::transaction::MerchantTransaction;
use crate::view::MerchantView;

statements! {
    INSERT = "INSERT INTO former_identifier (merchant, customer, identifier_key) VALUES ($1, $2, $3)
              ON CONFLICT (merchant, customer, identifier_key) DO NOTHING";
    SELECT = "SELECT identifier_key FROM former_identifier WHERE merchant = $1 AND customer = $2";
    DELETE = "DELETE FROM former_identifier WHERE merchant = $1 AND customer = $2";
}

/// What changes that are about to go say of identifiers that customers gave up.
#[derive(Default)]
pub(crate) struct FormerIdentifiers(Vec<(MerchantNumber, CustomerId, IdentifierKey)>);

impl FormerIdentifiers {
    /// Reads one change. An identifier that a customer gave up is named by the change that took it away.
    pub(crate) fn read(
        &mut self,
        subject: &str,
        body: Option<&str>,
        pepper: &Pepper,
    ) -> Result<(), StorageError> {
        let (Some(Subject::Customer(_)), Some(body)) = (Subject::parse(subject), body) else {
            return Ok(());
        };
        let [Some(before), after] = feed::customers_of(body)? else { return Ok(()) };
        let kept: Vec<IdentifierKey> = after.iter().flat_map(|after| keys_of(after, pepper)).collect();
        let given_up = keys_of(&before, pepper).filter(|key| !kept.contains(key));
        self.0.extend(given_up.map(|key| (before.merchant, before.id, key)));
        Ok(())
    }

    /// Keeps what was read.
    pub(crate) fn keep(self, connection: Connection<'_>) -> Result<(), StorageError> {
        self.0.iter().try_for_each(|(merchant, customer, key)| {
            connection.execute(INSERT, params![merchant.0, &customer.ksuid().bytes()[..], key.0])
        })
    }
}

impl MerchantTransaction<'_, '_> {
    /// Notes what is a customer's besides its record, ahead of an erasure.
    pub fn note_identifiers(&self, customer: CustomerId, keys: &[IdentifierKey]) -> Result<(), StorageError> {
        let (connection, customer) = (self.transaction.connection, *customer.ksuid().bytes());
        keys.iter().try_for_each(|key| connection.execute(INSERT, params![self.merchant.0, customer, key.0]))
    }
}

impl MerchantView<'_> {
    /// Every identifier that a customer has or had, and what a block of the whole person links to those; nothing for
    /// somebody who is not there.
    pub fn identifiers_ever(&self, customer: CustomerId) -> Result<Option<Vec<IdentifierKey>>, StorageError> {
        let Some(mut keys) = self.own_identifiers_ever(customer)? else { return Ok(None) };
        keys.extend(person_erasure::linked_keys(self, customer, &keys)?);
        keys.sort_unstable();
        keys.dedup();
        Ok(Some(keys))
    }

    fn own_identifiers_ever(&self, id: CustomerId) -> Result<Option<Vec<IdentifierKey>>, StorageError> {
        let Some(customer) = self.customer(id)? else { return Ok(None) };
        let mut lives = vec![customer];
        for body in personal::bodies(self.connection, self.merchant, &id.to_string())? {
            lives.extend(feed::customers_of(&body)?.into_iter().flatten());
        }
        let id = *id.ksuid().bytes();
        let former = self
            .connection
            .query(SELECT, params![self.merchant.0, id], |row| Ok(IdentifierKey(row.get(0)?)))?;
        Ok(Some(lives.iter().flat_map(|life| keys_under_all(life, self.pepper)).chain(former).collect()))
    }
}

/// The identifiers that a customer has.
pub(crate) fn keys_of(customer: &Customer, pepper: &Pepper) -> impl Iterator<Item = IdentifierKey> {
    let own = keys(customer, pepper).into_iter().filter_map(|(_, key)| key);
    own.chain(matched_keys(customer, pepper))
}

/// The same under the former peppers, too.
pub(crate) fn keys_under_all(customer: &Customer, pepper: &Pepper) -> impl Iterator<Item = IdentifierKey> {
    pepper.all().flat_map(|one| keys_of(customer, one))
}

/// Where entries are found that stand for the customer's email by a policy.
fn matched_keys(customer: &Customer, pepper: &Pepper) -> impl Iterator<Item = IdentifierKey> {
    let email = customer.profile.email.clone();
    let (merchant, pepper) = (customer.merchant, pepper.clone());
    [EmailMatching::PlusAlias, EmailMatching::Provider].into_iter().filter_map(move |matching| {
        let email = email.as_ref()?;
        Some(pepper.matched_key(merchant, Kind::Email, matching, &matching.fold(email.as_str())))
    })
}

/// Those of a customer, who is about to be erased: they are forgotten with this.
pub(crate) fn take(
    connection: Connection<'_>,
    merchant: MerchantNumber,
    customer: CustomerId,
) -> Result<Vec<IdentifierKey>, StorageError> {
    let customer = *customer.ksuid().bytes();
    let found =
        connection.query(SELECT, params![merchant.0, customer], |row| Ok(IdentifierKey(row.get(0)?)))?;
    connection.execute(DELETE, params![merchant.0, customer])?;
    Ok(found)
}

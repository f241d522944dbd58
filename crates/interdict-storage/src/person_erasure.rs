//! What an erasure does to blocked persons: what was said of them goes, and the block stands on.
//!
//! Whoever is erased takes along what their own block links to them, because that was said of them alone; not what another
//! customer has in a record of its own.

use interdict_domain::change::{Fact, Subject};
use interdict_domain::entry::Entry;
use interdict_domain::identifier::{IdentifierKey, Kind, Pepper};
use interdict_domain::ids::{CustomerId, Ksuid, PersonId};

use crate::error::StorageError;
use crate::search::{self, Searched};
use crate::sql::{Connection, params};
use crate::statements::statements;
use crate::transaction::{Authorship, MerchantTransaction};
use crate::view::MerchantView;
use crate::{idempotency, load, personal};

statements! {
    SELECT_PERSONS = "SELECT person FROM person_identifier WHERE merchant = $1 AND identifier_key = $2";
    SELECT_SUGGESTED = "SELECT person FROM person_suggestion WHERE merchant = $1 AND identifier_key = $2";
    SELECT_KEYS = "SELECT identifier_key, kind FROM person_identifier WHERE merchant = $1 AND person = $2";
    SELECT_SUGGESTED_KEYS = "SELECT identifier_key, kind FROM person_suggestion WHERE merchant = $1 AND person = $2
                             AND state <> 'refused'";
    SELECT_TEXTS = "SELECT e.kind, e.value FROM person_identifier p JOIN entry e ON e.id = p.entry
                    WHERE p.merchant = $1 AND p.person = $2 AND e.value IS NOT NULL";
    SELECT_SUGGESTED_TEXTS = "SELECT kind, value FROM person_suggestion WHERE merchant = $1 AND person = $2
                              AND state <> 'refused' AND value IS NOT NULL";
    IS_ANOTHERS_EMAIL = "SELECT COUNT(*) FROM customer WHERE merchant = $1 AND email_key = $2 AND id <> $3";
    IS_ANOTHERS_PHONE = "SELECT COUNT(*) FROM customer WHERE merchant = $1 AND phone_key = $2 AND id <> $3";
    IS_ANOTHERS_REF = "SELECT COUNT(*) FROM customer WHERE merchant = $1 AND ref_key = $2 AND id <> $3";
    EMPTY_PERSON = "UPDATE person SET reason = NULL, public_message = NULL WHERE merchant = $1 AND id = $2";
    DELETE_UNSETTLED = "DELETE FROM person_suggestion WHERE merchant = $1 AND person = $2 AND state <> 'refused'";
    EMPTY_REFUSED = "UPDATE person_suggestion SET value = NULL WHERE merchant = $1 AND person = $2";
    DELETE_OF_KEY = "DELETE FROM person_suggestion WHERE merchant = $1 AND identifier_key = $2 AND state <> 'refused'";
    EMPTY_OF_KEY = "UPDATE person_suggestion SET value = NULL WHERE merchant = $1 AND identifier_key = $2";
}

fn persons(
    view: &MerchantView<'_>,
    sql: &'static str,
    keys: &[IdentifierKey],
) -> Result<Vec<PersonId>, StorageError> {
    let mut found = Vec::new();
    for key in keys {
        view.connection.for_each(sql, params![view.merchant.0, key.0], &mut |row| {
            let id = PersonId::from_ksuid(Ksuid::from_bytes(row.get(0)?));
            if !found.contains(&id) {
                found.push(id);
            }
            Ok(())
        })?;
    }
    Ok(found)
}

/// What the blocks of persons link to somebody who is known by some keys: by what an erasure finds what else is theirs.
pub(crate) fn linked_keys(
    view: &MerchantView<'_>,
    customer: CustomerId,
    own: &[IdentifierKey],
) -> Result<Vec<IdentifierKey>, StorageError> {
    let mut linked = Vec::new();
    for person in persons(view, SELECT_PERSONS, own)? {
        let person = *person.ksuid().bytes();
        let parameters = params![view.merchant.0, person];
        for sql in [SELECT_KEYS, SELECT_SUGGESTED_KEYS] {
            let keys = view.connection.query(sql, parameters, |row| {
                let kind = Kind::from_code(row.get(1)?).ok_or(StorageError::Corrupt("kind"))?;
                Ok((IdentifierKey(row.get(0)?), kind))
            })?;
            for (key, kind) in keys {
                if !own.contains(&key) && !linked.contains(&key) && !is_anothers(view, customer, kind, key)? {
                    linked.push(key);
                }
            }
        }
        if !view.pepper.is_alone() {
            let former = former_keys(view, &person, &linked)?;
            linked.extend(former);
        }
    }
    Ok(linked)
}

/// Where what is linked stood before a rotation: the log of decisions keeps it so.
fn former_keys(
    view: &MerchantView<'_>,
    person: &[u8; 20],
    linked: &[IdentifierKey],
) -> Result<Vec<IdentifierKey>, StorageError> {
    let mut former = Vec::new();
    for sql in [SELECT_TEXTS, SELECT_SUGGESTED_TEXTS] {
        let parameters = params![view.merchant.0, *person];
        view.connection.for_each(sql, parameters, &mut |row| {
            let kind = Kind::from_code(row.get(0)?).ok_or(StorageError::Corrupt("kind"))?;
            let value = row.text(1)?;
            for matching in kind.matchings().iter().copied() {
                let text = matching.fold(value);
                let key = |pepper: &Pepper| pepper.matched_key(view.merchant, kind, matching, &text);
                if linked.contains(&key(view.pepper)) {
                    former.extend(view.pepper.former().map(key).filter(|key| !linked.contains(key)));
                }
            }
            Ok(())
        })?;
    }
    former.sort_unstable();
    former.dedup();
    Ok(former)
}

/// Whether another customer has it in a record of its own.
fn is_anothers(
    view: &MerchantView<'_>,
    customer: CustomerId,
    kind: Kind,
    key: IdentifierKey,
) -> Result<bool, StorageError> {
    let sql = match kind {
        Kind::Email => IS_ANOTHERS_EMAIL,
        Kind::Phone => IS_ANOTHERS_PHONE,
        Kind::MerchantRef => IS_ANOTHERS_REF,
        Kind::EmailDomain
        | Kind::Ip
        | Kind::Device
        | Kind::CardFingerprint
        | Kind::Bin
        | Kind::Iban
        | Kind::Country => return Ok(false),
    };
    let customer = *customer.ksuid().bytes();
    let others: i64 =
        view.connection.query_one(sql, params![view.merchant.0, key.0, customer], |row| row.get(0))?;
    Ok(others > 0)
}

impl MerchantTransaction<'_, '_> {
    /// Forgets what was said of persons who have one of the identifiers, and every suggestion of one. What somebody has
    /// refused stays refused, by its key alone.
    pub(crate) fn erase_persons(
        &self,
        by: &Authorship<'_>,
        keys: &[IdentifierKey],
        facts: &mut Vec<Fact>,
    ) -> Result<(), StorageError> {
        let (view, merchant) = (self.view(), self.merchant);
        let connection: Connection<'_> = self.transaction.connection;
        let own = persons(&view, SELECT_PERSONS, keys)?;
        for person in persons(&view, SELECT_SUGGESTED, keys)?.iter().chain(&own) {
            // An answer about another person may show a suggestion.
            idempotency::erase_subject(connection, merchant, &person.to_string())?;
        }
        for person in own {
            let id = *person.ksuid().bytes();
            for sql in [EMPTY_PERSON, DELETE_UNSETTLED, EMPTY_REFUSED] {
                connection.execute(sql, params![merchant.0, id])?;
            }
            personal::erase_subject(connection, merchant, &person.to_string())?;
            self.erase_texts(by, person, facts)?;
        }
        for key in keys {
            for sql in [DELETE_OF_KEY, EMPTY_OF_KEY] {
                connection.execute(sql, params![merchant.0, key.0])?;
            }
        }
        Ok(())
    }

    /// What a block says of its person stands with each of its entries, also with those that are another customer's.
    fn erase_texts(
        &self,
        by: &Authorship<'_>,
        person: PersonId,
        facts: &mut Vec<Fact>,
    ) -> Result<(), StorageError> {
        for held in self.view().person_identifiers(person)? {
            let entry = self.view().entry(held.entry)?.map(|row| row.entry);
            let Some(entry) = entry.filter(|entry| entry.value.is_some() && held.owns(entry)) else {
                continue;
            };
            let silent = Entry { reason: None, public_message: None, updated_at: by.now, ..entry };
            self.write_entry(&silent)?;
            search::forget(self.transaction.connection, Searched::Entries, silent.id.ksuid_bytes())?;
            let subject = Subject::Entry(silent.id).to_string();
            personal::erase_subject(self.transaction.connection, self.merchant, &subject)?;
            facts.push(load::entry_fact(self.merchant, &silent));
        }
        Ok(())
    }
}

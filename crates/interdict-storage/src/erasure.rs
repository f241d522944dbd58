//! Erasing an identifier that belongs to no customer, and saying beforehand what an erasure is going to reach.
//!
//! Deliberately not here: erasing a customer ([`crate::customer`]), and the log of decisions, which is a store of its own.

use std::collections::HashSet;

use interdict_domain::change::{Action, Fact, Subject};
use interdict_domain::identifier::{Identifier, IdentifierKey};
use interdict_domain::ids::CustomerId;

use crate::customer::Erased;
use crate::error::StorageError;
use crate::sql::{Row, Value};
use crate::statements::statements;
use crate::transaction::{Authorship, MerchantTransaction};
use crate::view::MerchantView;
use crate::{entry_import, idempotency, note, personal, proposal};

statements! {
    PERSONAL_OF_SUBJECT = "SELECT sequence FROM personal WHERE merchant = $1 AND subject = $2";
    PERSONAL_OF_KEY = "SELECT sequence FROM personal WHERE merchant = $1 AND identifier_key = $2";
    ANSWERS_OF_SUBJECT = "SELECT request FROM idempotency WHERE merchant = $1 AND subject = $2";
    ANSWERS_OF_KEY = "SELECT request FROM idempotency WHERE merchant = $1 AND identifier_key = $2";
    ENTRIES_OF_KEY = "SELECT id FROM entry WHERE merchant = $1 AND identifier_key = $2 AND erased_customer IS NULL
                      AND (value IS NOT NULL OR list = 'allow')";
    REPLACED_OF_KEY = "SELECT revision, entry FROM import_before WHERE merchant = $1 AND identifier_key = $2";
    FORMER_OF_CUSTOMER = "SELECT identifier_key FROM former_identifier WHERE merchant = $1 AND customer = $2";
    PAYMENTS_OF_CUSTOMER = "SELECT id FROM payment WHERE merchant = $1 AND customer = $2";
    PAYMENTS_OF_EMAIL = "SELECT id FROM payment WHERE merchant = $1 AND email_key = $2";
    PAYMENTS_OF_PHONE = "SELECT id FROM payment WHERE merchant = $1 AND phone_key = $2";
    SUBSCRIPTIONS_OF_CUSTOMER = "SELECT id FROM subscription WHERE merchant = $1 AND customer = $2";
    CHECKOUTS_OF_EMAIL = "SELECT id FROM checkout WHERE merchant = $1 AND email_key = $2";
    CHECKOUTS_OF_PHONE = "SELECT id FROM checkout WHERE merchant = $1 AND phone_key = $2";
    NOTES_OF_KEY = "SELECT id FROM note WHERE merchant = $1 AND identifier_key = $2";
    PROPOSALS_OF_KEY = "SELECT id FROM proposal WHERE merchant = $1 AND identifier_key = $2";
    SUGGESTIONS_OF_KEY = "SELECT id FROM person_suggestion WHERE merchant = $1 AND identifier_key = $2
                          AND value IS NOT NULL";
}

/// What is found by whom, and what by what.
const BY_SUBJECT: [(&str, &str); 2] =
    [("personal", PERSONAL_OF_SUBJECT), ("idempotency", ANSWERS_OF_SUBJECT)];
const BY_CUSTOMER: [(&str, &str); 3] = [
    ("former_identifier", FORMER_OF_CUSTOMER),
    ("payment", PAYMENTS_OF_CUSTOMER),
    ("subscription", SUBSCRIPTIONS_OF_CUSTOMER),
];
const BY_KEY: [(&str, &str); 11] = [
    ("personal", PERSONAL_OF_KEY),
    ("idempotency", ANSWERS_OF_KEY),
    ("entry", ENTRIES_OF_KEY),
    ("import_before", REPLACED_OF_KEY),
    ("payment", PAYMENTS_OF_EMAIL),
    ("payment", PAYMENTS_OF_PHONE),
    ("checkout", CHECKOUTS_OF_EMAIL),
    ("checkout", CHECKOUTS_OF_PHONE),
    ("note", NOTES_OF_KEY),
    ("proposal", PROPOSALS_OF_KEY),
    ("person_suggestion", SUGGESTIONS_OF_KEY),
];

/// Tables of a mode that speak of people, in the order in which they are told.
const TABLES: [&str; 12] = [
    "customer",
    "personal",
    "entry",
    "note",
    "proposal",
    "person_suggestion",
    "import_before",
    "former_identifier",
    "payment",
    "subscription",
    "checkout",
    "idempotency",
];

/// How many rows of each table an erasure reaches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extent(HashSet<(&'static str, Vec<u8>)>);

impl Extent {
    /// Tables with anything in them, and how much.
    pub fn tables(&self) -> Vec<(&'static str, usize)> {
        let rows = |table: &str| self.0.iter().filter(|(other, _)| *other == table).count();
        TABLES.into_iter().map(|table| (table, rows(table))).filter(|(_, rows)| *rows > 0).collect()
    }

    /// Whether there is anything at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Both together.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }
}

/// What tells rows of a table apart, as bytes.
fn row_key(row: Row<'_>) -> Result<Vec<u8>, StorageError> {
    Ok(match row.column(0)? {
        Value::Integer(number) => number.to_le_bytes().to_vec(),
        Value::Text(text) => text.as_bytes().to_vec(),
        Value::Bytes(bytes) => bytes.to_vec(),
        Value::Null => Vec::new(),
    })
}

impl MerchantView<'_> {
    /// What erasing a customer, who has or had these identifiers, reaches.
    pub fn extent_of_customer(
        &self,
        id: CustomerId,
        identifiers: &[IdentifierKey],
    ) -> Result<Extent, StorageError> {
        let mut extent = self.extent_of_identifiers(identifiers)?;
        let (subject, id) = (id.to_string(), *id.ksuid().bytes());
        extent.0.insert(("customer", id.to_vec()));
        for (table, sql) in BY_SUBJECT {
            self.reach(&mut extent, table, sql, Value::Text(&subject))?;
        }
        for (table, sql) in BY_CUSTOMER {
            self.reach(&mut extent, table, sql, Value::Bytes(&id))?;
        }
        Ok(extent)
    }

    /// What erasing identifiers reaches.
    pub fn extent_of_identifiers(&self, identifiers: &[IdentifierKey]) -> Result<Extent, StorageError> {
        let mut extent = Extent::default();
        for key in identifiers {
            for (table, sql) in BY_KEY {
                self.reach(&mut extent, table, sql, Value::Bytes(&key.0))?;
            }
        }
        Ok(extent)
    }

    fn reach(
        &self,
        extent: &mut Extent,
        table: &'static str,
        sql: &'static str,
        of: Value<'_>,
    ) -> Result<(), StorageError> {
        let found = self.connection.query(sql, &[Value::Integer(self.merchant.0), of], row_key)?;
        extent.0.extend(found.into_iter().map(|row| (table, row)));
        Ok(())
    }

    /// Under which keys somebody's identifier is found: its own, and for an email those of every policy; each under the
    /// former peppers, too.
    pub fn keys_of_identifier(&self, identifier: &Identifier) -> Vec<IdentifierKey> {
        let policies = identifier.kind().matchings().iter();
        policies.flat_map(|policy| self.keys_of(&identifier.matched(*policy))).collect()
    }
}

impl MerchantTransaction<'_, '_> {
    /// Erases what was said under keys that no customer has. Blocks stay as keys without plain text.
    pub fn erase_identifiers(
        &mut self,
        by: &Authorship<'_>,
        keys: &[IdentifierKey],
    ) -> Result<Erased, StorageError> {
        let mut facts = Vec::new();
        let blocks_kept = self.erase_under(by, keys, &mut facts)?;
        self.append(by, Action::IdentifierErased, Subject::Merchant(self.merchant), facts, None)?;
        self.transaction.truncate_after_commit = true;
        Ok(Erased { blocks_kept })
    }

    /// Erases all that is found under keys: the plain text of entries, what changes, notes and proposals said of them,
    /// what links them to a blocked person, and what payments and checkouts that named nobody carried. Returns how
    /// many blocks stay.
    pub(crate) fn erase_under(
        &mut self,
        by: &Authorship<'_>,
        keys: &[IdentifierKey],
        facts: &mut Vec<Fact>,
    ) -> Result<i64, StorageError> {
        let (connection, merchant) = (self.transaction.connection, self.merchant);
        let mut blocks_kept = 0;
        for key in keys {
            personal::erase_identifier(connection, merchant, *key)?;
            idempotency::erase_identifier(connection, merchant, *key)?;
            entry_import::erase_identifier(connection, merchant, *key)?;
            note::erase_identifier(connection, merchant, *key)?;
            proposal::erase_identifier(connection, merchant, *key)?;
            self.erase_payments_of(*key)?;
            self.erase_checkouts_of(*key)?;
            blocks_kept += self.erase_entries(by, *key, facts)?;
        }
        self.erase_persons(by, keys, facts)?;
        Ok(blocks_kept)
    }
}

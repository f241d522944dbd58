//! What stands under many keys at once: an identifier's own and those of everything wider.
//!
//! Deliberately not here: which keys those are (`interdict-domain`), what stood there before ([`crate::past`]), and what was
//! done to it ([`crate::entry_history`]).

use interdict_domain::customer::Customer;
use interdict_domain::identifier::IdentifierKey;
use interdict_domain::merchant::MerchantNumber;

use crate::customer;
use crate::entry::{self, EntryRow, with_hits};
use crate::error::StorageError;
use crate::sql::{AsValue as _, Connection, Row, Value};
use crate::statements::statements;
use crate::view::MerchantView;

/// How many keys one statement takes.
const LOOK_UP: usize = 32;

macro_rules! from_2 {
    () => {
        "($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24,
          $25, $26, $27, $28, $29, $30, $31, $32, $33)"
    };
}

// What an erasure left stands under an index of its own: each statement names the one that it goes through.
statements! {
    ENTRIES = concat!("SELECT ", entry::columns!(), with_hits!(), " FROM entry
        WHERE merchant = $1 AND erased_customer IS NULL AND identifier_key IN ", from_2!());
    TOMBSTONES = concat!("SELECT ", entry::columns!(), with_hits!(), " FROM entry
        WHERE merchant = $1 AND erased_customer IS NOT NULL AND identifier_key IN ", from_2!());
    BY_EMAIL = concat!("SELECT ", customer::columns!(), " FROM customer WHERE merchant = $1 AND email_key IN ", from_2!());
    BY_PHONE = concat!("SELECT ", customer::columns!(), " FROM customer WHERE merchant = $1 AND phone_key IN ", from_2!());
    BY_REF = concat!("SELECT ", customer::columns!(), " FROM customer WHERE merchant = $1 AND ref_key IN ", from_2!());
    DEPARTED = concat!("SELECT DISTINCT subject FROM departure
        WHERE merchant = $1 AND identifier_key IN ", from_2!(), " AND sequence > $34");
}

/// The rows of a statement for each of many keys. The last key is asked for again where they do not fill it.
fn look_up<T>(
    connection: Connection<'_>,
    sql: &'static str,
    (merchant, keys, behind): (MerchantNumber, &[IdentifierKey], Option<i64>),
    read: impl Fn(Row<'_>) -> Result<T, StorageError>,
) -> Result<Vec<T>, StorageError> {
    let mut found = Vec::new();
    for some in keys.chunks(LOOK_UP) {
        let Some(filler) = some.last() else { continue };
        let padded = some.iter().chain(std::iter::repeat(filler)).take(LOOK_UP);
        let mut parameters: Vec<Value<'_>> = vec![merchant.0.as_value()];
        parameters.extend(padded.map(|key| Value::Bytes(&key.0)));
        parameters.extend(behind.map(Value::Integer));
        connection.for_each(sql, &parameters, &mut |row| {
            found.push(read(row)?);
            Ok(())
        })?;
    }
    Ok(found)
}

impl MerchantView<'_> {
    /// All entries under some keys, of both lists, with their hits.
    pub fn entries_under(&self, keys: &[IdentifierKey]) -> Result<Vec<EntryRow>, StorageError> {
        let of = (self.merchant, keys, None);
        let mut found = look_up(self.connection, ENTRIES, of, entry::read_with_hits)?;
        found.extend(look_up(self.connection, TOMBSTONES, of, entry::read_with_hits)?);
        Ok(found)
    }

    /// All customers who have one of some keys; one who has several comes as often.
    pub(crate) fn customers_under(&self, keys: &[IdentifierKey]) -> Result<Vec<Customer>, StorageError> {
        let of = (self.merchant, keys, None);
        let mut found = Vec::new();
        for sql in [BY_EMAIL, BY_PHONE, BY_REF] {
            found.extend(look_up(self.connection, sql, of, customer::read)?);
        }
        Ok(found)
    }

    /// Who and what has left one of some keys behind a revision, by name.
    pub(crate) fn departed_from(
        &self,
        keys: &[IdentifierKey],
        revision: i64,
    ) -> Result<Vec<String>, StorageError> {
        look_up(self.connection, DEPARTED, (self.merchant, keys, Some(revision)), |row| row.get(0))
    }
}

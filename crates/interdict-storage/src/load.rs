//! From rows to what the index knows: one at a time for a change, all of them at the start.

use std::sync::Arc;

use interdict_domain::change::{CustomerFact, EntryFact, Fact, FormerFact, Linked, RangeFact};
use interdict_domain::clock::Timestamp;
use interdict_domain::customer::{Customer, ListStatus};
use interdict_domain::entry::{Entry, List, Strength};
use interdict_domain::identifier::{
    Email, EmailMatching, Generation, IdentifierKey, Kind, MerchantRef, Pepper, Phone,
};
use interdict_domain::ids::{CustomerId, EntryId, Ksuid};
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::money::{Currency, Money};
use interdict_domain::scopes::Scopes;
use interdict_domain::window::Window;

use crate::error::StorageError;
use crate::sql::Row;
use crate::statements::statements;
use crate::view::View;

statements! {
    ALL_ENTRIES = "SELECT id, list, kind, identifier_key, scopes, strength, starts_at, expires_at, reason,
                          public_message, CASE WHEN kind IN (2, 4, 7) OR matching IS NOT NULL THEN value END, merchant, matching,
                          max_amount, currency, generation
                   FROM entry";
    ALL_CUSTOMERS = "SELECT id, merchant, email, email_key, phone, phone_key, merchant_ref, ref_key,
                            restrict_cit, restrict_mit, restrict_reason, list_status, list_reason, list_scopes,
                            list_from, list_until
                     FROM customer";
    COUNTS = "SELECT (SELECT COUNT(*) FROM customer), (SELECT COUNT(*) FROM entry)";
}

/// What the index knows of a customer.
pub(crate) fn customer_fact(customer: &Customer, pepper: &Pepper) -> Fact {
    let linked = |kind, value: Option<&str>| {
        value.map(|value| Linked {
            key: pepper.key(customer.merchant, kind, value),
            value: Some(Arc::from(value)),
        })
    };
    let profile = &customer.profile;
    let arc = |reason: &Option<interdict_domain::text::Reason>| {
        reason.as_ref().map(|text| Arc::from(text.as_str()))
    };
    Fact::CustomerPut(CustomerFact {
        id: customer.id,
        merchant: customer.merchant,
        email: linked(Kind::Email, profile.email.as_ref().map(Email::as_str)),
        phone: linked(Kind::Phone, profile.phone.as_ref().map(Phone::as_str)),
        merchant_ref: linked(Kind::MerchantRef, profile.merchant_ref.as_ref().map(MerchantRef::as_str)),
        restrict_cit: customer.restriction.cit,
        restrict_mit: customer.restriction.mit,
        restrict_reason: arc(&customer.restriction.reason),
        list_status: customer.standing.status,
        list_scopes: customer.standing.scopes,
        list_window: customer.standing.window,
        list_reason: arc(&customer.standing.reason),
    })
}

/// What an entry covers besides itself. What an erasure left has no value any more, and stands for the same addresses.
fn range(
    merchant: MerchantNumber,
    kind: Kind,
    matching: EmailMatching,
    value: Option<&str>,
) -> Option<RangeFact> {
    RangeFact::of(merchant, kind, matching, value.unwrap_or_default())
}

/// What the index knows of an entry.
pub(crate) fn entry_fact(merchant: MerchantNumber, entry: &Entry) -> Fact {
    Fact::EntryPut(EntryFact {
        id: entry.id,
        kind: entry.kind,
        key: entry.key,
        scopes: entry.scopes,
        strength: entry.strength,
        window: entry.window,
        range: range(merchant, entry.kind, entry.matching, entry.value.as_deref()),
        former: entry.generation.map(|generation| FormerFact { merchant, generation }),
        max_amount: entry.limits.max_amount,
        reason: entry.reason.as_ref().map(|text| Arc::from(text.as_str())),
        public_message: entry.public_message.as_ref().map(|text| Arc::from(text.as_str())),
    })
}

/// A window as two columns hold it. Rows were checked when they were written.
pub(crate) fn window(from: Option<i64>, until: Option<i64>) -> Result<Window, StorageError> {
    Window::new(from.map(Timestamp::from_micros), until.map(Timestamp::from_micros))
        .map_err(|_| StorageError::Corrupt("window"))
}

/// A policy as a column holds it.
pub(crate) fn matching(word: Option<&str>) -> Result<EmailMatching, StorageError> {
    let parse = |word| EmailMatching::parse(word).ok_or(StorageError::Corrupt("matching"));
    word.map_or(Ok(EmailMatching::Exact), parse)
}

/// The largest payment that is exempt, as two columns hold it.
pub(crate) fn max_amount(amount: Option<i64>, currency: Option<&str>) -> Result<Option<Money>, StorageError> {
    let corrupt = || StorageError::Corrupt("the largest amount of an entry");
    let Some((amount, currency)) = amount.zip(currency) else { return Ok(None) };
    let currency = Currency::parse(currency).map_err(|_| corrupt())?;
    Money::new(amount, currency).map(Some).map_err(|_| corrupt())
}

/// Scopes as a column holds them.
pub(crate) fn scopes(bits: u8) -> Result<Scopes, StorageError> {
    Scopes::from_bits(bits).ok_or(StorageError::Corrupt("scopes"))
}

impl View<'_> {
    /// How many customers and entries there are, for making room.
    pub fn counts(&self) -> Result<(i64, i64), StorageError> {
        self.connection.query_one(COUNTS, &[], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// All that an index needs, row by row.
    pub fn for_each_fact(&self, sink: &mut dyn FnMut(Fact)) -> Result<(), StorageError> {
        self.clocks()?.into_iter().for_each(&mut *sink);
        self.outages()?.into_iter().for_each(&mut *sink);
        self.connection.for_each(ALL_ENTRIES, &[], &mut |row| {
            sink(entry_row(row)?);
            Ok(())
        })?;
        self.connection.for_each(ALL_CUSTOMERS, &[], &mut |row| {
            sink(customer_row(row)?);
            Ok(())
        })
    }
}

fn text(row: Row<'_>, index: usize) -> Result<Option<Arc<str>>, StorageError> {
    Ok(row.optional_text(index)?.map(Arc::from))
}

fn entry_row(row: Row<'_>) -> Result<Fact, StorageError> {
    let word = |index: usize| row.text(index);
    let list = List::parse(word(1)?).ok_or(StorageError::Corrupt("list"))?;
    let merchant = MerchantNumber(row.get(11)?);
    let matching = matching(row.optional_text(12)?)?;
    let kind = Kind::from_code(row.get(2)?).ok_or(StorageError::Corrupt("kind"))?;
    Ok(Fact::EntryPut(EntryFact {
        id: EntryId::from_parts(list, Ksuid::from_bytes(row.get(0)?)),
        kind,
        key: IdentifierKey(row.get(3)?),
        scopes: scopes(row.get(4)?)?,
        strength: Strength::parse(word(5)?).ok_or(StorageError::Corrupt("strength"))?,
        window: window(row.get(6)?, row.get(7)?)?,
        range: range(merchant, kind, matching, row.optional_text(10)?),
        former: row
            .get::<Option<u32>>(15)?
            .map(|number| FormerFact { merchant, generation: Generation(number) }),
        max_amount: max_amount(row.get(13)?, row.optional_text(14)?)?,
        reason: text(row, 8)?,
        public_message: text(row, 9)?,
    }))
}

fn customer_row(row: Row<'_>) -> Result<Fact, StorageError> {
    let linked = |value: usize, key: usize| -> Result<Option<Linked>, StorageError> {
        let key: Option<[u8; 16]> = row.get(key)?;
        let value = text(row, value)?;
        Ok(key.map(|key| Linked { key: IdentifierKey(key), value }))
    };
    let status = row.text(11)?;
    Ok(Fact::CustomerPut(CustomerFact {
        id: CustomerId::from_ksuid(Ksuid::from_bytes(row.get(0)?)),
        merchant: MerchantNumber(row.get(1)?),
        email: linked(2, 3)?,
        phone: linked(4, 5)?,
        merchant_ref: linked(6, 7)?,
        restrict_cit: row.get::<i64>(8)? != 0,
        restrict_mit: row.get::<i64>(9)? != 0,
        restrict_reason: text(row, 10)?,
        list_status: ListStatus::parse(status).ok_or(StorageError::Corrupt("list status"))?,
        list_reason: text(row, 12)?,
        list_scopes: scopes(row.get(13)?)?,
        list_window: window(row.get(14)?, row.get(15)?)?,
    }))
}

//! All plain text of which there are keys: in rows, in what changes said of people, and in what imports have replaced.
//!
//! Deliberately not here: what is done with the keys.

use interdict_domain::change::Subject;
use interdict_domain::customer::Customer;
use interdict_domain::entry::Entry;
use interdict_domain::identifier::{Email, EmailMatching, IdentifierKey, Kind, MerchantRef, Pepper, Phone};
use interdict_domain::merchant::MerchantNumber;
use serde::Deserialize;

use crate::error::StorageError;
use crate::feed;
use crate::migrations::Schema;
use crate::sql::{Connection, Row};

const USERS: &str = "SELECT email FROM user_account";
const CUSTOMERS: &str = "SELECT merchant, email, phone, merchant_ref FROM customer";
const ENTRIES: &str = "SELECT merchant, kind, matching, value FROM entry WHERE value IS NOT NULL";
const PAYMENTS: &str =
    "SELECT merchant, email, phone FROM payment WHERE email IS NOT NULL OR phone IS NOT NULL";
const CHECKOUTS: &str =
    "SELECT merchant, email, phone FROM checkout WHERE email IS NOT NULL OR phone IS NOT NULL";
const SUGGESTIONS: &str = "SELECT merchant, kind, value FROM person_suggestion WHERE value IS NOT NULL";
const REPLACED: &str = "SELECT merchant, body FROM import_before";
const PROPOSED: &str = "SELECT merchant, body FROM proposal";
const SAID: &str = "SELECT merchant, subject, body FROM personal";

/// A key as it was, and as it is to be.
pub(super) struct Pair {
    pub(super) merchant: MerchantNumber,
    pub(super) old: IdentifierKey,
    pub(super) new: IdentifierKey,
}

/// What keys are made anew from.
pub(super) struct Texts<'p> {
    old: &'p Pepper,
    new: &'p Pepper,
    pairs: Vec<Pair>,
}

type Read<'p> = fn(&mut Texts<'p>, Row<'_>) -> Result<(), StorageError>;

/// Where plain text stands.
fn sources<'p>(schema: Schema) -> Vec<(&'static str, Read<'p>)> {
    match schema {
        Schema::Core => vec![(USERS, Texts::user)],
        Schema::Mode => vec![
            (CUSTOMERS, Texts::customer),
            (ENTRIES, Texts::entry),
            (PAYMENTS, Texts::payer),
            (CHECKOUTS, Texts::payer),
            (SUGGESTIONS, Texts::suggestion),
            (REPLACED, Texts::body_of_entry),
            (PROPOSED, Texts::body_of_entry),
            (SAID, Texts::said),
        ],
        Schema::Decisions => Vec::new(),
    }
}

impl<'p> Texts<'p> {
    /// Shows all keys that can be made anew, table by table: those of one are held in memory. Some come several times.
    pub(super) fn for_each(
        connection: Connection<'_>,
        schema: Schema,
        (old, new): (&'p Pepper, &'p Pepper),
        sink: &mut dyn FnMut(Vec<Pair>) -> Result<(), StorageError>,
    ) -> Result<(), StorageError> {
        for (sql, read) in sources(schema) {
            let mut texts = Self { old, new, pairs: Vec::new() };
            connection.for_each(sql, &[], &mut |row| read(&mut texts, row))?;
            sink(texts.pairs)?;
        }
        Ok(())
    }

    fn add(&mut self, merchant: MerchantNumber, kind: Kind, matching: EmailMatching, value: &str) {
        let key = |pepper: &Pepper| pepper.matched_key(merchant, kind, matching, value);
        self.pairs.push(Pair { merchant, old: key(self.old), new: key(self.new) });
    }

    fn add_exact(&mut self, merchant: MerchantNumber, kind: Kind, value: Option<&str>) {
        if let Some(value) = value {
            self.add(merchant, kind, EmailMatching::Exact, value);
        }
    }

    /// What somebody has: an email under each policy, because what is kept of it may be kept so.
    fn add_own(&mut self, merchant: MerchantNumber, kind: Kind, value: Option<&str>) {
        let Some(value) = value else { return };
        for matching in kind.matchings().iter().copied() {
            self.add(merchant, kind, matching, &matching.fold(value));
        }
    }

    fn add_customer(&mut self, customer: &Customer) {
        let (merchant, profile) = (customer.merchant, &customer.profile);
        self.add_own(merchant, Kind::Email, profile.email.as_ref().map(Email::as_str));
        self.add_own(merchant, Kind::Phone, profile.phone.as_ref().map(Phone::as_str));
        self.add_own(merchant, Kind::MerchantRef, profile.merchant_ref.as_ref().map(MerchantRef::as_str));
    }

    fn add_entry(&mut self, merchant: MerchantNumber, entry: &Entry) {
        if let Some(value) = &entry.value {
            self.add(merchant, entry.kind, entry.matching, value);
        }
    }

    fn user(&mut self, row: Row<'_>) -> Result<(), StorageError> {
        self.add_exact(MerchantNumber(0), Kind::Email, row.optional_text(0)?);
        Ok(())
    }

    fn customer(&mut self, row: Row<'_>) -> Result<(), StorageError> {
        let merchant = MerchantNumber(row.get(0)?);
        for (kind, column) in [(Kind::Email, 1), (Kind::Phone, 2), (Kind::MerchantRef, 3)] {
            self.add_own(merchant, kind, row.optional_text(column)?);
        }
        Ok(())
    }

    fn entry(&mut self, row: Row<'_>) -> Result<(), StorageError> {
        let kind = kind(row.get(1)?)?;
        let matching = crate::load::matching(row.optional_text(2)?)?;
        self.add(MerchantNumber(row.get(0)?), kind, matching, row.text(3)?);
        Ok(())
    }

    fn payer(&mut self, row: Row<'_>) -> Result<(), StorageError> {
        let merchant = MerchantNumber(row.get(0)?);
        self.add_exact(merchant, Kind::Email, row.optional_text(1)?);
        self.add_exact(merchant, Kind::Phone, row.optional_text(2)?);
        Ok(())
    }

    fn suggestion(&mut self, row: Row<'_>) -> Result<(), StorageError> {
        self.add_own(MerchantNumber(row.get(0)?), kind(row.get(1)?)?, row.optional_text(2)?);
        Ok(())
    }

    fn body_of_entry(&mut self, row: Row<'_>) -> Result<(), StorageError> {
        let entry: Entry = serde_json::from_str(row.text(1)?)?;
        self.add_entry(MerchantNumber(row.get(0)?), &entry);
        Ok(())
    }

    fn said(&mut self, row: Row<'_>) -> Result<(), StorageError> {
        let merchant = MerchantNumber(row.get(0)?);
        match Subject::parse(row.text(1)?) {
            Some(Subject::Customer(_)) => {
                for life in feed::customers_of(row.text(2)?)?.iter().flatten() {
                    self.add_customer(life);
                }
            }
            Some(Subject::Entry(_)) => {
                let body: EntryBody = serde_json::from_str(row.text(2)?)?;
                for entry in body.before.iter().chain(&body.after) {
                    self.add_entry(merchant, entry);
                }
            }
            Some(_) | None => {}
        }
        Ok(())
    }
}

/// What a change said of an entry.
#[derive(Deserialize)]
struct EntryBody {
    before: Option<Entry>,
    after: Option<Entry>,
}

fn kind(code: u8) -> Result<Kind, StorageError> {
    Kind::from_code(code).ok_or(StorageError::Corrupt("kind"))
}

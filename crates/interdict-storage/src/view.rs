//! Reading: everything, or one merchant's part. The queries stand in the aggregates' own files.

use interdict_domain::clock::Timestamp;
use interdict_domain::identifier::{Email, Identifier, IdentifierKey, Kind, Pepper, Phone};
use interdict_domain::ids::Ksuid;
use interdict_domain::merchant::MerchantNumber;

use crate::error::StorageError;
use crate::sql::Connection;
use crate::transaction::Head;

/// A snapshot of a store.
pub struct View<'c> {
    pub(crate) connection: Connection<'c>,
    pub(crate) pepper: &'c Pepper,
}

impl<'c> View<'c> {
    /// One merchant's part of it.
    pub fn merchant(&self, merchant: MerchantNumber) -> MerchantView<'c> {
        MerchantView { connection: self.connection, pepper: self.pepper, merchant }
    }

    /// The newest sequence.
    pub fn revision(&self) -> Result<i64, StorageError> {
        Ok(Head::read(self.connection)?.sequence)
    }
}

/// One merchant's part of a snapshot: the merchant stands in no parameter of any query, because it
/// is the credential's and was given once.
pub struct MerchantView<'c> {
    pub(crate) connection: Connection<'c>,
    pub(crate) pepper: &'c Pepper,
    pub(crate) merchant: MerchantNumber,
}

impl MerchantView<'_> {
    /// The newest sequence.
    pub fn revision(&self) -> Result<i64, StorageError> {
        Ok(Head::read(self.connection)?.sequence)
    }

    /// Where an identifier is found.
    pub fn key_of(&self, identifier: &Identifier) -> IdentifierKey {
        identifier.key(self.pepper, self.merchant)
    }

    /// The same under each former pepper, too: what has no plain text may stand there. The present one first.
    pub fn keys_of(&self, identifier: &Identifier) -> Vec<IdentifierKey> {
        identifier.keys(self.pepper, self.merchant)
    }

    /// What is found under the first of an identifier's keys under which anything is: the present one comes first, and what
    /// an erasure has left may stand under a former one.
    pub(crate) fn first_of<T>(
        &self,
        identifier: &Identifier,
        find: impl Fn(IdentifierKey) -> Result<Option<T>, StorageError>,
    ) -> Result<Option<T>, StorageError> {
        let under = |pepper| find(identifier.key(pepper, self.merchant)).transpose();
        self.pepper.all().find_map(under).transpose()
    }

    /// The same part as it is found under each pepper, the present one first.
    pub(crate) fn under_each_pepper(&self) -> impl Iterator<Item = MerchantView<'_>> {
        self.pepper.all().map(|pepper| MerchantView { pepper, ..*self })
    }

    /// Where rows with an email are found.
    pub fn email_key(&self, email: &Email) -> IdentifierKey {
        self.pepper.key(self.merchant, Kind::Email, email.as_str())
    }

    /// Where rows with a phone are found.
    pub(crate) fn phone_key(&self, phone: &Phone) -> IdentifierKey {
        self.pepper.key(self.merchant, Kind::Phone, phone.as_str())
    }
}

/// A page of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageRequest {
    /// After a row of the page before, newest first.
    After {
        /// The last row's time and id; nothing for the first page.
        position: Option<(Timestamp, Ksuid)>,
        /// How many rows.
        limit: i64,
    },
    /// By number (Odus).
    Numbered(NumberedRows),
}

/// The rows of a page by number (Odus).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberedRows {
    /// How many rows come before.
    pub offset: i64,
    /// How many rows.
    pub limit: i64,
    /// Oldest first.
    pub ascending: bool,
}

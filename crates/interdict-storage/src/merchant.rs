//! Merchants, in the core.

use interdict_domain::change::{Action, Subject};
use interdict_domain::clock::Timestamp;
use interdict_domain::merchant::{Merchant, MerchantNumber};

use crate::error::StorageError;
use crate::sql::params;
use crate::statements::statements;
use crate::transaction::{Authorship, NewChange, Transaction};
use crate::view::View;

statements! {
    INSERT = "INSERT INTO merchant (number, name, created_at) VALUES ($1, $2, $3)";
    NEXT = "SELECT COALESCE(MAX(number), 0) + 1 FROM merchant";
    SELECT = "SELECT number, name, created_at FROM merchant WHERE number = $1";
    COUNT = "SELECT COUNT(*) FROM merchant";
}

impl Transaction<'_> {
    /// Makes a merchant with the next number.
    pub fn create_merchant(&mut self, by: &Authorship<'_>, name: &str) -> Result<Merchant, StorageError> {
        let number = self.connection.query_one(NEXT, &[], |row| row.get(0))?;
        let merchant = Merchant { number: MerchantNumber(number), name: name.to_owned(), created_at: by.now };
        self.connection.execute(INSERT, params![number, merchant.name, merchant.created_at.micros()])?;
        self.append(NewChange {
            merchant: merchant.number,
            action: Action::MerchantCreated,
            subject: Subject::Merchant(merchant.number),
            facts: Vec::new(),
            personal: None,
            by,
        })?;
        Ok(merchant)
    }
}

impl View<'_> {
    /// A merchant by number.
    pub fn merchant_record(&self, number: MerchantNumber) -> Result<Option<Merchant>, StorageError> {
        self.connection.query_optional(SELECT, params![number.0], |row| {
            Ok(Merchant {
                number: MerchantNumber(row.get(0)?),
                name: row.get(1)?,
                created_at: Timestamp::from_micros(row.get(2)?),
            })
        })
    }

    /// How many merchants there are: none before the first start.
    pub fn count_merchants(&self) -> Result<i64, StorageError> {
        self.connection.query_one(COUNT, &[], |row| row.get(0))
    }
}

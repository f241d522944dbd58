//! How far each merchant's clock is ahead, in test mode.

use interdict_domain::change::{Action, Fact, Subject};
use interdict_domain::merchant::MerchantNumber;

use crate::error::StorageError;
use crate::sql::params;
use crate::statements::statements;
use crate::transaction::{Authorship, MerchantTransaction};
use crate::view::View;

statements! {
    UPSERT = "INSERT INTO test_clock (merchant, ahead_s) VALUES ($1, $2)
              ON CONFLICT (merchant) DO UPDATE SET ahead_s = excluded.ahead_s";
    SELECT = "SELECT ahead_s FROM test_clock WHERE merchant = $1";
    SELECT_ALL = "SELECT merchant, ahead_s FROM test_clock";
}

impl MerchantTransaction<'_, '_> {
    /// How far the merchant's clock is ahead, in seconds.
    pub fn clock_ahead_s(&self) -> Result<i64, StorageError> {
        let connection = self.transaction.connection;
        let found = connection.query_optional(SELECT, params![self.merchant.0], |row| row.get(0))?;
        Ok(found.unwrap_or(0))
    }

    /// Puts the merchant's clock ahead, by so many seconds in all.
    pub fn put_clock_ahead(&mut self, by: &Authorship<'_>, ahead_s: i64) -> Result<(), StorageError> {
        let merchant = self.merchant;
        self.transaction.connection.execute(UPSERT, params![merchant.0, ahead_s])?;
        let facts = vec![Fact::ClockAdvanced { merchant, ahead_s }];
        self.append(by, Action::ClockAdvanced, Subject::Merchant(merchant), facts, None)?;
        Ok(())
    }
}

impl View<'_> {
    /// Each clock that is ahead.
    pub(crate) fn clocks(&self) -> Result<Vec<Fact>, StorageError> {
        self.connection.query(SELECT_ALL, params![], |row| {
            Ok(Fact::ClockAdvanced { merchant: MerchantNumber(row.get(0)?), ahead_s: row.get(1)? })
        })
    }
}

//! What a merchant has chosen, in one mode: one row each, as JSON, where a word that is new has its
//! default.

use interdict_domain::change::{Action, Subject};
use interdict_domain::settings::Settings;

use crate::error::StorageError;
use crate::sql::params;
use crate::statements::statements;
use crate::transaction::{Authorship, MerchantTransaction};
use crate::view::MerchantView;

statements! {
    UPSERT = "INSERT INTO setting (merchant, body) VALUES ($1, $2)
              ON CONFLICT (merchant) DO UPDATE SET body = excluded.body";
    SELECT = "SELECT body FROM setting WHERE merchant = $1";
}

impl MerchantView<'_> {
    /// What the merchant has chosen.
    pub fn settings(&self) -> Result<Settings, StorageError> {
        let body: Option<String> =
            self.connection.query_optional(SELECT, params![self.merchant.0], |row| row.get(0))?;
        Ok(body.map(|body| serde_json::from_str(&body)).transpose()?.unwrap_or_default())
    }
}

impl MerchantTransaction<'_, '_> {
    /// Writes what the merchant has chosen.
    pub fn put_settings(&mut self, by: &Authorship<'_>, settings: &Settings) -> Result<(), StorageError> {
        let body = serde_json::to_string(settings)?;
        self.transaction.connection.execute(UPSERT, params![self.merchant.0, body])?;
        self.append(by, Action::SettingsChanged, Subject::Merchant(self.merchant), Vec::new(), None)?;
        Ok(())
    }
}

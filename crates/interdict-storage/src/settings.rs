//! What a merchant has chosen, in one mode: one row each, as JSON, where a word that is new has its
//! default.

use interdict_domain::change::{Action, Fact, Subject};
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::settings::Settings;
use rusqlite::{OptionalExtension as _, params};

use crate::error::StorageError;
use crate::statements::statements;
use crate::transaction::{Authorship, MerchantTransaction};
use crate::view::{MerchantView, View};

statements! {
    UPSERT = "INSERT INTO setting (merchant, body) VALUES ($1, $2)
              ON CONFLICT (merchant) DO UPDATE SET body = excluded.body";
    SELECT = "SELECT body FROM setting WHERE merchant = $1";
    SELECT_ALL = "SELECT merchant, body FROM setting";
}

impl MerchantView<'_> {
    /// What the merchant has chosen.
    pub fn settings(&self) -> Result<Settings, StorageError> {
        let mut statement = self.connection.prepare_cached(SELECT)?;
        let body: Option<String> = statement.query_row([self.merchant.0], |row| row.get(0)).optional()?;
        Ok(body.map(|body| serde_json::from_str(&body)).transpose()?.unwrap_or_default())
    }
}

impl MerchantTransaction<'_, '_> {
    /// Writes what the merchant has chosen.
    pub fn put_settings(&mut self, by: &Authorship<'_>, settings: &Settings) -> Result<(), StorageError> {
        let (merchant, body) = (self.merchant, serde_json::to_string(settings)?);
        self.transaction.connection.prepare_cached(UPSERT)?.execute(params![merchant.0, body])?;
        let facts = vec![outage_fact(merchant, settings)];
        self.append(by, Action::SettingsChanged, Subject::Merchant(merchant), facts, None)?;
        Ok(())
    }
}

impl View<'_> {
    /// What of each merchant's settings a decision needs.
    pub(crate) fn outages(&self) -> Result<Vec<Fact>, StorageError> {
        let mut statement = self.connection.prepare_cached(SELECT_ALL)?;
        let mut rows = statement.query([])?;
        let mut facts = Vec::new();
        while let Some(row) = rows.next()? {
            let body = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
            facts.push(outage_fact(MerchantNumber(row.get(0)?), &serde_json::from_str(body)?));
        }
        Ok(facts)
    }
}

fn outage_fact(merchant: MerchantNumber, settings: &Settings) -> Fact {
    Fact::OutageChosen { merchant, outage: settings.outage }
}

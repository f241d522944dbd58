//! What a merchant has chosen, in one mode: one row each, as JSON, where a word that is new has its
//! default.

use interdict_domain::change::{Action, Fact, Subject};
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::settings::Settings;

use crate::error::StorageError;
use crate::foreseen::Foreseen;
use crate::sql::{bind, params};
use crate::statements::statements;
use crate::transaction::{Authorship, MerchantTransaction};
use crate::view::{MerchantView, View};

statements! {
    UPSERT = "INSERT INTO setting (merchant, body) VALUES ($1, $2)
              ON CONFLICT (merchant) DO UPDATE SET body = excluded.body";
    SELECT = "SELECT body FROM setting WHERE merchant = $1";
    SELECT_ALL = "SELECT merchant, body FROM setting";
}

pub(crate) fn foresee(merchant: MerchantNumber) -> Foreseen {
    Foreseen { sql: SELECT, parameters: bind(params![merchant.0]) }
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
        let (merchant, body) = (self.merchant, serde_json::to_string(settings)?);
        self.transaction.connection.execute(UPSERT, params![merchant.0, body])?;
        let facts = vec![outage_fact(merchant, settings)];
        self.append(by, Action::SettingsChanged, Subject::Merchant(merchant), facts, None)?;
        Ok(())
    }
}

impl View<'_> {
    /// What each merchant has chosen who has chosen anything.
    pub fn all_settings(&self) -> Result<Vec<(MerchantNumber, Settings)>, StorageError> {
        self.connection.query(SELECT_ALL, &[], |row| {
            Ok((MerchantNumber(row.get(0)?), serde_json::from_str(row.text(1)?)?))
        })
    }

    /// What of each merchant's settings a decision needs.
    pub(crate) fn outages(&self) -> Result<Vec<Fact>, StorageError> {
        self.connection.query(SELECT_ALL, &[], |row| {
            Ok(outage_fact(MerchantNumber(row.get(0)?), &serde_json::from_str(row.text(1)?)?))
        })
    }
}

fn outage_fact(merchant: MerchantNumber, settings: &Settings) -> Fact {
    Fact::OutageChosen { merchant, outage: settings.outage }
}

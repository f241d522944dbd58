//! Which provider a merchant uses. Its secrets come and go encrypted: this file never sees one.

use interdict_domain::change::{Action, Subject};

use crate::error::StorageError;
use crate::sql::params;
use crate::statements::statements;
use crate::transaction::{Authorship, MerchantTransaction};
use crate::view::MerchantView;

statements! {
    UPSERT = "INSERT INTO gateway_account
                    (merchant, provider, key_last_four, secret_key, webhook_secret, publishable_key, updated_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7)
              ON CONFLICT (merchant) DO UPDATE SET provider = excluded.provider,
                    key_last_four = excluded.key_last_four, secret_key = excluded.secret_key,
                    webhook_secret = excluded.webhook_secret,
                    publishable_key = excluded.publishable_key, updated_at = excluded.updated_at";
    SELECT = "SELECT provider, key_last_four, secret_key, webhook_secret, publishable_key
              FROM gateway_account WHERE merchant = $1";
}

/// A merchant's account at a provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GatewayAccount {
    /// Which provider.
    pub provider: String,
    /// The last four characters of the key, so that people can tell keys apart.
    pub key_last_four: Option<String>,
    /// The key, encrypted.
    pub secret_key: Option<Vec<u8>>,
    /// What webhooks are signed with, encrypted.
    pub webhook_secret: Option<Vec<u8>>,
    /// What the provider's own field for cards is opened with.
    pub publishable_key: Option<String>,
}

impl MerchantView<'_> {
    /// The merchant's account; nothing when there is none.
    pub fn gateway_account(&self) -> Result<Option<GatewayAccount>, StorageError> {
        self.connection.query_optional(SELECT, params![self.merchant.0], |row| {
            Ok(GatewayAccount {
                provider: row.get(0)?,
                key_last_four: row.get(1)?,
                secret_key: row.get(2)?,
                webhook_secret: row.get(3)?,
                publishable_key: row.get(4)?,
            })
        })
    }
}

impl MerchantTransaction<'_, '_> {
    /// Writes the merchant's account.
    pub fn put_gateway_account(
        &mut self,
        by: &Authorship<'_>,
        account: &GatewayAccount,
    ) -> Result<(), StorageError> {
        self.transaction.connection.execute(
            UPSERT,
            params![
                self.merchant.0,
                account.provider,
                account.key_last_four,
                account.secret_key,
                account.webhook_secret,
                account.publishable_key,
                by.now.micros(),
            ],
        )?;
        self.append(by, Action::GatewayChanged, Subject::Merchant(self.merchant), Vec::new(), None)?;
        Ok(())
    }
}

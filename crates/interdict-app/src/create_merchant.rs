//! Making a merchant, with a key of each kind and mode.

use interdict_domain::clock::Timestamp;
use interdict_domain::credential::{CredentialKind, Permissions};
use interdict_domain::merchant::Merchant;
use interdict_domain::mode::Mode;
use interdict_storage::{Authorship, Transaction};

use crate::create_key::{NewKey, NewKeyOptions};
use crate::error::UseCaseError;

/// One mode's keys.
#[derive(Clone)]
pub struct MerchantKeys {
    /// For the merchant's servers.
    pub secret: NewKey,
    /// For browsers.
    pub publishable: NewKey,
}

/// A merchant with the keys that it begins with.
#[derive(Clone)]
pub struct NewMerchant {
    /// The merchant.
    pub merchant: Merchant,
    /// For test mode.
    pub test: MerchantKeys,
    /// For live mode.
    pub live: MerchantKeys,
}

impl NewMerchant {
    /// Makes a merchant and its keys in one commit.
    pub fn create(
        transaction: &mut Transaction<'_>,
        by: &Authorship<'_>,
        name: &str,
    ) -> Result<Self, UseCaseError> {
        let merchant = transaction.create_merchant(by, name)?;
        let mut key = |mode, kind| -> Result<NewKey, UseCaseError> {
            let options = NewKeyOptions {
                merchant: merchant.number,
                mode,
                kind,
                name: format!("first {} key", kind.as_str()),
                permissions: Permissions::ALL,
                expires_at: None::<Timestamp>,
            };
            let key = NewKey::generate(options, by.now, by.random);
            key.save(transaction, by)?;
            Ok(key)
        };
        let mut keys = |mode| -> Result<MerchantKeys, UseCaseError> {
            Ok(MerchantKeys {
                secret: key(mode, CredentialKind::Secret)?,
                publishable: key(mode, CredentialKind::Publishable)?,
            })
        };
        let (test, live) = (keys(Mode::Test)?, keys(Mode::Live)?);
        Ok(Self { merchant, test, live })
    }

    /// The keys of a mode.
    pub fn keys(&self, mode: Mode) -> &MerchantKeys {
        match mode {
            Mode::Test => &self.test,
            Mode::Live => &self.live,
        }
    }
}

//! Naming the provider that a merchant's payments go to, and what its webhooks are signed with.

use interdict_domain::mode::Mode;
use interdict_gateway::stripe::{PublishableKey, SecretKey, WebhookSecret};
use interdict_storage::{Authorship, GatewayAccount, MerchantTransaction};

use crate::error::UseCaseError;
use crate::gateways::{Secret, place};
use crate::service::Service;

/// What to change of the account at Stripe: what is left out stays.
#[derive(Clone, Default)]
pub struct GatewayUpdate {
    /// The key.
    pub secret_key: Option<String>,
    /// What webhooks are signed with.
    pub webhook_secret: Option<String>,
    /// What Stripe's own field for cards is opened with.
    pub publishable_key: Option<PublishableKey>,
}

/// Changes only what is sent. Secrets are encrypted before anything is written.
pub fn set_gateway(
    service: &Service,
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    update: GatewayUpdate,
) -> Result<GatewayAccount, UseCaseError> {
    let mode = service.mode();
    let (merchant, vault) = (transaction.merchant(), &service.vault);
    let mut account = transaction.view().gateway_account()?.unwrap_or_default();
    "stripe".clone_into(&mut account.provider);
    if let Some(text) = update.secret_key {
        let key = SecretKey::parse(&text).ok().filter(|key| key.is_live() && mode == Mode::Live);
        key.ok_or(UseCaseError::Invalid {
            path: "secretKey",
            issue: "must be a live key of Stripe's, sk_live_… or rk_live_…, sent with a live key of Interdict's: \
                    in test mode the sandbox takes the payments",
        })?;
        account.key_last_four = text.get(text.len().saturating_sub(4)..).map(str::to_owned);
        let sealed = vault.seal(&text, &place(mode, merchant, Secret::Key), by.random);
        account.secret_key = Some(sealed.map_err(|_| unsealed())?);
    }
    if let Some(text) = update.webhook_secret {
        WebhookSecret::parse(&text).map_err(|_| UseCaseError::Invalid {
            path: "webhookSecret",
            issue: "must be the signing secret of a webhook endpoint at Stripe, whsec_…",
        })?;
        let sealed = vault.seal(&text, &place(mode, merchant, Secret::Webhook), by.random);
        account.webhook_secret = Some(sealed.map_err(|_| unsealed())?);
    }
    if let Some(key) = update.publishable_key {
        if mode != Mode::Live {
            return Err(UseCaseError::Invalid {
                path: "publishableKey",
                issue: "is for live mode: in test mode the page to pay on offers the sandbox's cards",
            });
        }
        account.publishable_key = Some(key.into_string());
    }
    transaction.put_gateway_account(by, &account)?;
    Ok(account)
}

fn unsealed() -> UseCaseError {
    UseCaseError::Storage(interdict_storage::StorageError::Corrupt("a secret cannot be encrypted"))
}

//! Which gateway a merchant's payments go to: in test mode the sandbox, in live mode the provider that
//! the merchant has named.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use interdict_domain::merchant::MerchantNumber;
use interdict_domain::mode::Mode;
use interdict_gateway::Gateway;
use interdict_gateway::stripe::{SecretKey, Stripe, StripeOptions, StripeSetupError};
use interdict_storage::{GatewayAccount, MerchantView, StorageError, Store};
use parking_lot::Mutex;

use crate::vault::{Vault, VaultError};

/// Why there is no gateway.
#[derive(Debug, thiserror::Error)]
pub enum NoGateway {
    /// The merchant has named none.
    #[error("the merchant has named no gateway")]
    Unnamed,
    /// Its key cannot be read.
    #[error("the key of the merchant's gateway cannot be read")]
    Key(#[from] VaultError),
    /// What was stored is no key.
    #[error("what is stored is no key of a gateway")]
    NoKey,
    /// The connection cannot be set up.
    #[error("the gateway cannot be set up")]
    Setup(#[from] StripeSetupError),
    /// The store failed.
    #[error("the merchant's gateway cannot be read")]
    Storage(#[from] StorageError),
}

/// Where Stripe is, and where payers come back to.
#[derive(Clone, Debug)]
pub struct StripeAddress {
    /// Stripe itself unless a test says otherwise.
    pub base_url: String,
    /// Where a payer comes back to from a bank's page.
    pub return_url: Option<String>,
}

impl Default for StripeAddress {
    fn default() -> Self {
        Self { base_url: "https://api.stripe.com".to_owned(), return_url: None }
    }
}

/// The gateways of one mode.
pub(crate) enum Gateways {
    /// Test mode: one for all, without a network.
    Sandbox(Arc<dyn Gateway>),
    /// Live mode: one for each merchant that has named one.
    Stripe(Box<Accounts>),
}

/// The merchants' accounts at Stripe.
pub(crate) struct Accounts {
    pub(crate) store: Store,
    pub(crate) vault: Vault,
    pub(crate) address: StripeAddress,
    /// Counts up when an account changes, here or on another node.
    pub(crate) changes: Arc<AtomicU64>,
    pub(crate) opened: Mutex<Opened>,
}

/// What was opened since the last change.
#[derive(Default)]
pub(crate) struct Opened {
    seen: u64,
    /// Connections are shared: only the key differs.
    connector: Option<Stripe>,
    of: HashMap<MerchantNumber, Arc<dyn Gateway>>,
}

impl Gateways {
    /// The gateway of a merchant, for a thread that may wait.
    pub(crate) fn of(&self, merchant: MerchantNumber) -> Result<Arc<dyn Gateway>, NoGateway> {
        match self.opened(merchant) {
            Ok(gateway) => Ok(gateway),
            Err((accounts, seen)) => {
                let read = accounts.store.read_blocking(|view| view.merchant(merchant).gateway_account());
                accounts.open(merchant, read?, seen)
            }
        }
    }

    /// The same for a task, which must not wait for the database on its thread.
    pub(crate) async fn for_task(&self, merchant: MerchantNumber) -> Result<Arc<dyn Gateway>, NoGateway> {
        match self.opened(merchant) {
            Ok(gateway) => Ok(gateway),
            Err((accounts, seen)) => {
                let read = |view: &MerchantView<'_>| -> Result<_, StorageError> { view.gateway_account() };
                accounts.open(merchant, accounts.store.read(merchant, read).await?, seen)
            }
        }
    }

    /// What is open; otherwise where it is to be opened, and the change up to which it is not.
    fn opened(&self, merchant: MerchantNumber) -> Result<Arc<dyn Gateway>, (&Accounts, u64)> {
        match self {
            Self::Sandbox(gateway) => Ok(Arc::clone(gateway)),
            Self::Stripe(accounts) => accounts.opened(merchant).map_err(|seen| (&**accounts, seen)),
        }
    }
}

impl Accounts {
    /// What was opened since the last change; otherwise the change up to which that is true.
    fn opened(&self, merchant: MerchantNumber) -> Result<Arc<dyn Gateway>, u64> {
        let changes = self.changes.load(Ordering::Acquire);
        let mut opened = self.opened.lock();
        if opened.seen < changes {
            *opened = Opened { seen: changes, connector: opened.connector.take(), of: HashMap::new() };
        }
        opened.of.get(&merchant).map(Arc::clone).ok_or(opened.seen)
    }

    fn open(
        &self,
        merchant: MerchantNumber,
        account: Option<GatewayAccount>,
        seen: u64,
    ) -> Result<Arc<dyn Gateway>, NoGateway> {
        let sealed = account.and_then(|account| account.secret_key).ok_or(NoGateway::Unnamed)?;
        let key = self.vault.open(&sealed, &place(Mode::Live, merchant, Secret::Key))?;
        let key = SecretKey::parse(&key).map_err(|_| NoGateway::NoKey)?;
        let mut opened = self.opened.lock();
        let connector = opened.connector.take().map_or_else(|| self.connect(key.clone()), Ok)?;
        let gateway: Arc<dyn Gateway> = Arc::new(connector.with_key(key));
        opened.connector = Some(connector);
        // What was read before a change is not kept after it.
        if opened.seen == seen {
            opened.of.insert(merchant, Arc::clone(&gateway));
        }
        Ok(gateway)
    }

    fn connect(&self, key: SecretKey) -> Result<Stripe, StripeSetupError> {
        let mut options = StripeOptions::new(key);
        options.base_url.clone_from(&self.address.base_url);
        options.return_url.clone_from(&self.address.return_url);
        Stripe::new(options)
    }
}

/// Which secret of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Secret {
    /// The key.
    Key,
    /// What webhooks are signed with.
    Webhook,
}

/// Where a secret belongs: it cannot be read anywhere else.
pub(crate) fn place(mode: Mode, merchant: MerchantNumber, secret: Secret) -> String {
    format!("{} {merchant} {secret:?}", mode.as_str())
}

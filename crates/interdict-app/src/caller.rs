//! Who calls, as the credential says: never as the body says (invariant 9).

use std::sync::Arc;

use interdict_domain::actor::Actor;
use interdict_domain::credential::Permissions;
use interdict_domain::ids::KeyId;
use interdict_domain::merchant::MerchantNumber;

use crate::service::Service;

/// A caller whose credential was checked, with the one store that it opens.
#[derive(Clone)]
pub struct Caller {
    /// The store of the credential's mode.
    pub service: Arc<Service>,
    /// The credential's merchant.
    pub merchant: MerchantNumber,
    /// Which credential.
    pub key: KeyId,
    /// What it may do.
    pub permissions: Permissions,
    /// A publishable key: what it may call is fixed, and little.
    pub publishable: bool,
}

impl Caller {
    /// Who stands in the changes.
    pub fn actor(&self) -> Actor {
        Actor::api_key(self.key)
    }
}

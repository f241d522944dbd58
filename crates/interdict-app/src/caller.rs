//! Who calls, as the credential or the session says: never as the body says (invariant 9).

use std::sync::Arc;

use interdict_domain::actor::Actor;
use interdict_domain::credential::Permissions;
use interdict_domain::identifier::PhoneRegion;
use interdict_domain::ids::{KeyId, UserId};
use interdict_domain::merchant::MerchantNumber;

use crate::service::Service;

/// What a caller has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// A secret key, or a token that an OAuth client bought.
    Secret(KeyId),
    /// A publishable key: what it may call is fixed, and little.
    Publishable(KeyId),
    /// The token of a session: a person in the dashboard.
    Session(UserId),
}

/// A caller whose credential or session was checked, with the one store that it opens.
#[derive(Clone)]
pub struct Caller {
    /// The store of the credential's mode, or of the one that the session looks at.
    pub service: Arc<Service>,
    /// The credential's or the person's merchant.
    pub merchant: MerchantNumber,
    /// By what it is known.
    pub shown: Shown,
    /// What it may do.
    pub permissions: Permissions,
}

impl Caller {
    /// Who stands in the changes.
    pub fn actor(&self) -> Actor {
        match self.shown {
            Shown::Secret(key) | Shown::Publishable(key) => Actor::api_key(key),
            Shown::Session(user) => Actor::user(user),
        }
    }

    /// Where the merchant's customers dial.
    pub fn phone_region(&self) -> Option<PhoneRegion> {
        self.service.phone_region(self.merchant)
    }

    /// Whether it came with a publishable key.
    pub const fn is_publishable(&self) -> bool {
        matches!(self.shown, Shown::Publishable(_))
    }
}

//! Which gateway a merchant's payments go to.

use std::sync::Arc;

use interdict_domain::merchant::MerchantNumber;
use interdict_gateway::Gateway;

/// The gateways of one mode.
pub(crate) enum Gateways {
    /// Test mode: one for all, without a network.
    Sandbox(Arc<dyn Gateway>),
    /// Live mode, as long as no merchant can name a gateway.
    None,
}

/// A merchant has named no gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the merchant has named no gateway")]
pub struct NoGateway;

impl Gateways {
    /// The gateway of a merchant.
    pub(crate) fn of(&self, _: MerchantNumber) -> Result<Arc<dyn Gateway>, NoGateway> {
        match self {
            Self::Sandbox(gateway) => Ok(Arc::clone(gateway)),
            Self::None => Err(NoGateway),
        }
    }
}

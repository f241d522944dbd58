//! What each merchant wants of decisions while the index is stale.
//!
//! Deliberately not here: whether it is stale, and what follows: nobody who finds it fresh comes here.

use std::collections::HashMap;

use interdict_domain::merchant::MerchantNumber;
use interdict_domain::settings::OutagePolicies;
use parking_lot::RwLock;

/// The policies that are not the default.
#[derive(Debug, Default)]
pub(crate) struct Outages(RwLock<HashMap<MerchantNumber, OutagePolicies>>);

impl Outages {
    pub(crate) fn put(&self, merchant: MerchantNumber, policies: OutagePolicies) {
        let mut chosen = self.0.write();
        // Chosen or never asked is the same, or an index that was loaded would differ from one that followed.
        if policies == OutagePolicies::default() {
            chosen.remove(&merchant);
        } else {
            chosen.insert(merchant, policies);
        }
    }

    pub(crate) fn of(&self, merchant: MerchantNumber) -> OutagePolicies {
        self.0.read().get(&merchant).copied().unwrap_or_default()
    }

    pub(crate) fn visit_all(&self, mut visit: impl FnMut(MerchantNumber, OutagePolicies)) {
        self.0.read().iter().for_each(|(merchant, policies)| visit(*merchant, *policies));
    }
}

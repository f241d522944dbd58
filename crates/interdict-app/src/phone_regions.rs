//! Where each merchant's customers dial, in memory: asked for whenever a phone number comes that is no international
//! one, in decisions too.
//!
//! Deliberately not here: how such a number is read, which is the domain's.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use interdict_domain::identifier::PhoneRegion;
use interdict_domain::merchant::MerchantNumber;
use parking_lot::RwLock;

use crate::hits::IdHasher;
use crate::service::Service;

/// The region of each merchant in one mode that has chosen anything.
#[derive(Default)]
pub(crate) struct PhoneRegions(RwLock<Chosen>);

type Chosen = HashMap<MerchantNumber, Option<PhoneRegion>, BuildHasherDefault<IdHasher>>;

impl PhoneRegions {
    /// A merchant's, when it has one.
    pub(crate) fn of(&self, merchant: MerchantNumber) -> Option<PhoneRegion> {
        self.0.read().get(&merchant).copied().flatten()
    }

    /// What the feed says.
    pub(crate) fn set(&self, merchant: MerchantNumber, region: Option<PhoneRegion>) {
        self.0.write().insert(merchant, region);
    }

    /// What was read before the feed was heard, which may know better.
    pub(crate) fn set_first(&self, merchant: MerchantNumber, region: Option<PhoneRegion>) {
        self.0.write().entry(merchant).or_insert(region);
    }
}

impl Service {
    /// Where a merchant's customers dial: how a phone number is read that is no international one. From memory alone.
    pub fn phone_region(&self, merchant: MerchantNumber) -> Option<PhoneRegion> {
        self.index.phone_regions().of(merchant)
    }
}

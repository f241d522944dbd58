//! Which merchants have blocked persons: the one look that a decision takes.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};

use interdict_domain::change::{Action, Change};
use interdict_domain::merchant::MerchantNumber;
use parking_lot::RwLock;

/// The merchants that have any.
#[derive(Default)]
pub(crate) struct PersonWatch {
    is_any: AtomicBool,
    merchants: RwLock<HashSet<MerchantNumber>>,
}

impl PersonWatch {
    /// Whether anybody has.
    #[inline]
    pub(crate) fn is_any(&self) -> bool {
        self.is_any.load(Ordering::Relaxed)
    }

    /// Whether a merchant has.
    pub(crate) fn has(&self, merchant: MerchantNumber) -> bool {
        self.merchants.read().contains(&merchant)
    }

    /// Sets all of them.
    pub(crate) fn set(&self, merchants: Vec<MerchantNumber>) {
        let mut known = self.merchants.write();
        *known = merchants.into_iter().collect();
        self.is_any.store(!known.is_empty(), Ordering::Relaxed);
    }

    /// Whether a change may make them others.
    pub(crate) fn is_moved_by(change: &Change) -> bool {
        matches!(change.action, Action::PersonBlocked | Action::PersonLifted)
    }
}

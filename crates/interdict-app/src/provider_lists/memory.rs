//! What the one who mirrors remembers between two steps. All of it can be lost: the next round finds what is missing.
//!
//! Deliberately not here: what has to outlive the process (`interdict-storage`).

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};

use interdict_domain::ids::EntryId;
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::provider_list::ProviderList;
use interdict_gateway::lists::ListItem;
use interdict_storage::ProviderItem;
use parking_lot::Mutex;

/// Of one merchant.
#[derive(Default)]
pub(super) struct Memory {
    /// Whether this process has begun a round.
    pub(super) has_started: bool,
    /// Entries to be brought in step, as the feed named them.
    pub(super) queue: VecDeque<EntryId>,
    /// Up to which change the feed was followed, once nothing is queued.
    pub(super) through: i64,
    /// The lists that are known to be there, by the provider's ids.
    pub(super) lists: HashMap<ProviderList, String>,
    /// How far the comparison is.
    pub(super) comparison: Option<Comparison>,
}

/// How far a comparison of what the provider has with what was put there is.
#[derive(Default)]
pub(super) struct Comparison {
    /// The lists that are left, the present one first.
    pub(super) lists: VecDeque<ProviderList>,
    /// Behind which item the present one is.
    pub(super) after: Option<String>,
    /// Up to which of the provider's seconds it was compared, from the newest on.
    pub(super) reached: Option<i64>,
    /// Items of the last of these seconds: more of them may follow.
    pub(super) carried: Vec<ListItem>,
    /// What was on its way when it began.
    pub(super) adding: Vec<ProviderItem>,
    /// What was put there since it began: it may stand where it was compared already.
    pub(super) added: HashSet<EntryId>,
    /// Items that somebody else put there.
    pub(super) strangers: i64,
    /// Items that somebody took away.
    pub(super) repaired: i64,
}

/// Of all merchants.
#[derive(Default)]
pub(crate) struct Mirrors {
    memories: Mutex<HashMap<MerchantNumber, Memory>>,
    pub(super) counts: MirrorCounts,
}

impl Mirrors {
    /// Takes a merchant's memory out, to be put back unless another node does it now.
    pub(super) fn take(&self, merchant: MerchantNumber) -> Memory {
        self.memories.lock().remove(&merchant).unwrap_or_default()
    }

    pub(super) fn put_back(&self, merchant: MerchantNumber, memory: Memory) {
        self.memories.lock().insert(merchant, memory);
    }
}

/// What was done on the providers' lists since the start.
#[derive(Debug, Default)]
pub struct MirrorCounts {
    pub(super) added: AtomicU64,
    pub(super) removed: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) failures: AtomicU64,
    pub(super) rounds: AtomicU64,
    pub(super) failing: AtomicU64,
}

impl MirrorCounts {
    /// Each of them with its word, as in metrics.
    pub fn all(&self) -> [(&'static str, u64); 5] {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        [
            ("added", read(&self.added)),
            ("removed", read(&self.removed)),
            ("refused", read(&self.refused)),
            ("failed", read(&self.failures)),
            ("rounds", read(&self.rounds)),
        ]
    }

    /// The merchants whose provider does not do what it is asked at present.
    pub fn failing(&self) -> u64 {
        self.failing.load(Ordering::Relaxed)
    }
}

pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

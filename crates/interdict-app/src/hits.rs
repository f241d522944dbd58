//! Counting which entries decide, in memory: a decision touches no storage (invariant 1). Written
//! every second by the service; a crash loses at most that second (docs/adr/0005).

use std::collections::HashMap;

use interdict_domain::clock::Timestamp;
use interdict_domain::ids::EntryId;
use parking_lot::Mutex;

/// Locks side by side, so that workers seldom meet.
const SHARDS: usize = 16;

/// What was counted since the last write.
pub(crate) type Pending = HashMap<EntryId, (i64, Timestamp)>;

/// The counters.
#[derive(Default)]
pub(crate) struct Hits {
    shards: [Mutex<Pending>; SHARDS],
}

impl Hits {
    fn shard(&self, entry: EntryId) -> Option<&Mutex<Pending>> {
        let last = entry.ksuid().bytes().last().copied().unwrap_or_default();
        self.shards.get(usize::from(last) % SHARDS)
    }

    pub(crate) fn count(&self, entry: EntryId, now: Timestamp) {
        if let Some(shard) = self.shard(entry) {
            let mut shard = shard.lock();
            let counted = shard.entry(entry).or_insert((0, now));
            *counted = (counted.0.saturating_add(1), counted.1.max(now));
        }
    }

    /// What is counted and not written yet.
    pub(crate) fn pending(&self, entry: EntryId) -> Option<(i64, Timestamp)> {
        self.shard(entry)?.lock().get(&entry).copied()
    }

    /// Takes everything out, to be written.
    pub(crate) fn take(&self) -> Pending {
        let mut all = Pending::new();
        for shard in &self.shards {
            all.extend(std::mem::take(&mut *shard.lock()));
        }
        all
    }

    /// Puts back what could not be written.
    pub(crate) fn put_back(&self, pending: Pending) {
        for (entry, (hits, last)) in pending {
            if let Some(shard) = self.shard(entry) {
                let mut shard = shard.lock();
                let counted = shard.entry(entry).or_insert((0, last));
                *counted = (counted.0.saturating_add(hits), counted.1.max(last));
            }
        }
    }
}

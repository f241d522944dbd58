//! Counting which entries decide, in memory: a decision touches no storage (invariant 1). Written
//! every second by the service, so many at a time; a crash loses what is not written yet (docs/adr/0005).

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

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
    /// Which shard is written first.
    turn: AtomicUsize,
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

    /// Takes out at most so many, to be written. Those of one shard after the other: whoever is left
    /// out has a turn later.
    pub(crate) fn take(&self, most: usize) -> Pending {
        let mut taken = Pending::new();
        let first = self.turn.fetch_add(1, Ordering::Relaxed);
        for at in 0..SHARDS {
            let Some(shard) = self.shards.get((first + at) % SHARDS) else { continue };
            let mut shard = shard.lock();
            let room = most - taken.len();
            if shard.len() <= room {
                taken.extend(shard.drain());
            } else {
                let some: Vec<EntryId> = shard.keys().take(room).copied().collect();
                taken.extend(some.into_iter().filter_map(|entry| shard.remove_entry(&entry)));
            }
        }
        taken
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

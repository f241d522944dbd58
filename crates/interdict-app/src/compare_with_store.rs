//! Anti-entropy: whether the index holds what the database holds, at one revision, and what is done when it
//! does not (docs/adr/0023).
//!
//! Deliberately not here: when it is asked.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use interdict_decision::{BUCKETS, Digest, DigestKey, Index, Reading};
use interdict_domain::change::Fact;
use interdict_domain::clock::Timestamp;
use interdict_storage::{StorageError, View};
use parking_lot::Mutex;

use crate::service::Service;

/// Customers, entries and links that are read from the index at once: changes wait meanwhile.
const AT_ONCE: usize = 2_000;
/// Between two such parts, and after so many rows: a comparison is never in a hurry, decisions always are.
const PAUSE: Duration = Duration::from_millis(1);
const ROWS_BEFORE_PAUSE: u64 = 8_192;
/// How often a snapshot is taken anew because the index was past it already.
const SNAPSHOTS_MAX: u32 = 200;
/// How often the index is looked at until it has reached the snapshot, and how soon again: ten seconds.
const LOOKS_MAX: u32 = 5_000;
const LOOK_AGAIN: Duration = Duration::from_millis(2);
/// Buckets that are named in the log.
const NAMED_MAX: usize = 32;

/// What a comparison found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// The change up to which both were read.
    pub revision: i64,
    /// Customers in the database.
    pub customers: u64,
    /// Entries in the database.
    pub entries: u64,
    /// Buckets that were compared: all there are.
    pub buckets_compared: usize,
    /// Those that differ.
    pub different: Vec<usize>,
}

impl Comparison {
    pub(crate) fn of(revision: i64, stored: &Digest, held: &Digest) -> Self {
        let (customers, entries) = (stored.customers(), stored.entries());
        Self { revision, customers, entries, buckets_compared: BUCKETS, different: stored.different(held) }
    }

    /// Whether both hold the same.
    pub fn is_equal(&self) -> bool {
        self.different.is_empty()
    }
}

/// Why nothing could be compared. None of these says that anything differs.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// There is no index yet.
    #[error("the index is not loaded yet")]
    NotLoaded,
    /// The feed is not heard.
    #[error("the index has not reached change {0}, which the database holds")]
    Behind(i64),
    /// Each time the index was past what was read from the database, or it was loaded anew meanwhile.
    #[error("the index and the database could not be met at one revision")]
    NeverAtOne,
    /// The database cannot be read.
    #[error("the database cannot be read")]
    Storage(#[from] StorageError),
}

/// A comparison, with what the index held.
struct Compared {
    comparison: Comparison,
    held: Digest,
}

/// The last comparison, and what all of them found.
#[derive(Default)]
pub struct Comparisons {
    /// One at a time.
    turn: Mutex<()>,
    last: Mutex<Option<(Timestamp, Comparison)>>,
    differences: AtomicU64,
    failures: AtomicU64,
}

impl Comparisons {
    /// The last comparison that came to an end, and when.
    pub fn last(&self) -> Option<(Timestamp, Comparison)> {
        self.last.lock().clone()
    }

    /// Buckets that differed, in all comparisons since the start.
    pub fn differences(&self) -> u64 {
        self.differences.load(Ordering::Relaxed)
    }

    /// Comparisons that came to no end.
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }
}

impl Service {
    /// What comparisons have found.
    pub fn comparisons(&self) -> &Comparisons {
        &self.comparisons
    }

    /// Compares the index with the database, at one revision. What differs is an alarm in the log, and the
    /// index is loaded anew; until then it is not fresh. Takes long, for a thread that may wait; decisions and
    /// changes go on.
    pub fn compare_with_store(&self) -> Result<Comparison, CompareError> {
        let _turn = self.comparisons.turn.lock();
        let compared = self.compare_twice_if_different();
        match &compared {
            Ok(Compared { comparison, held }) => {
                self.report(comparison, held);
                if !comparison.is_equal() {
                    self.comparisons
                        .differences
                        .fetch_add(comparison.different.len() as u64, Ordering::Relaxed);
                    self.index.distrust();
                    self.store.load_anew();
                }
                *self.comparisons.last.lock() = Some((self.clock.now(), comparison.clone()));
            }
            Err(_) => drop(self.comparisons.failures.fetch_add(1, Ordering::Relaxed)),
        }
        compared.map(|compared| compared.comparison)
    }

    /// What differs differs twice, in two snapshots. Once may be the follower's way: it reads changes and what
    /// they say of people one after the other, and whoever was erased in between is without words a change too
    /// early.
    fn compare_twice_if_different(&self) -> Result<Compared, CompareError> {
        let first = self.compare_at_one_revision()?;
        if first.comparison.is_equal() {
            return Ok(first);
        }
        let (mode, different) = (self.mode.as_str(), first.comparison.different.len());
        tracing::warn!(mode, different, "memory and database seem to differ: they are compared once more");
        let mut second = self.compare_at_one_revision()?;
        second.comparison.different.retain(|bucket| first.comparison.different.contains(bucket));
        Ok(second)
    }

    fn compare_at_one_revision(&self) -> Result<Compared, CompareError> {
        for _ in 0..SNAPSHOTS_MAX {
            if let Some(compared) = self.store.walk(|view| self.compare_with_snapshot(view))? {
                return Ok(compared);
            }
        }
        Err(CompareError::NeverAtOne)
    }

    /// Nothing when the index is past the snapshot: more was applied meanwhile.
    fn compare_with_snapshot(&self, view: &View<'_>) -> Result<Option<Compared>, CompareError> {
        let revision = view.revision()?;
        let mut key = DigestKey::default();
        self.random.fill(&mut key.0);
        let begun = self.index.with(|index| index.begin_reading(revision, key));
        if !begun.ok_or(CompareError::NotLoaded)? {
            return Ok(None);
        }
        // The index first: while it is read, changes may have to wait for a part of it.
        let Some(held) = self.read_index(revision)? else { return Ok(None) };
        let stored = digest_of_facts(view, key, &|_| true)?;
        let comparison = Comparison::of(revision, &stored, &held);
        Ok(Some(Compared { comparison, held }))
    }

    /// The digest of the index at a revision, once it has begun; nothing when the index was loaded anew or
    /// leapt over the revision.
    fn read_index(&self, revision: i64) -> Result<Option<Digest>, CompareError> {
        let mut looks = 0;
        loop {
            match self.index.with(|index| index.read_on(AT_ONCE)).ok_or(CompareError::NotLoaded)? {
                Reading::Done(digest) => return Ok(Some(digest)),
                Reading::Begun => std::thread::sleep(PAUSE),
                Reading::None => return Ok(None),
                Reading::Waiting if looks == LOOKS_MAX => {
                    self.index.with(Index::stop_reading);
                    return Err(CompareError::Behind(revision));
                }
                Reading::Waiting => {
                    looks += 1;
                    std::thread::sleep(LOOK_AGAIN);
                }
            }
        }
    }

    /// Never with an identifier: whose data differs is for whoever looks into the database.
    fn report(&self, comparison: &Comparison, held: &Digest) {
        let Comparison { revision, customers, entries, different, .. } = comparison;
        let mode = self.mode.as_str();
        if comparison.is_equal() {
            tracing::info!(mode, revision, customers, entries, "the index holds what the database holds");
            return;
        }
        let named = different.get(..NAMED_MAX).unwrap_or(different);
        tracing::error!(
            mode,
            revision,
            different = different.len(),
            buckets = ?named,
            customers_stored = customers,
            customers_held = held.customers(),
            entries_stored = entries,
            entries_held = held.entries(),
            "ALARM: the index does not hold what the database holds, and is loaded anew"
        );
    }
}

/// The digest of what is wanted of all that a snapshot of the database holds, row by row.
pub(crate) fn digest_of_facts(
    view: &View<'_>,
    key: DigestKey,
    is_wanted: &dyn Fn(&Fact) -> bool,
) -> Result<Digest, StorageError> {
    let (mut digest, mut rows) = (Digest::new(key), 0_u64);
    view.for_each_fact(&mut |fact| {
        if is_wanted(&fact) {
            digest.add_fact(&fact);
        }
        rows += 1;
        if rows.is_multiple_of(ROWS_BEFORE_PAUSE) {
            std::thread::sleep(PAUSE);
        }
    })?;
    Ok(digest)
}

//! How many rows go into one commit of an import. Each commit costs a flush, and writes a page of the index by identifier
//! for nearly every row: the more rows, the less of both each. But whoever writes meanwhile waits for it.
//!
//! Deliberately not here: the commits ([`crate::import_entries`]).

use std::time::Duration;

use interdict_storage::{Store, WriterStatus};

/// The rows of a commit, at first, at least and at most.
const ROWS_FIRST: usize = 250;
const ROWS_MIN: usize = 50;
const ROWS_MAX: usize = 32_000;
/// How long a commit may take, about, while others write, and while nobody does. A longer one makes the next ones
/// smaller.
const LONG_AMONG_OTHERS: Duration = Duration::from_millis(40);
const LONG_ALONE: Duration = Duration::from_millis(250);

/// What the writer has done lately, and how many rows it is given therefore.
pub(crate) struct Pace {
    rows: usize,
    seen: WriterStatus,
    /// Another process writes, whom this one's writer does not know of.
    has_neighbour: bool,
}

impl Pace {
    pub(crate) fn new(store: &Store, has_neighbour: bool) -> Self {
        Self { rows: ROWS_FIRST, seen: store.status().writer, has_neighbour }
    }

    /// The rows of the next commit.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Looks at what the writer has done since the last look, the last commit of the import included.
    pub(crate) fn learn(&mut self, store: &Store) {
        let now = store.status().writer;
        let seen = std::mem::replace(&mut self.seen, now);
        let commits = u32::try_from(now.commits.saturating_sub(seen.commits)).unwrap_or(u32::MAX);
        let took = now.duration_sum.saturating_sub(seen.duration_sum) / commits.max(1);
        let is_alone = !self.has_neighbour && now.jobs.saturating_sub(seen.jobs) <= 1;
        let long = if is_alone { LONG_ALONE } else { LONG_AMONG_OTHERS };
        if took > long {
            self.rows = (self.rows / 2).max(ROWS_MIN);
        } else if took < long / 2 {
            self.rows = (self.rows * 2).min(ROWS_MAX);
        }
    }
}

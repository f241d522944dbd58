//! Imports: a file of many entries, taken in parts. What is known of one while it runs and afterwards.
//!
//! Deliberately not here: the rows (they become entries), and the file.

use serde::{Deserialize, Serialize};

use crate::actor::Actor;
use crate::clock::Timestamp;
use crate::entry::{List, words};
use crate::identifier::Kind;
use crate::ids::ImportId;

words!(
    /// How far an import is.
    ImportState {
        /// Its rows are read, and nothing is written: a dry run.
        Checking = "checking",
        /// They were read, and wait for somebody's word.
        Ready = "ready",
        /// Its rows are written.
        Running = "running",
        /// All rows were read, and the good ones are in force.
        Done = "done",
        /// It cannot go on; what was written stays.
        Failed = "failed",
        /// Somebody stopped it; what was written stays.
        Cancelled = "cancelled",
        /// What it did was taken back.
        Undone = "undone",
    }
);

impl ImportState {
    /// Whether somebody has work with it.
    pub const fn is_under_way(self) -> bool {
        matches!(self, Self::Checking | Self::Running)
    }

    /// Whether its file is still needed.
    pub const fn needs_file(self) -> bool {
        matches!(self, Self::Checking | Self::Ready | Self::Running)
    }
}

words!(
    /// How a file is written.
    ImportFormat {
        /// Comma-separated, with a head.
        Csv = "csv",
        /// A JSON object a line.
        Ndjson = "ndjson",
    }
);

/// What became of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ImportCounts {
    /// Rows read so far, bad ones included.
    pub rows: i64,
    /// New entries.
    pub created: i64,
    /// Entries that were there, with other terms.
    pub updated: i64,
    /// Rows that say what is so already, and those of a block whose person was erased: it stays as it is.
    pub unchanged: i64,
    /// Rows that cannot be taken.
    pub bad: i64,
}

/// What an undo did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct UndoCounts {
    /// Entries that are as they were before.
    pub restored: i64,
    /// Entries that the import had made, and that are gone.
    pub deleted: i64,
    /// Entries that somebody has changed since, and that were left alone.
    pub changed_since: i64,
}

/// An import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// Its id.
    pub id: ImportId,
    /// The list that its entries are on.
    pub list: List,
    /// The kind of values that say none themselves.
    pub kind: Kind,
    /// How its file is written.
    pub format: ImportFormat,
    /// How far it is.
    pub state: ImportState,
    /// Whether nothing is to be written before somebody says so.
    pub is_dry_run: bool,
    /// What became of the rows.
    pub counts: ImportCounts,
    /// How many rows there are; nothing before all were read once.
    pub total: Option<i64>,
    /// Keyed digest of the file, by which the same one is known again.
    pub digest: Option<[u8; 32]>,
    /// Keyed digest of the idempotency key that it came with.
    pub request: Option<[u8; 32]>,
    /// Why it failed, for people.
    pub problem: Option<String>,
    /// The first and the last change that wrote some of it.
    pub changes: Option<(i64, i64)>,
    /// Undone are the parts from this change on; nothing when no undo has begun.
    pub undone_from: Option<i64>,
    /// What the undo did.
    pub undo: UndoCounts,
    /// Who brought the file.
    pub created_by: Actor,
    /// When.
    pub created_at: Timestamp,
    /// When it ended, however.
    pub finished_at: Option<Timestamp>,
}

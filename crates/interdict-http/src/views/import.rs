//! An import, its parts, and what its undo did.

use interdict_app::UndoneImport;
use interdict_app::store::{PartDone, RowLeft};
use interdict_domain::change::Action;
use interdict_domain::clock::Timestamp;
use interdict_domain::entry::List;
use interdict_domain::identifier::Kind;
use interdict_domain::ids::{EntryId, ImportId};
use interdict_domain::import::{Import, ImportFormat, ImportState, UndoCounts};
use serde::Serialize;
use utoipa::ToSchema;

use crate::schemas::{ImportFormatWord, ImportStateWord, KindWord, ListWord};

/// A file of many entries, and how far it is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Import)]
pub(crate) struct ImportView {
    /// `imp_` and a KSUID.
    #[schema(value_type = String)]
    id: ImportId,
    #[schema(value_type = ImportStateWord)]
    state: ImportState,
    #[schema(value_type = ListWord)]
    list: List,
    /// The kind of values that say none themselves.
    #[schema(value_type = KindWord)]
    kind: Kind,
    #[schema(value_type = ImportFormatWord)]
    format: ImportFormat,
    /// Nothing is written before it is started.
    dry_run: bool,
    /// Rows read so far, bad ones included.
    rows: i64,
    /// Rows of the file; null before all were read once.
    total: Option<i64>,
    /// New entries; before it runs: those that it would make.
    created: i64,
    /// Entries with other terms than before.
    updated: i64,
    /// Rows that say what is so already.
    unchanged: i64,
    /// Rows that cannot be taken: see its errors.
    bad: i64,
    /// Why it failed.
    problem: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<Timestamp>,
    /// What its undo did so far; absent where there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    undone: Option<UndoView>,
}

/// What an undo did.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ImportUndo)]
pub(crate) struct UndoView {
    /// Entries that are as they were before.
    restored: i64,
    /// Entries that the import had made, and that are gone.
    deleted: i64,
    /// Entries that somebody has changed since, and that were left alone.
    changed_since: i64,
}

/// What an undo did, with some of what it left alone.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ImportUndone)]
pub(crate) struct UndoneView {
    /// Entries that are as they were before.
    restored: i64,
    /// Entries that the import had made, and that are gone.
    deleted: i64,
    /// So many entries were changed since by somebody, and left alone.
    changed_since_total: i64,
    /// The first hundred of them, in the order of the file.
    changed_since: Vec<ChangedSinceView>,
}

/// A row whose entry was left alone.
#[derive(Serialize, ToSchema)]
#[schema(as = ImportChangedSince)]
pub(crate) struct ChangedSinceView {
    /// Its id.
    #[schema(value_type = String)]
    entry: EntryId,
    /// In which line of the file it stood; null where that is not known: an older version had imported it.
    line: Option<i64>,
    /// What it lists as it stands now; null when it is gone, or its person was erased.
    value: Option<String>,
}

/// A part of an import, or the undo of one: a change.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ImportPart)]
pub(crate) struct PartView {
    /// Its place in the feed.
    sequence: i64,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// `entries.imported` or `entries.import_undone`.
    #[schema(value_type = String)]
    action: Action,
    /// The line of the first row that it took, bad ones aside.
    first_line: i64,
    /// The line of the last one.
    last_line: i64,
    /// A keyed digest of the rows as they were understood: the same rows have the same one.
    digest: String,
    /// How many entries it wrote.
    entries: usize,
}

impl PartView {
    pub(crate) fn of(part: PartDone) -> Self {
        let [first_line, last_line] = part.rows.rows;
        Self {
            sequence: part.sequence,
            at: part.at,
            action: part.action,
            first_line,
            last_line,
            digest: part.rows.digest,
            entries: part.entries,
        }
    }
}

impl ChangedSinceView {
    pub(crate) fn of(row: RowLeft) -> Self {
        Self { entry: row.entry, line: row.line, value: row.value }
    }
}

impl ImportView {
    pub(crate) fn of(import: &Import) -> Self {
        let counts = import.counts;
        Self {
            id: import.id,
            state: import.state,
            list: import.list,
            kind: import.kind,
            format: import.format,
            dry_run: import.is_dry_run,
            rows: counts.rows,
            total: import.total,
            created: counts.created,
            updated: counts.updated,
            unchanged: counts.unchanged,
            bad: counts.bad,
            problem: import.problem.clone(),
            created_at: import.created_at,
            finished_at: import.finished_at,
            undone: (import.undone_from.is_some() || import.state == ImportState::Undone)
                .then(|| UndoView::of(import.undo)),
        }
    }
}

impl UndoView {
    const fn of(undo: UndoCounts) -> Self {
        Self { restored: undo.restored, deleted: undo.deleted, changed_since: undo.changed_since }
    }
}

impl UndoneView {
    pub(crate) fn of(undone: UndoneImport) -> Self {
        let UndoCounts { restored, deleted, changed_since } = undone.import.undo;
        Self {
            restored,
            deleted,
            changed_since_total: changed_since,
            changed_since: undone.changed_since.into_iter().map(ChangedSinceView::of).collect(),
        }
    }
}

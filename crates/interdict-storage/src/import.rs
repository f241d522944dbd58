//! Imports: one row each, which says how far one is. Not a part of the feed: what an import does to entries is.
//!
//! Deliberately not here: the entries that it writes ([`crate::entry_import`]), and the file.

use interdict_domain::actor::{Actor, ActorType};
use interdict_domain::clock::Timestamp;
use interdict_domain::entry::List;
use interdict_domain::identifier::Kind;
use interdict_domain::ids::{ImportId, Ksuid};
use interdict_domain::import::{Import, ImportCounts, ImportFormat, ImportState, UndoCounts};
use interdict_domain::merchant::MerchantNumber;

use crate::entry::keyset;
use crate::error::StorageError;
use crate::sql::{Row, params};
use crate::statements::statements;
use crate::transaction::MerchantTransaction;
use crate::view::{MerchantView, View};

macro_rules! columns {
    () => {
        "id, merchant, list, kind, format, state, is_dry_run, rows_done, created, updated, unchanged, bad, digest,
         request, problem, first_change, last_change, undone_from, undo_restored, undo_deleted, undo_changed_since,
         actor_type, actor_id, created_at, finished_at, rows_total"
    };
}

statements! {
    UPSERT = "INSERT INTO import (id, merchant, list, kind, format, state, is_dry_run, rows_done, created, updated,
                    unchanged, bad, digest, request, problem, first_change, last_change, undone_from, undo_restored,
                    undo_deleted, undo_changed_since, actor_type, actor_id, created_at, finished_at, rows_total)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
                    $21, $22, $23, $24, $25, $26)
              ON CONFLICT (id) DO UPDATE SET state = excluded.state, is_dry_run = excluded.is_dry_run,
                    rows_done = excluded.rows_done, created = excluded.created, updated = excluded.updated,
                    unchanged = excluded.unchanged, bad = excluded.bad, digest = excluded.digest,
                    problem = excluded.problem, first_change = excluded.first_change,
                    last_change = excluded.last_change, undone_from = excluded.undone_from,
                    undo_restored = excluded.undo_restored, undo_deleted = excluded.undo_deleted,
                    undo_changed_since = excluded.undo_changed_since, finished_at = excluded.finished_at,
                    rows_total = excluded.rows_total";
    SELECT = concat!("SELECT ", columns!(), " FROM import WHERE merchant = $1 AND id = $2");
    SELECT_OF_ANYBODY = concat!("SELECT ", columns!(), " FROM import WHERE id = $1");
    SELECT_BY_REQUEST = concat!("SELECT ", columns!(), " FROM import WHERE merchant = $1 AND request = $2
        ORDER BY created_at DESC, id DESC LIMIT 1");
    SELECT_OPEN = concat!("SELECT ", columns!(), " FROM import WHERE merchant = $1 AND digest = $2
        AND finished_at IS NULL ORDER BY created_at DESC, id DESC LIMIT 1");
    SELECT_PAGE = concat!("SELECT ", columns!(), " FROM import
        WHERE merchant = $1 AND (created_at, id) < ($2, $3) ORDER BY created_at DESC, id DESC LIMIT $4");
    SELECT_UNFINISHED = concat!("SELECT ", columns!(), " FROM import WHERE finished_at IS NULL
        ORDER BY created_at, id");
}

fn read(row: Row<'_>) -> Result<(MerchantNumber, Import), StorageError> {
    let corrupt = StorageError::Corrupt;
    let time =
        |index: usize| Ok::<_, StorageError>(row.get::<Option<i64>>(index)?.map(Timestamp::from_micros));
    let import = Import {
        id: ImportId::from_ksuid(Ksuid::from_bytes(row.get(0)?)),
        list: List::parse(row.text(2)?).ok_or(corrupt("list"))?,
        kind: Kind::from_code(row.get(3)?).ok_or(corrupt("kind"))?,
        format: ImportFormat::parse(row.text(4)?).ok_or(corrupt("an import's format"))?,
        state: ImportState::parse(row.text(5)?).ok_or(corrupt("an import's state"))?,
        is_dry_run: row.get(6)?,
        counts: ImportCounts {
            rows: row.get(7)?,
            created: row.get(8)?,
            updated: row.get(9)?,
            unchanged: row.get(10)?,
            bad: row.get(11)?,
        },
        digest: row.get(12)?,
        request: row.get(13)?,
        problem: row.get(14)?,
        changes: row.get::<Option<i64>>(15)?.zip(row.get(16)?),
        undone_from: row.get(17)?,
        undo: UndoCounts { restored: row.get(18)?, deleted: row.get(19)?, changed_since: row.get(20)? },
        created_by: Actor {
            kind: ActorType::parse(row.text(21)?).ok_or(corrupt("actor"))?,
            id: row.get(22)?,
        },
        created_at: Timestamp::from_micros(row.get(23)?),
        finished_at: time(24)?,
        total: row.get(25)?,
    };
    Ok((MerchantNumber(row.get(1)?), import))
}

fn read_own(row: Row<'_>) -> Result<Import, StorageError> {
    Ok(read(row)?.1)
}

impl View<'_> {
    /// An import, whosever it is: for whoever keeps the files.
    pub fn import_of_anybody(&self, id: ImportId) -> Result<Option<Import>, StorageError> {
        self.connection.query_optional(SELECT_OF_ANYBODY, params![id.ksuid().bytes()], read_own)
    }

    /// Those that have not ended, the oldest first, with whose they are.
    pub fn unfinished_imports(&self) -> Result<Vec<(MerchantNumber, Import)>, StorageError> {
        self.connection.query(SELECT_UNFINISHED, &[], read)
    }
}

impl MerchantView<'_> {
    /// An import.
    pub fn import(&self, id: ImportId) -> Result<Option<Import>, StorageError> {
        self.connection.query_optional(SELECT, params![self.merchant.0, id.ksuid().bytes()], read_own)
    }

    /// The one that a request has made.
    pub fn import_of_request(&self, request: &[u8; 32]) -> Result<Option<Import>, StorageError> {
        self.connection.query_optional(SELECT_BY_REQUEST, params![self.merchant.0, request], read_own)
    }

    /// The one of a file that has not ended.
    pub fn import_of_file(&self, digest: &[u8; 32]) -> Result<Option<Import>, StorageError> {
        self.connection.query_optional(SELECT_OPEN, params![self.merchant.0, digest], read_own)
    }

    /// A page of imports behind a position, newest first.
    pub fn imports(
        &self,
        position: Option<(Timestamp, Ksuid)>,
        limit: i64,
    ) -> Result<Vec<Import>, StorageError> {
        let (at, id) = keyset(position);
        self.connection.query(SELECT_PAGE, params![self.merchant.0, at, id, limit], read_own)
    }
}

impl MerchantTransaction<'_, '_> {
    /// Writes how far an import is.
    pub fn put_import(&self, import: &Import) -> Result<(), StorageError> {
        let (counts, undo) = (&import.counts, &import.undo);
        self.transaction.connection.execute(
            UPSERT,
            params![
                import.id.ksuid().bytes(),
                self.merchant.0,
                import.list.as_str(),
                import.kind.code(),
                import.format.as_str(),
                import.state.as_str(),
                i64::from(import.is_dry_run),
                counts.rows,
                counts.created,
                counts.updated,
                counts.unchanged,
                counts.bad,
                import.digest,
                import.request,
                import.problem,
                import.changes.map(|(first, _)| first),
                import.changes.map(|(_, last)| last),
                import.undone_from,
                undo.restored,
                undo.deleted,
                undo.changed_since,
                import.created_by.kind.as_str(),
                import.created_by.id,
                import.created_at.micros(),
                import.finished_at.map(Timestamp::micros),
                import.total,
            ],
        )
    }
}

//! The parts of an import as its changes tell them, and the rows that its undo has left alone.
//!
//! Deliberately not here: writing and undoing a part ([`crate::entry_import`]).

use interdict_domain::change::{Action, RowsImported, Subject};
use interdict_domain::clock::Timestamp;
use interdict_domain::entry::List;
use interdict_domain::ids::{EntryId, ImportId, Ksuid};
use interdict_domain::import::Import;

use crate::error::StorageError;
use crate::facts;
use crate::sql::{Connection, Row, params};
use crate::statements::statements;
use crate::transaction::MerchantTransaction;
use crate::view::MerchantView;

statements! {
    SELECT_PARTS = "SELECT sequence, at, action, facts FROM change
        WHERE merchant = $1 AND subject = $2 AND sequence > $3 ORDER BY sequence LIMIT $4";
    SELECT_LEFT = "SELECT revision, place, entry, line FROM import_left
        WHERE revision <= $1 AND (revision, place) > ($2, $3) AND import = $4 AND merchant = $5
        ORDER BY revision, place LIMIT $6";
    INSERT_LEFT = "INSERT INTO import_left (revision, place, import, merchant, entry, line)
        VALUES ($1, $2, $3, $4, $5, $6)";
    TRIM_LEFT = "DELETE FROM import_left WHERE revision > $1 AND revision <= $2";
}

/// A part of an import, or the undo of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartDone {
    /// Its change.
    pub sequence: i64,
    /// When.
    pub at: Timestamp,
    /// Which of the two.
    pub action: Action,
    /// The lines that it took, and the proof of them.
    pub rows: RowsImported,
    /// How many entries it wrote.
    pub entries: usize,
}

/// Where a row stands among all that an undo has left alone: by its part's change, and within that.
pub type LeftPosition = (i64, i64);

/// A row that an undo has left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowLeft {
    /// Where it stands among them.
    pub position: LeftPosition,
    /// Which entry.
    pub entry: EntryId,
    /// Where it stood in the file, where that is known.
    pub line: Option<i64>,
    /// What the entry lists now; nothing when it is gone, or its person was erased.
    pub value: Option<String>,
}

fn read_part(row: Row<'_>) -> Result<PartDone, StorageError> {
    let (rows, entries) = facts::part(row.text(3)?)?;
    Ok(PartDone {
        sequence: row.get(0)?,
        at: Timestamp::from_micros(row.get(1)?),
        action: Action::parse(row.text(2)?).ok_or(StorageError::Corrupt("action"))?,
        rows,
        entries,
    })
}

impl MerchantView<'_> {
    /// The parts of an import behind a change, in the order of the file, and then their undos, the last part's first.
    pub fn import_parts(&self, id: ImportId, after: i64, limit: i64) -> Result<Vec<PartDone>, StorageError> {
        let subject = Subject::Import(id).to_string();
        self.connection.query(SELECT_PARTS, params![self.merchant.0, subject, after, limit], read_part)
    }

    /// What an undo has left alone behind a position, in the order of the file.
    pub fn rows_left(
        &self,
        import: &Import,
        after: Option<LeftPosition>,
        limit: i64,
    ) -> Result<Vec<RowLeft>, StorageError> {
        let Some((first, last)) = import.changes else { return Ok(Vec::new()) };
        let (revision, place) = after.unwrap_or((first, -1));
        let id = *import.id.ksuid().bytes();
        let of = params![last, revision, place, id, self.merchant.0, limit];
        let mut rows = self.connection.query(SELECT_LEFT, of, |row| read_left(row, import.list))?;
        let now = self.entries_by_ids(import.list, rows.iter().map(|row| &row.entry))?;
        for row in &mut rows {
            row.value = now.get(&row.entry).and_then(|entry| entry.value.clone());
        }
        Ok(rows)
    }
}

fn read_left(row: Row<'_>, list: List) -> Result<RowLeft, StorageError> {
    let entry = EntryId::from_parts(list, Ksuid::from_bytes(row.get(2)?));
    Ok(RowLeft { position: (row.get(0)?, row.get(1)?), entry, line: row.get(3)?, value: None })
}

impl MerchantTransaction<'_, '_> {
    /// Notes what an undo leaves alone of a part: places among its entries.
    pub(crate) fn leave(
        &self,
        id: ImportId,
        revision: i64,
        left: &[(i64, EntryId, Option<i64>)],
    ) -> Result<(), StorageError> {
        let import = *id.ksuid().bytes();
        for (place, entry, line) in left {
            self.transaction.connection.execute(
                INSERT_LEFT,
                params![revision, *place, import, self.merchant.0, entry.ksuid_bytes(), *line],
            )?;
        }
        Ok(())
    }
}

/// Forgets what was left alone of parts that are trimmed.
pub(crate) fn trim(connection: Connection<'_>, behind: i64, through: i64) -> Result<(), StorageError> {
    connection.execute(TRIM_LEFT, params![behind, through])
}

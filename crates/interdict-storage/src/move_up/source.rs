//! The source: a store's file, opened to read only, and one snapshot of it.

use std::path::Path;

use interdict_domain::identifier::Pepper;
use rusqlite::{Connection as Sqlite, params_from_iter};

use super::content::{Content, Reading};
use super::error::MoveError;
use super::mark::{Origin, Reached};
use super::tables::{self, Table};
use crate::chain::{self, ChainReport};
use crate::error::StorageError;
use crate::meta;
use crate::migrations::{self, Dialect, Schema};
use crate::postgres::SchemaName;
use crate::sql::{Bound, Connection, Row};
use crate::sqlite::connection;
use crate::transaction::Head;

const SELECT_EPOCH: &str = "SELECT value FROM meta WHERE name = 'epoch'";
const SELECT_PEPPER: &str = "SELECT value FROM meta WHERE name = 'pepper'";
const SELECT_TABLE: &str = "SELECT COUNT(*) FROM sqlite_schema WHERE name = 'migration'";
/// Not the epoch, because a copy is another life; not what each engine notes for itself.
const SELECT_META: &str = "SELECT name, value FROM meta
                           WHERE name NOT IN ('epoch', 'pepper', 'migration_floor', 'scrub', 'counted')
                               AND substr(name, 1, 7) <> 'search_' ORDER BY name";

/// Those that need a file.
const SELECT_IMPORTS: &str = "SELECT COUNT(*) FROM import WHERE state IN ('checking', 'ready', 'running')";

/// A chunk ends at so many bytes, however few rows that are: it is held in memory.
const CHUNK_BYTES_MAX: usize = 4 << 20;

/// One store of the source.
pub(super) struct Source {
    pub(super) name: SchemaName,
    pub(super) schema: Schema,
    /// In its snapshot from the beginning to the end.
    snapshot: Sqlite,
    /// In no transaction: sees that somebody else commits.
    watcher: Sqlite,
    version: i64,
    pub(super) origin: Origin,
    pub(super) tables: Vec<Table>,
}

/// Some rows in the order of their keys.
pub(super) struct Chunk {
    pub(super) rows: Vec<Vec<Bound>>,
    /// How far the table is with them.
    pub(super) reached: Reached,
}

impl Source {
    pub(super) fn open(
        path: &Path,
        name: SchemaName,
        schema: Schema,
        pepper: &Pepper,
    ) -> Result<Self, MoveError> {
        let watcher = connection::open_reader(path)?;
        // Before the snapshot: what comes between them counts as a change, too.
        let version = connection::data_version(&watcher)?;
        let snapshot = connection::open_reader(path)?;
        snapshot.execute_batch("BEGIN").map_err(StorageError::from)?;
        let view = Connection::Sqlite(&snapshot);
        let is_used: bool = view.query_one(SELECT_TABLE, &[], |row| row.get(0))?;
        let found = if is_used { migrations::found(view, schema, Dialect::Sqlite)? } else { 0 };
        let known = migrations::known(schema, Dialect::Sqlite);
        if found < known {
            return Err(MoveError::SourceBehind { store: name.as_str(), found, known });
        }
        if found > known {
            return Err(StorageError::TooNew { found, known }.into());
        }
        let stored: String = view.query_one(SELECT_PEPPER, &[], |row| row.get(0))?;
        meta::require_whole(view, &stored, pepper)?;
        if schema == Schema::Mode {
            let imports: i64 = view.query_one(SELECT_IMPORTS, &[], |row| row.get(0))?;
            if imports > 0 {
                return Err(MoveError::ImportsUnderWay { store: name.as_str(), imports });
            }
        }
        let head = Head::read(view)?;
        let epoch = view.query_one(SELECT_EPOCH, &[], |row| row.get(0))?;
        let origin = Origin { epoch, sequence: head.sequence, hash: head.hash };
        let tables = tables::all(&snapshot, name.as_str())?;
        Ok(Self { name, schema, snapshot, watcher, version, origin, tables })
    }

    pub(super) fn head(&self) -> Head {
        Head { sequence: self.origin.sequence, hash: self.origin.hash }
    }

    /// Walks the source's own chain.
    pub(super) fn verify_chain(&self, progress: &mut dyn FnMut(i64)) -> Result<ChainReport, MoveError> {
        let report = chain::verify(Connection::Sqlite(&self.snapshot), progress)?;
        match report.fault {
            None => Ok(report),
            Some(fault) => Err(MoveError::SourceBroken { store: self.name.as_str(), fault }),
        }
    }

    /// All rows of a table, counted.
    pub(super) fn count(&self, table: &Table) -> Result<u64, StorageError> {
        let count = format!("SELECT COUNT(*) FROM {}", table.quoted_name());
        let rows: i64 = self.snapshot.query_row(&count, [], |row| row.get(0))?;
        Ok(rows.unsigned_abs())
    }

    /// What follows on what was reached; fewer rows than are wanted only at the end, or when they are large.
    pub(super) fn chunk(&self, table: &Table, from: &Reached, rows_max: usize) -> Result<Chunk, MoveError> {
        let sql = table.select_source(!from.key.is_empty());
        let mut statement = self.snapshot.prepare_cached(&sql).map_err(StorageError::from)?;
        let mut found = statement.query(params_from_iter(&from.key)).map_err(StorageError::from)?;
        let mut chunk = Chunk { rows: Vec::new(), reached: from.clone() };
        let mut bytes = 0;
        while chunk.rows.len() < rows_max && bytes < CHUNK_BYTES_MAX {
            let Some(row) = found.next().map_err(StorageError::from)? else {
                chunk.reached.is_whole = true;
                break;
            };
            let row = table.bind(row)?;
            bytes += row.iter().map(size_of_value).sum::<usize>();
            chunk.rows.push(row);
        }
        if let Some(last) = chunk.rows.last() {
            chunk.reached.rows += chunk.rows.len() as u64;
            chunk.reached.key =
                table.key_of(last).ok_or_else(|| table.unfit("a part of a key is NULL".to_owned()))?;
        }
        Ok(chunk)
    }

    /// All that a table holds.
    pub(super) fn content(
        &self,
        table: &Table,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Content, StorageError> {
        let mut reading = Reading::new(table);
        let sql = table.select_source(false);
        crate::sqlite::for_each(&self.snapshot, &sql, &[], &mut |row: Row<'_>| {
            if reading.add(row)? {
                progress(reading.rows());
            }
            Ok(())
        })?;
        Ok(reading.finish())
    }

    /// What `meta` holds besides what each database writes for itself.
    pub(super) fn meta(&self) -> Result<Vec<(String, String)>, StorageError> {
        Connection::Sqlite(&self.snapshot).query(SELECT_META, &[], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// What was acknowledged after the snapshot would be lost.
    pub(super) fn refuse_changed(&self) -> Result<(), MoveError> {
        if connection::data_version(&self.watcher)? == self.version {
            return Ok(());
        }
        Err(MoveError::SourceChanged { store: self.name.as_str() })
    }
}

fn size_of_value(value: &Bound) -> usize {
    size_of::<Bound>()
        + match value {
            Bound::Null | Bound::Integer(_) => 0,
            Bound::Text(text) => text.len(),
            Bound::Bytes(bytes) => bytes.len(),
        }
}

impl rusqlite::ToSql for tables::KeyPart {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        match self {
            Self::Integer(number) => number.to_sql(),
            Self::Text(text) => text.to_sql(),
            Self::Bytes(bytes) => bytes.to_sql(),
        }
    }
}

//! SQLite: the pragmas that durability, erasure and concurrency rest on, and its half of [`crate::sql`].

use std::path::Path;
use std::time::Duration;

use rusqlite::functions::FunctionFlags;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, Row, ToSql, params_from_iter};

use crate::error::StorageError;
use crate::sql::{self, Value, savepoint};
use crate::store::Durability;

/// How long a writer waits for another process that holds the lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How often, and after which pauses, a new file is tried to be put into log mode: the busy timeout again.
const LOG_MODE_TRIES: u32 = 500;
const LOG_MODE_PAUSE: Duration = Duration::from_millis(10);
/// How long it waits for readers, when the log is to be cut.
const TRUNCATE_TIMEOUT: Duration = Duration::from_millis(50);
/// Statements kept prepared by each connection: more than there are.
const PREPARED_STATEMENTS: usize = 256;
/// Pages that a connection keeps. The index by identifier is written anywhere: what is not there is read again.
const WRITER_CACHE_KIB: i64 = 131_072;
const READER_CACHE_KIB: i64 = 65_536;

/// The connection that writes. One a process and store.
pub(crate) fn open_writer(path: &Path, durability: Durability) -> Result<Connection, StorageError> {
    let connection = Connection::open(path)?;
    common(&connection, WRITER_CACHE_KIB)?;
    require_page_table(&connection)?;
    enter_log_mode(&connection)?;
    connection.pragma_update(None, "synchronous", durability.synchronous())?;
    // Deleted content is overwritten with zeros: an erased person leaves no bytes behind.
    connection.pragma_update(None, "secure_delete", "on")?;
    connection.pragma_update(None, "wal_autocheckpoint", 8_000)?;
    Ok(connection)
}

/// A connection that copies the log into the database, and nothing else.
pub(crate) fn open_checkpointer(path: &Path, durability: Durability) -> Result<Connection, StorageError> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "synchronous", durability.synchronous())?;
    Ok(connection)
}

/// An erasure that could not reach the gaps of pages must not be promised.
fn require_page_table(connection: &Connection) -> Result<(), StorageError> {
    let modules = "SELECT 1 FROM pragma_module_list WHERE name = 'sqlite_dbpage'";
    let found = connection.query_row(modules, [], |_| Ok(())).optional()?;
    found.ok_or(StorageError::NoPageTable)
}

/// The one step that does not wait by itself: processes that start at once on a new file meet here.
fn enter_log_mode(connection: &Connection) -> Result<(), StorageError> {
    for _ in 0..LOG_MODE_TRIES {
        match connection.pragma_update(None, "journal_mode", "wal") {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                std::thread::sleep(LOG_MODE_PAUSE);
            }
            done => return Ok(done?),
        }
    }
    Ok(connection.pragma_update(None, "journal_mode", "wal")?)
}

/// A connection that only reads.
pub(crate) fn open_reader(path: &Path) -> Result<Connection, StorageError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    common(&connection, READER_CACHE_KIB)?;
    Ok(connection)
}

fn common(connection: &Connection, cache_kib: i64) -> Result<(), StorageError> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS);
    connection.pragma_update(None, "temp_store", "memory")?;
    connection.pragma_update(None, "cache_size", -cache_kib)?;
    connection.pragma_update(None, "mmap_size", 0)?;
    fold_every_letter(connection)
}

/// SQLite's own LOWER knows ASCII only, so that a search for "ärger" would not find "Ärger". PostgreSQL's
/// knows every letter: one SQL means the same on both.
fn fold_every_letter(connection: &Connection) -> Result<(), StorageError> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("lower", 1, flags, |arguments| {
        Ok(arguments.get::<Option<String>>(0)?.map(|text| text.to_lowercase()))
    })?;
    Ok(())
}

/// Writes all of the write-ahead log into the database and cuts it to nothing, so that what was
/// erased is in neither. False when a reader was in the way, who is not waited for long: the writer's
/// thread has others to serve.
pub(crate) fn truncate_log(connection: &Connection) -> Result<bool, StorageError> {
    connection.busy_timeout(TRUNCATE_TIMEOUT)?;
    let busy = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(busy? == 0)
}

/// Writes of the write-ahead log into the database what no reader is in the way of.
pub(crate) fn copy_log(connection: &Connection) -> Result<(), StorageError> {
    Ok(connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?)
}

/// What a column holds.
pub(crate) fn column<'r>(row: &'r Row<'_>, index: usize) -> Result<Value<'r>, StorageError> {
    match row.get_ref(index)? {
        ValueRef::Null => Ok(Value::Null),
        ValueRef::Integer(number) => Ok(Value::Integer(number)),
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => Ok(Value::Text(text)),
            Err(_) => Err(StorageError::Corrupt("a text that is not UTF-8")),
        },
        ValueRef::Blob(bytes) => Ok(Value::Bytes(bytes)),
        ValueRef::Real(_) => Err(StorageError::Corrupt("a number that is not whole")),
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Value::Null => ValueRef::Null,
            Value::Integer(number) => ValueRef::Integer(number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// Runs a statement and says how many rows it touched.
pub(crate) fn execute(
    connection: &Connection,
    sql: &str,
    parameters: &[Value<'_>],
) -> Result<u64, StorageError> {
    let touched = connection.prepare_cached(sql)?.execute(params_from_iter(parameters))?;
    Ok(u64::try_from(touched).unwrap_or(u64::MAX))
}

/// Goes through the rows of an answer.
pub(crate) fn for_each(
    connection: &Connection,
    sql: &str,
    parameters: &[Value<'_>],
    sink: &mut dyn FnMut(sql::Row<'_>) -> Result<(), StorageError>,
) -> Result<(), StorageError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params_from_iter(parameters))?;
    while let Some(row) = rows.next()? {
        sink(sql::Row::Sqlite(row))?;
    }
    Ok(())
}

/// Begins a part of a transaction that can be undone by itself.
pub(crate) fn begin_part(connection: &Connection, depth: usize) -> Result<(), StorageError> {
    let [begin, ..] = savepoint(depth)?;
    connection.prepare_cached(begin)?.execute([])?;
    Ok(())
}

/// Ends the part, kept or undone.
pub(crate) fn end_part(connection: &Connection, depth: usize, keep: bool) -> Result<(), StorageError> {
    let [_, undo, end] = savepoint(depth)?;
    if connection.is_autocommit() {
        // A full disk can end the whole transaction under us.
        return Err(StorageError::Corrupt("the transaction ended early"));
    }
    if !keep {
        connection.prepare_cached(undo)?.execute([])?;
    }
    connection.prepare_cached(end)?.execute([])?;
    Ok(())
}

/// Changes when another connection has committed.
pub(crate) fn data_version(connection: &Connection) -> Result<i64, StorageError> {
    Ok(connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?)
}

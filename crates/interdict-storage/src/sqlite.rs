//! Opening SQLite: the pragmas that durability, erasure and concurrency rest on.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::error::StorageError;
use crate::store::Durability;

/// How long a writer waits for another process that holds the lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Statements kept prepared by each connection: more than there are.
const PREPARED_STATEMENTS: usize = 128;

/// The connection that writes. One a process and store.
pub(crate) fn open_writer(path: &Path, durability: Durability) -> Result<Connection, StorageError> {
    let connection = Connection::open(path)?;
    common(&connection)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", durability.synchronous())?;
    // Deleted content is overwritten with zeros: an erased person leaves no bytes behind.
    connection.pragma_update(None, "secure_delete", "on")?;
    connection.pragma_update(None, "wal_autocheckpoint", 8_000)?;
    Ok(connection)
}

/// A connection that only reads.
pub(crate) fn open_reader(path: &Path) -> Result<Connection, StorageError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    common(&connection)?;
    Ok(connection)
}

fn common(connection: &Connection) -> Result<(), StorageError> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS);
    connection.pragma_update(None, "temp_store", "memory")?;
    connection.pragma_update(None, "cache_size", -65_536)?;
    connection.pragma_update(None, "mmap_size", 0)?;
    Ok(())
}

/// Writes all of the write-ahead log into the database and cuts it to nothing, so that what was
/// erased is in neither. False when a reader was in the way.
pub(crate) fn truncate_log(connection: &Connection) -> Result<bool, StorageError> {
    let busy: i64 = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    Ok(busy == 0)
}

/// Changes when another connection has committed.
pub(crate) fn data_version(connection: &Connection) -> Result<i64, StorageError> {
    Ok(connection.pragma_query_value(None, "data_version", |row| row.get(0))?)
}

//! Copies of a store, made while it serves, and their way back.

use std::path::Path;
use std::time::Duration;

use interdict_domain::clock::Random;
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::connection;
use crate::error::StorageError;
use crate::meta::new_epoch;
use crate::sql;
use crate::store::Durability;

/// Pages copied between two reports of progress.
const PAGES_A_STEP: i32 = 4_096;

/// Why a copy could not be made.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Below the copy.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The copy is not sound.
    #[error("the copy fails its integrity check")]
    Unsound,
}

impl From<rusqlite::Error> for BackupError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Storage(error.into())
    }
}

fn copy(
    from: &Connection,
    to: &mut Connection,
    progress: &mut dyn FnMut(i32, i32),
) -> Result<(), BackupError> {
    {
        let backup = Backup::new(from, to)?;
        loop {
            let step = backup.step(PAGES_A_STEP)?;
            let state = backup.progress();
            progress(state.pagecount - state.remaining, state.pagecount);
            match step {
                StepResult::Done => break,
                StepResult::Busy | StepResult::Locked => std::thread::sleep(Duration::from_millis(10)),
                _ => {}
            }
        }
    }
    // A copy of a log-mode file is one plain file, whole in itself.
    to.pragma_update(None, "journal_mode", "delete")?;
    let verdict: String = to.query_row("PRAGMA quick_check", [], |row| row.get(0))?;
    if verdict == "ok" { Ok(()) } else { Err(BackupError::Unsound) }
}

/// Copies a store to a new file from one snapshot, while it serves.
pub fn backup(from: &Path, to: &Path, progress: &mut dyn FnMut(i32, i32)) -> Result<(), BackupError> {
    let source = connection::open_reader(from)?;
    // One read transaction: a writer beside does not make the copy begin again.
    source.execute_batch("BEGIN; SELECT COUNT(*) FROM meta")?;
    copy(&source, &mut Connection::open(to).map_err(StorageError::from)?, progress)
}

/// Copies a backup to the place of a store that is not there, and marks it as another life: whoever
/// followed the old one must rebuild.
pub fn restore(
    from: &Path,
    to: &Path,
    random: &dyn Random,
    progress: &mut dyn FnMut(i32, i32),
) -> Result<(), BackupError> {
    let source = connection::open_reader(from)?;
    let mut target = Connection::open(to).map_err(StorageError::from)?;
    copy(&source, &mut target, progress)?;
    new_epoch(sql::Connection::Sqlite(&target), random)?;
    drop(target);
    drop(connection::open_writer(to, Durability::Full)?);
    Ok(())
}

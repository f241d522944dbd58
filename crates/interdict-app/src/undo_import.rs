//! Undoing an import: each entry that nobody has changed since is as it was before, or gone where it was not. Part by
//! part, the newest first, each a change like any other; one that was cut goes on when it is asked for again.

use std::sync::Arc;

use interdict_domain::ids::ImportId;
use interdict_domain::import::{Import, ImportState};
use interdict_storage::{Authorship, RowLeft, StorageError};

use crate::caller::Caller;
use crate::import_pace::Pace;
use crate::new_import::ImportError;
use crate::service::Service;

/// So many of the rows that were left alone are told with the undo; all are counted, and can be read.
pub const CHANGED_SINCE_MAX: i64 = 100;

/// What an undo did.
#[derive(Clone, Debug)]
pub struct UndoneImport {
    /// The import, with the counts.
    pub import: Import,
    /// Rows whose entries somebody has changed since, and that were left alone: the first of them.
    pub changed_since: Vec<RowLeft>,
}

impl Service {
    /// Undoes an import that has ended, as far as that was not done.
    pub async fn undo_import(&self, caller: &Caller, id: ImportId) -> Result<UndoneImport, ImportError> {
        let merchant = caller.merchant;
        let (import, trimmed) = self
            .store
            .read(merchant, move |view| Ok::<_, ImportError>((view.import(id)?, view.trimmed_through()?)))
            .await?;
        let mut import = import.ok_or(ImportError::NotFound)?;
        if import.state != ImportState::Undone {
            if import.finished_at.is_none() {
                return Err(ImportError::State(import.state));
            }
            if import.changes.is_some_and(|(first, _)| first <= trimmed) {
                return Err(ImportError::Trimmed);
            }
            import = self.undo_parts(caller, id).await?;
        }
        let (import, changed_since) = self
            .store
            .read(merchant, move |view| {
                let left = view.rows_left(&import, None, CHANGED_SINCE_MAX)?;
                Ok::<_, ImportError>((import, left))
            })
            .await?;
        Ok(UndoneImport { import, changed_since })
    }

    async fn undo_parts(&self, caller: &Caller, id: ImportId) -> Result<Import, ImportError> {
        let merchant = caller.merchant;
        let mut pace = Pace::new(&self.store, false);
        loop {
            let wanted = pace.rows();
            let (actor, now, random) = (caller.actor(), self.clock.now(), Arc::clone(&self.random));
            let merchant_now = self.merchant_now(merchant);
            let committed = self
                .store
                .write(move |transaction| -> Result<_, ImportError> {
                    let by = Authorship { actor: &actor, now, merchant_now, random: random.as_ref() };
                    let mut transaction = transaction.merchant(merchant);
                    let (mut rows, mut goes_on) = (0, true);
                    while goes_on && rows < wanted {
                        let undone = transaction.undo_part(&by, id)?;
                        rows += undone.unwrap_or(0);
                        goes_on = undone.is_some();
                    }
                    let import = transaction.view().import(id)?;
                    Ok((import.ok_or(StorageError::Corrupt("an import that is not there"))?, goes_on))
                })
                .await?;
            let (import, goes_on) = committed.value;
            if !goes_on {
                return Ok(import);
            }
            pace.learn(&self.store);
        }
    }
}

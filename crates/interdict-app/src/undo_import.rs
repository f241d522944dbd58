//! Undoing an import: each entry that nobody has changed since is as it was before, or gone where it was not. Part by
//! part, the newest first, each a change like any other; one that was cut goes on when it is asked for again.

use std::sync::Arc;

use interdict_domain::ids::{EntryId, ImportId};
use interdict_domain::import::{Import, ImportState};
use interdict_storage::{Authorship, StorageError};

use crate::caller::Caller;
use crate::new_import::ImportError;
use crate::service::Service;

/// So many of the entries that were left alone are named; all are counted.
pub const CHANGED_SINCE_MAX: usize = 100;

/// What an undo did.
#[derive(Clone, Debug)]
pub struct UndoneImport {
    /// The import, with the counts.
    pub import: Import,
    /// Entries that somebody has changed since, and that were left alone: the first of them.
    pub changed_since: Vec<EntryId>,
    /// The revision that contains it.
    pub revision: i64,
}

impl Service {
    /// Undoes an import that has ended, as far as that was not done.
    pub async fn undo_import(&self, caller: &Caller, id: ImportId) -> Result<UndoneImport, ImportError> {
        let merchant = caller.merchant;
        let (import, trimmed) = self
            .store
            .read(merchant, move |view| Ok::<_, ImportError>((view.import(id)?, view.trimmed_through()?)))
            .await?;
        let mut undone = UndoneImport {
            import: import.ok_or(ImportError::NotFound)?,
            changed_since: Vec::new(),
            revision: self.index.revision(),
        };
        let import = &undone.import;
        if import.state == ImportState::Undone {
            return Ok(undone);
        }
        if import.finished_at.is_none() {
            return Err(ImportError::State(import.state));
        }
        if import.changes.is_some_and(|(first, _)| first <= trimmed) {
            return Err(ImportError::Trimmed);
        }
        loop {
            let (actor, now, random) = (caller.actor(), self.clock.now(), Arc::clone(&self.random));
            let merchant_now = self.merchant_now(merchant);
            let committed = self
                .store
                .write(move |transaction| -> Result<_, ImportError> {
                    let by = Authorship { actor: &actor, now, merchant_now, random: random.as_ref() };
                    let mut transaction = transaction.merchant(merchant);
                    let part = transaction.undo_part(&by, id)?;
                    let import = transaction.view().import(id)?;
                    let import = import.ok_or(StorageError::Corrupt("an import that is not there"))?;
                    Ok((import, part.map(|(_, changed)| changed)))
                })
                .await?;
            let (import, changed) = committed.value;
            (undone.import, undone.revision) = (import, committed.revision);
            let Some(changed) = changed else { return Ok(undone) };
            let room = CHANGED_SINCE_MAX.saturating_sub(undone.changed_since.len());
            undone.changed_since.extend(changed.into_iter().take(room));
        }
    }
}

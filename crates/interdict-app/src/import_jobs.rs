//! Imports as jobs: made from a file that has arrived, run one after the other by the process that has it, looked at,
//! started, stopped. A process that was killed goes on where the last commit left the import.
//!
//! Deliberately not here: what is done with the rows ([`crate::import_entries`]).

use std::fs::File;
use std::io::{BufReader, BufWriter, Write as _};
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use interdict_domain::actor::{Actor, ActorType};
use interdict_domain::clock::Timestamp;
use interdict_domain::ids::ImportId;
use interdict_domain::import::{Import, ImportCounts, ImportState};
use interdict_domain::merchant::MerchantNumber;
use interdict_storage::{MerchantTransaction, StorageError, WriteError};
use tokio::sync::Notify;

use crate::caller::Caller;
use crate::import_entries::{ImportRunError, ImportWatch};
use crate::import_files::{FILE_BYTES_MAX, ImportFolder, Upload, forget};
use crate::new_import::{ImportError, NewImport};
use crate::service::Service;

/// How long the bad rows of an import are kept after its end, and a file that was checked and never taken.
pub const IMPORT_FILES_KEPT_S: i64 = 7 * 86_400;
/// What digests of files and of idempotency keys are keyed with is derived from the pepper for this.
const DIGEST_PURPOSE: &str = "interdict 2026-11 import file";

/// What a service needs for its imports.
#[derive(Default)]
pub(crate) struct ImportJobs {
    folder: OnceLock<ImportFolder>,
    /// Whether nobody else can have the file of an import.
    is_alone: bool,
    /// Told when there is something to do.
    wanted: Notify,
    stopping: AtomicBool,
}

impl ImportJobs {
    /// With files in a folder of this process alone.
    pub(crate) fn alone_in(folder: PathBuf) -> Self {
        let jobs = Self { is_alone: true, ..Self::default() };
        jobs.keep_in(folder);
        jobs
    }

    pub(crate) fn keep_in(&self, folder: PathBuf) {
        // The first word counts.
        drop(self.folder.set(ImportFolder::new(folder)));
    }

    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        self.wanted.notify_waiters();
    }
}

impl Service {
    fn import_folder(&self) -> Result<&ImportFolder, ImportError> {
        self.imports.folder.get().ok_or(ImportError::NoFolder)
    }

    /// A secret under the digests of files.
    pub fn import_secret(&self) -> [u8; 32] {
        self.pepper.derive(DIGEST_PURPOSE)
    }

    /// What is kept of an idempotency key.
    pub fn import_request(&self, key: &str) -> [u8; 32] {
        *blake3::keyed_hash(&self.import_secret(), key.as_bytes()).as_bytes()
    }

    /// A file for what is about to arrive.
    pub fn begin_upload(&self) -> Result<Upload, ImportError> {
        self.begin_upload_of(FILE_BYTES_MAX)
    }

    /// The same under another limit.
    pub fn begin_upload_of(&self, bytes_max: u64) -> Result<Upload, ImportError> {
        let name = ImportId::generate(self.clock.now(), self.random.as_ref()).to_string();
        Ok(self.import_folder()?.begin(&name, &self.import_secret(), bytes_max)?)
    }

    /// Makes an import of a file that has arrived whole. The same file as one that has not ended, or the same
    /// request, is that import.
    pub async fn create_import(
        &self,
        caller: &Caller,
        mut upload: Upload,
        new: NewImport,
    ) -> Result<Import, ImportError> {
        let folder = self.import_folder()?;
        let digest = new.digest(upload.digest());
        let (merchant, now) = (caller.merchant, self.clock.now());
        let id = ImportId::generate(now, self.random.as_ref());
        let import = new.begin(id, (caller.actor(), now), Some(digest));
        // Before anybody can look for it.
        upload.keep(folder, id)?;
        let written = self
            .store
            .write(move |transaction| -> Result<Import, ImportError> {
                let transaction = transaction.merchant(merchant);
                let view = transaction.view();
                if let Some(request) = &new.request
                    && let Some(found) = view.import_of_request(request)?
                {
                    let is_same = found.digest == Some(digest);
                    return if is_same { Ok(found) } else { Err(ImportError::OtherFile) };
                }
                if let Some(found) = view.import_of_file(&digest)? {
                    return Ok(found);
                }
                transaction.put_import(&import)?;
                Ok(import)
            })
            .await;
        match written {
            Ok(committed) if committed.value.id == id => {
                self.imports.wanted.notify_one();
                Ok(committed.value)
            }
            Ok(committed) => {
                forget(&folder.rows(id));
                Ok(committed.value)
            }
            Err(WriteError::Refused(error)) => {
                forget(&folder.rows(id));
                Err(error)
            }
            // It may have been kept all the same: whoever runs the imports looks for files without one.
            Err(error) => Err(error.into()),
        }
    }

    /// The digest of a file, for [`NewImport::digest`].
    pub fn import_digest(&self, file: impl std::io::Read) -> std::io::Result<[u8; 32]> {
        let mut hasher = blake3::Hasher::new_keyed(&self.import_secret());
        hasher.update_reader(file)?;
        Ok(*hasher.finalize().as_bytes())
    }

    /// An import whose file a command has: the one of the same file that was cut, or a new one. For a thread that
    /// may wait.
    pub fn open_import(
        &self,
        merchant: MerchantNumber,
        new: NewImport,
        digest: Option<[u8; 32]>,
    ) -> Result<Import, ImportRunError> {
        let now = self.clock.now();
        let id = ImportId::generate(now, self.random.as_ref());
        let import = new.begin(id, (Actor::cli(), now), digest);
        let committed = self.store.write_blocking(move |transaction| -> Result<Import, StorageError> {
            let transaction = transaction.merchant(merchant);
            if let Some(digest) = digest
                && let Some(found) = transaction.view().import_of_file(&digest)?
                && found.created_by.kind == ActorType::Cli
                && found.state == import.state
            {
                return Ok(found);
            }
            transaction.put_import(&import)?;
            Ok(import)
        })?;
        Ok(committed.value)
    }

    /// Ends a dry run whose file nobody keeps.
    pub fn end_command_import(
        &self,
        merchant: MerchantNumber,
        import: &Import,
    ) -> Result<Import, ImportRunError> {
        if import.state != ImportState::Ready {
            return Ok(import.clone());
        }
        let now = self.clock.now();
        self.change_import(merchant, import, move |import| {
            (import.state, import.finished_at) = (ImportState::Cancelled, Some(now));
        })
    }

    /// Changes an import in the next commit.
    async fn decide_import(
        &self,
        merchant: MerchantNumber,
        id: ImportId,
        decide: impl FnOnce(&mut Import, Timestamp) -> Result<(), ImportError> + Send + 'static,
    ) -> Result<Import, ImportError> {
        let now = self.clock.now();
        let committed = self
            .store
            .write(move |transaction| -> Result<Import, ImportError> {
                let transaction: MerchantTransaction<'_, '_> = transaction.merchant(merchant);
                let mut import = transaction.view().import(id)?.ok_or(ImportError::NotFound)?;
                decide(&mut import, now)?;
                transaction.put_import(&import)?;
                Ok(import)
            })
            .await?;
        self.imports.wanted.notify_one();
        Ok(committed.value)
    }

    /// Has the rows written that were checked, or are being checked. One that runs already, or has ended well, stays
    /// as it is.
    pub async fn start_import(&self, merchant: MerchantNumber, id: ImportId) -> Result<Import, ImportError> {
        self.decide_import(merchant, id, |import, _| match import.state {
            ImportState::Checking | ImportState::Ready => {
                (import.state, import.is_dry_run) = (ImportState::Running, false);
                import.counts = ImportCounts::default();
                Ok(())
            }
            ImportState::Running | ImportState::Done => Ok(()),
            state => Err(ImportError::State(state)),
        })
        .await
    }

    /// Stops an import; what it wrote stays, and can be undone.
    pub async fn cancel_import(&self, merchant: MerchantNumber, id: ImportId) -> Result<Import, ImportError> {
        self.decide_import(merchant, id, |import, now| match import.state {
            state if state.needs_file() => {
                (import.state, import.finished_at) = (ImportState::Cancelled, Some(now));
                Ok(())
            }
            ImportState::Cancelled => Ok(()),
            state => Err(ImportError::State(state)),
        })
        .await
    }

    /// The bad rows of an import, as CSV, as long as this process has them.
    pub fn import_errors(&self, id: ImportId) -> Option<PathBuf> {
        let path = self.import_folder().ok()?.errors(id);
        path.is_file().then_some(path)
    }

    fn unfinished_imports(&self) -> Result<Vec<(MerchantNumber, Import)>, StorageError> {
        self.store.read_blocking(|view| -> Result<_, StorageError> { view.unfinished_imports() })
    }

    /// Waits until there is something to do with imports.
    pub async fn imports_wanted(&self) {
        self.imports.wanted.notified().await;
    }

    /// Runs the imports whose files are here, the oldest first, until none is left that was not tried. For a thread that may wait.
    pub fn work_on_imports(&self) -> Result<(), ImportRunError> {
        let Ok(folder) = self.import_folder() else { return Ok(()) };
        let mut tried: Vec<(ImportId, ImportState)> = Vec::new();
        loop {
            let unfinished = self.unfinished_imports()?;
            let next = unfinished.into_iter().find(|(_, import)| {
                import.state.is_under_way() && !tried.contains(&(import.id, import.state))
                    // Whoever calls the command has its file.
                    && import.created_by.kind != ActorType::Cli
                    && (self.imports.is_alone || folder.rows(import.id).is_file())
            });
            let Some((merchant, import)) = next else { return Ok(()) };
            tried.push((import.id, import.state));
            if let Err(error) = self.work_on(folder, merchant, import) {
                // It stays as it is, and the next look goes on with it.
                tracing::warn!(error = &error as &dyn std::error::Error, "an import goes on later");
            }
            if self.imports.stopping.load(Ordering::Acquire) {
                return Ok(());
            }
        }
    }

    /// Changes how an import stands, unless somebody was faster.
    pub(crate) fn change_import(
        &self,
        merchant: MerchantNumber,
        import: &Import,
        change: impl FnOnce(&mut Import) + Send + 'static,
    ) -> Result<Import, ImportRunError> {
        let (id, expected) = (import.id, import.state);
        let committed = self.store.write_blocking(move |transaction| -> Result<_, StorageError> {
            let transaction = transaction.merchant(merchant);
            let found = transaction.view().import(id)?;
            let mut import = found.ok_or(StorageError::Corrupt("an import that is not there"))?;
            // Somebody may have stopped it meanwhile.
            if import.state == expected {
                change(&mut import);
                transaction.put_import(&import)?;
            }
            Ok(import)
        })?;
        Ok(committed.value)
    }

    fn work_on(
        &self,
        folder: &ImportFolder,
        merchant: MerchantNumber,
        import: Import,
    ) -> Result<(), ImportRunError> {
        let path = folder.rows(import.id);
        let Ok(file) = File::open(&path) else {
            let now = self.clock.now();
            return self
                .change_import(merchant, &import, move |import| {
                    (import.state, import.finished_at) = (ImportState::Failed, Some(now));
                    import.problem = Some("its file is gone: send it again".to_owned());
                })
                .map(drop);
        };
        let mut errors = BufWriter::new(folder.create_errors(import.id).map_err(ImportRunError::Errors)?);
        let stopping = &self.imports.stopping;
        let run = self.run_import(
            merchant,
            import,
            BufReader::new(file),
            ImportWatch {
                errors: &mut errors,
                progress: &mut |_| !stopping.load(Ordering::Acquire),
                pause: Duration::ZERO,
            },
        );
        errors.flush().map_err(ImportRunError::Errors)?;
        if !run?.state.needs_file() {
            forget(&path);
        }
        Ok(())
    }

    /// Deletes files that nobody needs any more, and gives up what was checked long ago and never taken.
    pub fn tidy_imports(&self) -> Result<(), ImportRunError> {
        let Ok(folder) = self.import_folder() else { return Ok(()) };
        let now = self.clock.now();
        let old = now.plus_seconds(-IMPORT_FILES_KEPT_S);
        let unfinished = self.unfinished_imports()?;
        for (merchant, import) in unfinished {
            if import.state == ImportState::Ready && import.created_at < old {
                self.change_import(merchant, &import, move |import| {
                    (import.state, import.finished_at) = (ImportState::Cancelled, Some(now));
                })?;
            }
        }
        for file in folder.files(now) {
            let import = match file.import {
                None => None,
                Some(id) => self.store.read_blocking(|view| view.import_of_anybody(id))?,
            };
            let is_needed = match import {
                // One that is about to be made has its file first.
                None => !file.is_silent,
                Some(import) if file.path == folder.rows(import.id) => import.state.needs_file(),
                Some(import) => import.finished_at.is_none_or(|finished| finished > old),
            };
            if !is_needed {
                forget(&file.path);
            }
        }
        Ok(())
    }
}

//! An import before it begins, and why one is not made, started, stopped or undone.

use interdict_domain::actor::Actor;
use interdict_domain::clock::Timestamp;
use interdict_domain::entry::List;
use interdict_domain::identifier::Kind;
use interdict_domain::ids::ImportId;
use interdict_domain::import::{Import, ImportCounts, ImportFormat, ImportState, UndoCounts};
use interdict_storage::{StorageError, WriteError};

use crate::import_files::UploadError;

/// An import to make.
#[derive(Clone, Copy, Debug)]
pub struct NewImport {
    /// The list that its entries are on.
    pub list: List,
    /// The kind of a value that says none.
    pub kind: Kind,
    /// How the file is written.
    pub format: ImportFormat,
    /// Whether nothing is written before somebody says so.
    pub is_dry_run: bool,
    /// Keyed digest of the idempotency key: the same one is the same import.
    pub request: Option<[u8; 32]>,
}

/// Why an import is not made, started, stopped or undone.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// There is none with this id.
    #[error("there is no such import")]
    NotFound,
    /// The same idempotency key came with another file.
    #[error("the idempotency key was used with another file")]
    OtherFile,
    /// It is not in a state for this.
    #[error("the import is {}", .0.as_str())]
    State(ImportState),
    /// What it did can no longer be read.
    #[error("the changes of this import were trimmed from the feed")]
    Trimmed,
    /// This process keeps no files.
    #[error("this process has no folder for imports")]
    NoFolder,
    /// The file's.
    #[error(transparent)]
    Upload(#[from] UploadError),
    /// The store's.
    #[error("the store failed")]
    Storage(#[from] StorageError),
    /// The commit's.
    #[error("the commit failed")]
    Write(#[source] WriteError<StorageError>),
}

impl From<WriteError<Self>> for ImportError {
    fn from(error: WriteError<Self>) -> Self {
        Self::Write(match error {
            WriteError::Refused(error) => return error,
            WriteError::Overloaded => WriteError::Overloaded,
            WriteError::CommitFailed => WriteError::CommitFailed,
            WriteError::Away => WriteError::Away,
            WriteError::Stopped => WriteError::Stopped,
        })
    }
}

impl NewImport {
    /// Makes one with nothing taken yet.
    pub fn begin(self, id: ImportId, by: (Actor, Timestamp), digest: Option<[u8; 32]>) -> Import {
        let (created_by, created_at) = by;
        Import {
            id,
            list: self.list,
            kind: self.kind,
            format: self.format,
            state: if self.is_dry_run { ImportState::Checking } else { ImportState::Running },
            is_dry_run: self.is_dry_run,
            counts: ImportCounts::default(),
            total: None,
            digest,
            request: self.request,
            problem: None,
            changes: None,
            undone_from: None,
            undo: UndoCounts::default(),
            created_by,
            created_at,
            finished_at: None,
        }
    }

    /// What makes a file another one: the same bytes for another list are another import.
    pub fn digest(self, file: [u8; 32]) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&file);
        for word in [self.list.as_str(), self.kind.as_str(), self.format.as_str()] {
            hasher.update(word.as_bytes());
            hasher.update(&[0]);
        }
        *hasher.finalize().as_bytes()
    }
}

//! The files of imports: uploads as they arrive, the rows of those that are under way, and the bad rows of those that
//! have ended. In a folder that only its owner can enter, each file readable by nobody else.
//!
//! Deliberately not here: which imports there are ([`crate::import_jobs`]).

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{BufWriter, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use interdict_domain::clock::Timestamp;
use interdict_domain::ids::ImportId;

/// The largest file, in bytes.
pub const FILE_BYTES_MAX: u64 = 1 << 30;

const UPLOAD: &str = "upload";
const ROWS: &str = "rows";
const ERRORS: &str = "errors.csv";
const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;
/// What a process that was killed left of an upload is swept away when nobody has written to it for so long.
const SILENT_S: i64 = 3_600;

/// Where the files are.
#[derive(Clone, Debug)]
pub(crate) struct ImportFolder(PathBuf);

/// Why a file was not taken.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// Over the limit.
    #[error("a file may have at most 1 GiB: split it")]
    TooLarge,
    /// The disk's.
    #[error("the file cannot be kept")]
    Io(#[from] std::io::Error),
}

/// A file that arrives. It is gone when nobody keeps it.
pub struct Upload {
    path: PathBuf,
    file: BufWriter<File>,
    hasher: blake3::Hasher,
    bytes: u64,
    bytes_max: u64,
    is_on_disk: bool,
    is_kept: bool,
}

impl Upload {
    /// Takes more of it.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), UploadError> {
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        if self.bytes > self.bytes_max {
            return Err(UploadError::TooLarge);
        }
        self.hasher.update(bytes);
        self.is_on_disk = false;
        Ok(self.file.write_all(bytes)?)
    }

    /// Waits until all of it is on the disk. For a thread that may wait.
    pub(crate) fn flush(&mut self) -> Result<(), UploadError> {
        if !self.is_on_disk {
            self.file.flush()?;
            self.file.get_ref().sync_data()?;
            self.is_on_disk = true;
        }
        Ok(())
    }

    /// Whether anything has arrived.
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Keeps it as the rows of an import.
    pub(crate) fn keep(&mut self, folder: &ImportFolder, id: ImportId) -> Result<(), UploadError> {
        self.flush()?;
        fs::rename(&self.path, folder.rows(id))?;
        self.is_kept = true;
        Ok(())
    }

    /// A digest of all that has arrived, keyed as the upload was begun.
    pub fn digest(&self) -> [u8; 32] {
        *self.hasher.finalize().as_bytes()
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if !self.is_kept {
            forget(&self.path);
        }
    }
}

/// Deletes a file, if it is there.
pub(crate) fn forget(path: &Path) {
    match fs::remove_file(path) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "a file of an import stays on the disk");
        }
    }
}

impl ImportFolder {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// The rows of an import.
    pub(crate) fn rows(&self, id: ImportId) -> PathBuf {
        self.0.join(format!("{id}.{ROWS}"))
    }

    /// Its bad rows.
    pub(crate) fn errors(&self, id: ImportId) -> PathBuf {
        self.0.join(format!("{id}.{ERRORS}"))
    }

    /// A file for what arrives.
    pub(crate) fn begin(&self, name: &str, key: &[u8; 32], bytes_max: u64) -> Result<Upload, UploadError> {
        DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(&self.0)?;
        let path = self.0.join(format!("{name}.{UPLOAD}"));
        let file = BufWriter::new(create(&path)?);
        let hasher = blake3::Hasher::new_keyed(key);
        Ok(Upload { path, file, hasher, bytes: 0, bytes_max, is_on_disk: false, is_kept: false })
    }

    /// An empty file for an import's bad rows, in place of one that is there.
    pub(crate) fn create_errors(&self, id: ImportId) -> std::io::Result<File> {
        let path = self.errors(id);
        forget(&path);
        create(&path)
    }

    /// What is there.
    pub(crate) fn files(&self, now: Timestamp) -> Vec<ImportFile> {
        let Ok(files) = fs::read_dir(&self.0) else { return Vec::new() };
        let paths = files.flatten().map(|file| file.path());
        paths
            .filter_map(|path| {
                let (of, what) = path.file_name()?.to_str()?.split_once('.')?;
                let import = match what {
                    ROWS | ERRORS => Some(of.parse().ok()?),
                    UPLOAD => None,
                    _ => return None,
                };
                let is_silent = is_silent(&path, now);
                Some(ImportFile { path, import, is_silent })
            })
            .collect()
    }
}

/// A file that is there.
pub(crate) struct ImportFile {
    pub(crate) path: PathBuf,
    /// Which import it belongs to; none for one that arrives.
    pub(crate) import: Option<ImportId>,
    /// Nobody has written to it for long.
    pub(crate) is_silent: bool,
}

fn create(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(path)
}

fn is_silent(path: &Path, now: Timestamp) -> bool {
    let written = fs::metadata(path).and_then(|file| file.modified());
    let since_epoch = written.ok().and_then(|written| written.duration_since(std::time::UNIX_EPOCH).ok());
    let seconds = since_epoch.and_then(|since| i64::try_from(since.as_secs()).ok());
    seconds.is_some_and(|seconds| seconds < now.seconds() - SILENT_S)
}

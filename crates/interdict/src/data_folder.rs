//! The data folder: who may read it, which databases are in it, and the pepper beside them.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use interdict_app::App;
use interdict_domain::clock::Random;
use interdict_domain::identifier::Pepper;
use interdict_domain::mode::Mode;
use interdict_storage::DecisionStore;

/// The databases, the modes' before the core. The core is copied last: a copy never has a customer of a
/// merchant that it lacks.
pub const STORES: [&str; 3] = ["test", "live", "core"];
/// A restore that is under way has its files here.
pub const RESTORING: &str = "restore.partial";

/// Whoever serves the folder holds a lock on this file.
const SERVING: &str = "serving.lock";

const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;
/// Permissions of the group and of everybody else.
const OTHERS: u32 = 0o077;

/// Makes a folder that only its owner can enter. One that is there stays as it is.
pub fn create(folder: &Path) -> Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(FOLDER_MODE)
        .create(folder)
        .with_context(|| format!("the folder {} cannot be made", folder.display()))
}

/// The databases that a folder holds.
pub fn databases(folder: &Path) -> Vec<&'static str> {
    STORES.into_iter().filter(|store| App::file(folder, store).exists()).collect()
}

/// Makes the databases' files before SQLite does, so that only their owner can read them.
pub fn create_databases(folder: &Path) -> Result<()> {
    for store in STORES {
        create_private(&App::file(folder, store))?;
    }
    Ok(())
}

/// Makes the files of the decision logs likewise.
pub fn create_logs(folder: &Path) -> Result<()> {
    for mode in Mode::ALL {
        create_private(&DecisionStore::file(&App::file(folder, mode.as_str())))?;
    }
    Ok(())
}

/// Whether this process is the only one that serves the folder, as long as the file is held: nothing when
/// another one does, such as the one that it is about to replace. Commands may work beside: they charge
/// nobody.
pub fn serve_alone(folder: &Path) -> Result<Option<File>> {
    let path = folder.join(SERVING);
    create_private(&path)?;
    let file = OpenOptions::new().append(true).open(&path);
    let file = file.with_context(|| format!("{} cannot be opened", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("{} cannot be locked", path.display()))
        }
    }
}

/// Makes an empty file that only its owner can read; one that is there stays as it is.
pub fn create_private(path: &Path) -> Result<()> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(FILE_MODE)
        .open(path)
        .map(drop)
        .with_context(|| format!("{} cannot be written", path.display()))
}

/// The pepper of a folder; made when there is none and nothing was written under one.
pub fn pepper(path: &Path, folder: &Path, random: &dyn Random) -> Result<Pepper> {
    if let Some(pepper) = read_pepper(path)? {
        return Ok(pepper);
    }
    if databases(folder).is_empty() {
        return create_pepper(path, random);
    }
    // Another process may have made both since.
    read_pepper(path)?.with_context(|| {
        format!(
            "the pepper {} is missing, but {} holds data that was written under one, and nothing else can \
             read it: put the pepper back, or name its place with --pepper-file (INTERDICT_PEPPER_FILE)",
            path.display(),
            folder.display()
        )
    })
}

/// Reads the pepper; nothing when the file is not there.
pub fn read_pepper(path: &Path) -> Result<Option<Pepper>> {
    let name = path.display();
    let permissions = match fs::metadata(path) {
        Ok(metadata) => metadata.permissions().mode() & 0o7777,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("the pepper {name} cannot be read")),
    };
    if permissions & OTHERS != 0 {
        bail!("the pepper {name} is open to others (mode {permissions:04o}): run `chmod 600 {name}`");
    }
    let text = fs::read_to_string(path).with_context(|| format!("the pepper {name} cannot be read"))?;
    let pepper = Pepper::parse(&text)
        .with_context(|| format!("the pepper {name} is damaged: put the right file back"))?;
    Ok(Some(pepper))
}

fn create_pepper(path: &Path, random: &dyn Random) -> Result<Pepper> {
    let mut bytes = [0_u8; 32];
    random.fill(&mut bytes);
    let pepper = Pepper::from_bytes(bytes);
    if write_private(path, pepper.to_text().as_bytes(), Existing::Keep)? {
        return Ok(pepper);
    }
    // Another process was faster: there is one pepper, and it is that one.
    read_pepper(path)?.with_context(|| format!("the pepper {} came and went", path.display()))
}

/// What becomes of a file that is there already.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and nothing is written.
    Keep,
    /// It is replaced.
    Replace,
}

/// Writes a file that only its owner can read, so that it is on the disk whole or not at all. False when
/// one was there and stayed.
pub fn write_private(path: &Path, content: &[u8], existing: Existing) -> Result<bool> {
    let failed = || format!("{} cannot be written", path.display());
    let folder = folder_of(path);
    // The mode of such a file is 0600 from its first moment.
    let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(&folder).with_context(failed)?;
    file.write_all(content).and_then(|()| file.as_file().sync_all()).with_context(failed)?;
    let persisted = match existing {
        Existing::Keep => file.persist_noclobber(path),
        Existing::Replace => file.persist(path),
    };
    match persisted {
        Ok(_) => {}
        Err(failure) if failure.error.kind() == ErrorKind::AlreadyExists => return Ok(false),
        Err(failure) => return Err(failure.error).with_context(failed),
    }
    flush_folder(&folder)?;
    Ok(true)
}

/// Makes what was created or renamed in a folder survive a loss of power.
pub fn flush_folder(folder: &Path) -> Result<()> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .with_context(|| format!("the folder {} cannot be flushed", folder.display()))
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

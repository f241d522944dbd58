//! What can go wrong below the use cases. None of these is the caller's fault.

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// SQLite said no.
    #[error("sqlite failed")]
    Sqlite(#[from] rusqlite::Error),
    /// A stored row does not mean anything.
    #[error("a stored row cannot be read: {0}")]
    Corrupt(&'static str),
    /// The folder or a file in it cannot be used.
    #[error("{path} cannot be used")]
    File {
        /// Which file.
        path: std::path::PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The data was written under another pepper.
    #[error(
        "the pepper does not belong to this data: start with the pepper file that was in use when \
         the data was written"
    )]
    WrongPepper,
    /// The data was written by a newer version.
    #[error(
        "the data was written by a newer version (migration {found}, this binary knows {known}): upgrade"
    )]
    TooNew {
        /// The newest migration in the data.
        found: i64,
        /// The newest migration that this binary knows.
        known: i64,
    },
    /// A stored migration differs from the one that this binary would run.
    #[error("migration {0} was changed after it ran")]
    AlteredMigration(i64),
    /// SQLite was compiled without what erasure needs.
    #[error(
        "this binary's SQLite was built without SQLITE_ENABLE_DBPAGE_VTAB, and could not erase a person: build \
         it inside the workspace, whose .cargo/config.toml sets the flag, or set LIBSQLITE3_FLAGS"
    )]
    NoPageTable,
    /// A thread of the store is gone.
    #[error("the store has stopped")]
    Stopped,
}

impl From<serde_json::Error> for StorageError {
    fn from(_: serde_json::Error) -> Self {
        Self::Corrupt("json")
    }
}

//! What can go wrong below the use cases. None of these is the caller's fault.

use interdict_domain::identifier::Generation;

use crate::chain::ChainError;

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// SQLite said no.
    #[error("sqlite failed")]
    Sqlite(#[from] rusqlite::Error),
    /// PostgreSQL said no.
    #[error("postgresql refused ({code}): {message}")]
    Postgres {
        /// Five characters, as PostgreSQL's documentation lists them.
        code: String,
        /// What it said, without the detail, which may quote values.
        message: String,
    },
    /// PostgreSQL cannot be reached, or has no time for us.
    #[error("postgresql cannot be reached: {0}")]
    Away(String),
    /// PostgreSQL would lose what it acknowledged.
    #[error("this PostgreSQL server runs with {0} = off and may lose what it has acknowledged: turn it on")]
    NotDurable(&'static str),
    /// A stored row does not mean anything.
    #[error("a stored row cannot be read: {0}")]
    Corrupt(&'static str),
    /// The chain of changes is broken where it was to be trimmed: with the changes the proof would go.
    #[error("the feed is broken and stays as it is ({0}): `interdict audit verify` walks through all of it")]
    BrokenChain(ChainError),
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
    /// A rotation of the pepper was cut, and some of the data is still under the one of before.
    #[error(
        "a rotation of the pepper was cut: run `interdict pepper rotate` again, and it goes on from there"
    )]
    RotationUnfinished,
    /// Something stands under a former pepper that is not there.
    #[error(
        "blocks of erased people stand under a former pepper, generation {0}, which the pepper file lacks: put \
         back the file as `interdict pepper rotate` has left it"
    )]
    FormerPepperMissing(Generation),
    /// A move into this database was cut, and half a copy must not pass for a whole one.
    #[error(
        "a move into this database did not finish: run `interdict migrate` again, and it goes on from there"
    )]
    MoveUnfinished,
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
    /// The machine has no thread for us.
    #[error("a thread cannot be started")]
    Thread(#[source] std::io::Error),
    /// A thread of the store is gone.
    #[error("the store has stopped")]
    Stopped,
}

impl StorageError {
    /// Whether the database cannot be reached now, so that the same may succeed soon.
    pub fn is_away(&self) -> bool {
        matches!(self, Self::Away(_))
    }
}

/// Of PostgreSQL's error only the code and the message go on: the detail may quote values.
impl From<tokio_postgres::Error> for StorageError {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.as_db_error() {
            // Our own mistake, and not the connection's end.
            None if error.to_string().contains("serializing") => {
                Self::Postgres { code: "client".to_owned(), message: error.to_string() }
            }
            None => Self::Away(with_causes(&error)),
            Some(said) if is_passing(said.code().code()) => Self::Away(said.message().to_owned()),
            Some(said) => {
                Self::Postgres { code: said.code().code().to_owned(), message: said.message().to_owned() }
            }
        }
    }
}

/// What happened, and of what: that a connection failed says little, that it was refused or that the authority is
/// unknown says what to do. Nothing of it is a stored value: no row has come over such a connection.
fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// Connections that end, servers that start, stop, stand by or are full, waits that are over.
fn is_passing(code: &str) -> bool {
    const PASSING: [&str; 6] = ["25006", "25P03", "55P03", "57014", "40001", "40P01"];
    ["08", "53", "57P"].iter().any(|class| code.starts_with(class)) || PASSING.contains(&code)
}

impl From<serde_json::Error> for StorageError {
    fn from(_: serde_json::Error) -> Self {
        Self::Corrupt("json")
    }
}

//! Why a move ends early. Whatever the reason: the source is as it was, and nothing serves from the target.

use crate::chain::ChainError;
use crate::error::StorageError;

/// Why a move ended early.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// Below it.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A store's file was never used, or by an older version only.
    #[error("{store}.db is at migration {found} of {known}: let this version open it once, and move it then")]
    SourceBehind {
        /// Which store.
        store: &'static str,
        /// The newest migration in the file.
        found: i64,
        /// The newest migration that this binary knows.
        known: i64,
    },
    /// An import would lose its file, which is not in the database.
    #[error(
        "{store}.db has {imports} imports that have not ended: let a server end them, or cancel them \
         (POST /v1/imports/ID/cancel), and move it then"
    )]
    ImportsUnderWay {
        /// Which store.
        store: &'static str,
        /// How many.
        imports: i64,
    },
    /// The source's own chain is broken: a copy of it would be, too.
    #[error("the chain of {store}.db is broken: {fault}")]
    SourceBroken {
        /// Which store.
        store: &'static str,
        /// Where.
        fault: ChainError,
    },
    /// Somebody wrote to the source while it was copied.
    #[error("{store}.db was written to while it was copied: stop whoever writes, and move again")]
    SourceChanged {
        /// Which store.
        store: &'static str,
    },
    /// The target holds something that no move has put there.
    #[error(
        "the database was used before (it has tables in a schema core, test or live): a move needs an empty one"
    )]
    TargetUsed,
    /// The target holds half a move from another source.
    #[error(
        "a move of other data into this database did not finish: finish that one, or take an empty database"
    )]
    OtherSource,
    /// Somebody else moves into the target now.
    #[error("another move into this database is under way")]
    UnderWay,
    /// A table, or a value in it, has no place in the target.
    #[error("{store}.{table} cannot be copied: {why}")]
    Unfit {
        /// Which store.
        store: &'static str,
        /// Which table.
        table: String,
        /// Why: a column and what is wrong with it, never a value.
        why: String,
    },
    /// What arrived is not what was sent.
    #[error("{store}.{table} differs from its source: the copy has {copied} rows, the source {sent}")]
    Differs {
        /// Which store.
        store: &'static str,
        /// Which table.
        table: String,
        /// Rows in the source.
        sent: u64,
        /// Rows in the target; with as many in both, their contents differ.
        copied: u64,
    },
    /// The chain does not hold on the target.
    #[error("the chain of {store} does not hold in the copy: {fault}")]
    ChainBroken {
        /// Which store.
        store: &'static str,
        /// Where.
        fault: ChainError,
    },
    /// Whoever watches the progress wanted no more.
    #[error("the move was stopped")]
    Stopped,
}

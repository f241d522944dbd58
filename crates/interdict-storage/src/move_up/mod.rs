//! Moving up: the three files of a data folder into the three schemas of an empty PostgreSQL database.
//!
//! Which tables there are is read from the source, so that a later migration's table cannot be forgotten. Rows
//! go in the order of their keys, a chunk a transaction, and with each chunk goes the mark that says how far it
//! came: whoever is cut goes on behind the last chunk. While the mark stands, no node opens the database
//! ([`StorageError::MoveUnfinished`](crate::StorageError::MoveUnfinished)); head and epoch come with the
//! commit that takes it away, once all rows were compared and all chains walked.
//!
//! Deliberately not here: who may still serve the source (the command line holds its lock), and the way back.

mod content;
mod error;
mod mark;
mod run;
mod source;
mod tables;
mod target;

pub use error::MoveError;
pub use run::{MoveReport, MoveStep, MoveUp, MovedStore, MovedTable, Progress, move_up};
pub use target::Course;

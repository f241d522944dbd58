//! The embedded engine: one file a store, one writer's thread, readers beside it.

pub(crate) mod backup;
mod bulk;
mod checkpoint;
pub(crate) mod connection;
pub(crate) mod purge;
mod readers;
pub(crate) mod scrub;
pub(crate) mod search;
pub(crate) mod writer;

pub(crate) use bulk::Bulk;
pub(crate) use checkpoint::{Checkpointer, Turns};
pub(crate) use connection::{begin_part, column, end_part, execute, for_each};
pub(crate) use readers::Readers;

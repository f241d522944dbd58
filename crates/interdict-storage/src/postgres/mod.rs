//! PostgreSQL under many nodes: schemas `core`, `test` and `live` of one database, and on each node a writer, a
//! follower and some readers for each of them.
//!
//! Commits take turns over all nodes. A commit begins by locking the one row of `head`, so that whatever its
//! work reads is the newest there is and stays so until its end: work runs as on SQLite, one piece after the
//! other, and needs no lock of its own (docs/adr/0021). The turn is short: two round trips and a flush, however
//! many pieces of work share them.

mod bulk;
mod deferred;
mod fetched;
mod follow;
mod lease;
mod prepare;
mod probe;
mod readers;
pub(crate) mod search;
mod server;
mod session;
mod upkeep;
mod values;
mod waiting;
mod wakeups;
mod writer;

pub(crate) use follow::{FollowOptions, Following};
pub(crate) use lease::STATEMENTS as LEASE_STATEMENTS;
pub use lease::{Node, Place as NodePlace};
pub(crate) use prepare::{TAKE_TURN, begin, prepare, prepare_schema, require_durable};
pub(crate) use readers::Readers;
pub(crate) use server::Purpose;
pub use server::{BadUrl, PostgresServer, SchemaName};
pub(crate) use session::Session;
pub(crate) use upkeep::Upkeep;
pub(crate) use wakeups::OwnWriter;
pub(crate) use writer::PostgresWriter;

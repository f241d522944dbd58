//! The rows that a store has from its first day: which life of itself it is, whose pepper it was written under,
//! and the head.

use interdict_domain::clock::Random;
use interdict_domain::identifier::Pepper;

use crate::chain;
use crate::error::StorageError;
use crate::sql::{Connection, params};
use crate::transaction::Head;

const SELECT_PEPPER: &str = "SELECT value FROM meta WHERE name = 'pepper'";
const INSERT_PEPPER: &str = "INSERT INTO meta (name, value) VALUES ('pepper', $1)";
const INSERT_HEAD: &str = "INSERT INTO head (id, sequence, hash) VALUES (1, $1, $2)";
const SELECT_MOVING: &str = "SELECT value FROM meta WHERE name = 'moving'";
const PUT_EPOCH: &str = "INSERT INTO meta (name, value) VALUES ('epoch', $1)
                         ON CONFLICT (name) DO UPDATE SET value = excluded.value";

/// The rows that a store has from its first day: its epoch, whose pepper it is, and the head.
pub(crate) fn prepare_meta(
    connection: Connection<'_>,
    pepper: &Pepper,
    random: &dyn Random,
) -> Result<(), StorageError> {
    if moving(connection)?.is_some() {
        return Err(StorageError::MoveUnfinished);
    }
    let fingerprint = hex::encode(pepper.fingerprint());
    let stored: Option<String> = connection.query_optional(SELECT_PEPPER, &[], |row| row.get(0))?;
    match stored {
        Some(stored) if stored == fingerprint => Ok(()),
        Some(_) => Err(StorageError::WrongPepper),
        None => {
            connection.execute(INSERT_PEPPER, params![fingerprint])?;
            new_epoch(connection, random)?;
            insert_head(connection, Head { sequence: 0, hash: chain::GENESIS })
        }
    }
}

/// What a move into this store has noted, while it is under way ([`crate::move_up`]).
pub(crate) const MOVING: &str = "moving";

/// The mark of a move that did not finish, if there is one: nothing may work on half a copy.
pub(crate) fn moving(connection: Connection<'_>) -> Result<Option<String>, StorageError> {
    connection.query_optional(SELECT_MOVING, &[], |row| row.get(0))
}

/// The one row of `head`, which is moved from then on.
pub(crate) fn insert_head(connection: Connection<'_>, head: Head) -> Result<(), StorageError> {
    connection.execute(INSERT_HEAD, params![head.sequence, head.hash])
}

/// Marks the store as another life of itself: whoever followed it before must rebuild.
pub(crate) fn new_epoch(connection: Connection<'_>, random: &dyn Random) -> Result<(), StorageError> {
    let mut epoch = [0_u8; 16];
    random.fill(&mut epoch);
    connection.execute(PUT_EPOCH, params![hex::encode(epoch)])
}

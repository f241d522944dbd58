//! The rows that a store has from its first day: which life of itself it is, whose pepper it was written under,
//! and the head.

use interdict_domain::clock::Random;
use interdict_domain::identifier::{Generation, Pepper};

use crate::chain;
use crate::error::StorageError;
use crate::sql::{Connection, params};
use crate::transaction::Head;

const SELECT_FORMER: &str =
    "SELECT name, value FROM meta WHERE substr(name, 1, 14) = 'former_pepper/' ORDER BY name";
const DELETE: &str = "DELETE FROM meta WHERE name = $1";
const PUT: &str = "INSERT INTO meta (name, value) VALUES ($1, $2)
                   ON CONFLICT (name) DO UPDATE SET value = excluded.value";
const SELECT: &str = "SELECT value FROM meta WHERE name = $1";
const INSERT: &str = "INSERT INTO meta (name, value) VALUES ($1, $2)";
const INSERT_HEAD: &str = "INSERT INTO head (id, sequence, hash) VALUES (1, $1, $2)";

/// The fingerprint of the pepper that a store is under.
const PEPPER: &str = "pepper";
/// Which life of itself it is.
const EPOCH: &str = "epoch";

/// The rows that a store has from its first day: its epoch, whose pepper it is, and the head.
pub(crate) fn prepare_meta(
    connection: Connection<'_>,
    pepper: &Pepper,
    random: &dyn Random,
) -> Result<(), StorageError> {
    if moving(connection)?.is_some() {
        return Err(StorageError::MoveUnfinished);
    }
    if let Some(stored) = pepper_of(connection)? {
        return require_whole(connection, &stored, pepper);
    }
    connection.execute(INSERT, params![PEPPER, fingerprint(pepper)])?;
    new_epoch(connection, random)?;
    insert_head(connection, Head { sequence: 0, hash: chain::GENESIS })
}

/// What stands before the generation of a former pepper under which something still stands; behind it its fingerprint.
const FORMER: &str = "former_pepper/";
/// The change that said that another pepper is in use: those up to it speak of keys that are none any more.
const ROTATED: &str = "rotated";
/// The end of a rotation is still to come.
const ENDING: &str = "rotation_ending";

/// The fingerprint of the pepper that a store was written under; nothing in a store that is new.
pub(crate) fn pepper_of(connection: Connection<'_>) -> Result<Option<String>, StorageError> {
    value_of(connection, PEPPER)
}

fn value_of(connection: Connection<'_>, name: &str) -> Result<Option<String>, StorageError> {
    connection.query_optional(SELECT, params![name], |row| row.get(0))
}

/// A pepper as a store names it.
pub(crate) fn fingerprint(pepper: &Pepper) -> String {
    hex::encode(pepper.fingerprint())
}

/// Refuses a pepper under which a store is not, or not wholly.
pub(crate) fn require_whole(
    connection: Connection<'_>,
    stored: &str,
    pepper: &Pepper,
) -> Result<(), StorageError> {
    if fingerprint(pepper) == stored {
        return require_former(connection, pepper);
    }
    let is_cut = pepper.former().any(|former| fingerprint(former) == stored);
    Err(if is_cut { StorageError::RotationUnfinished } else { StorageError::WrongPepper })
}

/// Refuses to go on under another pepper than the store's: a rotation may have come meanwhile.
pub(crate) fn require_pepper(connection: Connection<'_>, pepper: &Pepper) -> Result<(), StorageError> {
    let stored = pepper_of(connection)?;
    let is_own = stored.is_none_or(|stored| stored == fingerprint(pepper));
    if is_own { Ok(()) } else { Err(StorageError::WrongPepper) }
}

/// The former peppers under which something still stands, by generation and fingerprint.
pub(crate) fn former(connection: Connection<'_>) -> Result<Vec<(Generation, String)>, StorageError> {
    connection.query(SELECT_FORMER, &[], |row| {
        let number = row.text(0)?.strip_prefix(FORMER).and_then(|number| number.parse().ok());
        Ok((Generation(number.ok_or(StorageError::Corrupt("a former pepper's generation"))?), row.get(1)?))
    })
}

/// Refuses a pepper without a former one under which something still stands: a block would be found no more.
pub(crate) fn require_former(connection: Connection<'_>, pepper: &Pepper) -> Result<(), StorageError> {
    for (generation, stored) in former(connection)? {
        let has = |former: &Pepper| former.generation() == generation && fingerprint(former) == stored;
        if !pepper.former().any(has) {
            return Err(StorageError::FormerPepperMissing(generation));
        }
    }
    Ok(())
}

/// Says which former peppers are still needed, and no others.
pub(crate) fn put_former<'p>(
    connection: Connection<'_>,
    needed: impl IntoIterator<Item = &'p Pepper>,
) -> Result<(), StorageError> {
    for (generation, _) in former(connection)? {
        connection.execute(DELETE, params![format!("{FORMER}{generation}")])?;
    }
    needed.into_iter().try_for_each(|pepper| {
        let name = format!("{FORMER}{}", pepper.generation());
        connection.execute(PUT, params![name, fingerprint(pepper)])
    })
}

/// Another pepper is in use from now on.
pub(crate) fn put_pepper(connection: Connection<'_>, pepper: &Pepper) -> Result<(), StorageError> {
    connection.execute(PUT, params![PEPPER, fingerprint(pepper)])
}

/// Of a rotation nothing is left to do but to take former peppers out of the file.
pub(crate) fn begin_ending(connection: Connection<'_>) -> Result<(), StorageError> {
    connection.execute(PUT, params![ENDING, "1"])
}

/// Whether that is still to be done.
pub(crate) fn is_ending(connection: Connection<'_>) -> Result<bool, StorageError> {
    Ok(value_of(connection, ENDING)?.is_some())
}

/// That is done, too.
pub(crate) fn end_ending(connection: Connection<'_>) -> Result<(), StorageError> {
    connection.execute(DELETE, params![ENDING])
}

/// Notes the change that says so.
pub(crate) fn put_rotated(connection: Connection<'_>, sequence: i64) -> Result<(), StorageError> {
    connection.execute(PUT, params![ROTATED, sequence.to_string()])
}

/// That change; 0 where there was no rotation.
pub(crate) fn rotated_through(connection: Connection<'_>) -> Result<i64, StorageError> {
    Ok(value_of(connection, ROTATED)?.and_then(|value| value.parse().ok()).unwrap_or(0))
}

/// What a move into this store has noted, while it is under way ([`crate::move_up`]).
pub(crate) const MOVING: &str = "moving";

/// The mark of a move that did not finish, if there is one: nothing may work on half a copy.
pub(crate) fn moving(connection: Connection<'_>) -> Result<Option<String>, StorageError> {
    value_of(connection, MOVING)
}

/// The one row of `head`, which is moved from then on.
pub(crate) fn insert_head(connection: Connection<'_>, head: Head) -> Result<(), StorageError> {
    connection.execute(INSERT_HEAD, params![head.sequence, head.hash])
}

/// Marks the store as another life of itself: whoever followed it before must rebuild.
pub(crate) fn new_epoch(connection: Connection<'_>, random: &dyn Random) -> Result<(), StorageError> {
    let mut epoch = [0_u8; 16];
    random.fill(&mut epoch);
    connection.execute(PUT, params![EPOCH, hex::encode(epoch)])
}

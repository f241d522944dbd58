//! What leaves the log: decisions that are old, and persons who are erased.

use interdict_domain::clock::Timestamp;
use interdict_domain::ids::Ksuid;
use interdict_domain::merchant::MerchantNumber;

use super::row::SearchKey;
use crate::error::StorageError;
use crate::sql::{Connection, params};
use crate::statements::statements;

statements! {
    // Ids begin with their time: the oldest stand first.
    SELECT_OLD = "SELECT id FROM decision WHERE id < $1 ORDER BY id LIMIT $2";
    DELETE_THROUGH = "DELETE FROM decision WHERE id <= $1";
    DELETE_KEYS_THROUGH = "DELETE FROM decision_identifier WHERE decision <= $1";
    DELETE_ERASURES = "DELETE FROM erasure WHERE at < $1";
    PUT_ERASURE = "INSERT INTO erasure (merchant, identifier_key, at) VALUES ($1, $2, $3)
                   ON CONFLICT (merchant, identifier_key) DO UPDATE SET at = excluded.at";
    SELECT_OF_KEY = "SELECT decision FROM decision_identifier WHERE merchant = $1 AND identifier_key = $2 LIMIT $3";
    EMPTY = "UPDATE decision SET personal = NULL WHERE id = $1";
    DELETE_KEYS = "DELETE FROM decision_identifier WHERE decision = $1";
}

/// Decisions in one transaction.
const AT_ONCE: i64 = 1_000;
/// For how long an erasure is remembered: longer than anything waits to be written.
const ERASURES_KEPT_S: i64 = 86_400;

/// Deletes some of the decisions of before a moment. Returns how many; fewer than there may be at once when there are
/// no more.
pub(super) fn trim(
    connection: Connection<'_>,
    before: Timestamp,
    now: Timestamp,
) -> Result<usize, StorageError> {
    let least = *Ksuid::least_of(before).bytes();
    let old: Vec<[u8; 20]> = connection.query(SELECT_OLD, params![least, AT_ONCE], |row| row.get(0))?;
    if let Some(last) = old.last() {
        connection.execute(DELETE_THROUGH, params![last])?;
        connection.execute(DELETE_KEYS_THROUGH, params![last])?;
    }
    connection.execute(DELETE_ERASURES, params![now.plus_seconds(-ERASURES_KEPT_S).micros()])?;
    Ok(old.len())
}

/// Whether there may be more to trim.
pub(super) fn has_more(trimmed: usize) -> bool {
    i64::try_from(trimmed).is_ok_and(|trimmed| trimmed >= AT_ONCE)
}

/// Remembers that somebody is erased, so that what still waits to be written is written without the person.
pub(super) fn remember(
    connection: Connection<'_>,
    merchant: MerchantNumber,
    keys: &[SearchKey],
    now: Timestamp,
) -> Result<(), StorageError> {
    keys.iter()
        .try_for_each(|key| connection.execute(PUT_ERASURE, params![merchant.0, key.bytes(), now.micros()]))
}

/// Takes the person out of some of the decisions that one of the keys finds, and returns how many: none when there are
/// none left. With the person go all keys of such a decision: whatever else came along came from the same person.
pub(super) fn empty_some(
    connection: Connection<'_>,
    merchant: MerchantNumber,
    keys: &[SearchKey],
) -> Result<usize, StorageError> {
    for key in keys {
        let found: Vec<[u8; 20]> =
            connection.query(SELECT_OF_KEY, params![merchant.0, key.bytes(), AT_ONCE], |row| row.get(0))?;
        for id in &found {
            connection.execute(EMPTY, params![id])?;
            connection.execute(DELETE_KEYS, params![id])?;
        }
        if !found.is_empty() {
            return Ok(found.len());
        }
    }
    Ok(0)
}

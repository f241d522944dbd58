//! Who and what has left an identifier, and by which change: customers who gave it up or were erased, entries that were
//! deleted, and words, which an erasure takes from entries that it leaves in force. What stood under a key at an earlier
//! revision is what stands there now and what has left since.
//!
//! `departures` in `meta` is the sequence up to which all of them are noted, moved with the head like that of the
//! counters ([`crate::counter`]): a commit of somebody who notes none, an older binary during an upgrade, leaves it
//! behind, and the next start begins anew from there. `departures_from` says since when.
//!
//! Deliberately not here: what stood there ([`crate::past`]).

use interdict_domain::change::{Action, Fact, Subject};
use interdict_domain::identifier::IdentifierKey;
use interdict_domain::merchant::MerchantNumber;

use crate::error::StorageError;
use crate::sql::{Connection, params};
use crate::statements::statements;

statements! {
    INSERT = "INSERT INTO departure (sequence, merchant, identifier_key, subject) VALUES ($1, $2, $3, $4)
              ON CONFLICT (sequence, identifier_key, subject) DO NOTHING";
    TRIM = "DELETE FROM departure WHERE sequence > $1 AND sequence <= $2";
    ARE_NOTED = "SELECT COUNT(*) FROM meta m JOIN head h ON m.value = CAST(h.sequence AS TEXT)
                 WHERE m.name = 'departures' AND h.id = 1";
    SELECT_FROM_TEXT = "SELECT value FROM meta WHERE name = 'departures_from'";
    BEGIN_FROM = "INSERT INTO meta (name, value) SELECT 'departures_from', CAST(sequence AS TEXT) FROM head WHERE id = 1
                  ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    BEGIN_THROUGH = "INSERT INTO meta (name, value) SELECT 'departures', CAST(sequence AS TEXT) FROM head WHERE id = 1
                     ON CONFLICT (name) DO UPDATE SET value = excluded.value";
}

/// Notes that something has left a key.
pub(crate) fn note(
    connection: Connection<'_>,
    merchant: MerchantNumber,
    sequence: i64,
    key: IdentifierKey,
    subject: Subject,
) -> Result<(), StorageError> {
    connection.execute(INSERT, params![sequence, merchant.0, key.0, subject.to_string()])
}

/// The same for all entries that a change takes away, or, as an erasure, leaves without words.
pub(crate) fn note_entries(
    connection: Connection<'_>,
    merchant: MerchantNumber,
    sequence: i64,
    action: Action,
    facts: &[Fact],
) -> Result<(), StorageError> {
    let is_erasure = matches!(action, Action::CustomerErased | Action::IdentifierErased);
    facts.iter().try_for_each(|fact| {
        let (id, key) = match fact {
            Fact::EntryRemoved { id, key } => (*id, *key),
            Fact::EntryPut(entry) if is_erasure => (entry.id, entry.key),
            _ => return Ok(()),
        };
        note(connection, merchant, sequence, key, Subject::Entry(id))
    })
}

/// Forgets those of changes that are trimmed.
pub(crate) fn trim(connection: Connection<'_>, behind: i64, through: i64) -> Result<(), StorageError> {
    connection.execute(TRIM, params![behind, through])
}

/// Whether all are noted, up to the head.
pub(crate) fn are_noted(connection: Connection<'_>) -> Result<bool, StorageError> {
    connection.query_one(ARE_NOTED, &[], |row| row.get(0))
}

/// Begins anew at the head, while nobody else writes.
pub(crate) fn begin_anew(connection: Connection<'_>) -> Result<(), StorageError> {
    for sql in [BEGIN_FROM, BEGIN_THROUGH] {
        connection.execute_counted(sql, &[])?;
    }
    Ok(())
}

/// Behind which change all departures are noted; nothing when somebody wrote who notes none.
pub(crate) fn noted_from(connection: Connection<'_>) -> Result<Option<i64>, StorageError> {
    if !are_noted(connection)? {
        return Ok(None);
    }
    let from: Option<String> = connection.query_optional(SELECT_FROM_TEXT, &[], |row| row.get(0))?;
    Ok(from.and_then(|from| from.parse().ok()))
}

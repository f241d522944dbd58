//! Which former peppers the log still needs: its rows keep the keys that they were written with, and end with their time.
//!
//! Deliberately not here: finding them, which tries every pepper that there is.

use interdict_domain::clock::Timestamp;
use interdict_domain::identifier::{Generation, Pepper};
use interdict_domain::ids::Ksuid;

use crate::error::StorageError;
use crate::sql::{Connection, params};

const SELECT_NOTES: &str =
    "SELECT name, value FROM meta WHERE substr(name, 1, 14) = 'former_pepper/' ORDER BY name";
const PUT_NOTE: &str = "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
const DELETE_NOTE: &str = "DELETE FROM meta WHERE name = $1";
const SELECT_BEFORE: &str = "SELECT id FROM decision WHERE id < $1 ORDER BY id LIMIT 1";
const NAME: &str = "former_pepper/";

/// Notes when the newest of the former peppers went out of use, once, and forgets those under which nothing is left.
pub(super) fn note(
    connection: Connection<'_>,
    pepper: &Pepper,
    now: Timestamp,
    is_dry_run: bool,
) -> Result<Vec<Generation>, StorageError> {
    let mut notes: Vec<(String, i64)> = connection.query(SELECT_NOTES, &[], |row| {
        let until = row.text(1)?.parse().map_err(|_| StorageError::Corrupt("a former pepper's end"))?;
        Ok((row.get(0)?, until))
    })?;
    if let Some(newest) = pepper.former().next() {
        let name = format!("{NAME}{}", newest.generation());
        if !notes.iter().any(|(known, _)| *known == name) {
            notes.push((name, now.micros()));
        }
    }
    let mut needed = Vec::new();
    for (name, until) in notes {
        let number = name.strip_prefix(NAME).and_then(|number| number.parse().ok());
        let generation = Generation(number.ok_or(StorageError::Corrupt("a former pepper's generation"))?);
        let end = *Ksuid::least_of(Timestamp::from_micros(until).plus_seconds(1)).bytes();
        let oldest: Option<[u8; 20]> =
            connection.query_optional(SELECT_BEFORE, params![end], |row| row.get(0))?;
        if oldest.is_some() && pepper.former().any(|former| former.generation() == generation) {
            needed.push(generation);
        }
        match (is_dry_run, oldest) {
            (true, _) => {}
            (false, Some(_)) => connection.execute(PUT_NOTE, params![name, until.to_string()])?,
            (false, None) => connection.execute(DELETE_NOTE, params![name])?,
        }
    }
    Ok(needed)
}

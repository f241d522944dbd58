//! Finding rows by a part of their text. What is newest is looked at first (the lists do that); for the rest this
//! says which way leads to it: an index by three letters, or all rows one by one.
//!
//! Whatever the way, a row is given only when the filter's own LIKE lets it through. An index may name too many,
//! never too few.

use crate::error::StorageError;
use crate::sql::Connection;
use crate::view::{MerchantView, View};
use crate::{postgres, sqlite};

/// Letters that an index knows together. Shorter parts have no entry in it.
const LETTERS: usize = 3;
/// So many rows are looked up sooner than the newest are walked over.
const FEW: usize = 1_000;

/// What is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Searched {
    Customers,
    Entries,
}

/// A row by its place in the order of the lists.
pub(crate) type Found = (i64, [u8; 20]);

/// Which way leads to the rows with a part.
#[derive(Debug)]
pub(crate) enum Route {
    /// One by one.
    Walk,
    /// By a statement, in which the engine uses its own index.
    Statement,
    /// These are all that may have it, the newest first.
    Rows(Vec<Found>),
}

/// A LIKE pattern for a part of a text, in any case.
pub(crate) fn pattern(query: &str) -> String {
    let mut pattern = String::with_capacity(query.len() + 2);
    pattern.push('%');
    for c in query.to_lowercase().chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// The way to the merchant's rows with a part.
pub(crate) fn route(view: &MerchantView<'_>, searched: Searched, part: &str) -> Result<Route, StorageError> {
    let part: Vec<char> = part.to_lowercase().chars().collect();
    if part.len() < LETTERS {
        return Ok(Route::Walk);
    }
    match view.connection {
        Connection::Postgres(_) => Ok(Route::Statement),
        Connection::Sqlite(connection) => {
            let found = sqlite::search::rows(connection, searched, view.merchant, &part, None)?;
            Ok(found.map_or(Route::Walk, Route::Rows))
        }
    }
}

/// All of the merchant's rows that may have a part, where an index says at once that they are few.
pub(crate) fn few(
    view: &MerchantView<'_>,
    searched: Searched,
    part: &str,
) -> Result<Option<Vec<Found>>, StorageError> {
    let part: Vec<char> = part.to_lowercase().chars().collect();
    match view.connection {
        Connection::Sqlite(connection) if part.len() >= LETTERS => {
            sqlite::search::rows(connection, searched, view.merchant, &part, Some(FEW))
        }
        _ => Ok(None),
    }
}

/// Of rows that may be wanted those that are, behind a position and not more than are missing.
pub(crate) fn pick<T>(
    rows: &[Found],
    before: Found,
    missing: i64,
    wanted: impl Fn(&[u8; 20]) -> Result<Option<T>, StorageError>,
) -> Result<Vec<T>, StorageError> {
    let missing = usize::try_from(missing).unwrap_or(0);
    let start = rows.partition_point(|row| *row >= before);
    let found = rows.get(start..).unwrap_or_default().iter();
    found.filter_map(|(_, id)| wanted(id).transpose()).take(missing).collect()
}

/// Takes a row's text out of what is searched, in the commit that erases it.
pub(crate) fn forget(
    connection: Connection<'_>,
    searched: Searched,
    id: &[u8; 20],
) -> Result<(), StorageError> {
    match connection {
        // The index goes with the row.
        Connection::Postgres(_) => Ok(()),
        Connection::Sqlite(connection) => sqlite::search::forget(connection, searched, id),
    }
}

/// How a store is searched now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchState {
    /// By an index that holds everything, or all but what came just now.
    Indexed,
    /// The index is being filled: until then one row after the other.
    Filling,
    /// One row after the other: the database has no index by three letters.
    RowByRow,
}

impl View<'_> {
    /// How customers and entries are searched by a part of their text.
    pub fn search_state(&self) -> Result<SearchState, StorageError> {
        Ok(match self.connection {
            Connection::Postgres(_) if postgres::search::is_indexed(self.connection)? => SearchState::Indexed,
            Connection::Postgres(_) => SearchState::RowByRow,
            Connection::Sqlite(connection) if sqlite::search::is_filled(connection)? => SearchState::Indexed,
            Connection::Sqlite(_) => SearchState::Filling,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_meaning_in_a_pattern_is_taken_as_it_stands() {
        assert_eq!(pattern("50%_Off\\"), "%50\\%\\_off\\\\%");
    }

    #[test]
    fn rows_are_picked_behind_a_position_and_no_more_of_them_than_are_missing() {
        let rows: Vec<Found> = (0..9_u8).rev().map(|n| (i64::from(n / 2), [n; 20])).collect();
        let even = |id: &[u8; 20]| Ok(id[0].is_multiple_of(2).then_some(id[0]));
        let at = |micros, id| (micros, [id; 20]);
        assert_eq!(pick(&rows, at(3, 7), 2, even).unwrap(), [6, 4]);
        assert_eq!(pick(&rows, at(0, 1), 9, even).unwrap(), [0]);
        assert!(pick(&rows, at(0, 0), 9, even).unwrap().is_empty());
        let fails = |_: &[u8; 20]| Err::<Option<()>, _>(StorageError::Stopped);
        assert!(pick(&rows, at(9, 9), 1, fails).is_err());
    }
}

//! One way to speak SQL to either engine: values in, rows out. There are three types in all: whole numbers,
//! texts and bytes.

use crate::error::StorageError;
use crate::postgres::Session;
use crate::sqlite;

/// What is bound to a parameter, and what a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    Null,
    Integer(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
}

/// The same, for a statement that runs later.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Bound {
    Null,
    Integer(i64),
    Text(Box<str>),
    Bytes(Box<[u8]>),
}

impl From<Value<'_>> for Bound {
    fn from(value: Value<'_>) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Integer(number) => Self::Integer(number),
            Value::Text(text) => Self::Text(text.into()),
            Value::Bytes(bytes) => Self::Bytes(bytes.into()),
        }
    }
}

/// What can be bound to a parameter.
pub(crate) trait AsValue {
    fn as_value(&self) -> Value<'_>;
}

impl AsValue for i64 {
    fn as_value(&self) -> Value<'_> {
        Value::Integer(*self)
    }
}

impl AsValue for u32 {
    fn as_value(&self) -> Value<'_> {
        Value::Integer(i64::from(*self))
    }
}

impl AsValue for u16 {
    fn as_value(&self) -> Value<'_> {
        Value::Integer(i64::from(*self))
    }
}

impl AsValue for u8 {
    fn as_value(&self) -> Value<'_> {
        Value::Integer(i64::from(*self))
    }
}

impl AsValue for str {
    fn as_value(&self) -> Value<'_> {
        Value::Text(self)
    }
}

impl AsValue for String {
    fn as_value(&self) -> Value<'_> {
        Value::Text(self)
    }
}

impl AsValue for [u8] {
    fn as_value(&self) -> Value<'_> {
        Value::Bytes(self)
    }
}

impl<const N: usize> AsValue for [u8; N] {
    fn as_value(&self) -> Value<'_> {
        Value::Bytes(self)
    }
}

impl AsValue for Vec<u8> {
    fn as_value(&self) -> Value<'_> {
        Value::Bytes(self)
    }
}

impl<T: AsValue + ?Sized> AsValue for &T {
    fn as_value(&self) -> Value<'_> {
        (**self).as_value()
    }
}

impl<T: AsValue> AsValue for Option<T> {
    fn as_value(&self) -> Value<'_> {
        self.as_ref().map_or(Value::Null, AsValue::as_value)
    }
}

/// The values for a statement's parameters, in order.
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        &[$($crate::sql::AsValue::as_value(&$value)),*]
    };
}
pub(crate) use params;

/// The same, for a statement that runs later.
pub(crate) fn bind(values: &[Value<'_>]) -> Vec<Bound> {
    values.iter().copied().map(Bound::from).collect()
}

/// A row of an answer.
#[derive(Clone, Copy)]
pub(crate) enum Row<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r tokio_postgres::Row),
}

impl<'r> Row<'r> {
    pub(crate) fn column(self, index: usize) -> Result<Value<'r>, StorageError> {
        match self {
            Self::Sqlite(row) => sqlite::column(row, index),
            Self::Postgres(row) => Ok(row.try_get(index)?),
        }
    }

    /// A column as what it should be.
    pub(crate) fn get<T: FromColumn>(self, index: usize) -> Result<T, StorageError> {
        T::from_column(self.column(index)?).ok_or(StorageError::Corrupt("a column's type"))
    }

    /// A text in place.
    pub(crate) fn text(self, index: usize) -> Result<&'r str, StorageError> {
        self.optional_text(index)?.ok_or(StorageError::Corrupt("a text that is not there"))
    }

    /// A text in place, if there is one.
    pub(crate) fn optional_text(self, index: usize) -> Result<Option<&'r str>, StorageError> {
        match self.column(index)? {
            Value::Null => Ok(None),
            Value::Text(text) => Ok(Some(text)),
            Value::Integer(_) | Value::Bytes(_) => Err(StorageError::Corrupt("a text's type")),
        }
    }
}

/// What a column can be read as.
pub(crate) trait FromColumn: Sized {
    fn from_column(column: Value<'_>) -> Option<Self>;
}

impl FromColumn for i64 {
    fn from_column(column: Value<'_>) -> Option<Self> {
        if let Value::Integer(number) = column { Some(number) } else { None }
    }
}

impl FromColumn for u32 {
    fn from_column(column: Value<'_>) -> Option<Self> {
        i64::from_column(column).and_then(|number| number.try_into().ok())
    }
}

impl FromColumn for u16 {
    fn from_column(column: Value<'_>) -> Option<Self> {
        i64::from_column(column).and_then(|number| number.try_into().ok())
    }
}

impl FromColumn for u8 {
    fn from_column(column: Value<'_>) -> Option<Self> {
        i64::from_column(column).and_then(|number| number.try_into().ok())
    }
}

/// A flag is a number that is not zero.
impl FromColumn for bool {
    fn from_column(column: Value<'_>) -> Option<Self> {
        i64::from_column(column).map(|number| number != 0)
    }
}

impl FromColumn for String {
    fn from_column(column: Value<'_>) -> Option<Self> {
        if let Value::Text(text) = column { Some(text.to_owned()) } else { None }
    }
}

impl FromColumn for Vec<u8> {
    fn from_column(column: Value<'_>) -> Option<Self> {
        if let Value::Bytes(bytes) = column { Some(bytes.to_vec()) } else { None }
    }
}

impl<const N: usize> FromColumn for [u8; N] {
    fn from_column(column: Value<'_>) -> Option<Self> {
        if let Value::Bytes(bytes) = column { bytes.try_into().ok() } else { None }
    }
}

impl<T: FromColumn> FromColumn for Option<T> {
    fn from_column(column: Value<'_>) -> Option<Self> {
        if column == Value::Null { Some(None) } else { T::from_column(column).map(Some) }
    }
}

/// Begin, undo and end of a part of a transaction, by depth. Each depth has a name of its own: when a piece of
/// work panics inside an inner part, undoing the outer one by name takes the inner one with it.
pub(crate) const SAVEPOINTS: [[&str; 3]; 3] = [
    ["SAVEPOINT outer_work", "ROLLBACK TO SAVEPOINT outer_work", "RELEASE SAVEPOINT outer_work"],
    ["SAVEPOINT inner_work", "ROLLBACK TO SAVEPOINT inner_work", "RELEASE SAVEPOINT inner_work"],
    ["SAVEPOINT innermost_work", "ROLLBACK TO SAVEPOINT innermost_work", "RELEASE SAVEPOINT innermost_work"],
];

/// Those of a depth.
pub(crate) fn savepoint(depth: usize) -> Result<[&'static str; 3], StorageError> {
    SAVEPOINTS.get(depth).copied().ok_or(StorageError::Corrupt("savepoints are nested too deep"))
}

/// A connection to either engine, inside of a transaction or a snapshot.
#[derive(Clone, Copy)]
pub(crate) enum Connection<'c> {
    Sqlite(&'c rusqlite::Connection),
    Postgres(&'c Session),
}

/// An insert of any number of rows.
pub(crate) struct Insert {
    /// The table, with the columns in their order.
    pub(crate) into: &'static str,
    /// How many values a row has.
    pub(crate) columns: usize,
    /// What follows on the values.
    pub(crate) on_conflict: &'static str,
}

impl<'c> Connection<'c> {
    /// An insert of many rows at once that says at once whether all of them were new; nothing where each answer is a
    /// way to a server and back.
    pub(crate) fn bulk(self, insert: &Insert) -> Result<Option<sqlite::Bulk<'c>>, StorageError> {
        match self {
            Self::Sqlite(connection) => sqlite::Bulk::new(connection, insert).map(Some),
            Self::Postgres(_) => Ok(None),
        }
    }

    /// Runs a statement whose effect is wanted, not its answer. On PostgreSQL it may be kept back and
    /// sent with others: a later read sees it all the same, and so does the commit.
    pub(crate) fn execute(self, sql: &'static str, parameters: &[Value<'_>]) -> Result<(), StorageError> {
        match self {
            Self::Sqlite(connection) => sqlite::execute(connection, sql, parameters).map(drop),
            Self::Postgres(session) => session.defer(sql, parameters),
        }
    }

    /// Runs a statement at once and says how many rows it touched.
    pub(crate) fn execute_counted(
        self,
        sql: &'static str,
        parameters: &[Value<'_>],
    ) -> Result<u64, StorageError> {
        match self {
            Self::Sqlite(connection) => sqlite::execute(connection, sql, parameters),
            Self::Postgres(session) => session.execute(sql, parameters),
        }
    }

    /// Goes through the rows of an answer without keeping them. `sink` must not use the connection.
    pub(crate) fn for_each(
        self,
        sql: &'static str,
        parameters: &[Value<'_>],
        sink: &mut dyn FnMut(Row<'_>) -> Result<(), StorageError>,
    ) -> Result<(), StorageError> {
        match self {
            Self::Sqlite(connection) => sqlite::for_each(connection, sql, parameters, sink),
            Self::Postgres(session) => session.for_each(sql, parameters, sink),
        }
    }

    /// All rows of an answer.
    pub(crate) fn query<T>(
        self,
        sql: &'static str,
        parameters: &[Value<'_>],
        mut read: impl FnMut(Row<'_>) -> Result<T, StorageError>,
    ) -> Result<Vec<T>, StorageError> {
        let mut rows = Vec::new();
        self.for_each(sql, parameters, &mut |row| {
            rows.push(read(row)?);
            Ok(())
        })?;
        Ok(rows)
    }

    /// The one row of an answer, or none. The first of several.
    pub(crate) fn query_optional<T>(
        self,
        sql: &'static str,
        parameters: &[Value<'_>],
        mut read: impl FnMut(Row<'_>) -> Result<T, StorageError>,
    ) -> Result<Option<T>, StorageError> {
        let mut found = None;
        self.for_each(sql, parameters, &mut |row| {
            if found.is_none() {
                found = Some(read(row)?);
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// The one row that must be there.
    pub(crate) fn query_one<T>(
        self,
        sql: &'static str,
        parameters: &[Value<'_>],
        read: impl FnMut(Row<'_>) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        self.query_optional(sql, parameters, read)?.ok_or(StorageError::Corrupt("a row that is not there"))
    }

    /// Runs a script: statements without parameters.
    pub(crate) fn run_script(self, text: &str) -> Result<(), StorageError> {
        match self {
            Self::Sqlite(connection) => Ok(connection.execute_batch(text)?),
            Self::Postgres(session) => session.run_script(text),
        }
    }

    /// Begins a part of a transaction that can be undone by itself, inside of `depth` others.
    pub(crate) fn begin_part(self, depth: usize) -> Result<(), StorageError> {
        match self {
            Self::Sqlite(connection) => sqlite::begin_part(connection, depth),
            Self::Postgres(session) => session.begin_part(depth),
        }
    }

    /// Ends the part, kept or undone.
    pub(crate) fn end_part(self, depth: usize, keep: bool) -> Result<(), StorageError> {
        match self {
            Self::Sqlite(connection) => sqlite::end_part(connection, depth, keep),
            Self::Postgres(session) => session.end_part(depth, keep),
        }
    }
}

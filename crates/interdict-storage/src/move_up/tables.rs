//! Which tables and columns there are, read from the source itself, and the statements that copy them.

use rusqlite::Connection as Sqlite;
use serde::{Deserialize, Serialize};
use tokio_postgres::types::Type;

use super::error::MoveError;
use crate::error::StorageError;
use crate::sql::{Bound, Connection, Value, params};

/// Tables that each database writes for itself. The counters are counted anew by whoever opens it first.
pub(super) const APART: [&str; 5] = ["migration", "meta", "head", "lease", "counter"];
/// How the names of what only SQLite searches with begin.
pub(super) const SEARCH: &str = "search_";

const SELECT_COLUMNS: &str = "SELECT CAST(column_name AS TEXT), CAST(data_type AS TEXT)
                              FROM information_schema.columns WHERE table_schema = $1 AND table_name = $2
                              ORDER BY column_name";

/// The three types that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ColumnType {
    Integer,
    Text,
    Bytes,
}

impl ColumnType {
    fn of_sqlite(declared: &str) -> Option<Self> {
        match declared {
            "BIGINT" | "INTEGER" => Some(Self::Integer),
            "TEXT" => Some(Self::Text),
            "BLOB" => Some(Self::Bytes),
            _ => None,
        }
    }

    const fn on_postgres(self) -> &'static str {
        match self {
            Self::Integer => "bigint",
            Self::Text => "text",
            Self::Bytes => "bytea",
        }
    }

    const fn wire(self) -> Type {
        match self {
            Self::Integer => Type::INT8,
            Self::Text => Type::TEXT,
            Self::Bytes => Type::BYTEA,
        }
    }

    /// What keeps a value out of a column of this type; SQLite lets any value into any column.
    fn complaint(self, value: Value<'_>) -> Option<&'static str> {
        match (self, value) {
            (Self::Text, Value::Text(text)) if text.contains('\0') => {
                Some("a text with a NUL in it, which PostgreSQL does not take")
            }
            (_, Value::Null)
            | (Self::Integer, Value::Integer(_))
            | (Self::Text, Value::Text(_))
            | (Self::Bytes, Value::Bytes(_)) => None,
            _ => Some("a value of another type"),
        }
    }
}

/// A part of the key of the row that was copied last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum KeyPart {
    Integer(i64),
    Text(String),
    Bytes(#[serde(with = "hex::serde")] Vec<u8>),
}

impl KeyPart {
    pub(super) fn of(value: &Bound) -> Option<Self> {
        match value {
            Bound::Null => None,
            Bound::Integer(number) => Some(Self::Integer(*number)),
            Bound::Text(text) => Some(Self::Text(text.to_string())),
            Bound::Bytes(bytes) => Some(Self::Bytes(bytes.to_vec())),
        }
    }
}

#[derive(Debug)]
struct TableColumn {
    name: String,
    kind: ColumnType,
}

/// A table, as the source declares it.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) store: &'static str,
    pub(super) name: String,
    columns: Vec<TableColumn>,
    /// Which columns make the key, in its order.
    key: Vec<usize>,
}

/// All tables of a store whose rows are copied.
pub(super) fn all(source: &Sqlite, store: &'static str) -> Result<Vec<Table>, MoveError> {
    let names: Vec<String> = source
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND substr(name, 1, 7) <> 'sqlite_' ORDER BY name")
        .and_then(|mut names| names.query_map([], |row| row.get(0))?.collect())
        .map_err(StorageError::from)?;
    let copied =
        names.into_iter().filter(|name| !APART.contains(&name.as_str()) && !name.starts_with(SEARCH));
    copied.map(|name| Table::read(source, store, name)).collect()
}

impl Table {
    fn read(source: &Sqlite, store: &'static str, name: String) -> Result<Self, MoveError> {
        let described: Vec<(String, String, i64)> = source
            .prepare("SELECT name, type, pk FROM pragma_table_info(?1) ORDER BY cid")
            .and_then(|mut columns| {
                columns.query_map([&name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect()
            })
            .map_err(StorageError::from)?;
        let mut table = Self { store, name, columns: Vec::new(), key: Vec::new() };
        let mut key = Vec::new();
        for (index, (name, declared, part)) in described.into_iter().enumerate() {
            let Some(kind) = ColumnType::of_sqlite(&declared) else {
                return Err(table.unfit(format!("its column {name} is of no known type")));
            };
            if part > 0 {
                key.push((part, index));
            }
            table.columns.push(TableColumn { name, kind });
        }
        key.sort_unstable();
        table.key = key.into_iter().map(|(_, index)| index).collect();
        if table.key.is_empty() { Err(table.unfit("it has no primary key".to_owned())) } else { Ok(table) }
    }

    pub(super) fn unfit(&self, why: String) -> MoveError {
        MoveError::Unfit { store: self.store, table: self.name.clone(), why }
    }

    /// The target's table must have the same columns: one that it lacks would lose what is in it.
    pub(super) fn compare_columns(&self, target: Connection<'_>) -> Result<(), MoveError> {
        let found: Vec<(String, String)> =
            target.query(SELECT_COLUMNS, params![self.store, self.name], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        let mut own: Vec<(&str, &str)> =
            self.columns.iter().map(|column| (column.name.as_str(), column.kind.on_postgres())).collect();
        let mut found: Vec<(&str, &str)> =
            found.iter().map(|(name, kind)| (name.as_str(), kind.as_str())).collect();
        own.sort_unstable();
        found.sort_unstable();
        if own == found {
            Ok(())
        } else {
            Err(self.unfit("its columns are others in the database".to_owned()))
        }
    }

    /// A row's values, each of its column's type.
    pub(super) fn bind(&self, row: &rusqlite::Row<'_>) -> Result<Vec<Bound>, MoveError> {
        let mut values = Vec::with_capacity(self.columns.len());
        for (index, column) in self.columns.iter().enumerate() {
            let value = crate::sqlite::column(row, index)?;
            if let Some(complaint) = column.kind.complaint(value) {
                return Err(self.unfit(format!("its column {} holds {complaint}", column.name)));
            }
            values.push(Bound::from(value));
        }
        Ok(values)
    }

    /// The key of a row.
    pub(super) fn key_of(&self, row: &[Bound]) -> Option<Vec<KeyPart>> {
        self.key.iter().map(|index| row.get(*index).and_then(KeyPart::of)).collect()
    }

    pub(super) fn width(&self) -> usize {
        self.columns.len()
    }

    pub(super) fn wire_types(&self) -> Vec<Type> {
        self.columns.iter().map(|column| column.kind.wire()).collect()
    }

    pub(super) fn quoted_name(&self) -> String {
        format!("\"{}\"", self.name)
    }

    fn list(&self) -> String {
        let names: Vec<String> = self.columns.iter().map(|column| format!("\"{}\"", column.name)).collect();
        names.join(", ")
    }

    /// The key's columns, each with something behind it.
    fn key_list(&self, behind: impl Fn(ColumnType) -> &'static str) -> String {
        let parts = self.key.iter().filter_map(|index| self.columns.get(*index));
        let parts: Vec<String> =
            parts.map(|column| format!("\"{}\"{}", column.name, behind(column.kind))).collect();
        parts.join(", ")
    }

    /// Rows of the source in order, from the beginning or behind a key.
    pub(super) fn select_source(&self, is_behind: bool) -> String {
        let key = self.key_list(|_| "");
        let behind = if is_behind {
            let places: Vec<String> = (1..=self.key.len()).map(|number| format!("?{number}")).collect();
            format!(" WHERE ({key}) > ({})", places.join(", "))
        } else {
            String::new()
        };
        format!("SELECT {} FROM \"{}\"{behind} ORDER BY {key}", self.list(), self.name)
    }

    /// Rows of the target in the same order, whatever the database's own order of texts is.
    pub(super) fn select_target(&self) -> String {
        let key = self.key_list(|kind| if kind == ColumnType::Text { " COLLATE \"C\"" } else { "" });
        format!("SELECT {} FROM \"{}\" ORDER BY {key}", self.list(), self.name)
    }

    pub(super) fn copy_in(&self) -> String {
        format!("COPY \"{}\" ({}) FROM STDIN (FORMAT binary)", self.name, self.list())
    }
}

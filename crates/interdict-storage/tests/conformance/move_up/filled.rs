//! A source in which every table has rows of every sort, a target, and what a test wants to know of both.

use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use interdict_domain::actor::Actor;
use interdict_domain::identifier::Pepper;
use interdict_storage::{
    Authorship, Durability, MoveError, MoveReport, MoveUp, Place, PostgresServer, Progress, Schema,
    SchemaName, StorageError, Store, StoreOptions, Transaction, move_up,
};
use interdict_test_support::Postgres;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use tempfile::{TempDir, tempdir};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, NoTls};

use crate::support::{Deterministic, Ticking, now, pepper, put_one};

pub const STORES: [(SchemaName, Schema); 3] =
    [(SchemaName::Core, Schema::Core), (SchemaName::Test, Schema::Mode), (SchemaName::Live, Schema::Mode)];

/// What each database writes for itself, and the move does not count as a table.
pub const APART: [&str; 5] = ["counter", "head", "lease", "meta", "migration"];

pub fn try_open(place: Place, schema: Schema) -> Result<Store, StorageError> {
    Store::open(StoreOptions {
        clock: Arc::<Ticking>::default(),
        lease_term: None,
        take_over: false,
        place,
        schema,
        pepper: pepper(),
        random: Deterministic::new(77),
        durability: Durability::ControlWithoutFlush,
        observer: None,
    })
}

/// A data folder that nobody serves.
pub struct Source(TempDir);

impl Source {
    /// Three stores with nothing in them.
    pub fn empty() -> Self {
        let source = Self(tempdir().unwrap());
        for (name, schema) in STORES {
            drop(source.open(name, schema));
        }
        source
    }

    /// Three stores, in which every table has so many rows or some fewer.
    pub fn filled(rows: i64) -> Self {
        let source = Self::empty();
        let random = Deterministic::new(5);
        let core = source.open(SchemaName::Core, Schema::Core);
        for number in 0..rows {
            let random = Arc::clone(&random);
            let work = move |transaction: &mut Transaction<'_>| {
                let actor = Actor::system();
                transaction.create_merchant(
                    &Authorship::new(&actor, now(), random.as_ref()),
                    &format!("Kaufhaus Größe {number} 商店"),
                )
            };
            core.write_blocking::<_, StorageError, _>(work).unwrap();
        }
        drop(core);
        for name in [SchemaName::Test, SchemaName::Live] {
            let store = source.open(name, Schema::Mode);
            for number in 0..rows.unsigned_abs() {
                put_one(&store, number, &random);
            }
        }
        for (name, _) in STORES {
            source.fill(name, rows);
            source.run(name, "INSERT INTO meta (name, value) VALUES ('of a later version', 'kept');");
        }
        source
    }

    pub fn open(&self, name: SchemaName, schema: Schema) -> Store {
        try_open(Place::Sqlite(self.file(name.as_str())), schema).unwrap()
    }

    pub fn file(&self, store: &str) -> PathBuf {
        self.0.path().join(store).with_extension("db")
    }

    pub fn connection(&self, name: SchemaName) -> Connection {
        Connection::open(self.file(name.as_str())).unwrap()
    }

    pub fn run(&self, name: SchemaName, script: &str) {
        self.connection(name).execute_batch(script).unwrap();
    }

    /// Rows made of nothing but the columns' types: a later migration's table gets them, too.
    fn fill(&self, name: SchemaName, rows: i64) {
        let connection = self.connection(name);
        for table in tables(&connection) {
            // These must make sense together.
            if APART.contains(&table.as_str()) || ["anchor", "change", "personal"].contains(&table.as_str()) {
                continue;
            }
            let columns = columns(&connection, &table);
            let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
            let places: Vec<String> = (1..=columns.len()).map(|number| format!("?{number}")).collect();
            let insert = format!(
                "INSERT OR IGNORE INTO {table} ({}) VALUES ({})",
                names.join(", "),
                places.join(", ")
            );
            connection.execute_batch("BEGIN").unwrap();
            for row in 0..rows {
                let values = columns.iter().zip(0..).map(|(column, index)| column.value(row, index));
                connection.execute(&insert, params_from_iter(values)).unwrap();
            }
            connection.execute_batch("COMMIT").unwrap();
        }
    }

    /// Moves, and looks at nothing.
    pub fn move_to(&self, url: &str) -> Result<MoveReport, MoveError> {
        self.move_with(url, None, &mut |_| ControlFlow::Continue(()))
    }

    pub fn move_with(
        &self,
        url: &str,
        chunk_rows: Option<usize>,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<MoveReport, MoveError> {
        self.move_under(&pepper(), url, chunk_rows, progress)
    }

    pub fn move_under(
        &self,
        pepper: &Pepper,
        url: &str,
        chunk_rows: Option<usize>,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<MoveReport, MoveError> {
        let options = MoveUp {
            file: &|store| self.file(store),
            to: &PostgresServer::parse(url).unwrap(),
            pepper,
            random: Deterministic::new(9),
            // The server of the tests runs without: nothing here pulls its plug.
            durability: Durability::ControlWithoutFlush,
            chunk_rows,
        };
        move_up(&options, progress)
    }
}

pub struct ColumnOf {
    pub name: String,
    kind: String,
    is_optional: bool,
    is_key: bool,
    /// A value in an index has a limit of its own on PostgreSQL: 2,704 bytes.
    is_indexed: bool,
}

impl ColumnOf {
    /// Something in a row, of which each sort comes up: nothing, empty, strange, and large.
    fn value(&self, row: i64, index: i64) -> Value {
        if self.is_optional && (row + index) % 3 == 0 {
            return Value::Null;
        }
        match self.kind.as_str() {
            "TEXT" if self.is_key || row % 5 > 1 => Value::Text(format!(
                "{}Ärger 🦀 {row}.{index} \u{202e}名前\r\n\"'\\",
                pick(["", "a", "A", "é"], row)
            )),
            "TEXT" if row % 5 == 1 && !self.is_indexed => Value::Text("große Worte ".repeat(3_000)),
            "TEXT" => Value::Text(String::new()),
            "BLOB" if self.is_key || row % 5 > 1 => {
                let seed = format!("{} {row}", self.name);
                Value::Blob(blake3::hash(seed.as_bytes()).as_bytes()[..20].to_vec())
            }
            "BLOB" if row % 5 == 1 && !self.is_indexed => {
                Value::Blob((0..=255).cycle().take(100_000).collect())
            }
            "BLOB" => Value::Blob(Vec::new()),
            _ if self.is_key || self.name == "merchant" => Value::Integer(row * 7 - 11),
            _ => Value::Integer(pick([0, -1, i64::MIN, i64::MAX, 1_790_000_000_000_000], row)),
        }
    }
}

fn pick<T: Copy, const N: usize>(from: [T; N], row: i64) -> T {
    from[usize::try_from(row).unwrap() % N]
}

pub fn tables(connection: &Connection) -> Vec<String> {
    let mut names = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").unwrap();
    // What only SQLite searches with stays behind.
    names
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .filter(|name: &String| !name.starts_with("search_"))
        .collect()
}

pub fn columns(connection: &Connection, table: &str) -> Vec<ColumnOf> {
    let mut indexed = connection
        .prepare("SELECT DISTINCT c.name FROM pragma_index_list(?1) i JOIN pragma_index_info(i.name) c")
        .unwrap();
    let indexed: Vec<String> =
        indexed.query_map([table], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut columns = connection.prepare(&format!("PRAGMA table_info({table})")).unwrap();
    let read = |row: &rusqlite::Row<'_>| {
        let is_key = row.get::<_, i64>(5)? > 0;
        let is_optional = row.get::<_, i64>(3)? == 0 && !is_key;
        let name: String = row.get(1)?;
        let is_indexed = indexed.contains(&name);
        Ok(ColumnOf { name, kind: row.get(2)?, is_optional, is_key, is_indexed })
    };
    columns.query_map([], read).unwrap().map(Result::unwrap).collect()
}

/// All rows of a table as text, sorted: read past the store, with nothing in common with what is tested.
pub fn rows_of_file(connection: &Connection, table: &str) -> Vec<String> {
    let names: Vec<String> = columns(connection, table).into_iter().map(|column| column.name).collect();
    let mut rows = connection.prepare(&format!("SELECT {} FROM {table}", names.join(", "))).unwrap();
    let read = |row: &rusqlite::Row<'_>| {
        let mut text = String::new();
        for index in 0..names.len() {
            match row.get::<_, Value>(index)? {
                Value::Null => text.push_str("-|"),
                Value::Integer(number) => write!(text, "{number}|").unwrap(),
                Value::Text(value) => write!(text, "'{value}'|").unwrap(),
                Value::Blob(bytes) => write!(text, "x{}|", hex::encode(bytes)).unwrap(),
                Value::Real(_) => panic!("a broken number"),
            }
        }
        Ok(text)
    };
    let mut rows: Vec<String> = rows.query_map([], read).unwrap().map(Result::unwrap).collect();
    rows.sort();
    rows
}

/// A target.
pub struct Database {
    _server: Arc<Postgres>,
    pub url: String,
}

impl Database {
    pub fn new(name: &str) -> Self {
        let server = Postgres::shared();
        let url = server.create_database(&format!("move_{name}"));
        Self { _server: server, url }
    }

    /// Works past the store.
    pub fn with<T>(&self, work: impl AsyncFnOnce(&Client) -> T) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(&self.url, NoTls).await.unwrap();
            let driver = tokio::spawn(connection);
            let done = work(&client).await;
            drop(client);
            driver.await.unwrap().unwrap();
            done
        })
    }

    pub fn run(&self, script: &str) {
        self.with(async |client| client.batch_execute(script).await.unwrap());
    }

    pub fn try_open(&self, name: SchemaName, schema: Schema) -> Result<Store, StorageError> {
        try_open(Place::Postgres(PostgresServer::parse(&self.url).unwrap(), name), schema)
    }

    /// As [`rows_of_file`].
    pub fn rows(&self, name: SchemaName, source: &Connection, table: &str) -> Vec<String> {
        let names: Vec<String> = columns(source, table).into_iter().map(|column| column.name).collect();
        let select = format!("SELECT {} FROM {}.{table}", names.join(", "), name.as_str());
        self.with(async |client| {
            let rows = client.query(&select, &[]).await.unwrap();
            let mut rows: Vec<String> = rows.iter().map(row_as_text).collect();
            rows.sort();
            rows
        })
    }
}

fn row_as_text(row: &tokio_postgres::Row) -> String {
    let mut text = String::new();
    for (index, column) in row.columns().iter().enumerate() {
        let value = match *column.type_() {
            Type::INT8 => row.get::<_, Option<i64>>(index).map(|number| format!("{number}|")),
            Type::TEXT => row.get::<_, Option<String>>(index).map(|value| format!("'{value}'|")),
            _ => row.get::<_, Option<Vec<u8>>>(index).map(|bytes| format!("x{}|", hex::encode(bytes))),
        };
        text.push_str(value.as_deref().unwrap_or("-|"));
    }
    text
}

/// All bytes of the source's files.
pub fn bytes_of(source: &Source) -> Vec<Vec<u8>> {
    STORES.map(|(name, _)| std::fs::read(Path::new(&source.file(name.as_str()))).unwrap()).to_vec()
}

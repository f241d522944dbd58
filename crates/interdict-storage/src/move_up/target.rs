//! The target: an empty database, or one that a move of the same source was cut in.

use std::sync::Arc;
use std::time::Duration;

use interdict_domain::clock::Random;
use interdict_domain::identifier::Pepper;

use super::content::{Content, Reading};
use super::error::MoveError;
use super::mark::{Mark, Reached};
use super::source::{Chunk, Source};
use super::tables::Table;
use crate::chain::{self, ChainReport};
use crate::error::StorageError;
use crate::meta;
use crate::migrations::{self, Dialect};
use crate::postgres::{self, PostgresServer, Purpose, Session};
use crate::sql::{Connection, params};
use crate::store::Durability;
use crate::transaction::Head;

/// Held by the session as long as the move runs: a number of our own, "IMOVEUPS" in ASCII.
const TAKE_MOVE: &str =
    "SELECT CASE WHEN pg_try_advisory_lock(5281134036014419027) THEN CAST(1 AS BIGINT) ELSE 0 END";
/// Together some seconds.
const TRIES: u32 = 60;
const BETWEEN_TRIES: Duration = Duration::from_millis(50);
const COUNT_RELATIONS: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM pg_class c
                               JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1";
const COUNT_META: &str =
    "SELECT CAST(COUNT(*) AS BIGINT) FROM pg_tables WHERE schemaname = $1 AND tablename = 'meta'";
const INSERT_META: &str = "INSERT INTO meta (name, value) VALUES ($1, $2)";
const UPDATE_MARK: &str = "UPDATE meta SET value = $1 WHERE name = 'moving'";
const DELETE_MARK: &str = "DELETE FROM meta WHERE name = 'moving'";

/// How a move began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// Into an empty database.
    Fresh,
    /// Behind the last chunk of one that was cut.
    Resumed,
    /// One was cut, and the source has moved on since: from the beginning.
    Anew,
}

/// What a schema of the target holds.
enum State {
    Empty,
    Moving(Mark),
    Used,
}

/// The target's one connection.
pub(super) struct Target {
    session: Session,
}

impl Target {
    pub(super) fn connect(server: &PostgresServer, durability: Durability) -> Result<Self, MoveError> {
        let session = server.connect("pg_catalog", Purpose::Maintain)?;
        let target = Self { session };
        target.be_alone()?;
        if durability != Durability::ControlWithoutFlush {
            postgres::require_durable(target.connection())?;
        }
        Ok(target)
    }

    /// Waits for a move that was cut just now: the server may still be about to end its session.
    fn be_alone(&self) -> Result<(), MoveError> {
        for _ in 0..TRIES {
            if self.connection().query_one(TAKE_MOVE, &[], |row| row.get(0))? {
                return Ok(());
            }
            std::thread::sleep(BETWEEN_TRIES);
        }
        Err(MoveError::UnderWay)
    }

    fn connection(&self) -> Connection<'_> {
        Connection::Postgres(&self.session)
    }

    /// From here on, tables without a schema's name are those of this store.
    pub(super) fn enter(&self, source: &Source) -> Result<(), StorageError> {
        self.session.run_script(&format!("SET search_path TO {}, pg_catalog", source.name.as_str()))
    }

    /// Makes the tables and puts the marks, in one commit; or finds them.
    pub(super) fn begin(
        &self,
        sources: &[Source],
        pepper: &Pepper,
    ) -> Result<(Course, Vec<Mark>), MoveError> {
        self.session.run_script("BEGIN")?;
        // A node that starts on the database at the same moment comes before all of this or behind it.
        self.connection().query_one(postgres::TAKE_TURN, &[], |row| row.get::<i64>(0))?;
        let (course, marks) = self.course(sources)?;
        for (source, mark) in sources.iter().zip(&marks) {
            self.session.run_script(&format!("CREATE SCHEMA IF NOT EXISTS {}", source.name.as_str()))?;
            self.enter(source)?;
            migrations::migrate(self.connection(), source.schema, Dialect::Postgres)?;
            for table in &source.tables {
                table.compare_columns(self.connection())?;
                if course == Course::Anew {
                    self.empty(table)?;
                }
            }
            if course == Course::Fresh {
                self.connection().execute(INSERT_META, params!["pepper", meta::fingerprint(pepper)])?;
                self.connection().execute(INSERT_META, params![meta::MOVING, json(mark)?])?;
            } else {
                self.put_mark(mark)?;
            }
        }
        self.session.run_script("COMMIT")?;
        Ok((course, marks))
    }

    /// What there is to do: the same for all three stores, because they begin and end in one commit.
    fn course(&self, sources: &[Source]) -> Result<(Course, Vec<Mark>), MoveError> {
        let new = || sources.iter().map(|source| Mark::new(source.origin.clone())).collect();
        let (mut empty, mut found) = (0, Vec::new());
        for source in sources {
            match self.state(source)? {
                State::Empty => empty += 1,
                State::Moving(mark) => found.push(mark),
                State::Used => return Err(MoveError::TargetUsed),
            }
        }
        if empty == sources.len() {
            return Ok((Course::Fresh, new()));
        }
        if found.len() != sources.len() {
            return Err(MoveError::TargetUsed);
        }
        let pairs = || sources.iter().map(|source| &source.origin).zip(found.iter().map(|mark| &mark.origin));
        if pairs().all(|(own, other)| own == other) {
            Ok((Course::Resumed, found))
        } else if pairs().all(|(own, other)| own.epoch == other.epoch) {
            Ok((Course::Anew, new()))
        } else {
            Err(MoveError::OtherSource)
        }
    }

    fn state(&self, source: &Source) -> Result<State, StorageError> {
        let name = source.name.as_str();
        let count = |sql| self.connection().query_one(sql, params![name], |row| row.get::<i64>(0));
        if count(COUNT_RELATIONS)? == 0 {
            return Ok(State::Empty);
        }
        if count(COUNT_META)? == 0 {
            return Ok(State::Used);
        }
        self.enter(source)?;
        Ok(match meta::moving(self.connection())? {
            Some(mark) => State::Moving(serde_json::from_str(&mark)?),
            None => State::Used,
        })
    }

    /// Writes rows and how far the table is with them, both or neither.
    pub(super) fn put(&self, table: &Table, chunk: &Chunk, mark: &Mark) -> Result<(), StorageError> {
        self.session.run_script("BEGIN")?;
        if !chunk.rows.is_empty() {
            self.session.copy_in(&table.copy_in(), &table.wire_types(), &chunk.rows)?;
        }
        self.put_mark(mark)?;
        self.session.execute("COMMIT", &[]).map(drop)
    }

    fn put_mark(&self, mark: &Mark) -> Result<(), StorageError> {
        match self.session.execute(UPDATE_MARK, params![json(mark)?])? {
            1 => Ok(()),
            _ => Err(StorageError::Corrupt("the mark of the move is gone")),
        }
    }

    /// Takes all rows out of a table that is to be copied again.
    pub(super) fn reset(&self, table: &Table, mark: &mut Mark) -> Result<(), StorageError> {
        mark.tables.insert(table.name.clone(), Reached::default());
        self.session.run_script("BEGIN")?;
        self.empty(table)?;
        self.put_mark(mark)?;
        self.session.execute("COMMIT", &[]).map(drop)
    }

    fn empty(&self, table: &Table) -> Result<(), StorageError> {
        self.session.run_script(&format!("TRUNCATE {}", table.quoted_name()))
    }

    /// Tells the planner what has come: nodes begin to ask before anything else would.
    pub(super) fn analyze(&self, table: &Table) -> Result<(), StorageError> {
        self.session.run_script(&format!("ANALYZE {}", table.quoted_name()))
    }

    /// All that a table holds.
    pub(super) fn content(
        &self,
        table: &Table,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Content, StorageError> {
        let mut reading = Reading::new(table);
        self.session.for_each_once(&table.select_target(), &mut |row| {
            if reading.add(row)? {
                progress(reading.rows());
            }
            Ok(())
        })?;
        Ok(reading.finish())
    }

    /// Walks the copied chain, which must end where the source's does.
    pub(super) fn verify_chain(
        &self,
        source: &Source,
        progress: &mut dyn FnMut(i64),
    ) -> Result<ChainReport, MoveError> {
        let report = chain::verify_up_to(self.connection(), source.head(), progress)?;
        match report.fault {
            None => Ok(report),
            Some(fault) => Err(MoveError::ChainBroken { store: source.name.as_str(), fault }),
        }
    }

    /// Makes the copy whole: heads and epochs in, marks away, in one commit.
    pub(super) fn finish(&self, sources: &[Source], random: &Arc<dyn Random>) -> Result<(), MoveError> {
        self.session.run_script("BEGIN")?;
        for source in sources {
            self.enter(source)?;
            for (name, value) in source.meta()? {
                self.connection().execute(INSERT_META, params![name, value])?;
            }
            meta::insert_head(self.connection(), source.head())?;
            meta::new_epoch(self.connection(), random.as_ref())?;
            if self.session.execute(DELETE_MARK, &[])? != 1 || Head::read(self.connection())? != source.head()
            {
                return Err(StorageError::Corrupt("the mark of the move is gone").into());
            }
        }
        self.session.run_script("COMMIT")?;
        Ok(())
    }
}

fn json(mark: &Mark) -> Result<String, StorageError> {
    Ok(serde_json::to_string(mark)?)
}

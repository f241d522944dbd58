//! The move from its beginning to its end.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use interdict_domain::clock::Random;
use interdict_domain::identifier::Pepper;

use super::content::Content;
use super::error::MoveError;
use super::mark::Mark;
use super::source::Source;
use super::tables::Table;
use super::target::{Course, Target};
use crate::chain::ChainReport;
use crate::migrations::Schema;
use crate::postgres::{PostgresServer, SchemaName};
use crate::store::Durability;

/// Rows copied in one transaction.
const CHUNK_ROWS: usize = 10_000;

/// The stores, the core before the modes that refer to its merchants.
const STORES: [(SchemaName, Schema); 3] =
    [(SchemaName::Core, Schema::Core), (SchemaName::Test, Schema::Mode), (SchemaName::Live, Schema::Mode)];

/// What is moved, and where to.
pub struct MoveUp<'a> {
    /// Where a store's file lies.
    pub file: &'a dyn Fn(&'static str) -> std::path::PathBuf,
    /// The database.
    pub to: &'a PostgresServer,
    /// The secret under the identifiers' keys, of the source and so of the target.
    pub pepper: &'a Pepper,
    /// Where the target's new epochs come from.
    pub random: Arc<dyn Random>,
    /// When a commit counts as done.
    pub durability: Durability,
    /// Rows in one transaction; nothing for as many as is good.
    pub chunk_rows: Option<usize>,
}

/// What is being done with a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoveStep {
    /// The source's chain is walked, in changes.
    CheckSource,
    /// Rows are copied.
    Copy,
    /// Rows are compared, on both sides.
    Compare,
    /// The copied chain is walked, in changes.
    CheckChain,
}

/// How far a store is in a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Which store.
    pub store: SchemaName,
    /// Which step.
    pub step: MoveStep,
    /// Rows or changes that are done.
    pub done: u64,
    /// All of them.
    pub total: u64,
}

/// What a move did.
#[derive(Clone, Debug)]
pub struct MoveReport {
    /// How it began.
    pub course: Course,
    /// The stores.
    pub stores: Vec<MovedStore>,
}

/// A store that was moved.
#[derive(Clone, Debug)]
pub struct MovedStore {
    /// Which.
    pub store: SchemaName,
    /// What the walk over the copied chain found.
    pub chain: ChainReport,
    /// The newest hash of the chain, in both.
    pub hash: [u8; 32],
    /// The tables by name.
    pub tables: Vec<MovedTable>,
}

/// A table that is equal on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovedTable {
    /// Its name.
    pub table: String,
    /// How many rows it has.
    pub rows: u64,
    /// Of these, how many an earlier run had copied.
    pub rows_found: u64,
    /// A digest over all values of all rows, in the order of the key.
    pub digest: [u8; 32],
}

/// Moves three stores out of a data folder into an empty database, or goes on with a move of them that was cut.
///
/// `progress` may stop it: between two chunks, as a kill could.
pub fn move_up(
    options: &MoveUp<'_>,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<MoveReport, MoveError> {
    let open = |(name, schema): (SchemaName, Schema)| {
        let path = (options.file)(name.as_str());
        Source::open(Path::new(&path), name, schema, options.pepper)
    };
    let sources = STORES.into_iter().map(open).collect::<Result<Vec<_>, _>>()?;
    let mut watch = Watch { progress, is_stopped: false };
    for source in &sources {
        watch.walk(source, MoveStep::CheckSource, |report| source.verify_chain(report))?;
    }
    let target = Target::connect(options.to, options.durability)?;
    let (course, marks) = target.begin(&sources, options.pepper)?;
    let mut stores = Vec::new();
    for (source, mark) in sources.iter().zip(marks) {
        target.enter(source)?;
        let rows = options.chunk_rows.unwrap_or(CHUNK_ROWS).max(1);
        let mut moving = Moving { source, target: &target, mark, watch: &mut watch, chunk_rows: rows };
        stores.push(moving.store()?);
    }
    for source in &sources {
        source.refuse_changed()?;
    }
    target.finish(&sources, &options.random)?;
    Ok(MoveReport { course, stores })
}

/// Whoever is told, and whether he wanted no more.
struct Watch<'p> {
    progress: &'p mut dyn FnMut(Progress) -> ControlFlow<()>,
    is_stopped: bool,
}

impl Watch<'_> {
    fn tell(&mut self, source: &Source, step: MoveStep, done: u64, total: u64) {
        let told = (self.progress)(Progress { store: source.name, step, done, total });
        self.is_stopped |= told.is_break();
    }

    /// Tells of a walk over a chain, its beginning and its end included.
    fn walk(
        &mut self,
        source: &Source,
        step: MoveStep,
        walk: impl FnOnce(&mut dyn FnMut(i64)) -> Result<ChainReport, MoveError>,
    ) -> Result<ChainReport, MoveError> {
        let total = source.head().sequence;
        let mut report = |done: i64| self.tell(source, step, done.unsigned_abs(), total.unsigned_abs());
        report(0);
        let found = walk(&mut report)?;
        report(total);
        self.refuse_stopped()?;
        Ok(found)
    }

    fn refuse_stopped(&self) -> Result<(), MoveError> {
        if self.is_stopped { Err(MoveError::Stopped) } else { Ok(()) }
    }
}

/// One store on its way.
struct Moving<'a, 'p> {
    source: &'a Source,
    target: &'a Target,
    mark: Mark,
    watch: &'a mut Watch<'p>,
    chunk_rows: usize,
}

impl Moving<'_, '_> {
    fn store(&mut self) -> Result<MovedStore, MoveError> {
        let counted: Result<Vec<u64>, _> =
            self.source.tables.iter().map(|table| self.source.count(table)).collect();
        let total = counted?.iter().sum();
        let (mut done, mut found) = (0, Vec::new());
        for table in &self.source.tables {
            found.push(self.mark.reached(&table.name).rows);
            done += self.copy(table, done, total)?;
        }
        let (mut done, mut tables) = (0, Vec::new());
        for (table, rows_found) in self.source.tables.iter().zip(found) {
            let moved = self.settle(table, rows_found, done, total)?;
            done += moved.rows;
            tables.push(moved);
        }
        let (target, source) = (self.target, self.source);
        let walk = |report: &mut dyn FnMut(i64)| target.verify_chain(source, report);
        let chain = self.watch.walk(source, MoveStep::CheckChain, walk)?;
        Ok(MovedStore { store: self.source.name, chain, hash: self.source.origin.hash, tables })
    }

    /// Copies what is missing of a table, and says how many rows it has then.
    fn copy(&mut self, table: &Table, before: u64, total: u64) -> Result<u64, MoveError> {
        let mut reached = self.mark.reached(&table.name);
        if reached.is_whole {
            return Ok(reached.rows);
        }
        while !reached.is_whole {
            let chunk = self.source.chunk(table, &reached, self.chunk_rows)?;
            reached = chunk.reached.clone();
            self.mark.tables.insert(table.name.clone(), reached.clone());
            self.target.put(table, &chunk, &self.mark)?;
            self.watch.tell(self.source, MoveStep::Copy, before + reached.rows, total);
            self.watch.refuse_stopped()?;
        }
        self.target.analyze(table)?;
        Ok(reached.rows)
    }

    /// Compares a table with its source. What an earlier run had copied may be old by now, where no change tells
    /// of it (hit counts, answers to requests): such a table is copied again, once.
    fn settle(
        &mut self,
        table: &Table,
        rows_found: u64,
        before: u64,
        total: u64,
    ) -> Result<MovedTable, MoveError> {
        let (mut sent, mut copied) = self.compare(table, before, total)?;
        let mut rows_found = rows_found;
        if sent != copied && rows_found > 0 {
            self.target.reset(table, &mut self.mark)?;
            self.copy(table, before, total)?;
            rows_found = 0;
            (sent, copied) = self.compare(table, before, total)?;
        }
        if sent != copied {
            let (store, table) = (self.source.name.as_str(), table.name.clone());
            return Err(MoveError::Differs { store, table, sent: sent.rows, copied: copied.rows });
        }
        Ok(MovedTable { table: table.name.clone(), rows: sent.rows, rows_found, digest: sent.digest })
    }

    /// Both sides of a table.
    fn compare(&mut self, table: &Table, before: u64, total: u64) -> Result<(Content, Content), MoveError> {
        let (watch, source) = (&mut *self.watch, self.source);
        let mut report = |rows: u64| watch.tell(source, MoveStep::Compare, before + rows, total);
        report(0);
        let sent = source.content(table, &mut |_| {})?;
        let copied = self.target.content(table, &mut report)?;
        self.watch.refuse_stopped()?;
        Ok((sent, copied))
    }
}

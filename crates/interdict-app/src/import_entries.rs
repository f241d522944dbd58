//! Taking the rows of a file, part by part: each part is a commit of its own, between which others come first. A run
//! that was cut goes on behind the last part; one that only checks writes nothing.
//!
//! Deliberately not here: where the file lies and who has it taken ([`crate::import_jobs`]).

use std::io::{BufRead, Write};
use std::sync::Arc;
use std::time::Duration;

use interdict_domain::import::{Import, ImportState};
use interdict_domain::merchant::MerchantNumber;
use interdict_domain::window::Window;
use interdict_storage::{
    Authorship, ImportPart, ImportedRow, PartTaken, RowFate, StorageError, View, WriteError,
};

use crate::file_rows::FileRows;
use crate::follow_import::follow_rows;
use crate::import_errors::Errors;
use crate::import_row::{BadRow, EXPIRES_AT, FileError, ROWS_MAX, RowDefaults, VALUE};
use crate::list_entry::NewEntry;
use crate::service::Service;

/// The rows of a part, at least and at most.
const PART_MIN: usize = 50;
const PART_MAX: usize = 1_000;
/// How long a part may hold the writer, about: a longer one makes the next ones smaller.
const PART_LONG: Duration = Duration::from_millis(40);
const PART_SHORT: Duration = Duration::from_millis(15);
/// Parts between two notes of how far a check is.
const CHECKED_BETWEEN: u32 = 20;
/// What ends within so many seconds may have ended when its part is taken, whatever holds that up.
const SOON_S: i64 = 3_600;
/// Between two tries to write while too much waits.
const BACK_OFF: Duration = Duration::from_millis(50);

/// Why rows are not taken any further. What was taken stays, and the import can be gone on with.
#[derive(Debug, thiserror::Error)]
pub enum ImportRunError {
    /// The store's.
    #[error("the rows cannot be stored")]
    Storage(#[source] StorageError),
    /// The commit's.
    #[error("the rows cannot be written")]
    Write(#[source] WriteError<StorageError>),
    /// The file of errors.
    #[error("the bad rows cannot be noted")]
    Errors(#[source] std::io::Error),
}

impl From<StorageError> for ImportRunError {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

impl From<WriteError<StorageError>> for ImportRunError {
    fn from(error: WriteError<StorageError>) -> Self {
        match error {
            WriteError::Refused(error) => Self::Storage(error),
            error => Self::Write(error),
        }
    }
}

/// What watches over a run.
pub struct ImportWatch<'a> {
    /// Where the bad rows go, as CSV.
    pub errors: &'a mut dyn Write,
    /// Told how far it is; false ends the run, to be gone on with later.
    pub progress: &'a mut dyn FnMut(&Import) -> bool,
    /// Given to others after each part: for a process beside the one that serves.
    pub pause: Duration,
}

/// How a run ended.
#[derive(Debug)]
enum End {
    /// All rows were read.
    All,
    /// The file cannot be read any further.
    Refused(FileError),
    /// Somebody said so, or somebody else goes on with it.
    Left,
}

/// A run under way.
struct Run<'a, 'w> {
    service: &'a Service,
    merchant: MerchantNumber,
    import: Import,
    errors: Errors<'w>,
    progress: &'w mut dyn FnMut(&Import) -> bool,
    pause: Duration,
    part: ImportPart,
    size: usize,
    checked: u32,
    /// The merchant wants a second person for what hits many: nobody weighs the rows of a file.
    wants_second: bool,
}

/// A row that somebody has to propose by itself.
fn broad(line: i64, row: String) -> BadRow {
    let reason = "stands for many, and your settings want a second person for that: add it by itself";
    BadRow { line, column: VALUE.to_owned(), reason: reason.to_owned(), row }
}

impl Service {
    /// Takes the rows of an import from its file, from the first one that was not taken, and says how far it is
    /// then. The file is read from its beginning: the bad rows of what was taken before are noted again.
    pub fn run_import(
        &self,
        merchant: MerchantNumber,
        import: Import,
        file: impl BufRead,
        watch: ImportWatch<'_>,
    ) -> Result<Import, ImportRunError> {
        let ImportWatch { errors, progress, pause } = watch;
        let errors = Errors::begin(errors)?;
        let read = |view: &View<'_>| view.merchant(merchant).settings();
        let wants_second = self.store.read_blocking(read)?.second_approver.is_some();
        let mut run = Run {
            service: self,
            merchant,
            import,
            errors,
            progress,
            pause,
            part: ImportPart::default(),
            size: PART_MAX / 4,
            checked: 0,
            wants_second,
        };
        if run.import.state == ImportState::Checking {
            run.import.counts = interdict_domain::import::ImportCounts::default();
        }
        let end = run.read(file)?;
        run.errors.flush()?;
        run.end(end)
    }

    pub(crate) fn change_import(
        &self,
        merchant: MerchantNumber,
        import: &Import,
        change: impl FnOnce(&mut Import) + Send + 'static,
    ) -> Result<Import, ImportRunError> {
        let (id, expected) = (import.id, import.state);
        let committed = self.store.write_blocking(move |transaction| -> Result<_, StorageError> {
            let transaction = transaction.merchant(merchant);
            let found = transaction.view().import(id)?;
            let mut import = found.ok_or(StorageError::Corrupt("an import that is not there"))?;
            // Somebody may have stopped it meanwhile.
            if import.state == expected {
                change(&mut import);
                transaction.put_import(&import)?;
            }
            Ok(import)
        })?;
        Ok(committed.value)
    }
}

impl Run<'_, '_> {
    fn read(&mut self, file: impl BufRead) -> Result<End, ImportRunError> {
        let defaults = RowDefaults {
            list: self.import.list,
            kind: self.import.kind,
            phone_region: self.service.phone_region(self.merchant),
        };
        let mut rows = match FileRows::open(self.import.format, file, defaults) {
            Ok(rows) => rows,
            Err(error) => return Ok(End::Refused(error)),
        };
        // Up to here everything was taken before: it is only looked for bad rows again.
        let taken = if self.import.state == ImportState::Running { self.import.counts.rows } else { 0 };
        let mut count = 0;
        loop {
            let next = match rows.next_row() {
                Ok(Some(_)) if count == ROWS_MAX => Err(FileError::TooManyRows),
                next => next,
            };
            let (line, row) = match next {
                Ok(Some(next)) => next,
                Ok(None) => return Ok(if self.take(count > taken)? { End::All } else { End::Left }),
                Err(error) => {
                    return Ok(if self.take(count > taken)? { End::Refused(error) } else { End::Left });
                }
            };
            count += 1;
            match row {
                Ok(new) if self.wants_second && new.identifier.is_broad() => {
                    self.errors.note(broad(line, rows.as_it_came()))?;
                    self.part.bad += 1;
                }
                Ok(new) => {
                    let mut row = self.row(line, new);
                    if self.may_end(&row) {
                        row.came = Some(rows.as_it_came());
                        self.errors.hold();
                    }
                    self.part.rows.push(row);
                }
                Err(bad) => {
                    self.errors.note(bad)?;
                    self.part.bad += 1;
                }
            }
            self.part.through = count;
            let length = count.saturating_sub(self.part.behind).unsigned_abs();
            if (count == taken || length >= self.size as u64) && !self.take(count > taken)? {
                return Ok(End::Left);
            }
        }
    }

    /// Takes the part that has gathered, and begins the next one. False when the run is over.
    fn take(&mut self, is_new: bool) -> Result<bool, ImportRunError> {
        let next =
            ImportPart { behind: self.part.through, through: self.part.through, ..ImportPart::default() };
        let part = std::mem::replace(&mut self.part, next);
        if part.behind == part.through {
            return Ok(true);
        }
        if !is_new {
            let ended = self.judge(&part)?.ended;
            self.note_ended(&part, &ended)?;
            return Ok(true);
        }
        let goes_on =
            if self.import.state == ImportState::Running { self.write(part)? } else { self.check(&part)? };
        Ok(goes_on && (self.progress)(&self.import))
    }

    /// What a part would do.
    fn judge(&self, part: &ImportPart) -> Result<Judged, ImportRunError> {
        let now = self.service.merchant_now(self.merchant);
        let list = self.import.list;
        let found = self
            .service
            .store
            .read_blocking(|view| view.merchant(self.merchant).entries_of_rows(list, &part.rows))?;
        let mut judged = Judged::default();
        for (index, row) in part.rows.iter().enumerate() {
            match row.fate(found.get(&row.key), now) {
                RowFate::Created => judged.created += 1,
                RowFate::Updated => judged.updated += 1,
                RowFate::Unchanged => judged.unchanged += 1,
                RowFate::Ended => judged.ended.push(index),
            }
        }
        Ok(judged)
    }

    fn check(&mut self, part: &ImportPart) -> Result<bool, ImportRunError> {
        let judged = self.judge(part)?;
        self.note_ended(part, &judged.ended)?;
        let counts = &mut self.import.counts;
        counts.rows = part.through;
        counts.created += judged.created;
        counts.updated += judged.updated;
        counts.unchanged += judged.unchanged;
        counts.bad += part.bad + i64::try_from(judged.ended.len()).unwrap_or(0);
        self.checked += 1;
        if !self.checked.is_multiple_of(CHECKED_BETWEEN) {
            return Ok(true);
        }
        let counts = self.import.counts;
        let now =
            self.service.change_import(self.merchant, &self.import, move |import| import.counts = counts)?;
        let goes_on = now.state == self.import.state;
        self.import = now;
        Ok(goes_on)
    }

    fn write(&mut self, part: ImportPart) -> Result<bool, ImportRunError> {
        let part = Arc::new(part);
        let began = self.service.clock.uptime();
        let taken = loop {
            match self.commit(&part) {
                Err(WriteError::Overloaded) => std::thread::sleep(BACK_OFF),
                done => break done?,
            }
        };
        let took = self.service.clock.uptime().saturating_sub(began);
        if took > PART_LONG {
            self.size = (self.size / 2).max(PART_MIN);
        } else if took < PART_SHORT {
            self.size = (self.size * 2).min(PART_MAX);
        }
        let Some(taken) = taken else {
            // Stopped by somebody, or gone on with by somebody else.
            self.import = self.service.change_import(self.merchant, &self.import, |_| ())?;
            return Ok(false);
        };
        self.import = taken.import;
        self.note_ended(&part, &taken.ended)?;
        if !self.pause.is_zero() {
            std::thread::sleep(self.pause);
        }
        Ok(true)
    }

    fn commit(&self, part: &Arc<ImportPart>) -> Result<Option<PartTaken>, WriteError<StorageError>> {
        let (merchant, id, part) = (self.merchant, self.import.id, Arc::clone(part));
        let (actor, now) = (self.import.created_by.clone(), self.service.clock.now());
        let (merchant_now, random) = (self.service.merchant_now(merchant), Arc::clone(&self.service.random));
        let committed = self.service.store.write_blocking(move |transaction| {
            let by = Authorship { actor: &actor, now, merchant_now, random: random.as_ref() };
            let mut transaction = transaction.merchant(merchant);
            let taken = transaction.put_entries(&by, id, &part)?;
            if let Some(taken) = &taken {
                follow_rows(&mut transaction, &by, taken, &part)?;
            }
            Ok::<_, StorageError>(taken)
        })?;
        Ok(committed.value)
    }

    /// Whether a row may have ended when its part is taken.
    fn may_end(&self, row: &ImportedRow) -> bool {
        let soon = || self.service.merchant_now(self.merchant).plus_seconds(SOON_S);
        row.window.until().is_some_and(|until| until <= soon())
    }

    fn note_ended(&mut self, part: &ImportPart, ended: &[usize]) -> Result<(), ImportRunError> {
        let ended = ended.iter().filter_map(|index| part.rows.get(*index)).map(|row| BadRow {
            line: row.line,
            column: EXPIRES_AT.to_owned(),
            reason: "must lie in the future".to_owned(),
            row: row.came.clone().unwrap_or_else(|| row.value.clone()),
        });
        self.errors.note_held(ended)
    }

    fn row(&self, line: i64, new: NewEntry) -> ImportedRow {
        let identifier = new.identifier.matched(new.matching.unwrap_or_default());
        let kind = identifier.kind();
        ImportedRow {
            line,
            kind,
            matching: identifier.matching(),
            key: identifier.key(&self.service.pepper, self.merchant),
            value: identifier.value().to_owned(),
            reason: new.reason,
            reason_code: new.reason_code,
            public_message: new.public_message,
            scopes: new.scopes,
            strength: new.strength.unwrap_or_else(|| kind.default_strength()),
            // The row was refused if these two make none.
            window: Window::new(new.starts_at, new.expires_at).unwrap_or_default(),
            limits: new.limits,
            came: None,
            former: self.service.pepper.former().map(|one| identifier.key(one, self.merchant)).collect(),
        }
    }

    /// Says how it ended.
    fn end(self, end: End) -> Result<Import, ImportRunError> {
        let Self { service, merchant, import, .. } = self;
        let counts = import.counts;
        let now = service.clock.now();
        match (end, import.state) {
            (End::Left, _) => Ok(import),
            (End::Refused(error), _) => service.change_import(merchant, &import, move |import| {
                (import.state, import.finished_at) = (ImportState::Failed, Some(now));
                (import.counts, import.problem) = (counts, Some(error.to_string()));
            }),
            (End::All, ImportState::Checking) => service.change_import(merchant, &import, move |import| {
                (import.state, import.counts, import.total) = (ImportState::Ready, counts, Some(counts.rows));
            }),
            (End::All, _) => service.change_import(merchant, &import, move |import| {
                (import.state, import.finished_at) = (ImportState::Done, Some(now));
                import.total = Some(import.counts.rows);
            }),
        }
    }
}

/// What the rows of a part would do.
#[derive(Default)]
struct Judged {
    created: i64,
    updated: i64,
    unchanged: i64,
    ended: Vec<usize>,
}

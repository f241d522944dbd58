//! Taking the rows of a file, part by part, as many of them in a commit as leaves room for others. While one commit is
//! written, the rows of the next are read. A run that was cut goes on behind the last commit; one that only checks
//! writes nothing.
//!
//! Deliberately not here: where the file lies and who has it taken ([`crate::import_jobs`]), and how many rows go into a
//! commit ([`crate::import_pace`]).

use std::io::{BufRead, Write};
use std::sync::Arc;
use std::time::Duration;

use interdict_domain::import::{Import, ImportState};
use interdict_domain::merchant::MerchantNumber;
use interdict_storage::{
    Authorship, ImportPart, ImportedRow, PartTaken, Pending, RowFate, StorageError, View, WriteError,
};

use crate::file_rows::FileRows;
use crate::follow_import::follow_rows;
use crate::import_errors::{Errors, broad_row, ended_row};
use crate::import_pace::Pace;
use crate::import_row::{BadRow, FileError, ROWS_MAX, RowDefaults};
use crate::service::Service;

/// The rows of a part, at most.
const PART_MAX: usize = 1_000;
/// Between two tries to write while too much waits.
const BACK_OFF: Duration = Duration::from_millis(50);
/// Parts between two notes of how far a check is.
const CHECKED_BETWEEN: u32 = 20;
/// What ends within so many seconds may have ended when its part is taken, whatever holds that up.
const SOON_S: i64 = 3_600;

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
    gathered: Gathered,
    /// Written while the next rows are read.
    under_way: Option<UnderWay>,
    pace: Pace,
    checked: u32,
    /// The merchant wants a second person for what hits many: nobody weighs the rows of a file.
    wants_second: bool,
}

/// Whole parts that follow one another, and the bad rows among them.
#[derive(Default)]
struct Gathered {
    parts: Vec<ImportPart>,
    bad: Vec<BadRow>,
}

/// Parts that are being written.
struct UnderWay {
    pending: Pending<Option<Vec<PartTaken>>, StorageError>,
    parts: Arc<Vec<ImportPart>>,
    bad: Vec<BadRow>,
}

impl Gathered {
    fn rows(&self) -> usize {
        self.parts.iter().map(ImportPart::length).sum()
    }
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
            gathered: Gathered::default(),
            under_way: None,
            pace: Pace::new(&self.store, !pause.is_zero()),
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
                Ok(None) => return Ok(if self.take_rest(count > taken)? { End::All } else { End::Left }),
                Err(error) => {
                    let is_taken = self.take_rest(count > taken)?;
                    return Ok(if is_taken { End::Refused(error) } else { End::Left });
                }
            };
            count += 1;
            match row {
                Ok(new) if self.wants_second && new.identifier.is_broad() => {
                    self.refuse(broad_row(line, rows.as_it_came()));
                }
                Ok(new) => {
                    let mut row = self.service.imported_row(self.merchant, line, new);
                    if self.may_end(&row) {
                        row.came = Some(rows.as_it_came());
                    }
                    self.part.rows.push(row);
                }
                Err(bad) => self.refuse(bad),
            }
            self.part.through = count;
            let rows = self.part.length();
            if count == taken || rows >= PART_MAX.min(self.pace.rows()) {
                self.close_part();
            }
            if (count == taken || self.gathered.rows() >= self.pace.rows()) && !self.take(count > taken)? {
                return Ok(End::Left);
            }
        }
    }

    /// Whether a row may have ended when its part is taken.
    fn may_end(&self, row: &ImportedRow) -> bool {
        let soon = || self.service.merchant_now(self.merchant).plus_seconds(SOON_S);
        row.window.until().is_some_and(|until| until <= soon())
    }

    fn refuse(&mut self, bad: BadRow) {
        self.gathered.bad.push(bad);
        self.part.bad += 1;
    }

    /// The part that has gathered is whole: the next one begins.
    fn close_part(&mut self) {
        let next =
            ImportPart { behind: self.part.through, through: self.part.through, ..ImportPart::default() };
        let part = std::mem::replace(&mut self.part, next);
        if part.length() > 0 {
            self.gathered.parts.push(part.sealed(&self.service.pepper));
        }
    }

    /// Takes the parts that have gathered, and gathers anew. False when the run is over.
    fn take(&mut self, is_new: bool) -> Result<bool, ImportRunError> {
        let gathered = std::mem::take(&mut self.gathered);
        if gathered.parts.is_empty() {
            return Ok(true);
        }
        if is_new && self.import.state == ImportState::Running {
            let goes_on = self.settle()?;
            if goes_on {
                self.write(gathered)?;
            }
            return Ok(goes_on);
        }
        let mut ended = Vec::new();
        let mut goes_on = true;
        for part in &gathered.parts {
            let judged = self.judge(part)?;
            if is_new {
                goes_on &= self.count(part, &judged)?;
            }
            ended.extend(judged.ended.iter().filter_map(|index| part.rows.get(*index)).map(ended_row));
        }
        self.errors.note_all(gathered.bad, ended)?;
        Ok(!is_new || (goes_on && (self.progress)(&self.import)))
    }

    /// The same for what the file ends with, until it is written.
    fn take_rest(&mut self, is_new: bool) -> Result<bool, ImportRunError> {
        self.close_part();
        Ok(self.take(is_new)? && self.settle()?)
    }

    /// What a part would do.
    fn judge(&self, part: &ImportPart) -> Result<Judged, ImportRunError> {
        let now = self.service.merchant_now(self.merchant);
        let list = self.import.list;
        let found = self
            .service
            .store
            .read_blocking(|view| view.merchant(self.merchant).entries_of_rows(list, part.rows.iter()))?;
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

    /// Counts a part that is only looked at. False when somebody stopped the check.
    fn count(&mut self, part: &ImportPart, judged: &Judged) -> Result<bool, ImportRunError> {
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

    /// Gives parts to the writer, all for one commit, and does not wait for it.
    fn write(&mut self, gathered: Gathered) -> Result<(), ImportRunError> {
        let parts = Arc::new(gathered.parts);
        let pending = loop {
            match self.begin(&parts) {
                Err(WriteError::Overloaded) => std::thread::sleep(BACK_OFF),
                begun => break begun?,
            }
        };
        self.under_way = Some(UnderWay { pending, parts, bad: gathered.bad });
        Ok(())
    }

    fn begin(
        &self,
        parts: &Arc<Vec<ImportPart>>,
    ) -> Result<Pending<Option<Vec<PartTaken>>, StorageError>, WriteError<StorageError>> {
        let (merchant, id, parts) = (self.merchant, self.import.id, Arc::clone(parts));
        let (actor, now) = (self.import.created_by.clone(), self.service.clock.now());
        let (merchant_now, random) = (self.service.merchant_now(merchant), Arc::clone(&self.service.random));
        self.service.store.begin_write(move |transaction| {
            let by = Authorship { actor: &actor, now, merchant_now, random: random.as_ref() };
            let mut transaction = transaction.merchant(merchant);
            let mut all = Vec::with_capacity(parts.len());
            for part in parts.iter() {
                let Some(taken) = transaction.put_entries(&by, id, part)? else { return Ok(None) };
                follow_rows(&mut transaction, &by, &taken, part)?;
                all.push(taken);
            }
            Ok::<_, StorageError>(Some(all))
        })
    }

    /// Waits for what is being written. False when the run is over.
    fn settle(&mut self) -> Result<bool, ImportRunError> {
        let Some(UnderWay { pending, parts, bad }) = self.under_way.take() else { return Ok(true) };
        let Some(all) = pending.wait()?.value else {
            // Stopped by somebody, or gone on with by somebody else.
            self.import = self.service.change_import(self.merchant, &self.import, |_| ())?;
            return Ok(false);
        };
        self.pace.learn(&self.service.store);
        let rows_of = |(part, taken): (&ImportPart, &PartTaken)| -> Vec<BadRow> {
            taken.ended.iter().filter_map(|index| part.rows.get(*index)).map(ended_row).collect()
        };
        let ended = parts.iter().zip(&all).flat_map(rows_of).collect();
        self.errors.note_all(bad, ended)?;
        if let Some(last) = all.into_iter().next_back() {
            self.import = last.import;
        }
        if !self.pause.is_zero() {
            std::thread::sleep(self.pause);
        }
        self.service.store.wait_for_log();
        Ok((self.progress)(&self.import))
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

//! The rows of an import that cannot be taken, as a file for whoever sent them.

use std::io::Write;

use interdict_domain::ids::ImportId;
use interdict_domain::pan;

use crate::formula_safe;
use crate::import_entries::ImportRunError;
use crate::import_row::BadRow;
use crate::service::Service;

/// Bad rows as CSV, in the order of the file.
pub(crate) struct Errors<'a> {
    writer: csv::Writer<&'a mut dyn Write>,
    /// Bad rows behind one of which it is not known yet whether it is.
    held: Option<Vec<BadRow>>,
}

impl<'a> Errors<'a> {
    /// Writes the head.
    pub(crate) fn begin(file: &'a mut dyn Write) -> Result<Self, ImportRunError> {
        let mut errors = Self { writer: csv::Writer::from_writer(file), held: None };
        errors.write(["line", "column", "reason", "row"])?;
        Ok(errors)
    }

    /// Holds what is noted from here on, until it is known what else is bad.
    pub(crate) fn hold(&mut self) {
        self.held.get_or_insert_default();
    }

    /// Writes a row, or holds it.
    pub(crate) fn note(&mut self, bad: BadRow) -> Result<(), ImportRunError> {
        match &mut self.held {
            Some(held) => {
                held.push(bad);
                Ok(())
            }
            None => self.write_row(&bad),
        }
    }

    /// Writes what was held, and what has turned out to be bad since.
    pub(crate) fn note_held(&mut self, also: impl Iterator<Item = BadRow>) -> Result<(), ImportRunError> {
        let mut all = self.held.take().unwrap_or_default();
        all.extend(also);
        all.sort_by_key(|bad| bad.line);
        all.iter().try_for_each(|bad| self.write_row(bad))
    }

    fn write_row(&mut self, bad: &BadRow) -> Result<(), ImportRunError> {
        // No card number is at rest, not even as an example of what is refused.
        let row = if pan::holds_pan(&bad.row) { "(not kept: it holds a card number)" } else { &bad.row };
        self.write([&bad.line.to_string(), &bad.column, &bad.reason, &formula_safe::cell(row)])
    }

    fn write(&mut self, cells: [&str; 4]) -> Result<(), ImportRunError> {
        self.writer.write_record(cells).map_err(|error| ImportRunError::Errors(std::io::Error::other(error)))
    }

    /// Writes what is kept back.
    pub(crate) fn flush(&mut self) -> Result<(), ImportRunError> {
        self.writer.flush().map_err(ImportRunError::Errors)
    }
}

/// A bad row as it was told, without what it said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldRow {
    /// Where it begins in the file.
    pub line: String,
    /// Which field is wrong; empty for the row as such.
    pub column: String,
    /// Why.
    pub reason: String,
}

impl Service {
    /// The first bad rows of an import, as long as this process has them. For a thread that may wait.
    pub fn first_import_errors(&self, id: ImportId, most: usize) -> Vec<ToldRow> {
        let file = self.import_errors(id).and_then(|path| csv::Reader::from_path(path).ok());
        let Some(mut file) = file else { return Vec::new() };
        let cell = |row: &csv::StringRecord, index| row.get(index).unwrap_or_default().to_owned();
        let told = |row: &csv::StringRecord| ToldRow {
            line: cell(row, 0),
            column: cell(row, 1),
            reason: cell(row, 2),
        };
        // One that is being written may end in the middle of a row.
        file.records().map_while(Result::ok).take(most).map(|row| told(&row)).collect()
    }
}

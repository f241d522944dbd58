//! The rows of an import that cannot be taken, as a file for whoever sent them.

use std::io::Write;

use interdict_domain::ids::ImportId;
use interdict_domain::pan;
use interdict_storage::ImportedRow;

use crate::formula_safe;
use crate::import_entries::ImportRunError;
use crate::import_row::{BadRow, EXPIRES_AT, VALUE};
use crate::service::Service;

/// A row that somebody has to propose by itself.
pub(crate) fn broad_row(line: i64, row: String) -> BadRow {
    let reason = "stands for many, and your settings want a second person for that: add it by itself";
    BadRow { line, column: VALUE.to_owned(), reason: reason.to_owned(), row }
}

/// A row that would do nothing.
pub(crate) fn ended_row(row: &ImportedRow) -> BadRow {
    BadRow {
        line: row.line,
        column: EXPIRES_AT.to_owned(),
        reason: "must lie in the future".to_owned(),
        row: row.came.clone().unwrap_or_else(|| row.value.clone()),
    }
}

/// Bad rows as CSV.
pub(crate) struct Errors<'a>(csv::Writer<&'a mut dyn Write>);

impl<'a> Errors<'a> {
    /// Writes the head.
    pub(crate) fn begin(file: &'a mut dyn Write) -> Result<Self, ImportRunError> {
        let mut errors = Self(csv::Writer::from_writer(file));
        errors.write(["line", "column", "reason", "row"])?;
        Ok(errors)
    }

    /// Writes rows in the order of the file.
    pub(crate) fn note_all(
        &mut self,
        mut bad: Vec<BadRow>,
        ended: Vec<BadRow>,
    ) -> Result<(), ImportRunError> {
        bad.extend(ended);
        bad.sort_by_key(|row| row.line);
        bad.iter().try_for_each(|row| self.note(row))
    }

    /// Writes a row.
    fn note(&mut self, bad: &BadRow) -> Result<(), ImportRunError> {
        // No card number is at rest, not even as an example of what is refused.
        let row = if pan::holds_pan(&bad.row) { "(not kept: it holds a card number)" } else { &bad.row };
        self.write([&bad.line.to_string(), &bad.column, &bad.reason, &formula_safe::cell(row)])
    }

    fn write(&mut self, cells: [&str; 4]) -> Result<(), ImportRunError> {
        self.0.write_record(cells).map_err(|error| ImportRunError::Errors(std::io::Error::other(error)))
    }

    /// Writes what is kept back.
    pub(crate) fn flush(&mut self) -> Result<(), ImportRunError> {
        self.0.flush().map_err(ImportRunError::Errors)
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

//! The rows of an import that cannot be taken, as a file for whoever sent them.

use std::io::Write;

use interdict_domain::pan;

use crate::formula_safe;
use crate::import_entries::ImportRunError;
use crate::import_row::BadRow;

/// Bad rows as CSV.
pub(crate) struct Errors<'a>(csv::Writer<&'a mut dyn Write>);

impl<'a> Errors<'a> {
    /// Writes the head.
    pub(crate) fn begin(file: &'a mut dyn Write) -> Result<Self, ImportRunError> {
        let mut errors = Self(csv::Writer::from_writer(file));
        errors.write(["line", "column", "reason", "row"])?;
        Ok(errors)
    }

    /// Writes a row.
    pub(crate) fn note(&mut self, bad: &BadRow) -> Result<(), ImportRunError> {
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

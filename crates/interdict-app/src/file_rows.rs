//! The rows of a file of entries, in either format.
//!
//! Deliberately not here: what is done with them ([`crate::import_entries`]).

use std::io::BufRead;

use interdict_domain::import::ImportFormat;

use crate::entry_csv::CsvRows;
use crate::entry_ndjson::NdjsonRows;
use crate::import_row::{FileError, ReadRow, RowDefaults};

/// The rows of a file of either format.
pub enum FileRows<R: BufRead> {
    /// With a head that names the columns.
    Csv(Box<CsvRows<R>>),
    /// An object a line.
    Ndjson(NdjsonRows<R>),
}

impl<R: BufRead> FileRows<R> {
    /// Reads the head, where there is one.
    pub fn open(format: ImportFormat, file: R, defaults: RowDefaults) -> Result<Self, FileError> {
        match format {
            ImportFormat::Csv => CsvRows::open(file, defaults).map(Box::new).map(Self::Csv),
            ImportFormat::Ndjson => Ok(Self::Ndjson(NdjsonRows::open(file, defaults))),
        }
    }

    /// The next row; lines without one are passed over. After an error nothing follows that makes sense.
    pub fn next_row(&mut self) -> Result<Option<ReadRow>, FileError> {
        match self {
            Self::Csv(rows) => rows.next_row(),
            Self::Ndjson(rows) => rows.next_row(),
        }
    }
    /// The row that was read last, for whom it is told to be bad.
    pub(crate) fn as_it_came(&self) -> String {
        match self {
            Self::Csv(rows) => rows.as_it_came(),
            Self::Ndjson(rows) => rows.as_it_came(),
        }
    }
}

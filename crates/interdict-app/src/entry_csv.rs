//! Entries as CSV: read row by row out of a file of any size, and written so that reading gives them back.
//!
//! Deliberately not here: what a row may say ([`crate::import_row`]).

use std::collections::HashMap;
use std::io::{Cursor, ErrorKind, Read, Write};

use csv::{ByteRecord, ReaderBuilder, Terminator, Writer};
use interdict_domain::entry::{Entry, ReasonCode};
use interdict_domain::identifier::{EmailMatching, Kind};
use interdict_domain::text::{PublicMessage, Reason};

use crate::formula_safe;
use crate::import_row::{
    BadRow, CURRENCY, EXPIRES_AT, FileError, KIND, LAPSES_ON_CHARGEBACK, MATCHING, MAX_AMOUNT,
    PUBLIC_MESSAGE, REASON, REASON_CODE, ROW_BYTES_MAX, RawRow, ReadRow, RowDefaults, SCOPES, STARTS_AT,
    STRENGTH, VALUE, kinds,
};
use crate::list_entry::NewEntry;

/// The columns of an export, in order.
const COLUMNS: [&str; 13] = [
    KIND,
    VALUE,
    REASON,
    REASON_CODE,
    PUBLIC_MESSAGE,
    SCOPES,
    STRENGTH,
    STARTS_AT,
    EXPIRES_AT,
    MATCHING,
    MAX_AMOUNT,
    CURRENCY,
    LAPSES_ON_CHARGEBACK,
];

/// What may stand between cells.
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];
/// Bytes in which a head is looked for at once.
const BEGIN: usize = 1024;
/// Bytes that are read at once.
const BUFFER: usize = 64 * 1024;

/// The rows of a CSV file.
pub struct CsvRows<R: Read> {
    reader: csv::Reader<Bounded<R>>,
    columns: Vec<&'static str>,
    defaults: RowDefaults,
    record: ByteRecord,
}

/// What is read behind the last byte of a file: a row with one empty cell. Within quotes it is a quote and no row, so
/// that a file without this row at its end has ended within quotes.
const LAST_ROW: &[u8] = b"\n\"\"\n";

/// Ends a row that has no end: a quotation mark that nobody closes would take the rest of the file for one.
struct Bounded<R> {
    /// What was read already, to know what separates the cells.
    ahead: Cursor<Vec<u8>>,
    inner: R,
    /// What is left to be read behind the file's end, once that is reached.
    behind: Option<Cursor<&'static [u8]>>,
    given: u64,
    /// Where the present row begins.
    row_start: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        // Nobody asks for more before all that was given is used: so much of the row there is already.
        let row = self.given.saturating_sub(self.row_start);
        if row > ROW_BYTES_MAX as u64 {
            return Err(ErrorKind::FileTooLarge.into());
        }
        let mut read = self.ahead.read(buffer)?;
        if read == 0 && self.behind.is_none() {
            read = self.inner.read(buffer)?;
        }
        if read == 0 && !buffer.is_empty() {
            read = self.behind.get_or_insert(Cursor::new(LAST_ROW)).read(buffer)?;
        }
        self.given = self.given.saturating_add(read as u64);
        Ok(read)
    }
}

/// How a record stands to the end of its file.
enum Ending {
    /// Others follow.
    None,
    /// It is the row that was put there.
    Last,
    /// It was ended by it: its last cell has a quote in this line that nobody closes.
    Unclosed { line: i64 },
}

/// What was just read, where the reader is behind it.
fn ending<R: Read>(file: &Bounded<R>, position: &csv::Position, record: &ByteRecord) -> Ending {
    if file.behind.is_none() || position.byte() < file.given {
        return Ending::None;
    }
    if record.as_slice().is_empty() {
        return Ending::Last;
    }
    let open = record.iter().next_back().map_or(0, line_breaks);
    Ending::Unclosed { line: line(position).saturating_sub(open) }
}

fn line_breaks(text: &[u8]) -> i64 {
    text.iter().map(|byte| i64::from(*byte == b'\n')).sum()
}

/// The beginning of a file, with its first line in it unless that is too long.
fn begin(file: &mut impl Read) -> std::io::Result<Vec<u8>> {
    let mut ahead = Vec::new();
    while ahead.len() <= ROW_BYTES_MAX && !ahead.contains(&b'\n') {
        let most = ROW_BYTES_MAX + 1 - ahead.len();
        if file.by_ref().take(most.min(BEGIN) as u64).read_to_end(&mut ahead)? == 0 {
            break;
        }
    }
    Ok(ahead)
}

/// What separates the cells: a comma, unless all names of the head are known by a semicolon or a tab, as spreadsheets of
/// many countries write them. No name holds any of the three, so that nothing is guessed.
fn separator(begin: &[u8]) -> u8 {
    let head = begin.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let bare = |name: &[u8]| {
        let name = name.trim_ascii();
        let inner = name.strip_prefix(b"\"").and_then(|name| name.strip_suffix(b"\""));
        known_column(inner.unwrap_or(name)).is_some()
    };
    let separates = |separator: &u8| head.split(|byte| byte == separator).all(bare);
    SEPARATORS.into_iter().find(separates).unwrap_or(b',')
}

fn known() -> String {
    let others = COLUMNS.into_iter().filter(|column| *column != VALUE);
    let names: Vec<&str> = std::iter::once(VALUE).chain(Kind::ALL.map(Kind::as_str)).chain(others).collect();
    names.join(", ")
}

fn known_column(name: &[u8]) -> Option<&'static str> {
    let kinds = Kind::ALL.map(Kind::as_str);
    let trimmed = name.trim_ascii();
    COLUMNS.into_iter().chain(kinds).find(|column| column.as_bytes() == trimmed)
}

fn is_value(column: &str) -> bool {
    column == VALUE || Kind::parse(column).is_some()
}

impl<R: Read> CsvRows<R> {
    /// Reads the head.
    pub(crate) fn open(mut file: R, defaults: RowDefaults) -> Result<Self, FileError> {
        let ahead = begin(&mut file).map_err(FileError::Io)?;
        let separator = separator(&ahead);
        let bounded =
            Bounded { ahead: Cursor::new(ahead), inner: file, behind: None, given: 0, row_start: 0 };
        // With both line ends for one, the reader would count a line's end to the row behind it.
        let mut reader = ReaderBuilder::new()
            .flexible(true)
            .delimiter(separator)
            .terminator(Terminator::Any(b'\n'))
            .buffer_capacity(BUFFER)
            .from_reader(bounded);
        let head = reader.byte_headers().map_err(|error| failed(error, 1))?.clone();
        match ending(reader.get_ref(), reader.position(), &head) {
            Ending::None => {}
            Ending::Last => return Err(FileError::Empty { known: known() }),
            Ending::Unclosed { line } => return Err(FileError::UnclosedQuote { line }),
        }
        let mut columns: Vec<&'static str> = Vec::new();
        for (number, name) in (1..).zip(&head) {
            match known_column(name).filter(|name| !columns.contains(name)) {
                Some(column) => columns.push(column),
                None => return Err(FileError::UnknownColumn { number, known: known() }),
            }
        }
        match columns.iter().filter(|column| is_value(column)).count() {
            0 => Err(FileError::NoValues { kinds: kinds() }),
            1 => Ok(Self { reader, columns, defaults, record: ByteRecord::new() }),
            _ => Err(FileError::TwoValues),
        }
    }

    /// The next row.
    pub(crate) fn next_row(&mut self) -> Result<Option<ReadRow>, FileError> {
        let start = self.reader.position();
        let (row_start, behind) = (start.byte(), line(start));
        self.reader.get_mut().row_start = row_start;
        let line = loop {
            if !self.reader.read_byte_record(&mut self.record).map_err(|error| failed(error, behind))? {
                return Ok(None);
            }
            match ending(self.reader.get_ref(), self.reader.position(), &self.record) {
                Ending::None => {}
                Ending::Last => return Ok(None),
                Ending::Unclosed { line } => return Err(FileError::UnclosedQuote { line }),
            }
            // An empty line that ends as those of Windows do.
            if self.record.len() > 1 || self.record.as_slice() != b"\r" {
                break self.line();
            }
        };
        let row = self.read().map_err(|(column, reason)| BadRow {
            line,
            column: column.to_owned(),
            reason,
            row: self.as_it_came(),
        });
        Ok(Some((line, row)))
    }

    /// The line in which the row that was just read begins: its own line breaks stand behind that, and its end.
    fn line(&self) -> i64 {
        line(self.reader.position()).saturating_sub(line_breaks(self.record.as_slice()) + 1)
    }

    /// The row that was read last, in the way of this file's exports.
    pub(crate) fn as_it_came(&self) -> String {
        let mut writer = Writer::from_writer(Vec::new());
        let written = writer.write_byte_record(&self.record).ok().and_then(|()| writer.into_inner().ok());
        let text = String::from_utf8_lossy(written.as_deref().unwrap_or_default()).into_owned();
        text.trim_end().to_owned()
    }

    fn read(&self) -> Result<NewEntry, (&'static str, String)> {
        let (cells, wanted) = (self.record.len(), self.columns.len());
        if cells != wanted {
            return Err(("", format!("has {cells} cells where the head has {wanted}")));
        }
        if self.record.as_slice().len() > ROW_BYTES_MAX {
            return Err(("", "must be at most 64 KiB long".to_owned()));
        }
        let mut raw = RawRow::default();
        for (number, (column, cell)) in (1..).zip(self.columns.iter().copied().zip(&self.record)) {
            let cell = if number == cells { cell.strip_suffix(b"\r").unwrap_or(cell) } else { cell };
            let cell = std::str::from_utf8(cell).map_err(|_| (column, "must be UTF-8".to_owned()))?;
            let text = formula_safe::text(cell);
            match column {
                KIND => raw.kind = text,
                REASON => raw.reason = text,
                REASON_CODE => raw.reason_code = text,
                PUBLIC_MESSAGE => raw.public_message = text,
                SCOPES => raw.scopes = text,
                STRENGTH => raw.strength = text,
                STARTS_AT => raw.starts_at = text,
                EXPIRES_AT => raw.expires_at = text,
                MATCHING => raw.matching = text,
                MAX_AMOUNT => raw.max_amount = text,
                CURRENCY => raw.currency = text,
                LAPSES_ON_CHARGEBACK => raw.lapses_on_chargeback = text,
                _ => raw.value = text.map(|text| (column, text)),
            }
        }
        raw.read(self.defaults)
    }
}

fn line(position: &csv::Position) -> i64 {
    i64::try_from(position.line()).unwrap_or(i64::MAX)
}

fn failed(error: csv::Error, line: i64) -> FileError {
    match error.into_kind() {
        csv::ErrorKind::Io(error) if error.kind() == ErrorKind::FileTooLarge => {
            FileError::RowTooLong { line }
        }
        csv::ErrorKind::Io(error) => FileError::Io(error),
        // Cells of any number and bytes of any kind are taken: nothing else is left.
        _ => FileError::Io(ErrorKind::InvalidData.into()),
    }
}

/// For which addresses an email stands, if for more than the one.
fn matching_of(entry: &Entry) -> Option<&'static str> {
    Some(entry.matching).filter(|matching| *matching != EmailMatching::Exact).map(EmailMatching::as_str)
}

/// Writes entries as CSV.
pub(crate) struct CsvEntries<W: Write>(Writer<W>);

impl<W: Write> CsvEntries<W> {
    /// Writes the head.
    pub(crate) fn begin(file: W) -> std::io::Result<Self> {
        let mut writer = Writer::from_writer(file);
        writer.write_record(COLUMNS).map_err(std::io::Error::other)?;
        Ok(Self(writer))
    }

    /// Writes an entry. One of somebody who was erased has no value, and is left out.
    pub(crate) fn write(&mut self, entry: &Entry) -> std::io::Result<()> {
        let Some(value) = &entry.value else { return Ok(()) };
        let time = |time: Option<interdict_domain::clock::Timestamp>| time.map(|time| time.to_string());
        let (starts_at, expires_at) = (time(entry.window.from()), time(entry.window.until()));
        let scopes = entry.scopes.names().join(" ");
        let most = entry.limits.max_amount;
        let amount = most.map(|most| most.amount().to_string());
        let cells: HashMap<&str, Option<&str>> = HashMap::from([
            (KIND, Some(entry.kind.as_str())),
            (VALUE, Some(value.as_str())),
            (REASON, entry.reason.as_ref().map(Reason::as_str)),
            (REASON_CODE, entry.reason_code.map(ReasonCode::as_str)),
            (PUBLIC_MESSAGE, entry.public_message.as_ref().map(PublicMessage::as_str)),
            (SCOPES, Some(scopes.as_str())),
            (STRENGTH, Some(entry.strength.as_str())),
            (STARTS_AT, starts_at.as_deref()),
            (EXPIRES_AT, expires_at.as_deref()),
            (MATCHING, matching_of(entry)),
            (MAX_AMOUNT, amount.as_deref()),
            (CURRENCY, most.map(|most| most.currency().code())),
            (LAPSES_ON_CHARGEBACK, entry.limits.lapses_on_chargeback.then_some("true")),
        ]);
        for column in COLUMNS {
            let text = cells.get(column).copied().flatten();
            let cell = text.map(formula_safe::cell).unwrap_or_default();
            self.0.write_field(cell.as_bytes()).map_err(std::io::Error::other)?;
        }
        self.0.write_record(None::<&[u8]>).map_err(std::io::Error::other)
    }

    /// Writes what is kept back.
    pub(crate) fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

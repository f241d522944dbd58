//! Entries as a file: page by page, so that no size of list is too large, and as an import takes them again.

use interdict_domain::clock::Timestamp;
use interdict_domain::entry::List;
use interdict_domain::identifier::Kind;
use interdict_domain::import::ImportFormat;
use interdict_domain::merchant::MerchantNumber;
use interdict_storage::{EntryFilter, PageRequest, StorageError};

use crate::entry_csv::CsvEntries;
use crate::entry_ndjson;
use crate::service::Service;

/// Entries in a page.
const PAGE: i64 = 1_000;

/// Why an export ends early.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The store's.
    #[error("the entries cannot be read")]
    Storage(#[from] StorageError),
    /// Nobody takes any more.
    #[error("the file cannot be written")]
    Io(#[from] std::io::Error),
}

/// Which entries, and how.
#[derive(Clone, Copy, Debug)]
pub struct Export {
    /// On which list.
    pub list: List,
    /// Of which kind; all when left out.
    pub kind: Option<Kind>,
    /// How the file is written.
    pub format: ImportFormat,
}

/// A file that is being written.
enum Written<'f> {
    Csv(Box<CsvEntries<&'f mut dyn std::io::Write>>),
    Ndjson(&'f mut dyn std::io::Write),
}

impl Service {
    /// Writes entries, the newest first, and says how many. Those of people who were erased have no text, and are
    /// left out. What changes meanwhile may be there or not. For a thread that may wait.
    pub fn export_entries(
        &self,
        merchant: MerchantNumber,
        what: Export,
        file: &mut dyn std::io::Write,
    ) -> Result<u64, ExportError> {
        let filter = EntryFilter {
            list: Some(what.list),
            kind: what.kind,
            query: None,
            active: None,
            identifier: None,
            now: Timestamp::from_micros(0),
        };
        let mut written = match what.format {
            ImportFormat::Csv => Written::Csv(Box::new(CsvEntries::begin(file)?)),
            ImportFormat::Ndjson => Written::Ndjson(file),
        };
        let (mut position, mut count) = (None, 0);
        loop {
            let page = PageRequest::After { position, limit: PAGE };
            let rows = self.store.read_blocking(|view| view.merchant(merchant).entries(&filter, page))?;
            let Some(last) = rows.last() else { break };
            position = Some((last.entry.created_at, last.entry.id.ksuid()));
            for row in &rows {
                count += u64::from(row.entry.value.is_some());
                match &mut written {
                    Written::Csv(csv) => csv.write(&row.entry)?,
                    Written::Ndjson(file) => entry_ndjson::write(file, &row.entry)?,
                }
            }
        }
        match &mut written {
            Written::Csv(csv) => csv.flush()?,
            Written::Ndjson(file) => file.flush()?,
        }
        Ok(count)
    }
}

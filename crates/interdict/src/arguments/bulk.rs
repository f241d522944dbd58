//! Many entries at once: files in and out.

use std::path::PathBuf;

use clap::Args;
use interdict_domain::entry::List;
use interdict_domain::identifier::Kind;
use interdict_domain::import::ImportFormat;
use interdict_domain::mode::Mode;

use super::{JsonArgument, kind, mode};

/// Help that needs room. A paragraph is one line here: it is broken where the terminal ends.
pub const IMPORT_HELP: &str = "\
The first line of a CSV file names its columns: `value`, or a kind such as `email`; and if you like kind, reason, \
reasonCode, publicMessage, scopes, strength, startsAt, expiresAt and matching, and on the allow list maxAmount, \
currency and lapsesOnChargeback. What stands in each: docs/bulk.md.

Bad rows are told in FILE.errors.csv, and the others are taken all the same. Cut with Ctrl-C it goes on when it is \
called again with the same file; rows that say what is so already change nothing. It works beside a running server.

Ends with 0 when all rows were good, 1 when some were bad or it failed, 2 when it was called wrongly.

Examples:
  interdict import mallory.csv --merchant 1 --mode test --list block --dry-run
  zcat list.csv.gz | interdict import - --merchant 1 --mode live --list block --json";

/// The same for the way out.
pub const EXPORT_HELP: &str = "\
What it writes imports again unchanged, and no spreadsheet takes a cell of it for a formula. Blocks of people who were \
erased have no value, and are left out.

Examples:
  interdict export --merchant 1 --mode live --list block --output block.csv
  interdict export --merchant 1 --mode live --list allow --format ndjson | wc -l";

/// What importing takes.
#[derive(Args)]
pub struct ImportArguments {
    /// A file of entries, CSV or NDJSON; - for standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Whose lists
    #[arg(long, value_name = "N")]
    pub merchant: i64,
    /// Which of the two stores: test or live
    #[arg(long, value_parser = mode)]
    pub mode: Mode,
    /// Onto which list: block or allow
    #[arg(long, value_parser = list)]
    pub list: List,
    /// The kind of values that say none themselves
    #[arg(long, default_value = "email", value_parser = kind)]
    pub kind: Kind,
    /// Read all rows, and write none
    #[arg(long)]
    pub dry_run: bool,
    /// How the file is written: csv or ndjson [default: as its name ends, otherwise csv]
    #[arg(long, value_parser = format)]
    pub format: Option<ImportFormat>,
    #[command(flatten)]
    pub json: JsonArgument,
}

/// What exporting takes.
#[derive(Args)]
pub struct ExportArguments {
    /// Whose lists
    #[arg(long, value_name = "N")]
    pub merchant: i64,
    /// Which of the two stores: test or live
    #[arg(long, value_parser = mode)]
    pub mode: Mode,
    /// Which list: block or allow
    #[arg(long, value_parser = list)]
    pub list: List,
    /// Only this kind
    #[arg(long, value_parser = kind)]
    pub kind: Option<Kind>,
    /// How the file is written: csv or ndjson [default: as its name ends, otherwise csv]
    #[arg(long, value_parser = format)]
    pub format: Option<ImportFormat>,
    /// The file; - for standard output
    #[arg(long, default_value = "-", value_name = "FILE")]
    pub output: PathBuf,
}

fn list(text: &str) -> Result<List, &'static str> {
    List::parse(text).ok_or("must be block or allow")
}

fn format(text: &str) -> Result<ImportFormat, &'static str> {
    ImportFormat::parse(text).ok_or("must be csv or ndjson")
}

//! `interdict import`: a file of entries, straight into the data. The rows are the same as over HTTP, and so are the
//! parts, the change for each and the undo.
//!
//! Deliberately not here: what is done with the rows (`interdict-app`).

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{BufReader, BufWriter, Read, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result};
use indicatif::ProgressBar;
use interdict_app::{ImportWatch, NewImport};
use interdict_domain::import::{Import, ImportFormat, ImportState};
use interdict_domain::merchant::MerchantNumber;
use serde_json::json;

use super::check::refuse_unknown_merchant;
use crate::application::{self, Wanted};
use crate::arguments::ImportArguments;
use crate::configuration::Configuration;
use crate::failure::misuse;
use crate::output;

/// Standard input.
pub const STANDARD: &str = "-";
const FILE_MODE: u32 = 0o600;
const BUFFER: usize = 256 * 1024;
/// Given to a server beside after each part.
const PAUSE: Duration = Duration::from_millis(5);

/// Takes the file and says what became of its rows.
pub fn run(configuration: &Configuration, arguments: &ImportArguments) -> Result<ExitCode> {
    let mut source = Source::open(&arguments.file)?;
    let app = application::open(configuration, Wanted::Data)?;
    let merchant = MerchantNumber(arguments.merchant);
    refuse_unknown_merchant(&app, merchant)?;
    let service = app.service(arguments.mode);
    let new = NewImport {
        list: arguments.list,
        kind: arguments.kind,
        format: arguments.format.unwrap_or_else(|| format_of(&arguments.file)),
        is_dry_run: arguments.dry_run,
        request: None,
    };
    let digest = match &mut source {
        Source::File { file, .. } => {
            let digest = service.import_digest(&mut *file).context("the file cannot be read")?;
            file.rewind().context("the file cannot be read")?;
            Some(new.digest(digest))
        }
        Source::Standard => None,
    };
    let import = service.open_import(merchant, new, digest).context("the import cannot be begun")?;
    let path = errors_path(&arguments.file);
    let mut errors = BufWriter::new(create_private(&path)?);
    let bar = source.bar();
    let watch = ImportWatch {
        errors: &mut errors,
        progress: &mut |import| {
            bar.set_message(format!("{} rows", import.counts.rows));
            true
        },
        pause: PAUSE,
    };
    let file = BufReader::with_capacity(BUFFER, bar.wrap_read(source.reader()));
    let import = service.run_import(merchant, import, file, watch);
    bar.finish_and_clear();
    let import = import.context("the import is cut: call it again with the same file, and it goes on")?;
    let import = service.end_command_import(merchant, &import).context("the import's end cannot be noted")?;
    errors.flush().with_context(|| format!("{} cannot be written", path.display()))?;
    drop(errors);
    let has_errors = import.counts.bad > 0;
    if !has_errors {
        std::fs::remove_file(&path).with_context(|| format!("{} cannot be removed", path.display()))?;
    }
    show(arguments, &import, has_errors.then_some(&path))?;
    let is_good = import.state != ImportState::Failed && !has_errors;
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Where the rows come from.
enum Source {
    File { file: File, length: u64 },
    Standard,
}

impl Source {
    fn open(path: &Path) -> Result<Self> {
        if path == Path::new(STANDARD) {
            return Ok(Self::Standard);
        }
        let failed = |error| misuse(format!("{} cannot be read: {error}", path.display()));
        let file = File::open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        Ok(Self::File { file, length })
    }

    fn bar(&self) -> ProgressBar {
        match self {
            Self::File { length, .. } => output::progress("import", *length),
            Self::Standard => ProgressBar::new_spinner(),
        }
    }

    fn reader(self) -> Box<dyn Read> {
        match self {
            Self::File { file, .. } => Box::new(file),
            Self::Standard => Box::new(std::io::stdin()),
        }
    }
}

/// As a file's name ends.
pub fn format_of(path: &Path) -> ImportFormat {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("ndjson" | "jsonl") => ImportFormat::Ndjson,
        _ => ImportFormat::Csv,
    }
}

/// Beside the file.
fn errors_path(path: &Path) -> PathBuf {
    let mut name =
        if path == Path::new(STANDARD) { "standard-input".into() } else { path.as_os_str().to_owned() };
    name.push(".errors.csv");
    name.into()
}

fn create_private(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(FILE_MODE);
    options.open(path).with_context(|| format!("{} cannot be written", path.display()))
}

fn show(arguments: &ImportArguments, import: &Import, errors: Option<&PathBuf>) -> Result<()> {
    let counts = import.counts;
    if arguments.json.json {
        return output::print_json(&json!({
            "id": import.id,
            "state": if arguments.dry_run && import.problem.is_none() { "checked" } else { import.state.as_str() },
            "rows": counts.rows,
            "created": counts.created,
            "updated": counts.updated,
            "unchanged": counts.unchanged,
            "bad": counts.bad,
            "problem": import.problem,
            "errors": errors.map(|path| path.display().to_string()),
        }));
    }
    let mut text = match &import.problem {
        Some(problem) => format!("The import failed: {problem}.\n"),
        None if arguments.dry_run => "Nothing was written. The import would do this:\n".to_owned(),
        None => String::new(),
    };
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "{} rows: {} new, {} changed, {} as they were, {} bad",
        counts.rows, counts.created, counts.updated, counts.unchanged, counts.bad
    );
    if let Some(path) = errors {
        let _ = writeln!(text, "The bad rows, with line and reason: {}", path.display());
    }
    output::print(&text)
}

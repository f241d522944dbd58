//! `interdict export`: a list as a file, as `interdict import` takes it again.

use std::io::{ErrorKind, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use interdict_app::{Export, ExportError};
use interdict_domain::merchant::MerchantNumber;

use super::check::refuse_unknown_merchant;
use super::import::{STANDARD, format_of};
use crate::application::{self, Wanted};
use crate::arguments::ExportArguments;
use crate::configuration::Configuration;
use crate::output;

/// Writes the entries.
pub fn run(configuration: &Configuration, arguments: &ExportArguments) -> Result<ExitCode> {
    let app = application::open(configuration, Wanted::Data)?;
    let merchant = MerchantNumber(arguments.merchant);
    refuse_unknown_merchant(&app, merchant)?;
    let what = Export {
        list: arguments.list,
        kind: arguments.kind,
        format: arguments.format.unwrap_or_else(|| format_of(&arguments.output)),
    };
    let write = |file: &mut dyn Write| app.service(arguments.mode).export_entries(merchant, what, file);
    if arguments.output == Path::new(STANDARD) {
        return match write(&mut std::io::stdout().lock()) {
            // A reader that goes away has seen enough.
            Err(ExportError::Io(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
            written => written.map(|_| ExitCode::SUCCESS).context("the entries cannot be written"),
        };
    }
    let path = &arguments.output;
    let failed = || format!("{} cannot be written", path.display());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Whole or not at all, and for nobody else to read.
    let mut file = tempfile::Builder::new().prefix(".export-").tempfile_in(folder).with_context(failed)?;
    let count = write(file.as_file_mut()).with_context(failed)?;
    file.as_file().sync_all().with_context(failed)?;
    file.persist(path).with_context(failed)?;
    output::complain(&format!("{count} entries in {}\n", path.display()));
    Ok(ExitCode::SUCCESS)
}

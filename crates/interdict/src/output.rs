//! What a command shows: text or JSON on standard output, progress and complaints on standard error.
//!
//! A reader that goes away (`interdict key list | head -1`) is no error and no panic.

use std::io::{ErrorKind, IsTerminal as _, Write};

use anyhow::{Context as _, Result};
use comfy_table::{ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

/// Writes text to standard output, all of it at once.
pub fn print(text: &str) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(error).context("standard output cannot be written")
        }
        _ => Ok(()),
    }
}

/// Writes a JSON document to standard output.
pub fn print_json(value: &Value) -> Result<()> {
    print(&format!("{}\n", serde_json::to_string_pretty(value)?))
}

/// Writes to standard error. If that is gone, too, there is nobody left to tell.
pub fn complain(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Whether a person watches standard output.
pub fn is_watched() -> bool {
    std::io::stdout().is_terminal()
}

/// A table with a head.
pub fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_BORDERS_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(head);
    for row in rows {
        table.add_row(row);
    }
    format!("{table}\n")
}

/// A progress bar on standard error; nothing at all when that is not a terminal.
pub fn progress(what: &str, total: u64) -> ProgressBar {
    let bar = ProgressBar::new(total).with_message(what.to_owned());
    if let Ok(style) = ProgressStyle::with_template("{msg:>6} {wide_bar} {human_pos}/{human_len} {eta}") {
        bar.set_style(style);
    }
    bar
}

/// The same for what nobody knows the length of.
pub fn spinner(what: &str) -> ProgressBar {
    ProgressBar::new_spinner().with_message(what.to_owned())
}

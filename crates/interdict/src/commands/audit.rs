//! `interdict audit verify`: the walk over the hash chain of every store.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use interdict_app::App;
use interdict_domain::mode::Mode;
use interdict_storage::{ChainReport, StorageError, Store};
use serde_json::json;

use crate::application::{self, Wanted};
use crate::arguments::AuditCommand;
use crate::configuration::Configuration;
use crate::output;

/// Walks every chain to its end or first fault.
pub fn run(configuration: &Configuration, command: AuditCommand) -> Result<ExitCode> {
    let AuditCommand::Verify { json } = command;
    let app = application::open(configuration, Wanted::Data)?;
    let mut reports = Vec::new();
    for (name, store) in stores(&app) {
        reports.push((name, verify(name, store)?));
    }
    let sound = reports.iter().all(|(_, report)| report.fault.is_none());
    if json.json {
        let stores: Vec<_> = reports
            .iter()
            .map(|(name, report)| {
                json!({
                    "store": name,
                    "trimmed": report.trimmed,
                    "changes": report.changes,
                    "personal": report.personal,
                    "erased": report.erased,
                    "fault": report.fault.map(|fault| fault.to_string()),
                })
            })
            .collect();
        output::print_json(&json!({"ok": sound, "stores": stores}))?;
    } else {
        output::print(&as_text(&reports))?;
    }
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Every store by name.
pub fn stores(app: &App) -> [(&'static str, &Store); 3] {
    let mode = |mode: Mode| (mode.as_str(), app.service(mode).store());
    [("core", app.core()), mode(Mode::Test), mode(Mode::Live)]
}

/// Walks one chain to its end or first fault.
pub fn verify(name: &str, store: &Store) -> Result<ChainReport> {
    let failed = || format!("{name}.db cannot be read");
    let total = store
        .read_blocking(|view| -> Result<u64, StorageError> { Ok(view.revision()?.unsigned_abs()) })
        .with_context(failed)?;
    let bar = output::progress(name, total);
    let mut step = |sequence: i64| bar.set_position(sequence.unsigned_abs());
    let report = store.verify_chain(&mut step).with_context(failed)?;
    bar.finish_and_clear();
    Ok(report)
}

/// Where the feed begins, if it does not begin with the first change.
pub fn behind(report: &ChainReport) -> String {
    match report.trimmed {
        0 => String::new(),
        trimmed => format!(" behind {trimmed} that were trimmed"),
    }
}

fn as_text(reports: &[(&str, ChainReport)]) -> String {
    let mut text = String::new();
    for (name, report) in reports {
        let ChainReport { changes, personal, erased, fault, .. } = report;
        let behind = behind(report);
        // Writing to a string cannot fail, here and wherever it is not looked at.
        let _ = match fault {
            Some(fault) => writeln!(text, "{name}: FAULT after {changes} sound changes{behind}: {fault}"),
            None => writeln!(
                text,
                "{name}: {changes} changes{behind}, all sound ({personal} with personal data, {erased} erased)"
            ),
        };
    }
    if reports.iter().any(|(_, report)| report.fault.is_some()) {
        text.push_str(
            "\nSomebody or something wrote past Interdict. Keep the data folder as it is for those who look \
             into it, and compare it with the latest backup that verifies.\n",
        );
    }
    text
}

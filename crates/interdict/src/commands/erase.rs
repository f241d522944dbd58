//! `interdict erase`: a person, or an identifier that nobody has, with a report of what went, what stayed and what is out
//! of reach.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result};
use interdict_app::{App, Erasable, ErasePlan, ErasedPerson, Service};
use interdict_domain::customer::Customer;
use interdict_domain::identifier::{Email, Identifier, Kind, PhoneRegion};
use interdict_domain::merchant::MerchantNumber;
use serde_json::{Value, json};

use super::check::refuse_unknown_merchant;
use crate::application::{self, Wanted};
use crate::arguments::{EraseArguments, kinds};
use crate::configuration::Configuration;
use crate::failure::misuse;
use crate::output;

/// What has to be typed.
const WORD: &str = "erase";
/// How long the log of SQLite may be held by somebody who reads.
const CUT_PATIENCE: Duration = Duration::from_secs(2);
/// How long overwriting may take: a file of some ten gigabytes.
const OVERWRITE_PATIENCE: Duration = Duration::from_mins(10);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What no erasure reaches.
const OUT_OF_REACH: [&str; 3] = [
    "backups and dumps that were made before, and copies of them",
    "files that were exported or imported, outside of the data folder",
    "what the payment provider keeps",
];
const OUT_OF_REACH_ON_POSTGRES: &str = "write-ahead logs that PostgreSQL has archived or sent to replicas";

/// Lists, asks, erases and reports.
pub fn run(configuration: &Configuration, arguments: &EraseArguments) -> Result<ExitCode> {
    let app = application::open(configuration, Wanted::Erasing)?;
    let merchant = MerchantNumber(arguments.merchant);
    refuse_unknown_merchant(&app, merchant)?;
    let service = app.service(arguments.mode);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let settings = service.store().read_blocking(|view| view.merchant(merchant).settings())?;
    let who = who(arguments, settings.phone_region)?;
    let plan = runtime.block_on(service.plan_erasure(merchant, who.clone()))?;
    if plan.customers.is_empty() && matches!(who, Erasable::Customer(_)) {
        return Err(misuse("there is no such customer in this merchant and mode; who was erased is gone"));
    }
    let is_json = arguments.json.json;
    if !is_json {
        output::print(&listed(&plan))?;
    }
    if arguments.dry_run {
        if is_json {
            output::print_json(&as_json(&plan, None, &[]))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    if !arguments.yes {
        confirm()?;
    }
    let erased = runtime
        .block_on(service.erase_planned(merchant, &plan))
        .context("the erasure was cut: what was erased is gone, call it again for the rest")?;
    let is_overwritten = wait_until_overwritten(service, merchant)?;
    let notes = notes(configuration, arguments.mode.as_str(), is_overwritten)?;
    if is_json {
        output::print_json(&as_json(&plan, Some(erased), &notes))?;
    } else {
        output::print(&report(&plan, erased, &notes))?;
    }
    drop(app);
    Ok(ExitCode::SUCCESS)
}

/// Small files are by now; large ones take a while, and whoever does not wait leaves the rest to the server, or to the next
/// start.
fn wait_until_overwritten(service: &Service, merchant: MerchantNumber) -> Result<bool> {
    let spinner = output::spinner("overwriting what was freed");
    let is_overwritten = comes_true(OVERWRITE_PATIENCE, || {
        spinner.tick();
        Ok(service.is_overwritten(merchant)?)
    });
    spinner.finish_and_clear();
    is_overwritten
}

/// Looks until something is so; false when the patience is over.
fn comes_true(mut patience: Duration, mut is_so: impl FnMut() -> Result<bool>) -> Result<bool> {
    loop {
        if is_so()? {
            return Ok(true);
        }
        let Some(rest) = patience.checked_sub(LOOK_EVERY) else { return Ok(false) };
        patience = rest;
        std::thread::sleep(LOOK_EVERY);
    }
}

fn who(arguments: &EraseArguments, region: Option<PhoneRegion>) -> Result<Erasable> {
    if let Some(id) = arguments.customer {
        return Ok(Erasable::Customer(id));
    }
    let (kind, value) = if let Some(email) = &arguments.email {
        (Kind::Email, email.as_str())
    } else if let Some(phone) = &arguments.phone {
        (Kind::Phone, phone.as_str())
    } else if let Some(merchant_ref) = &arguments.merchant_ref {
        (Kind::MerchantRef, merchant_ref.as_str())
    } else {
        let text = arguments.identifier.as_deref().unwrap_or_default();
        let (kind, value) = text.split_once('=').unwrap_or_default();
        let kind = Kind::parse(kind).ok_or_else(|| {
            misuse(format!("--identifier is kind=value, such as device=9f86d081; the kinds are {}", kinds()))
        })?;
        (kind, value)
    };
    let identifier = Identifier::parse_in(kind, value, || region);
    identifier.map(Erasable::Identifier).map_err(|error| misuse(format!("the {} {error}", kind.as_str())))
}

/// On a terminal only: a script says that it means it.
fn confirm() -> Result<()> {
    if !std::io::stdin().is_terminal() {
        return Err(misuse("nobody is there to be asked: look with --dry-run, then erase with --yes"));
    }
    let mut stderr = std::io::stderr().lock();
    write!(stderr, "This cannot be undone. Type \"{WORD}\" to go on: ").and_then(|()| stderr.flush())?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).context("the answer cannot be read")?;
    if line.trim() == WORD { Ok(()) } else { Err(misuse("nothing was erased")) }
}

fn row(customer: &Customer) -> Vec<String> {
    let profile = &customer.profile;
    vec![
        customer.id.to_string(),
        profile.full_name().unwrap_or_default(),
        profile.email.as_ref().map_or("", Email::as_str).to_owned(),
    ]
}

fn listed(plan: &ErasePlan) -> String {
    let mut text = String::new();
    if plan.customers.is_empty() {
        text.push_str("No customer has it.\n");
    } else {
        text.push_str("Customers\n");
        text.push_str(&output::table(&["customer", "name", "email"], plan.customers.iter().map(row)));
    }
    if plan.extent.is_empty() {
        text.push_str("No row of the store speaks of it.\n");
    } else {
        let rows =
            plan.extent.tables().into_iter().map(|(table, rows)| vec![table.to_owned(), rows.to_string()]);
        text.push_str("\nRows that speak of them\n");
        text.push_str(&output::table(&["table", "rows"], rows));
    }
    text
}

fn report(plan: &ErasePlan, erased: ErasedPerson, notes: &[String]) -> String {
    let rows: usize = plan.extent.tables().iter().map(|(_, rows)| rows).sum();
    let mut text = format!(
        "\nErased: customers {}, rows {rows}, decisions of the log {}.\nBlocks that stay in force without words: {}.\n",
        erased.customers, erased.decisions, erased.blocks_kept
    );
    for note in notes {
        let _ = writeln!(text, "- {note}");
    }
    text
}

fn as_json(plan: &ErasePlan, erased: Option<ErasedPerson>, notes: &[String]) -> Value {
    let tables: serde_json::Map<String, Value> =
        plan.extent.tables().into_iter().map(|(table, rows)| (table.to_owned(), json!(rows))).collect();
    json!({
        "erased": erased.is_some(),
        "customers": plan.customers.iter().map(|customer| customer.id).collect::<Vec<_>>(),
        "rows": tables,
        "decisions": erased.map(|erased| erased.decisions),
        "blocksKept": erased.map(|erased| erased.blocks_kept),
        "notes": notes,
    })
}

/// What became of the bytes, and what is out of reach.
fn notes(configuration: &Configuration, mode: &str, is_overwritten: bool) -> Result<Vec<String>> {
    let mut notes = Vec::new();
    if configuration.server.is_some() {
        notes.push(format!(
            "PostgreSQL: gone from the tables; from their files after VACUUM, which it does by itself in time, or \
             you now: VACUUM of all tables in the schemas {mode} and {mode}_decisions"
        ));
    } else if !is_overwritten {
        let note = "SQLite: freed bytes are still being overwritten; the server goes on with it, or the next start does";
        notes.push(note.to_owned());
    } else if is_cut(&App::file(&configuration.data_dir, mode))? {
        notes.push("SQLite: freed bytes are overwritten, and the write-ahead log was cut".to_owned());
    } else {
        notes.push(
            "SQLite: somebody reads just now; the server cuts the write-ahead log as soon as it can, or the next start \
             does"
                .to_owned(),
        );
    }
    notes.extend(OUT_OF_REACH.map(|what| format!("out of reach: {what}")));
    if configuration.server.is_some() {
        notes.push(format!("out of reach: {OUT_OF_REACH_ON_POSTGRES}"));
    }
    Ok(notes)
}

/// Whether SQLite's own log is empty by now.
fn is_cut(file: &Path) -> Result<bool> {
    let mut log = file.as_os_str().to_owned();
    log.push("-wal");
    comes_true(CUT_PATIENCE, || Ok(std::fs::metadata(&log).map_or(true, |log| log.len() == 0)))
}

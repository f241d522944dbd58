//! `interdict migrate`: from a data folder up to a PostgreSQL database that many nodes share.
//!
//! The folder's lock is held until the end, because what a server would acknowledge meanwhile were lost. The
//! move itself, and what makes it resumable, stands in `interdict_storage::move_up`.

use std::fs::File;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use indicatif::ProgressBar;
use interdict_app::App;
use interdict_app::store::Durability;
use interdict_storage::{
    Course, MoveError, MoveReport, MoveStep, MoveUp, MovedStore, PostgresServer, Progress, SchemaName,
    StorageError, move_up,
};
use serde_json::json;

use crate::arguments::MigrateArguments;
use crate::clock::SystemRandom;
use crate::configuration::Configuration;
use crate::data_folder::{self, RESTORING, STORES};
use crate::failure::misuse;
use crate::output;

/// Moves the folder's data into the database, or goes on with a move that was cut.
pub fn run(configuration: &Configuration, arguments: &MigrateArguments) -> Result<ExitCode> {
    let Some(to) = &configuration.server else {
        return Err(misuse("say where to: --to postgres://user:password@host:5432/database"));
    };
    let (from, pepper_file) = (&configuration.data_dir, &configuration.pepper_file);
    let _nobody_serves = take_folder(from)?;
    let pepper = data_folder::read_pepper(pepper_file)?.with_context(|| {
        format!(
            "the pepper {} is missing, and nothing else can read the data in {}: put it back, or name its place \
             with --pepper-file (INTERDICT_PEPPER_FILE)",
            pepper_file.display(),
            from.display()
        )
    })?;
    let options = MoveUp {
        file: &|store| App::file(from, store),
        to,
        pepper: &pepper,
        random: Arc::new(SystemRandom),
        durability: Durability::Full,
        chunk_rows: None,
    };
    let mut bar = Bar::default();
    let moved = move_up(&options, &mut |progress| {
        bar.show(progress);
        ControlFlow::Continue(())
    });
    bar.clear();
    let report = moved.map_err(|error| explain(error, configuration))?;
    show(configuration, arguments, to, &report)?;
    Ok(ExitCode::SUCCESS)
}

/// The folder's lock; a complaint when its data cannot be moved now.
fn take_folder(from: &Path) -> Result<File> {
    if data_folder::databases(from).len() < STORES.len() {
        return Err(misuse(format!(
            "there is no data to move in {}: name the folder with --from",
            from.display()
        )));
    }
    if from.join(RESTORING).exists() {
        bail!(
            "a restore into {} did not finish: remove its databases and {RESTORING}, and restore again",
            from.display()
        );
    }
    data_folder::serve_alone(from)?.ok_or_else(|| {
        misuse(format!(
            "a server serves {}: stop it first, because what it acknowledges from now on would not be moved",
            from.display()
        ))
    })
}

fn explain(error: MoveError, configuration: &Configuration) -> anyhow::Error {
    match error {
        MoveError::TargetUsed | MoveError::OtherSource | MoveError::UnderWay => misuse(error.to_string()),
        MoveError::SourceBehind { .. } => anyhow::Error::new(error).context(format!(
            "the data is not up to date: `interdict audit verify --data-dir {}` makes it so",
            configuration.data_dir.display()
        )),
        MoveError::Storage(StorageError::WrongPepper) => anyhow::anyhow!(
            "the pepper {} does not belong to the data in {}: put back the one that was in use when the data was \
             written, or name its place with --pepper-file (INTERDICT_PEPPER_FILE)",
            configuration.pepper_file.display(),
            configuration.data_dir.display()
        ),
        error => anyhow::Error::new(error).context(
            "the move did not finish: nothing serves from the database until the same command has been run \
             again, which goes on from there; the folder is as it was",
        ),
    }
}

/// One bar, for what is being done.
#[derive(Default)]
struct Bar(Option<(SchemaName, MoveStep, ProgressBar)>);

impl Bar {
    fn show(&mut self, Progress { store, step, done, total }: Progress) {
        if !self.0.as_ref().is_some_and(|(of, at, _)| (*of, *at) == (store, step)) {
            self.clear();
            let what = format!("{:>4} {}", store.as_str(), word(step));
            self.0 = Some((store, step, output::progress(&what, total)));
        }
        if let Some((_, _, bar)) = &self.0 {
            bar.set_position(done);
        }
    }

    fn clear(&mut self) {
        if let Some((_, _, bar)) = self.0.take() {
            bar.finish_and_clear();
        }
    }
}

const fn word(step: MoveStep) -> &'static str {
    match step {
        MoveStep::CheckSource => "chain here  ",
        MoveStep::Copy => "copying     ",
        MoveStep::Compare => "comparing   ",
        MoveStep::CheckChain => "chain there ",
    }
}

fn show(
    configuration: &Configuration,
    arguments: &MigrateArguments,
    to: &PostgresServer,
    report: &MoveReport,
) -> Result<()> {
    let (from, pepper) = (&configuration.data_dir, &configuration.pepper_file);
    if arguments.json.json {
        return output::print_json(&json!({
            "from": from,
            "to": to.to_string(),
            "course": match report.course {
                Course::Fresh => "fresh",
                Course::Resumed => "resumed",
                Course::Anew => "anew",
            },
            "stores": report.stores.iter().map(store_as_json).collect::<Vec<_>>(),
            "pepper": {"file": pepper},
        }));
    }
    let began = match report.course {
        Course::Fresh => "",
        Course::Resumed => "It went on behind what an earlier run had copied.\n",
        Course::Anew => "An earlier run was cut; the data changed since, so it began anew.\n",
    };
    let stores: String = report.stores.iter().map(store_as_text).collect();
    output::print(&format!(
        "Moved {from} to {to}. Every row was compared, and every chain walked to its end.\n\
         {began}{stores}\n\
         Next: copy the pepper {pepper} to each node (mode 0600); without it none can read the database.\n\
         Start each node with\n\n  \
           interdict serve --database-url postgres://... --pepper-file FILE\n\n\
         Serve from {from} no more: what is written there from now on is not in the database.\n",
        from = from.display(),
        pepper = pepper.display(),
    ))
}

fn rows(store: &MovedStore) -> u64 {
    store.tables.iter().map(|table| table.rows).sum()
}

fn store_as_text(store: &MovedStore) -> String {
    let (name, changes, rows) = (store.store.as_str(), store.chain.changes, rows(store));
    format!("  {name}: {rows} rows in {} tables, {changes} changes\n", store.tables.len())
}

fn store_as_json(store: &MovedStore) -> serde_json::Value {
    let table = |table: &interdict_storage::MovedTable| {
        json!({
            "table": table.table,
            "rows": table.rows,
            "rowsFound": table.rows_found,
            "digest": hex::encode(table.digest),
        })
    };
    json!({
        "store": store.store.as_str(),
        "rows": rows(store),
        "changes": store.chain.changes,
        "trimmed": store.chain.trimmed,
        "personal": store.chain.personal,
        "erased": store.chain.erased,
        "hash": hex::encode(store.hash),
        "tables": store.tables.iter().map(table).collect::<Vec<_>>(),
    })
}

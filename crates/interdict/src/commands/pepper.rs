//! `interdict pepper rotate`: a new secret under all identifiers, while nobody serves the data.
//!
//! The file comes first, with the new pepper in front of those of before; then each store, in a transaction of its own;
//! then the former peppers that nothing needs leave the file. Whatever is cut in between goes on when it is called again.

use std::any::Any;
use std::fmt::Write as _;
use std::fs::File;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use indicatif::ProgressBar;
use interdict_app::store::Durability;
use interdict_app::{
    DataPlace, PepperRotation, RotatePepperError, RotatedPepper, RotationStanding, rotation_standing,
};
use interdict_domain::clock::Random as _;
use interdict_domain::identifier::{Generation, Pepper};
use interdict_storage::{
    PostgresServer, RotatedStore, RotationError, RotationStep, SchemaName, ServerAlone, StorageError,
};
use serde_json::{Value, json};

use crate::arguments::{PepperCommand, PepperRotateArguments};
use crate::clock::{SystemClock, SystemRandom};
use crate::configuration::Configuration;
use crate::data_folder::{self, Existing, RESTORING, STORES};
use crate::failure::misuse;
use crate::output;

/// Runs one of the commands.
pub fn run(configuration: &Configuration, command: PepperCommand) -> Result<ExitCode> {
    match command {
        PepperCommand::Rotate(arguments) => rotate(configuration, &arguments),
    }
}

/// Nobody else serves the data as long as this is held.
type Alone = Box<dyn Any>;

fn rotate(configuration: &Configuration, arguments: &PepperRotateArguments) -> Result<ExitCode> {
    let (data, _alone) = take(configuration)?;
    let path = &configuration.pepper_file;
    let found = data_folder::read_pepper(path)?.with_context(|| {
        format!(
            "the pepper {} is missing, and nothing else can read the data: put it back, or name its place with \
             --pepper-file (INTERDICT_PEPPER_FILE)",
            path.display()
        )
    })?;
    let standing = rotation_standing(&data, &found).map_err(|error| explain_store(error, path))?;
    let pepper = match standing {
        RotationStanding::Whole => found.rotated(fresh()),
        RotationStanding::Cut => found,
    };
    let rotation = PepperRotation {
        data,
        pepper,
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
        durability: Durability::Full,
        is_dry_run: arguments.dry_run,
    };
    if standing == RotationStanding::Whole && !arguments.dry_run {
        write(path, &rotation.pepper)?;
    }
    let mut bar = Bar::default();
    let rotated = rotation.run(&mut |store, step| bar.show(store, step));
    bar.clear();
    let rotated = rotated.map_err(|error| explain(error, path, arguments.dry_run))?;
    let kept = rotation.pepper.keeping(|former| rotated.needed.contains(&former.generation()));
    if !arguments.dry_run {
        write(path, &kept)?;
        rotation.finish().context("the rotation is done but for its mark: call it again")?;
    }
    show(configuration, arguments, (standing, &kept), &rotated)?;
    Ok(ExitCode::SUCCESS)
}

/// From the system itself: a secret is in no stock.
fn fresh() -> [u8; 32] {
    let mut bytes = [0_u8; 32];
    SystemRandom.fill(&mut bytes);
    bytes
}

fn write(path: &Path, pepper: &Pepper) -> Result<()> {
    data_folder::write_private(path, pepper.to_text().as_bytes(), Existing::Replace).map(drop)
}

/// The data, for this command alone.
fn take(configuration: &Configuration) -> Result<(DataPlace, Alone)> {
    if let Some(server) = &configuration.server {
        let alone = take_server(server)?;
        return Ok((DataPlace::Server(server.clone()), Box::new(alone)));
    }
    let lock = take_folder(&configuration.data_dir)?;
    Ok((DataPlace::Folder(configuration.data_dir.clone()), Box::new(lock)))
}

fn take_folder(folder: &Path) -> Result<File> {
    if data_folder::databases(folder).len() < STORES.len() {
        return Err(misuse(format!(
            "there is no data in {}: name the folder with --data-dir",
            folder.display()
        )));
    }
    if folder.join(RESTORING).exists() {
        bail!(
            "a restore into {} did not finish: remove its databases and {RESTORING}, and restore again",
            folder.display()
        );
    }
    data_folder::serve_alone(folder)?.ok_or_else(|| {
        misuse(format!(
            "a server serves {}: stop it first, because it would go on under the pepper of before",
            folder.display()
        ))
    })
}

fn take_server(server: &PostgresServer) -> Result<ServerAlone> {
    if !server.has_data().context("the database of --database-url cannot be used")? {
        return Err(misuse("there is no data in the database of --database-url"));
    }
    server.take_for_rotation().context("the database of --database-url cannot be used")?.ok_or_else(|| {
        misuse(
            "somebody is connected to the database: stop every node and every command first, because they would go \
             on under the pepper of before",
        )
    })
}

fn explain_store(error: StorageError, path: &Path) -> anyhow::Error {
    match error {
        StorageError::WrongPepper => anyhow::anyhow!(
            "the pepper {} does not belong to the data: put back the one that was in use when the data was written, or \
             name its place with --pepper-file (INTERDICT_PEPPER_FILE)",
            path.display()
        ),
        error => anyhow::Error::new(error).context("the data cannot be read"),
    }
}

fn explain(error: RotatePepperError, path: &Path, is_dry_run: bool) -> anyhow::Error {
    let RotatePepperError { store, source } = error;
    let what = match source {
        RotationError::Storage(error) => explain_store(error, path),
        RotationError::Unsealed(_) => anyhow::Error::new(source),
    };
    let next = if is_dry_run {
        format!("{store} would not be rotated; nothing was changed")
    } else {
        format!(
            "{store} was not rotated: nothing serves until the same command has been run again, which goes on from \
             there"
        )
    };
    what.context(next)
}

/// One bar, for what is being done.
#[derive(Default)]
struct Bar(Option<(SchemaName, ProgressBar)>);

impl Bar {
    fn show(&mut self, store: SchemaName, step: RotationStep) {
        if !self.0.as_ref().is_some_and(|(of, _)| *of == store) {
            self.clear();
            self.0 = Some((store, output::progress(store.as_str(), 0)));
        }
        let Some((_, bar)) = &self.0 else { return };
        match step {
            RotationStep::Keys(keys) => bar.set_position(keys),
            RotationStep::Column(table, column) => {
                bar.set_message(format!("{} {table}.{column}", store.as_str()));
            }
        }
    }

    fn clear(&mut self) {
        if let Some((_, bar)) = self.0.take() {
            bar.finish_and_clear();
        }
    }
}

fn show(
    configuration: &Configuration,
    arguments: &PepperRotateArguments,
    (standing, pepper): (RotationStanding, &Pepper),
    rotated: &RotatedPepper,
) -> Result<()> {
    if arguments.json.json {
        return output::print_json(&as_json(configuration, arguments, (standing, pepper), rotated));
    }
    let did = if arguments.dry_run { "would be" } else { "was" };
    let mut text = format!("The pepper {did} rotated: generation {}.\n", pepper.generation());
    if standing == RotationStanding::Cut {
        text.push_str("It goes on where an earlier run was cut.\n");
    }
    let rows = rotated.stores.iter().map(|(name, store)| {
        let sum =
            |of: fn(&interdict_storage::ColumnRotated) -> u64| store.columns.iter().map(of).sum::<u64>();
        vec![
            name.as_str().to_owned(),
            if store.was_done { "done before".to_owned() } else { sum(|column| column.anew).to_string() },
            sum(|column| column.kept).to_string(),
            store.resealed.to_string(),
        ]
    });
    text.push_str(&output::table(&["store", "keys made anew", "keys kept", "secrets sealed anew"], rows));
    for (name, store) in &rotated.stores {
        for (generation, blocks) in &store.tombstones {
            let _ = writeln!(
                text,
                "{}: {blocks} blocks of erased people stand under generation {generation}.",
                name.as_str()
            );
        }
    }
    text.push_str(&needed(&rotated.needed));
    if !arguments.dry_run {
        let file = configuration.pepper_file.display();
        let _ = if configuration.server.is_some() {
            writeln!(
                text,
                "\nNext: copy {file} to every node (mode 0600), then start them. Make a backup of both."
            )
        } else {
            writeln!(text, "\nNext: start the server, and make a backup: older ones need the pepper of then.")
        };
    }
    output::print(&text)
}

fn needed(generations: &[Generation]) -> String {
    if generations.is_empty() {
        return "No former pepper is needed any more.\n".to_owned();
    }
    let numbers: Vec<String> = generations.iter().map(ToString::to_string).collect();
    format!("Former peppers that are still needed, and stay in the file: {}.\n", numbers.join(", "))
}

fn as_json(
    configuration: &Configuration,
    arguments: &PepperRotateArguments,
    (standing, pepper): (RotationStanding, &Pepper),
    rotated: &RotatedPepper,
) -> Value {
    let stores: Vec<Value> = rotated.stores.iter().map(|(name, store)| store_as_json(*name, store)).collect();
    json!({
        "rotated": !arguments.dry_run,
        "course": if standing == RotationStanding::Cut { "resumed" } else { "fresh" },
        "generation": pepper.generation(),
        "formerNeeded": rotated.needed,
        "stores": stores,
        "pepper": {"file": configuration.pepper_file},
    })
}

fn store_as_json(name: SchemaName, store: &RotatedStore) -> Value {
    let columns: Vec<Value> = store
        .columns
        .iter()
        .map(|it| json!({"table": it.table, "column": it.column, "anew": it.anew, "kept": it.kept}))
        .collect();
    let tombstones: Vec<Value> = store
        .tombstones
        .iter()
        .map(|(generation, blocks)| json!({"generation": generation, "blocks": blocks}))
        .collect();
    json!({
        "store": name.as_str(),
        "wasDone": store.was_done,
        "columns": columns,
        "resealed": store.resealed,
        "tombstones": tombstones,
    })
}

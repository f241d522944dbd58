//! `interdict restore`: a backup into a data folder that has no databases.
//!
//! The copies are made and tried in a folder of their own, and get their places last. While that folder
//! is there, nothing serves from the data folder: half a restore must not pass for a whole one.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use interdict_app::App;
use interdict_domain::identifier::Pepper;
use serde_json::json;

use crate::application::{self, Wanted};
use crate::arguments::RestoreArguments;
use crate::clock::SystemRandom;
use crate::configuration::Configuration;
use crate::data_folder::{self, Existing, RESTORING, STORES};
use crate::failure::misuse;
use crate::output;

/// A server is restored as it was backed up; then whoever followed it must be told.
const SERVER_HAS_ITS_OWN: &str = "a PostgreSQL database is restored by PostgreSQL's own means: `pg_restore --dbname=DATABASE_URL interdict.dump` \
     into an empty database, with every node stopped (docs/operations.md says how); put the pepper file back, too";

/// Restores a backup, with its pepper if that is in it.
pub fn run(configuration: &Configuration, arguments: &RestoreArguments) -> Result<ExitCode> {
    if configuration.server.is_some() {
        return Err(misuse(SERVER_HAS_ITS_OWN));
    }
    let (from, to) = (&arguments.from, &configuration.data_dir);
    if data_folder::databases(from).len() < STORES.len() {
        return Err(misuse(format!(
            "{} holds no whole backup: it needs core.db, test.db and live.db",
            from.display()
        )));
    }
    if !data_folder::databases(to).is_empty() {
        return Err(misuse(format!(
            "{} holds data already, which a restore does not touch: name another folder with --data-dir, or \
             move the databases away",
            to.display()
        )));
    }
    data_folder::create(to)?;
    let aside = to.join(RESTORING);
    if aside.exists() {
        // No database is in place: what a restore left behind that was cut is worth nothing.
        fs::remove_dir_all(&aside).with_context(|| format!("{} cannot be removed", aside.display()))?;
    }
    data_folder::create(&aside)?;
    for store in STORES {
        copy(from, &aside, store)?;
    }
    let pepper = pepper(configuration, from)?;
    if let Some(pepper) = &pepper {
        settle_pepper(configuration, &aside, pepper)?;
    }
    for store in STORES {
        put_into_place(&aside, to, store)?;
    }
    data_folder::flush_folder(to)?;
    fs::remove_dir_all(&aside).with_context(|| format!("{} cannot be removed", aside.display()))?;
    data_folder::flush_folder(to)?;
    show(configuration, arguments, pepper.is_some())?;
    Ok(ExitCode::SUCCESS)
}

fn copy(from: &Path, to: &Path, store: &'static str) -> Result<()> {
    let target = App::file(to, store);
    data_folder::create_private(&target)?;
    let bar = output::progress(store, 0);
    interdict_storage::restore(&App::file(from, store), &target, &SystemRandom, &mut |done, total| {
        bar.set_length(u64::try_from(total).unwrap_or(0));
        bar.set_position(u64::try_from(done).unwrap_or(0));
    })
    .with_context(|| format!("{store}.db cannot be restored"))?;
    bar.finish_and_clear();
    Ok(())
}

fn put_into_place(aside: &Path, to: &Path, store: &str) -> Result<()> {
    let (copy, place) = (App::file(aside, store), App::file(to, store));
    let (log, log_place) = (copy.with_extension("db-wal"), place.with_extension("db-wal"));
    let moved = || -> std::io::Result<()> {
        // Whoever closes a database last may leave its log beside it: the two belong together.
        if log.exists() {
            fs::rename(&log, &log_place)?;
        }
        fs::rename(&copy, &place)
    };
    moved().with_context(|| format!("the copy of {store}.db cannot be put into its place"))
}

/// The pepper that is in place, or else the backup's.
fn pepper(configuration: &Configuration, from: &Path) -> Result<Option<Pepper>> {
    let in_place = data_folder::read_pepper(&configuration.pepper_file)?;
    let in_backup = data_folder::read_pepper(&from.join("pepper"))?;
    match (in_place, in_backup) {
        (Some(own), Some(other)) if own.to_text() != other.to_text() => bail!(
            "the pepper {} is not the one in the backup: move it away, or name another place with \
             --pepper-file",
            configuration.pepper_file.display()
        ),
        (own, other) => Ok(own.or(other)),
    }
}

/// Tries the pepper on the copies, and puts it into its place.
fn settle_pepper(configuration: &Configuration, aside: &Path, pepper: &Pepper) -> Result<()> {
    let tried = application::open_with(aside, &configuration.pepper_file, pepper.clone(), Wanted::Data);
    drop(tried.context("the backup cannot be opened")?);
    data_folder::write_private(&configuration.pepper_file, pepper.to_text().as_bytes(), Existing::Keep)?;
    Ok(())
}

fn show(configuration: &Configuration, arguments: &RestoreArguments, has_pepper: bool) -> Result<()> {
    let (to, pepper) = (&configuration.data_dir, &configuration.pepper_file);
    if arguments.json.json {
        return output::print_json(&json!({
            "folder": to,
            "stores": STORES,
            "pepper": {"file": pepper, "present": has_pepper},
        }));
    }
    let next = if has_pepper {
        "`interdict serve` goes on from here.".to_owned()
    } else {
        format!(
            "The backup came without its pepper: put that at {} (mode 0600) before `interdict serve`.",
            pepper.display()
        )
    };
    output::print(&format!("Restored the databases into {}. {next}\n", to.display()))
}

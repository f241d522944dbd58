//! `interdict backup`: a copy of the databases, each from one snapshot, while a server runs.
//!
//! The copies get their names last, the core's last of all: a folder with all three is a whole backup.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use interdict_app::App;
use serde_json::json;

use crate::application::{self, Wanted};
use crate::arguments::BackupArguments;
use crate::configuration::Configuration;
use crate::data_folder::{self, Existing, STORES};
use crate::failure::misuse;
use crate::output;

const PEPPER: &str = "pepper";
/// A copy of a server is the server's own business, which it knows better.
const SERVER_HAS_ITS_OWN: &str = "a PostgreSQL database is backed up by PostgreSQL's own means: `pg_dump --format=custom --file=interdict.dump \
     DATABASE_URL`, or its continuous archiving (docs/operations.md says how); copy the pepper file, too";

/// Copies the databases, and the pepper unless that is unwanted.
pub fn run(configuration: &Configuration, arguments: &BackupArguments) -> Result<ExitCode> {
    if configuration.server.is_some() {
        return Err(misuse(SERVER_HAS_ITS_OWN));
    }
    let (from, to) = (&configuration.data_dir, &arguments.to);
    if data_folder::databases(from).len() < STORES.len() {
        return Err(misuse(format!(
            "there is no data to back up in {}: name the folder with --data-dir",
            from.display()
        )));
    }
    if !data_folder::databases(to).is_empty() || to.join(PEPPER).exists() {
        return Err(misuse(format!("{} holds a backup already: name another folder", to.display())));
    }
    if !arguments.without_pepper {
        // A copy with a pepper that does not fit would be found out when it is needed.
        drop(application::open(configuration, Wanted::Data)?);
    }
    data_folder::create(to)?;
    for store in STORES {
        copy(from, to, store)?;
    }
    if !arguments.without_pepper {
        copy_pepper(configuration, to)?;
    }
    for store in STORES {
        fs::rename(partial(to, store), App::file(to, store))
            .with_context(|| format!("the copy of {store}.db cannot be given its name"))?;
    }
    data_folder::flush_folder(to)?;
    show(configuration, arguments)?;
    Ok(ExitCode::SUCCESS)
}

fn partial(folder: &Path, store: &str) -> std::path::PathBuf {
    folder.join(format!("{store}.db.partial"))
}

fn copy(from: &Path, to: &Path, store: &'static str) -> Result<()> {
    let target = partial(to, store);
    if target.exists() {
        // What a backup left behind that was cut.
        fs::remove_file(&target).with_context(|| format!("{} cannot be removed", target.display()))?;
    }
    data_folder::create_private(&target)?;
    let bar = output::progress(store, 0);
    interdict_storage::backup(&App::file(from, store), &target, &mut |done, total| {
        bar.set_length(u64::try_from(total).unwrap_or(0));
        bar.set_position(u64::try_from(done).unwrap_or(0));
    })
    .with_context(|| format!("{store}.db cannot be copied"))?;
    bar.finish_and_clear();
    Ok(())
}

fn copy_pepper(configuration: &Configuration, to: &Path) -> Result<()> {
    let path = &configuration.pepper_file;
    let Some(pepper) = data_folder::read_pepper(path)? else {
        bail!("the pepper {} went away", path.display());
    };
    data_folder::write_private(&to.join(PEPPER), pepper.to_text().as_bytes(), Existing::Replace)?;
    Ok(())
}

fn show(configuration: &Configuration, arguments: &BackupArguments) -> Result<()> {
    let (to, pepper) = (&arguments.to, &configuration.pepper_file);
    if arguments.json.json {
        return output::print_json(&json!({
            "folder": to,
            "stores": STORES,
            "pepper": {"file": pepper, "copied": !arguments.without_pepper},
        }));
    }
    let about_pepper = if arguments.without_pepper {
        format!(
            "The pepper is not with it, and without the pepper nothing can read it: keep a copy of {} in \
             another place.",
            pepper.display()
        )
    } else {
        "The pepper is with it: whoever has this folder can look up who is listed.".to_owned()
    };
    output::print(&format!("Copied the databases to {}.\n{about_pepper}\n", to.display()))
}

//! Opening the application on a data folder: what each command does first.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use interdict_app::store::Durability;
use interdict_app::{App, AppOptions, MAX_STALENESS, OpenError, StripeAddress};
use interdict_domain::identifier::Pepper;
use interdict_storage::{Schema, StorageError, Store, StoreOptions};

use crate::clock::{SystemClock, SystemRandom};
use crate::configuration::Configuration;
use crate::data_folder;
use crate::failure::misuse;

/// What is wanted of the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// To serve: the index is loaded in the background. A folder that is not there is made.
    Serving {
        /// Nobody else serves the data: what whoever served before has begun at a gateway is taken over
        /// at once.
        alone: bool,
        /// For how long changes may go unheard before decisions are degraded.
        max_staleness: Duration,
    },
    /// To decide on data that is there.
    DecisionsOnData,
    /// To write: no index. A folder that is not there is made.
    Writes,
    /// To work on data that is there, without an index.
    Data,
}

impl Wanted {
    const fn needs_data(self) -> bool {
        matches!(self, Self::DecisionsOnData | Self::Data)
    }

    const fn needs_index(self) -> bool {
        matches!(self, Self::Serving { .. } | Self::DecisionsOnData)
    }

    const fn max_staleness(self) -> Duration {
        match self {
            Self::Serving { max_staleness, .. } => max_staleness,
            Self::DecisionsOnData | Self::Writes | Self::Data => MAX_STALENESS,
        }
    }
}

/// Opens the data folder that the configuration names.
pub fn open(configuration: &Configuration, wanted: Wanted) -> Result<App> {
    let folder = &configuration.data_dir;
    if wanted.needs_data() && data_folder::databases(folder).is_empty() {
        return Err(misuse(format!(
            "there is no data in {}: begin with `interdict serve`, or name the folder with --data-dir",
            folder.display()
        )));
    }
    if folder.join(data_folder::RESTORING).exists() {
        bail!(
            "a restore into {} did not finish: remove its databases and {}, and restore again",
            folder.display(),
            data_folder::RESTORING
        );
    }
    data_folder::create(folder)?;
    let pepper = data_folder::pepper(&configuration.pepper_file, folder, &SystemRandom)?;
    refuse_lost_databases(configuration, &pepper)?;
    data_folder::create_databases(folder)?;
    let mut stripe = StripeAddress::default();
    if let Some(url) = &configuration.stripe_url {
        stripe.base_url.clone_from(url);
    }
    stripe.return_url = configuration.public_url.as_ref().map(|url| format!("{url}/pay/returned"));
    App::open(&AppOptions { stripe, ..options(folder, pepper, wanted) })
        .map_err(|error| explain(error, folder, &configuration.pepper_file))
}

/// Opens the databases of a folder under a pepper.
pub fn open_with(folder: &Path, pepper_file: &Path, pepper: Pepper, wanted: Wanted) -> Result<App> {
    App::open(&options(folder, pepper, wanted)).map_err(|error| explain(error, folder, pepper_file))
}

fn options(folder: &Path, pepper: Pepper, wanted: Wanted) -> AppOptions {
    AppOptions {
        data_dir: folder.to_owned(),
        pepper,
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
        durability: Durability::Full,
        max_staleness: wanted.max_staleness(),
        stripe: StripeAddress::default(),
        with_index: wanted.needs_index(),
        take_over: matches!(wanted, Wanted::Serving { alone: true, .. }),
    }
}

fn explain(error: OpenError, folder: &Path, pepper_file: &Path) -> anyhow::Error {
    match error.source {
        StorageError::WrongPepper => anyhow::anyhow!(
            "the pepper {} does not belong to the data in {}: put back the one that was in use when the \
             data was written, or name its place with --pepper-file (INTERDICT_PEPPER_FILE)",
            pepper_file.display(),
            folder.display()
        ),
        _ => anyhow::Error::new(error),
    }
}

/// A database that is gone must not be replaced by an empty one: all its blocks would be gone, too, and
/// everybody could pay. Before the first merchant there is nothing to lose: a start may have been cut.
fn refuse_lost_databases(configuration: &Configuration, pepper: &Pepper) -> Result<()> {
    let folder = &configuration.data_dir;
    let there = data_folder::databases(folder);
    if there.is_empty() || there.len() == data_folder::STORES.len() {
        return Ok(());
    }
    let was_used = if there.contains(&"core") {
        data_has_merchant(configuration, pepper)?
    } else {
        // The core is opened first: where it is gone, what has content has lost it.
        there.iter().any(|store| App::file(folder, store).metadata().is_ok_and(|file| file.len() > 0))
    };
    // Asked again: another process may have made them all since.
    let there = data_folder::databases(folder);
    let missing: Vec<&str> = data_folder::STORES.into_iter().filter(|name| !there.contains(name)).collect();
    if was_used && !missing.is_empty() {
        bail!(
            "{}.db is missing from {}, where there was data before: put it back, or restore a backup into an \
             empty folder (`interdict restore`)",
            missing.join(".db, "),
            folder.display()
        );
    }
    Ok(())
}

fn data_has_merchant(configuration: &Configuration, pepper: &Pepper) -> Result<bool> {
    let core = Store::open(StoreOptions {
        path: App::file(&configuration.data_dir, "core"),
        schema: Schema::Core,
        pepper: pepper.clone(),
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
        durability: Durability::Full,
        observer: None,
        take_over: false,
    })
    .context("core.db cannot be opened")?;
    Ok(has_merchant(&core)?)
}

/// Whether there is a merchant: there is none before the first start.
pub fn has_merchant(core: &Store) -> Result<bool, StorageError> {
    core.read_blocking(|view| Ok(view.count_merchants()? > 0))
}

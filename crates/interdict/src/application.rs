//! Opening the application on a data folder or on a database: what each command does first.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use interdict_app::store::Durability;
use interdict_app::{
    App, AppOptions, DataPlace, DecisionLogOptions, MAX_STALENESS, OpenError, StripeAddress,
};
use interdict_domain::identifier::Pepper;
use interdict_storage::{Place, PostgresServer, Schema, StorageError, Store, StoreOptions};

use crate::clock::{SystemClock, SystemRandom};
use crate::configuration::Configuration;
use crate::data_folder;
use crate::failure::misuse;

/// A hundred years: more than the longest retention there can be.
const FOR_EVER_S: u64 = 100 * 365 * 86_400;

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
        /// For how long decisions are kept; zero for not at all.
        decision_retention: Duration,
    },
    /// To decide on data that is there.
    DecisionsOnData,
    /// To write: no index. A folder that is not there is made.
    Writes,
    /// To work on data that is there, without an index.
    Data,
    /// The same with the log of decisions, which must forget, too.
    Erasing,
}

impl Wanted {
    const fn needs_data(self) -> bool {
        matches!(self, Self::DecisionsOnData | Self::Data | Self::Erasing)
    }

    const fn needs_index(self) -> bool {
        matches!(self, Self::Serving { .. } | Self::DecisionsOnData)
    }

    /// Decisions are kept where they are made for somebody: a command makes its own for people to look at.
    const fn decision_log(self) -> Option<DecisionLogOptions> {
        match self {
            Self::Serving { decision_retention, .. } => {
                Some(DecisionLogOptions { retention: decision_retention })
            }
            // Whoever serves says how long decisions are kept: nothing is too old for this one.
            Self::Erasing => Some(DecisionLogOptions { retention: Duration::from_secs(FOR_EVER_S) }),
            Self::DecisionsOnData | Self::Writes | Self::Data => None,
        }
    }

    const fn max_staleness(self) -> Duration {
        match self {
            Self::Serving { max_staleness, .. } => max_staleness,
            Self::DecisionsOnData | Self::Writes | Self::Data | Self::Erasing => MAX_STALENESS,
        }
    }
}

/// Opens the data that the configuration names.
pub fn open(configuration: &Configuration, wanted: Wanted) -> Result<App> {
    if let Some(server) = &configuration.server {
        return open_server(configuration, server, wanted);
    }
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
    if wanted.decision_log().is_some() {
        data_folder::create_logs(folder)?;
    }
    App::open(&AppOptions {
        stripe: stripe(configuration),
        ..options(DataPlace::Folder(folder.clone()), pepper, wanted)
    })
    .map_err(|error| explain(error, &folder.display().to_string(), &configuration.pepper_file))
}

/// Opens the database that this node shares with others.
fn open_server(configuration: &Configuration, server: &PostgresServer, wanted: Wanted) -> Result<App> {
    let has_data = server.has_data().context("the database of --database-url cannot be used")?;
    if wanted.needs_data() && !has_data {
        return Err(misuse(
            "there is no data in the database of --database-url: begin with `interdict serve`",
        ));
    }
    let (path, folder) = (&configuration.pepper_file, &configuration.data_dir);
    let pepper = if has_data {
        data_folder::read_pepper(path)?.with_context(|| {
            format!(
                "the pepper {} is missing, but the database was written under one, and nothing else can read it: \
                 copy the pepper of another node there, or name its place with --pepper-file \
                 (INTERDICT_PEPPER_FILE)",
                path.display()
            )
        })?
    } else {
        data_folder::create(folder)?;
        data_folder::pepper(path, folder, &SystemRandom)?
    };
    let app = App::open(&AppOptions {
        stripe: stripe(configuration),
        // Other nodes may be at it.
        take_over: false,
        lease_term: matches!(wanted, Wanted::Serving { .. }).then(|| wanted.max_staleness()),
        ..options(DataPlace::Server(server.clone()), pepper, wanted)
    })
    .map_err(|error| explain(error, "the database", path))?;
    app.keep_imports_in(folder);
    Ok(app)
}

fn stripe(configuration: &Configuration) -> StripeAddress {
    let mut stripe = StripeAddress::default();
    if let Some(url) = &configuration.stripe_url {
        stripe.base_url.clone_from(url);
    }
    stripe.return_url = configuration.public_url.as_ref().map(|url| format!("{url}/pay/returned"));
    stripe
}

/// Opens the databases of a folder under a pepper.
pub fn open_with(folder: &Path, pepper_file: &Path, pepper: Pepper, wanted: Wanted) -> Result<App> {
    App::open(&options(DataPlace::Folder(folder.to_owned()), pepper, wanted))
        .map_err(|error| explain(error, &folder.display().to_string(), pepper_file))
}

fn options(data: DataPlace, pepper: Pepper, wanted: Wanted) -> AppOptions {
    AppOptions {
        data,
        pepper,
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
        durability: Durability::Full,
        max_staleness: wanted.max_staleness(),
        stripe: StripeAddress::default(),
        lease_term: None,
        with_index: wanted.needs_index(),
        take_over: matches!(wanted, Wanted::Serving { alone: true, .. }),
        decision_log: wanted.decision_log(),
    }
}

fn explain(error: OpenError, data: &str, pepper_file: &Path) -> anyhow::Error {
    match error.source {
        StorageError::WrongPepper => anyhow::anyhow!(
            "the pepper {} does not belong to the data in {data}: put back the one that was in use when the \
             data was written (it is the same on all nodes of a database), or name its place with \
             --pepper-file (INTERDICT_PEPPER_FILE)",
            pepper_file.display(),
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
        place: Place::Sqlite(App::file(&configuration.data_dir, "core")),
        schema: Schema::Core,
        pepper: pepper.clone(),
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
        durability: Durability::Full,
        observer: None,
        lease_term: None,
        take_over: false,
    })
    .context("core.db cannot be opened")?;
    Ok(has_merchant(&core)?)
}

/// Whether there is a merchant: there is none before the first start.
pub fn has_merchant(core: &Store) -> Result<bool, StorageError> {
    core.read_blocking(|view| Ok(view.count_merchants()? > 0))
}

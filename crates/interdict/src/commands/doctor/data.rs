//! What can be seen without a server: the data can be opened, and says the same everywhere.

use interdict_app::store::{SearchState, StorageError, View};
use interdict_app::{App, Comparison, FeedComparison, MirrorReport, MirrorState};
use interdict_domain::mode::Mode;
use interdict_storage::ChainReport;

use super::Check;
use crate::commands::audit;
use crate::configuration::Configuration;
use crate::output;

const LOOK_INTO_IT: &str = "somebody or something wrote past Interdict: keep the data as it is for those who look into \
     it, and compare it with the latest backup that verifies (`interdict restore` puts one into another folder)";

const INDEX_IT: &str = "start a node, which makes one; if its log says that it cannot, let the database's owner run \
     CREATE EXTENSION pg_trgm SCHEMA public, and start it again";

/// Opening asks all of this, and refuses when one of it is wrong.
pub fn opened(configuration: &Configuration) -> [Check; 4] {
    let (database, durable) = match &configuration.server {
        Some(server) => {
            (server.to_string(), "fsync, full_page_writes and synchronous_commit are on".to_owned())
        }
        None => (
            format!("core.db, test.db and live.db in {}", configuration.data_dir.display()),
            "each commit is flushed before it is acknowledged".to_owned(),
        ),
    };
    let pepper =
        format!("{} belongs to the data, and is for its owner only", configuration.pepper_file.display());
    [
        Check::passed("database", database),
        Check::passed("durability", durable),
        Check::passed("pepper", pepper),
        Check::passed("migrations", "this binary knows all of them"),
    ]
}

/// The errors of opening say themselves what to do; some can be said better.
pub fn not_opened(error: &anyhow::Error) -> Check {
    let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
    let storage = error.chain().find_map(|cause| cause.downcast_ref::<StorageError>());
    let (name, next) = match storage {
        Some(StorageError::Away(_)) => ("database", "start the database, or correct --database-url"),
        Some(StorageError::NotDurable(_)) => ("durability", "turn it on, and restart the database"),
        Some(StorageError::TooNew { .. }) => ("migrations", "use the version that wrote the data"),
        Some(StorageError::AlteredMigration(_)) => {
            ("migrations", "use a binary that was released, and the data that it made")
        }
        _ => ("opening", "nothing else can be looked at before this is put right"),
    };
    Check::failed(name, causes.join(": "), next)
}

/// Everything that can be read.
pub fn look_at(app: &App, checks: &mut Vec<Check>) {
    checks.push(credentials(app));
    let mut sound = true;
    for (name, store) in audit::stores(app) {
        let check = chain(name, audit::verify(name, store));
        sound &= check.ok;
        checks.push(check);
    }
    for mode in Mode::ALL {
        checks.push(tables(app, mode, sound));
    }
    for mode in Mode::ALL {
        checks.push(search(app, mode));
    }
    checks.extend(provider_lists(app));
}

/// How the lists at the payment providers stand, where anybody wants any.
fn provider_lists(app: &App) -> Option<Check> {
    let title = "lists at the payment provider";
    let read = app.service(Mode::Live).store().read_blocking(|view| -> Result<_, StorageError> {
        let merchants = view.merchants_with_provider_lists()?;
        merchants.into_iter().map(|merchant| MirrorReport::read(&view.merchant(merchant))).collect()
    });
    let reports: Vec<MirrorReport> = match read {
        Ok(reports) => reports,
        Err(error) => return Some(Check::failed(title, said(&error), LOOK_INTO_IT)),
    };
    if reports.is_empty() {
        return None;
    }
    let with = |state| reports.iter().filter(|report| report.state == state).count();
    let (in_step, working) = (with(MirrorState::InStep), with(MirrorState::Working));
    let (off, failing) = (with(MirrorState::Off), with(MirrorState::Failing));
    let found = format!("of merchants {in_step} in step, {working} being brought in step, {off} off");
    if failing == 0 {
        return Some(Check::passed(title, found));
    }
    let next =
        "ask GET /v1/gateway/lists with the merchants' live keys: it says what the provider has against it";
    Some(Check::failed(title, format!("{found}, {failing} not served by the provider"), next))
}

/// Slow is not wrong: it is said, with what to do about it.
fn search(app: &App, mode: Mode) -> Check {
    let title = format!("search of {}", mode.as_str());
    let state = |view: &View<'_>| -> Result<SearchState, StorageError> { view.search_state() };
    match app.service(mode).store().read_blocking(state) {
        Ok(SearchState::Indexed) => Check::passed(title, "by an index"),
        Ok(SearchState::Filling) => {
            Check::passed(title, "one row after the other, until a server has filled its index")
        }
        Ok(SearchState::RowByRow) => Check {
            next: Some(INDEX_IT.to_owned()),
            ..Check::passed(title, "one row after the other: the database has no index by three letters")
        },
        Err(error) => Check::failed(title, said(&error), LOOK_INTO_IT),
    }
}

fn credentials(app: &App) -> Check {
    let read = app.core().read_blocking(|view| -> Result<_, StorageError> {
        Ok((view.count_merchants()?, view.credentials(None)?.len()))
    });
    match read {
        Ok((merchants, credentials)) => {
            Check::passed("credentials", format!("all {credentials} can be read; merchants: {merchants}"))
        }
        Err(error) => Check::failed("credentials", said(&error), LOOK_INTO_IT),
    }
}

fn chain(name: &str, verified: anyhow::Result<ChainReport>) -> Check {
    let title = format!("hash chain of {name}");
    match verified {
        Ok(report) => {
            let (changes, behind) = (report.changes, audit::behind(&report));
            match report.fault {
                None => Check::passed(title, format!("{changes} changes{behind}, all sound")),
                Some(fault) => {
                    let found = format!("{fault}, after {changes} sound changes{behind}");
                    Check::failed(title, found, LOOK_INTO_IT)
                }
            }
        }
        Err(error) => Check::failed(title, format!("{error:#}"), LOOK_INTO_IT),
    }
}

fn tables(app: &App, mode: Mode, chains_are_sound: bool) -> Check {
    let title = format!("tables of {}", mode.as_str());
    if !chains_are_sound {
        let next = "see above: what the tables should hold is not known";
        return Check::failed(title, "not compared, because the feed is not sound", next);
    }
    let bar = output::progress(mode.as_str(), 0);
    let compared = app.service(mode).compare_with_feed();
    bar.finish_and_clear();
    match compared {
        Ok(FeedComparison { from, comparison }) if comparison.is_equal() => {
            let Comparison { customers, entries, revision, .. } = comparison;
            let as_said = match from {
                1 => format!("as the feed says up to change {revision}"),
                from if from > revision => {
                    let nothing = "nothing was changed since the feed was trimmed, or the pepper rotated";
                    return Check::passed(title, nothing);
                }
                from => format!(
                    "those that changes {from} to {revision} name, as these say; before, the feed was trimmed, \
                     or the pepper rotated"
                ),
            };
            Check::passed(title, format!("{customers} customers and {entries} entries, {as_said}"))
        }
        Ok(FeedComparison { comparison, .. }) => {
            let (different, all) = (comparison.different.len(), comparison.buckets_compared);
            Check::failed(
                title,
                format!("{different} of {all} buckets are not as the feed says"),
                LOOK_INTO_IT,
            )
        }
        Err(error) => Check::failed(title, said(&error), LOOK_INTO_IT),
    }
}

fn said(error: &StorageError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(below) = cause {
        text = format!("{text}: {below}");
        cause = below.source();
    }
    text
}

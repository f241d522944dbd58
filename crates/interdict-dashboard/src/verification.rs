//! The proof that nobody altered the log of changes: one walk at a time in this process, and what the latest one
//! found.
//!
//! Deliberately not here: the walk itself (the store's), and the same from the command line
//! (`interdict audit verify`). What was found is forgotten with the process.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use interdict_app::App;
use interdict_app::store::StorageError;
use interdict_domain::clock::Timestamp;
use interdict_domain::mode::Mode;

/// What a walk found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Every change is as it was written.
    Sound,
    /// Somebody or something wrote past Interdict.
    Altered,
    /// It could not be read to its end.
    Failed,
}

impl Found {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Sound => "sound",
            Self::Altered => "altered",
            Self::Failed => "failed",
        }
    }

    /// Of two stores together: the worse.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Altered, _) | (_, Self::Altered) => Self::Altered,
            (Self::Failed, _) | (_, Self::Failed) => Self::Failed,
            (Self::Sound, Self::Sound) => Self::Sound,
        }
    }
}

/// How it stands.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Standing {
    /// Since when a walk goes on, in either mode.
    pub(crate) running_since: Option<Timestamp>,
    test: Option<(Timestamp, Found)>,
    live: Option<(Timestamp, Found)>,
}

impl Standing {
    /// The latest result of the core and a mode.
    pub(crate) const fn latest(&self, mode: Mode) -> Option<(Timestamp, Found)> {
        match mode {
            Mode::Test => self.test,
            Mode::Live => self.live,
        }
    }
}

/// The walks of this process.
#[derive(Default)]
pub(crate) struct Verifications(Arc<Mutex<Standing>>);

impl Verifications {
    pub(crate) fn standing(&self) -> Standing {
        *lock(&self.0)
    }

    /// Begins a walk through the core and a mode; nothing when one goes on. It ends without anybody who waits.
    pub(crate) fn begin(&self, app: &Arc<App>, mode: Mode) -> Option<tokio::task::JoinHandle<()>> {
        let (app, standing) = (Arc::clone(app), Arc::clone(&self.0));
        let now = app.clock().now();
        {
            let mut standing = lock(&standing);
            if standing.running_since.is_some() {
                return None;
            }
            standing.running_since = Some(now);
        }
        Some(tokio::task::spawn_blocking(move || {
            // However the walk ends, the next one may begin.
            let mut done = Done { standing, mode, at: now, found: Found::Failed };
            done.found = walk(&app, mode).unwrap_or_else(|error| {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the log of changes cannot be read"
                );
                Found::Failed
            });
            done.at = app.clock().now();
        }))
    }
}

/// Writes down what was found when it goes.
struct Done {
    standing: Arc<Mutex<Standing>>,
    mode: Mode,
    at: Timestamp,
    found: Found,
}

impl Drop for Done {
    fn drop(&mut self) {
        let mut standing = lock(&self.standing);
        standing.running_since = None;
        let latest = match self.mode {
            Mode::Test => &mut standing.test,
            Mode::Live => &mut standing.live,
        };
        *latest = Some((self.at, self.found));
    }
}

fn walk(app: &App, mode: Mode) -> Result<Found, StorageError> {
    let mut found = Found::Sound;
    for store in [app.core(), app.service(mode).store()] {
        let report = store.verify_chain(&mut |_| {})?;
        if let Some(fault) = report.fault {
            tracing::error!(
                mode = mode.as_str(),
                error = &fault as &dyn std::error::Error,
                "the log was altered"
            );
            found = found.and(Found::Altered);
        }
    }
    Ok(found)
}

fn lock(standing: &Mutex<Standing>) -> MutexGuard<'_, Standing> {
    standing.lock().unwrap_or_else(PoisonError::into_inner)
}

//! Where a shop's data lives.
//!
//! Deliberately not here: what is done with it (`shop.rs`).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use interdict_app::DataPlace;
use interdict_app::store::{Durability, PostgresServer};
use interdict_test_support::Postgres;
use tempfile::TempDir;

use super::waiting;

/// Where a shop's data lives: in a folder; or in a database of its own, for a run of all stories over
/// PostgreSQL (`INTERDICT_TEST_ENGINE=postgres`).
pub enum Data {
    Folder(TempDir),
    Database { server: Arc<Postgres>, url: String },
}

/// On which engine a story is told.
#[derive(Clone, Copy)]
pub enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    pub(super) fn of_this_run() -> Self {
        #[allow(clippy::disallowed_methods, reason = "which engine the tests run on is for who runs them")]
        let engine = std::env::var("INTERDICT_TEST_ENGINE");
        if engine.as_deref() == Ok("postgres") { Self::Postgres } else { Self::Sqlite }
    }
}

impl Data {
    pub(super) fn on(engine: Engine) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        match engine {
            Engine::Postgres => waiting(|| {
                let server = Postgres::shared();
                let url = server.create_database(&format!("shop{}", COUNT.fetch_add(1, Ordering::SeqCst)));
                Self::Database { server, url }
            }),
            Engine::Sqlite => Self::Folder(tempfile::tempdir().unwrap()),
        }
    }

    pub(super) fn place(&self) -> DataPlace {
        match self {
            Self::Folder(folder) => DataPlace::Folder(folder.path().to_owned()),
            Self::Database { url, .. } => DataPlace::Server(PostgresServer::parse(url).unwrap()),
        }
    }

    /// Where a node keeps the files of imports.
    pub(super) fn imports(&self) -> std::path::PathBuf {
        match self {
            Self::Folder(folder) => folder.path().to_owned(),
            Self::Database { server, url } => {
                server.data_folder().join("interdict").join(url.rsplit('/').next().unwrap())
            }
        }
    }

    /// The server of the tests does not flush: nothing there pulls its plug.
    pub(super) fn durability(&self) -> Durability {
        match self {
            Self::Folder(_) => Durability::Full,
            Self::Database { .. } => Durability::ControlWithoutFlush,
        }
    }
}

//! A shop on either engine, with a way past its store.

use std::sync::Arc;

use interdict_app::store::PostgresServer;
use interdict_app::{DataPlace, Service};
use interdict_test_support::Postgres;

use super::Shop;

/// A shop on either engine, and a way past the store.
pub struct Place {
    pub shop: Shop,
    database: Option<(Arc<Postgres>, String)>,
}

impl Place {
    pub fn sqlite() -> Self {
        Self { shop: Shop::new(), database: None }
    }

    pub fn postgres(name: &str) -> Self {
        let server = Postgres::shared();
        let url = server.create_database(name);
        let data = DataPlace::Server(PostgresServer::parse(&url).unwrap());
        Self { shop: Shop::on(data), database: Some((server, url)) }
    }

    pub fn service(&self) -> &Arc<Service> {
        self.shop.service()
    }

    /// Runs SQL past the store: its feed hears nothing of it.
    pub fn alter(&self, sql: &str) {
        match &self.database {
            None => {
                let file = self.shop.folder.path().join("test.db");
                rusqlite::Connection::open(file).unwrap().execute_batch(sql).unwrap();
            }
            Some((_, url)) => {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    let (client, connection) =
                        tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
                    let driver = tokio::spawn(connection);
                    client.batch_execute(&format!("SET search_path TO test; {sql}")).await.unwrap();
                    drop(client);
                    driver.await.unwrap().unwrap();
                });
            }
        }
    }
}

/// Each test once on SQLite and once on PostgreSQL, in databases whose names begin with a word.
#[allow(unused_macros, reason = "each test binary uses a part of it")]
macro_rules! on_both_engines {
    ($word:literal: $($name:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[test]
            fn $name() {
                super::$name(&crate::support::place::Place::sqlite());
            })+
        }
        mod on_postgres {
            $(#[test]
            fn $name() {
                let database = concat!($word, "_", stringify!($name));
                super::$name(&crate::support::place::Place::postgres(database));
            })+
        }
    };
}
#[allow(unused_imports, reason = "each test binary uses a part of it")]
pub(crate) use on_both_engines;

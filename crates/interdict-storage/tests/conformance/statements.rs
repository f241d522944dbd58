//! One SQL text for both engines: the migrations run and every statement can be prepared on a real
//! PostgreSQL and on SQLite, and parameters stand in the order in which they are bound.

use interdict_storage::{Dialect, Schema, migration_texts, statements};
use interdict_test_support::Postgres;
use rusqlite::Connection;
use tokio_postgres::NoTls;

#[tokio::test]
async fn every_statement_can_be_prepared_on_postgresql() {
    let postgres = Postgres::start();
    let (client, connection) = tokio_postgres::connect(&postgres.url(), NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
    for (name, schema) in
        [("core", Schema::Core), ("test", Schema::Mode), ("live", Schema::Mode), ("log", Schema::Decisions)]
    {
        let set = format!("CREATE SCHEMA {name}; SET search_path TO {name}, pg_catalog");
        client.batch_execute(&set).await.unwrap();
        for text in migration_texts(schema, Dialect::Postgres) {
            client.batch_execute(&text).await.unwrap_or_else(|error| panic!("{name}: {error:?}\n{text}"));
        }
        let mut failures = Vec::new();
        for (statement, sql) in statements(schema) {
            if let Err(error) = client.prepare(sql).await {
                failures.push(format!("{name}.{statement}: {error:?}"));
            }
        }
        assert!(failures.is_empty(), "{failures:#?}");
    }
    drop(client);
    driver.await.unwrap().unwrap();
}

#[test]
fn every_statement_can_be_prepared_on_sqlite_with_its_parameters_in_order() {
    for schema in [Schema::Core, Schema::Mode, Schema::Decisions] {
        let connection = Connection::open_in_memory().unwrap();
        for text in migration_texts(schema, Dialect::Sqlite) {
            connection.execute_batch(&text).unwrap();
        }
        let all = statements(schema);
        assert!(all.len() > 10);
        for (name, sql) in all {
            let statement = connection.prepare(sql).unwrap_or_else(|error| panic!("{name}: {error}"));
            for index in 1..=statement.parameter_count() {
                // Binding is positional: the parameter that appears first is the first.
                let wanted = format!("${index}");
                assert_eq!(statement.parameter_name(index), Some(wanted.as_str()), "{name}");
            }
        }
    }
}

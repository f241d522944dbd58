//! Each list goes through an index, on both engines, whatever the planner knows: nothing walks over all customers,
//! entries or payments, and nothing sorts them where an index has the order.

use std::fmt::Write as _;

use interdict_storage::{Dialect, Schema, migration_texts, statements};
use interdict_test_support::Postgres;
use rusqlite::Connection;
use tokio_postgres::NoTls;

const TABLES: [&str; 3] = ["customer", "entry", "payment"];

/// The lists; a part that stands in few rows is found by its own index.
fn lists() -> Vec<(&'static str, &'static str, &'static str)> {
    let all = statements(Schema::Mode).into_iter();
    let of = |sql: &str| {
        TABLES.into_iter().find(|table| {
            sql.contains(&format!(" FROM {table} WHERE merchant"))
                && sql.contains("ORDER BY")
                && !sql.contains("WITH found")
        })
    };
    all.filter_map(|(name, sql)| of(sql).map(|table| (table, name, sql))).collect()
}

/// What few rows have is sorted.
fn may_sort(name: &str) -> bool {
    ["OF_EMAIL", "OF_IDENTIFIER", "WHOLE_PAGE", "SELECT_WITHOUT_REF", "PAGE_NEWEST", "PAGE_OLDEST"]
        .iter()
        .any(|part| name.contains(part))
}

#[test]
fn no_list_walks_over_a_table_on_sqlite() {
    let connection = Connection::open_in_memory().unwrap();
    for text in migration_texts(Schema::Mode, Dialect::Sqlite) {
        connection.execute_batch(&text).unwrap();
    }
    let (mut faults, lists) = (String::new(), lists());
    assert!(lists.len() >= 30, "{}", lists.len());
    for (table, name, sql) in lists {
        let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let count = plan.parameter_count();
        let nothing = std::iter::repeat_n(rusqlite::types::Null, count);
        let steps =
            plan.query_map(rusqlite::params_from_iter(nothing), |row| row.get::<_, String>(3)).unwrap();
        for step in steps.map(Result::unwrap) {
            let walks = step == format!("SCAN {table}") || step.starts_with(&format!("SCAN {table} "));
            // All of a merchant's rows are what only a page without a filter goes through, and it ends early.
            let is_loose = step.ends_with(&format!(" {table}_created (merchant=?)"))
                && !step.contains("COVERING")
                && !["NEWEST", "OLDEST", "PAGE_NEWEST", "PAGE_OLDEST"].contains(&name);
            let sorts = step.contains("TEMP B-TREE") && !may_sort(name);
            if walks || is_loose || sorts {
                writeln!(faults, "{table} {name}: {step}").unwrap();
            }
        }
    }
    assert!(faults.is_empty(), "{faults}");
}

#[tokio::test]
async fn no_list_walks_over_a_table_on_postgresql() {
    let postgres = Postgres::start();
    let (client, connection) = tokio_postgres::connect(&postgres.url(), NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
    client.batch_execute("CREATE SCHEMA test; SET search_path TO test, pg_catalog").await.unwrap();
    for text in migration_texts(Schema::Mode, Dialect::Postgres) {
        client.batch_execute(&text).await.unwrap();
    }
    // Of empty tables any plan is good: what counts is whether there is another one.
    let hard = "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_sort = off;
                SET enable_bitmapscan = off";
    client.batch_execute(hard).await.unwrap();
    let mut faults = String::new();
    for (table, name, sql) in lists() {
        let count = (1..20).take_while(|number| sql.contains(&format!("${number}"))).count();
        client.batch_execute(&format!("DEALLOCATE ALL; PREPARE list AS {sql}")).await.unwrap();
        let nothing = vec!["NULL"; count].join(", ");
        let explain = format!("EXPLAIN EXECUTE list({nothing})");
        for message in client.simple_query(&explain).await.unwrap() {
            let tokio_postgres::SimpleQueryMessage::Row(row) = message else { continue };
            let step = row.get(0).unwrap();
            let walks =
                step.contains("Seq Scan") && TABLES.iter().any(|of| step.contains(&format!("on {of}")));
            let sorts = step.contains("Sort  (") && !may_sort(name);
            if walks || sorts {
                writeln!(faults, "{table} {name}: {step}").unwrap();
            }
        }
    }
    assert!(faults.is_empty(), "{faults}");
    drop(client);
    driver.await.unwrap().unwrap();
}

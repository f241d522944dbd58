//! Each list goes through an index, on both engines, whatever the planner knows: nothing walks over all customers,
//! entries, payments or proposals, and nothing sorts them where an index has the order.

use std::fmt::Write as _;

use interdict_storage::{Dialect, Schema, migration_texts, statements};
use interdict_test_support::Postgres;
use rusqlite::Connection;
use tokio::task::JoinHandle;
use tokio_postgres::NoTls;

use crate::support::World;

const TABLES: [&str; 5] = ["change", "customer", "entry", "payment", "proposal"];

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

/// An empty store.
fn on_sqlite(schema: Schema) -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    for text in migration_texts(schema, Dialect::Sqlite) {
        connection.execute_batch(&text).unwrap();
    }
    connection
}

/// How SQLite would go about a statement.
fn steps(connection: &Connection, sql: &str) -> Vec<String> {
    let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let nothing = std::iter::repeat_n(rusqlite::types::Null, plan.parameter_count());
    let steps = plan.query_map(rusqlite::params_from_iter(nothing), |row| row.get(3)).unwrap();
    steps.map(Result::unwrap).collect()
}

#[test]
fn no_list_walks_over_a_table_on_sqlite() {
    let connection = on_sqlite(Schema::Mode);
    let (mut faults, lists) = (String::new(), lists());
    assert!(lists.len() >= 33, "{}", lists.len());
    for (table, name, sql) in lists {
        for step in steps(&connection, sql) {
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

/// An import's entries are asked for by some ids at a time, a million of them.
#[test]
fn entries_are_found_by_their_ids_and_not_by_going_through_their_list() {
    let connection = on_sqlite(Schema::Mode);
    let by_ids = |(_, sql): &(&str, &str)| sql.contains(" FROM entry\n") && sql.contains(" AND id IN (");
    let statements: Vec<_> = statements(Schema::Mode).into_iter().filter(by_ids).collect();
    assert!(statements.len() >= 2, "{statements:?}");
    for (name, sql) in statements {
        assert_eq!(steps(&connection, sql)[0], "SEARCH entry USING PRIMARY KEY (id=?)", "{name}");
    }
}

/// Numbers alone are read, out of the index that has them in their order.
#[test]
fn the_audit_goes_through_indexes_that_hold_all_that_it_asks_for() {
    for schema in [Schema::Core, Schema::Mode] {
        let connection = on_sqlite(schema);
        for (wanted, index) in
            [("BY_ACTOR", "change_actor"), ("BY_ACTION", "change_action"), ("BY_SUBJECT", "change_subject")]
        {
            let (_, sql) = statements(schema).into_iter().find(|(name, _)| *name == wanted).unwrap();
            let step = &steps(&connection, sql)[0];
            assert!(
                step.starts_with(&format!("SEARCH change USING COVERING INDEX {index} (merchant=? AND ")),
                "{step}"
            );
        }
        // What is asked of one subject goes through that subject's changes.
        for (wanted, sql) in statements(schema) {
            let is_of_subject = sql.contains("FROM change") && sql.contains("subject = $2");
            if is_of_subject && wanted != "BY_SUBJECT" {
                let step = &steps(&connection, sql)[0];
                assert!(
                    step.contains("USING INDEX change_subject (merchant=? AND subject=? AND "),
                    "{wanted}: {step}"
                );
            }
        }
        // Without a filter, and for those who follow the feed: past other merchants' changes, and nothing is sorted.
        for wanted in ["BETWEEN", "SELECT_MERCHANT_AFTER"] {
            let (_, sql) = statements(schema).into_iter().find(|(name, _)| *name == wanted).unwrap();
            let steps = steps(&connection, sql);
            assert!(
                steps[0].starts_with("SEARCH c USING INDEX change_merchant (merchant=? AND "),
                "{wanted}: {steps:?}"
            );
            assert!(!steps.iter().any(|step| step.contains("TEMP B-TREE")), "{wanted}: {steps:?}");
        }
    }
}

fn of_many_at() -> &'static str {
    statements(Schema::Mode).into_iter().find(|(name, _)| *name == "OF_MANY_AT").unwrap().1
}

/// The few that are no entry's own, and not all that a merchant has done.
#[test]
fn changes_of_many_are_found_by_their_time_on_sqlite() {
    let connection = on_sqlite(Schema::Mode);
    let step = &steps(&connection, of_many_at())[0];
    assert_eq!(step, "SEARCH change USING INDEX change_of_many (merchant=? AND at>? AND at<?)");
}

/// The tables of a mode, empty, to be asked for plans.
async fn tables_on(
    postgres: &Postgres,
) -> (tokio_postgres::Client, JoinHandle<Result<(), tokio_postgres::Error>>) {
    let (client, connection) = tokio_postgres::connect(&postgres.url(), NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
    client.batch_execute("CREATE SCHEMA test; SET search_path TO test, pg_catalog").await.unwrap();
    for text in migration_texts(Schema::Mode, Dialect::Postgres) {
        client.batch_execute(&text).await.unwrap();
    }
    (client, driver)
}

#[tokio::test]
async fn changes_of_many_are_found_by_their_time_on_postgresql() {
    let postgres = Postgres::start();
    let (client, driver) = tables_on(&postgres).await;
    let fill = "INSERT INTO change (sequence, at, merchant, actor_type, actor_id, action, subject, facts, hash)
                SELECT n, n, 1, 'system', '', CASE WHEN n % 100 = 0 THEN 'entries.imported' ELSE 'entry.created' END,
                    'x', '[]', '\\x00' FROM generate_series(1, 20000) n;
                ANALYZE change; SET plan_cache_mode = force_generic_plan";
    client.batch_execute(fill).await.unwrap();
    client.batch_execute(&format!("PREPARE list AS {}", of_many_at())).await.unwrap();
    let plan = client.simple_query("EXPLAIN EXECUTE list(1, 5000, 6000)").await.unwrap();
    let goes_through = plan.iter().any(|message| {
        matches!(message, tokio_postgres::SimpleQueryMessage::Row(row)
            if row.get(0).is_some_and(|step| step.contains("change_of_many")))
    });
    assert!(goes_through, "{plan:#?}");
    drop(client);
    driver.await.unwrap().unwrap();
}

#[tokio::test]
async fn no_list_walks_over_a_table_on_postgresql() {
    let postgres = Postgres::start();
    let (client, driver) = tables_on(&postgres).await;
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

/// What few have is found by the indexes of three letters, once a node has made them.
#[tokio::test(flavor = "multi_thread")]
async fn a_part_is_looked_up_on_postgresql() {
    let world = World::postgres("a_part_is_looked_up_on_postgresql");
    let url = world.url();
    let opened = tokio::task::spawn_blocking(move || {
        drop(world.open(1, None));
        world
    });
    let _world = opened.await.unwrap();
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
    let fill = "SET search_path TO test, pg_catalog;
                INSERT INTO customer (id, merchant, metadata, restrict_cit, restrict_mit, list_status, list_scopes, search,
                    created_at, updated_at)
                SELECT decode(lpad(to_hex(n), 40, '0'), 'hex'), 1, '{}', 0, 0, 'normal', 3, md5(CAST(n AS TEXT)), n, n
                FROM generate_series(1, 20000) n;
                INSERT INTO entry (id, merchant, list, kind, identifier_key, value, scopes, strength, source,
                    actor_type, actor_id, created_at, updated_at)
                SELECT decode(lpad(to_hex(n), 40, '0'), 'hex'), 1, 'block', 1, decode(lpad(to_hex(n), 32, '0'), 'hex'),
                    md5(CAST(n AS TEXT)), 3, 'hard', 'api', 'system', '', n, n FROM generate_series(1, 20000) n;
                SELECT gin_clean_pending_list('customer_text'), gin_clean_pending_list('entry_text');
                ANALYZE customer; ANALYZE entry";
    client.batch_execute(fill).await.unwrap();
    for mode in ["force_generic_plan", "force_custom_plan"] {
        client.batch_execute(&format!("SET plan_cache_mode = {mode}")).await.unwrap();
        for (name, sql) in statements(Schema::Mode).into_iter().filter(|(name, _)| *name == "FOUND_AFTER") {
            let (index, values) = if sql.contains("FROM customer") {
                ("customer_text", "1, '%4711ab%', NULL, 0, NULL, NULL, 0, NULL, 1")
            } else {
                ("entry_text", "1, NULL, NULL, '%4711ab%', NULL, 0, NULL, 0, NULL, 1")
            };
            client.batch_execute(&format!("DEALLOCATE ALL; PREPARE list AS {sql}")).await.unwrap();
            let plan = client.simple_query(&format!("EXPLAIN EXECUTE list({values})")).await.unwrap();
            let has = plan.iter().any(|message| {
                matches!(message, tokio_postgres::SimpleQueryMessage::Row(row)
                    if row.get(0).is_some_and(|step| step.contains(&format!("Bitmap Index Scan on {index}"))))
            });
            assert!(has, "{name}, {mode}: {plan:#?}");
        }
    }
    drop(client);
    driver.await.unwrap().unwrap();
}

//! What arrives: everything, equal, once, however often the move was cut.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use interdict_storage::{
    Course, Dialect, MoveError, MoveStep, Progress, Schema, SchemaName, StorageError, Trimming,
    migration_texts,
};

use super::filled::{APART, Database, STORES, Source, bytes_of, rows_of_file, tables};
use crate::support::{Deterministic, now, put_one};
use crate::trim::trim;

const ROWS: i64 = 24;

/// Every table of the source is on the target, row by row, and both are sound.
fn assert_whole(source: &Source, database: &Database) {
    for (name, schema) in STORES {
        let connection = source.connection(name);
        for table in tables(&connection) {
            if ["migration", "meta", "lease", "counter"].contains(&table.as_str()) {
                continue;
            }
            let sent = rows_of_file(&connection, &table);
            assert_eq!(sent, database.rows(name, &connection, &table), "{}.{table}", name.as_str());
            // What the core says of itself is about nobody.
            let may_be_empty = name == SchemaName::Core && table == "personal" || table == "anchor";
            assert!(may_be_empty || !sent.is_empty(), "{}.{table} has no row", name.as_str());
        }
        let store = database.try_open(name, schema).unwrap();
        let report = store.verify_chain(&mut |_| {}).unwrap();
        assert_eq!((report.changes, report.fault), (ROWS, None));
    }
}

fn meta(database: &Database, name: SchemaName) -> Vec<(String, String)> {
    database.with(async |client| {
        let select = format!(
            "SELECT name, value FROM {}.meta WHERE name <> 'counted' ORDER BY name COLLATE \"C\"",
            name.as_str()
        );
        let rows = client.query(&select, &[]).await.unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    })
}

#[test]
fn every_row_of_every_table_arrives_and_the_source_stays_as_it_was() {
    let (source, database) = (Source::filled(ROWS), Database::new("whole"));
    let before = bytes_of(&source);
    let report = source.move_with(&database.url, Some(7), &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(report.course, Course::Fresh);
    assert!(before == bytes_of(&source), "the source was written to");
    assert_whole(&source, &database);
    for ((name, _), moved) in STORES.iter().zip(&report.stores) {
        assert_eq!((moved.store, moved.chain.changes, moved.chain.fault), (*name, ROWS, None));
        let meta = meta(&database, *name);
        let names: Vec<&str> = meta.iter().map(|(name, _)| name.as_str()).collect();
        let of_mode = ["departures", "departures_from"];
        let common = ["epoch", "of a later version", "pepper"];
        let own = if *name == SchemaName::Core { &[][..] } else { &of_mode[..] };
        assert_eq!(names, [own, &common[..]].concat());
        let epoch: String = source
            .connection(*name)
            .query_row("SELECT value FROM meta WHERE name = 'epoch'", [], |row| row.get(0))
            .unwrap();
        let here = meta.iter().find(|(name, _)| name == "epoch").unwrap();
        assert_ne!(here.1, epoch, "another life");
    }
}

#[test]
fn the_tables_that_move_are_those_of_the_migrations() {
    let (source, database) = (Source::filled(2), Database::new("tables"));
    let report = source.move_to(&database.url).unwrap();
    for ((_, schema), moved) in STORES.iter().zip(&report.stores) {
        let texts = migration_texts(*schema, Dialect::Sqlite).concat();
        let mut made: BTreeSet<&str> =
            texts.split("CREATE TABLE ").skip(1).map(|rest| rest.split([' ', '(']).next().unwrap()).collect();
        for apart in APART {
            made.remove(apart);
        }
        made.retain(|table| !table.starts_with("search_"));
        let copied: BTreeSet<&str> = moved.tables.iter().map(|table| table.table.as_str()).collect();
        assert_eq!(copied, made);
    }
}

#[test]
fn a_move_that_is_cut_after_each_chunk_goes_on_behind_it() {
    let (source, database) = (Source::filled(ROWS), Database::new("cut"));
    let whole = Database::new("uncut");
    let count = |step: Progress, chunks: &mut usize| *chunks += usize::from(step.step == MoveStep::Copy);
    let mut chunks = 0;
    let uncut = source.move_with(&whole.url, Some(16), &mut |step| {
        count(step, &mut chunks);
        ControlFlow::Continue(())
    });
    let (mut cuts, mut copied) = (0, 0);
    let report = loop {
        let mut own = 0;
        let run = source.move_with(&database.url, Some(16), &mut |step| {
            count(step, &mut own);
            if own == 0 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        copied += own;
        match run {
            Err(MoveError::Stopped) => cuts += 1,
            done => break done.unwrap(),
        }
        let half = database.try_open(SchemaName::Core, Schema::Core).map(drop);
        assert!(matches!(half, Err(StorageError::MoveUnfinished)), "{half:?}");
    };
    assert_eq!((cuts, copied), (chunks, chunks), "each chunk once, and a cut behind each");
    assert_eq!(report.course, Course::Resumed);
    assert_whole(&source, &database);
    for (cut, uncut) in report.stores.iter().zip(uncut.unwrap().stores) {
        assert_eq!((cut.chain, cut.hash), (uncut.chain, uncut.hash));
        for (cut, uncut) in cut.tables.iter().zip(uncut.tables) {
            assert_eq!((&cut.table, cut.rows, cut.digest), (&uncut.table, uncut.rows, uncut.digest));
            assert_eq!((cut.rows_found, uncut.rows_found), (cut.rows, 0));
        }
    }
}

#[test]
fn a_move_goes_on_where_the_database_sorts_texts_in_another_way() {
    let source = Source::filled(ROWS);
    // One merchant, so that only the texts are left to sort by.
    source.run(SchemaName::Test, "UPDATE provider_event SET merchant = 1");
    let database = Database::new("icu");
    database.run(
        "CREATE DATABASE move_icu_sorted TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'sv-SE' LOCALE 'C'",
    );
    let url = database.url.replace("move_icu", "move_icu_sorted");
    let mut own = 0;
    let cut = source.move_with(&url, Some(3), &mut |step| {
        own += u32::from(step.step == MoveStep::Copy);
        if own == 90 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(matches!(cut, Err(MoveError::Stopped)));
    assert_eq!(source.move_to(&url).unwrap().course, Course::Resumed);
}

/// Cuts a move at a step of the last store.
fn cut_before(source: &Source, database: &Database, step: MoveStep) {
    let is_there = |told: Progress| told.store == SchemaName::Live && told.step == step;
    let cut = source.move_with(&database.url, None, &mut |told| {
        if is_there(told) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(matches!(cut, Err(MoveError::Stopped)), "{cut:?}");
}

#[test]
fn a_source_that_moved_on_after_a_cut_is_copied_anew() {
    let (source, database) = (Source::filled(ROWS), Database::new("anew"));
    cut_before(&source, &database, MoveStep::CheckChain);
    let store = source.open(SchemaName::Live, Schema::Mode);
    put_one(&store, 1_000, &Deterministic::new(123));
    drop(store);
    let report = source.move_to(&database.url).unwrap();
    assert_eq!(report.course, Course::Anew);
    assert_eq!(report.stores[2].chain.changes, ROWS + 1);
    for (name, _) in STORES {
        let connection = source.connection(name);
        for table in tables(&connection)
            .iter()
            .filter(|table| !["migration", "meta", "lease", "counter"].contains(&table.as_str()))
        {
            assert_eq!(rows_of_file(&connection, table), database.rows(name, &connection, table), "{table}");
        }
    }
}

#[test]
fn what_changed_without_a_trace_between_two_runs_is_copied_again() {
    let (source, database) = (Source::filled(ROWS), Database::new("quietly"));
    cut_before(&source, &database, MoveStep::Compare);
    source.run(SchemaName::Test, "UPDATE entry_hit SET hits = 17");
    let report = source.move_to(&database.url).unwrap();
    assert_eq!(report.course, Course::Resumed);
    let found = |name: &str| {
        let table = report.stores[1].tables.iter().find(|table| table.table == name).unwrap();
        (table.rows_found, table.rows)
    };
    assert_eq!(found("entry_hit"), (0, found("entry_hit").1));
    assert_eq!(found("entry").0, found("entry").1);
    assert_whole(&source, &database);
}

#[test]
fn a_feed_that_was_trimmed_moves_with_where_it_begins() {
    let (source, database) = (Source::filled(ROWS), Database::new("trimmed"));
    let trimming = Trimming { kept: 10, least: 1, ..Trimming::before(now().plus_seconds(1)) };
    let store = source.open(SchemaName::Test, Schema::Mode);
    let trimmed = trim(&store, &Deterministic::new(3), trimming).unwrap();
    drop(store);
    let report = source.move_to(&database.url).unwrap();
    let moved = &report.stores[1];
    assert_eq!((moved.chain.trimmed, moved.chain.changes), (trimmed.through, 11));
    let rows = |table| (rows_of_file(&source.connection(SchemaName::Test), table), table);
    for (sent, table) in [rows("anchor"), rows("change")] {
        assert_eq!(sent, database.rows(SchemaName::Test, &source.connection(SchemaName::Test), table));
    }
    let store = database.try_open(SchemaName::Test, Schema::Mode).unwrap();
    put_one(&store, 1_000, &Deterministic::new(4));
    let verified = store.verify_chain(&mut |_| {}).unwrap();
    assert_eq!((verified.trimmed, verified.changes, verified.fault), (trimmed.through, 12, None));
}

#[test]
fn stores_with_nothing_in_them_move_too() {
    let (source, database) = (Source::empty(), Database::new("empty"));
    let report = source.move_to(&database.url).unwrap();
    assert!(report.stores.iter().all(|store| store.chain.changes == 0));
    let store = database.try_open(SchemaName::Test, Schema::Mode).unwrap();
    assert_eq!(put_one(&store, 1, &Deterministic::new(1)), 1, "and go on from there");
}

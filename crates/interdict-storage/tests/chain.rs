//! Tampering is found, and the place is named.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use interdict_storage::{ChainError, ChainReport, Store};
use rusqlite::Connection;
use support::{Deterministic, open, put_one};
use tempfile::{TempDir, tempdir};

fn ten_changes() -> (TempDir, Store) {
    let folder = tempdir().unwrap();
    let random = Deterministic::new(1);
    let store = open(&folder.path().join("test.db"), 1, None);
    for number in 0..10 {
        put_one(&store, number, &random);
    }
    (folder, store)
}

fn after(tampering: &str) -> ChainReport {
    let (_folder, store) = ten_changes();
    Connection::open(store.path()).unwrap().execute_batch(tampering).unwrap();
    store.verify_chain(&mut |_| {}).unwrap()
}

#[test]
fn a_chain_that_nobody_touched_is_sound() {
    let whole = ChainReport { changes: 10, personal: 10, erased: 0, fault: None };
    assert_eq!(after("SELECT 1"), whole);
}

#[test]
fn an_altered_change_is_named() {
    for column in ["at = at + 1", "merchant = 2", "actor_type = 'user'", "actor_id = 'x'"] {
        let report = after(&format!("UPDATE change SET {column} WHERE sequence = 4"));
        assert_eq!((report.changes, report.fault), (3, Some(ChainError::Altered(4))), "{column}");
    }
    for column in ["action = 'entry.deleted'", "subject = 'x'", "facts = '[]'", "hash = zeroblob(32)"] {
        let report = after(&format!("UPDATE change SET {column} WHERE sequence = 4"));
        assert_eq!(report.fault, Some(ChainError::Altered(4)), "{column}");
    }
    for commitment in ["NULL", "zeroblob(32)"] {
        let report = after(&format!("UPDATE change SET commitment = {commitment} WHERE sequence = 10"));
        assert_eq!(report.fault, Some(ChainError::Altered(10)));
    }
}

#[test]
fn a_removed_change_is_named() {
    let report = after("DELETE FROM change WHERE sequence = 5");
    assert_eq!(report.fault, Some(ChainError::Hole(5)));
    let report = after("DELETE FROM change WHERE sequence = 1");
    assert_eq!(report.fault, Some(ChainError::Hole(1)));
    let report = after("DELETE FROM change WHERE sequence = 10");
    assert_eq!(report.fault, Some(ChainError::Head(10)));
    // The one behind it moved into its place.
    let report =
        after("DELETE FROM change WHERE sequence = 5; UPDATE change SET sequence = 5 WHERE sequence = 6");
    assert_eq!(report.fault, Some(ChainError::Altered(5)));
}

#[test]
fn an_altered_personal_row_is_named() {
    for column in ["body = body || ' '", "salt = zeroblob(16)", "subject = 'cus_x'", "merchant = 9"] {
        let report = after(&format!("UPDATE personal SET {column} WHERE sequence = 7"));
        assert_eq!(report.fault, Some(ChainError::AlteredPersonal(7)), "{column}");
    }
}

#[test]
fn a_personal_row_that_is_gone_counts_as_erased() {
    let report = after("DELETE FROM personal WHERE sequence IN (2, 3)");
    assert_eq!(report, ChainReport { changes: 10, personal: 8, erased: 2, fault: None });
}

#[test]
fn a_moved_head_is_named() {
    for head in ["sequence = 9", "sequence = 11", "hash = zeroblob(32)"] {
        let report = after(&format!("UPDATE head SET {head}"));
        assert!(matches!(report.fault, Some(ChainError::Head(_))), "{head}: {report:?}");
    }
    let appended = "INSERT INTO change SELECT 11, at, merchant, actor_type, actor_id, action, subject, facts,
                    NULL, hash FROM change WHERE sequence = 10";
    assert_eq!(after(appended).fault, Some(ChainError::Altered(11)));
}

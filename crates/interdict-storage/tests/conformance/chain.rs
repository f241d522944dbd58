//! Tampering is found, and the place is named.

use interdict_storage::{ChainError, ChainReport, Store};

use crate::support::{Deterministic, World, put_one};

on_both_engines!(
    a_chain_that_nobody_touched_is_sound,
    an_altered_change_is_named,
    a_removed_change_is_named,
    an_altered_personal_row_is_named,
    a_personal_row_that_is_gone_counts_as_erased,
    a_moved_head_is_named,
);

fn ten_changes(world: &World) -> Store {
    let random = Deterministic::new(1);
    let store = world.open(1, None);
    for number in 0..10 {
        put_one(&store, number, &random);
    }
    store
}

/// Tampers, looks, and puts everything back as it was.
fn after(world: &World, tampering: &str) -> ChainReport {
    let store = ten_changes(world);
    world.run(tampering);
    let report = store.verify_chain(&mut |_| {}).unwrap();
    drop(store);
    world.run(
        "DELETE FROM entry; DELETE FROM personal; DELETE FROM change;
         UPDATE head SET sequence = 0, hash = zeroblob(32)",
    );
    report
}

fn a_chain_that_nobody_touched_is_sound(world: &World) {
    let whole = ChainReport { trimmed: 0, changes: 10, personal: 10, erased: 0, fault: None };
    assert_eq!(after(world, "SELECT 1"), whole);
}

fn an_altered_change_is_named(world: &World) {
    for column in ["at = at + 1", "merchant = 2", "actor_type = 'user'", "actor_id = 'x'"] {
        let report = after(world, &format!("UPDATE change SET {column} WHERE sequence = 4"));
        assert_eq!((report.changes, report.fault), (3, Some(ChainError::Altered(4))), "{column}");
    }
    for column in ["action = 'entry.deleted'", "subject = 'x'", "facts = '[]'", "hash = zeroblob(32)"] {
        let report = after(world, &format!("UPDATE change SET {column} WHERE sequence = 4"));
        assert_eq!(report.fault, Some(ChainError::Altered(4)), "{column}");
    }
    for commitment in ["NULL", "zeroblob(32)"] {
        let report =
            after(world, &format!("UPDATE change SET commitment = {commitment} WHERE sequence = 10"));
        assert_eq!(report.fault, Some(ChainError::Altered(10)));
    }
}

fn a_removed_change_is_named(world: &World) {
    let report = after(world, "DELETE FROM change WHERE sequence = 5");
    assert_eq!(report.fault, Some(ChainError::Hole(5)));
    let report = after(world, "DELETE FROM change WHERE sequence = 1");
    assert_eq!(report.fault, Some(ChainError::Hole(1)));
    let report = after(world, "DELETE FROM change WHERE sequence = 10");
    assert_eq!(report.fault, Some(ChainError::Head(10)));
    // The one behind it moved into its place.
    let report = after(
        world,
        "DELETE FROM change WHERE sequence = 5; UPDATE change SET sequence = 5 WHERE sequence = 6",
    );
    assert_eq!(report.fault, Some(ChainError::Altered(5)));
}

fn an_altered_personal_row_is_named(world: &World) {
    for column in ["body = body || ' '", "salt = zeroblob(16)", "subject = 'cus_x'", "merchant = 9"] {
        let report = after(world, &format!("UPDATE personal SET {column} WHERE sequence = 7"));
        assert_eq!(report.fault, Some(ChainError::AlteredPersonal(7)), "{column}");
    }
}

fn a_personal_row_that_is_gone_counts_as_erased(world: &World) {
    let report = after(world, "DELETE FROM personal WHERE sequence IN (2, 3)");
    assert_eq!(report, ChainReport { trimmed: 0, changes: 10, personal: 8, erased: 2, fault: None });
}

fn a_moved_head_is_named(world: &World) {
    for head in ["sequence = 9", "sequence = 11", "hash = zeroblob(32)"] {
        let report = after(world, &format!("UPDATE head SET {head}"));
        assert!(matches!(report.fault, Some(ChainError::Head(_))), "{head}: {report:?}");
    }
    let appended = "INSERT INTO change SELECT 11, at, merchant, actor_type, actor_id, action, subject, facts,
                    NULL, hash FROM change WHERE sequence = 10";
    assert_eq!(after(world, appended).fault, Some(ChainError::Altered(11)));
}

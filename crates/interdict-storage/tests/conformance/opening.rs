//! Opening a store: migrations, several processes at once, and the pepper.

use std::sync::Barrier;

use interdict_domain::identifier::Pepper;
use interdict_storage::StorageError;

use crate::support::{Deterministic, World, pepper, put_one};

on_both_engines!(
    a_migration_that_was_altered_after_it_ran_is_refused,
    what_a_newer_version_has_added_does_not_stop_an_older_one,
    processes_that_start_at_once_on_nothing_all_come_up,
    another_pepper_is_refused,
);

fn a_migration_that_was_altered_after_it_ran_is_refused(world: &World) {
    drop(world.open(1, None));
    world.run("UPDATE migration SET digest = zeroblob(32) WHERE version = 2");
    assert!(matches!(world.try_open(1, pepper(), None), Err(StorageError::AlteredMigration(2))));
}

fn what_a_newer_version_has_added_does_not_stop_an_older_one(world: &World) {
    drop(world.open(1, None));
    world.run("INSERT INTO migration (version, digest) VALUES (99, zeroblob(32))");
    put_one(&world.open(2, None), 1, &Deterministic::new(1));
    world.run("INSERT INTO meta (name, value) VALUES ('migration_floor', '98')");
    let refused = world.try_open(1, pepper(), None);
    assert!(matches!(refused, Err(StorageError::TooNew { found: 99, .. })));
}

fn processes_that_start_at_once_on_nothing_all_come_up(world: &World) {
    for round in 0..5 {
        let world = &world.another(round);
        let together = Barrier::new(6);
        let stores: Vec<_> = std::thread::scope(|scope| {
            let openers: Vec<_> = (0..6)
                .map(|seed| {
                    let together = &together;
                    scope.spawn(move || {
                        together.wait();
                        world.try_open(seed, pepper(), None)
                    })
                })
                .collect();
            openers.into_iter().map(|opener| opener.join().unwrap()).collect()
        });
        for (number, store) in (0..).zip(stores) {
            let store = store.unwrap_or_else(|error| panic!("round {round}: {error:?}"));
            put_one(&store, number, &Deterministic::new(number));
        }
        assert_eq!(world.open(9, None).verify_chain(&mut |_| {}).unwrap().changes, 6);
    }
}

fn another_pepper_is_refused(world: &World) {
    put_one(&world.open(1, None), 1, &Deterministic::new(1));
    let other = Pepper::from_bytes([8; 32]);
    assert!(matches!(world.try_open(1, other, None), Err(StorageError::WrongPepper)));
    assert_eq!(world.open(1, None).verify_chain(&mut |_| {}).unwrap().changes, 1);
}

//! The index over a database is the index over the folder that was moved into it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use interdict_app::store::Durability;
use interdict_app::{
    App, AppOptions, DataPlace, RestrictionUpdate, StripeAddress, erase_customer, restrict_customer,
};
use interdict_domain::clock::Random;
use interdict_domain::entry::List;
use interdict_domain::identifier::Kind;
use interdict_domain::mode::Mode;
use interdict_storage::{MoveUp, PostgresServer, move_up};
use interdict_test_support::{Postgres, wait_until};
use support::peppers::pepper;
use support::{Shop, block_email, by_email, decide, new_entry, with_email};

#[test]
fn an_index_over_the_copy_is_the_same() {
    move_and_compare("moved", false);
}

#[test]
fn an_index_over_the_copy_is_the_same_behind_a_rotation() {
    move_and_compare("moved_rotated", true);
}

fn fill(shop: &Shop) {
    for number in 0..30 {
        let email = format!("größe.{number}@example.com");
        let customer = shop.customer(with_email(&email));
        let id = customer.id;
        match number % 5 {
            0 => drop(shop.list(block_email(&email))),
            1 => drop(shop.list(new_entry(List::Allow, Kind::Device, &format!("device {number}")))),
            2 => {
                let update = RestrictionUpdate { cit: Some(true), ..RestrictionUpdate::default() };
                shop.run(move |transaction, by| restrict_customer(transaction, by, id, update)).unwrap();
            }
            3 => {
                let _ = shop.list(block_email(&email));
                shop.run(move |transaction, by| erase_customer(transaction, by, id)).unwrap();
            }
            _ => {}
        }
    }
}

fn move_and_compare(database: &str, is_rotated: bool) {
    let mut shop = Shop::new();
    fill(&shop);
    let mut pepper = pepper();
    if is_rotated {
        pepper = pepper.rotated([8; 32]);
        shop.rotation_to(&pepper).run(&mut |_, _| {}).unwrap();
        shop.app = shop.reopened_under(&pepper).unwrap();
    }
    let postgres = Postgres::shared();
    let server = PostgresServer::parse(&postgres.create_database(database)).unwrap();
    let options = MoveUp {
        file: &|store| App::file(shop.folder.path(), store),
        to: &server,
        pepper: &pepper,
        random: Arc::clone(&shop.random) as Arc<dyn Random>,
        durability: Durability::ControlWithoutFlush,
        chunk_rows: Some(8),
    };
    move_up(&options, &mut |_| ControlFlow::Continue(())).unwrap();
    let moved = App::open(&AppOptions {
        lease_term: None,
        max_staleness: interdict_app::MAX_STALENESS,
        stripe: StripeAddress::default(),
        data: DataPlace::Server(server),
        pepper: pepper.clone(),
        clock: Arc::clone(&shop.clock) as _,
        random: Arc::clone(&shop.random) as _,
        durability: Durability::ControlWithoutFlush,
        with_index: true,
        take_over: false,
        decision_log: None,
    })
    .unwrap();
    wait_until(|| moved.is_ready(), Duration::from_mins(1)).unwrap();
    let service = moved.service(Mode::Test);
    assert!(service.fingerprint().is_some());
    assert_eq!(service.fingerprint(), shop.service().fingerprint());
    assert!(service.compare_with_feed().unwrap().is_equal(), "tables and feed");
    for number in 0..30 {
        let email = format!("größe.{number}@example.com");
        let attempt = by_email(&email);
        let own = decide(shop.service(), shop.now(), &attempt).unwrap().blocks();
        assert_eq!(decide(service, shop.now(), &attempt).unwrap().blocks(), own, "{number}");
    }
}

//! What ends by itself is said once, by a change, on the clock that decided with it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use interdict_app::{NewListStatus, set_list_status};
use interdict_domain::change::{Action, Subject};
use interdict_domain::customer::ListStatus;
use interdict_domain::scopes::Scopes;
use support::place::Place;
use support::{Shop, block_email, block_on, by_email, with_email};

fn actions(shop: &Shop, subject: Subject) -> Vec<Action> {
    let history = shop.read(move |view| view.history(subject, i64::MAX, 50));
    history.into_iter().map(|item| item.change.action).collect()
}

fn record(shop: &Shop) {
    block_on(shop.service().record_ends()).unwrap();
}

fn what_ends_is_said_once(shop: &Shop) {
    let soon = shop.now().plus_seconds(60);
    let entry = shop.list(interdict_app::NewEntry { expires_at: Some(soon), ..block_email("a@a.example") });
    let forever = shop.list(block_email("b@b.example"));
    let customer = shop.customer(with_email("c@c.example")).id;
    let listed = NewListStatus {
        status: ListStatus::Blacklisted,
        reason: None,
        scopes: Scopes::BOTH,
        expires_at: Some(soon),
    };
    shop.run(move |transaction, by| set_list_status(transaction, by, customer, listed)).unwrap();
    shop.clock.advance(59);
    record(shop);
    let (of_entry, of_customer) = (Subject::Entry(entry.id), Subject::Customer(customer));
    assert_eq!(actions(shop, of_entry), [Action::EntryCreated]);
    assert!(shop.decide(&by_email("a@a.example")).unwrap().blocks());
    shop.clock.advance(1);
    assert!(!shop.decide(&by_email("a@a.example")).unwrap().blocks(), "nobody waits for the change");
    for _ in 0..2 {
        record(shop);
        assert_eq!(actions(shop, of_entry), [Action::EntryExpired, Action::EntryCreated]);
        let said = actions(shop, of_customer);
        assert_eq!(said[..2], [Action::CustomerListStatusExpired, Action::CustomerBlacklisted]);
        assert_eq!(said.len(), 3);
        assert_eq!(actions(shop, Subject::Entry(forever.id)), [Action::EntryCreated]);
    }
    // Listed anew, it ends anew.
    let later = shop.now().plus_seconds(60);
    shop.list(interdict_app::NewEntry { expires_at: Some(later), ..block_email("a@a.example") });
    assert!(shop.decide(&by_email("a@a.example")).unwrap().blocks());
    shop.clock.advance(61);
    record(shop);
    let all = [Action::EntryExpired, Action::EntryUpdated, Action::EntryExpired, Action::EntryCreated];
    assert_eq!(actions(shop, of_entry), all);
    let before = shop.service().fingerprint();
    let again = shop.reopened();
    assert_eq!(again.service(interdict_domain::mode::Mode::Test).fingerprint(), before, "loaded as followed");
}

#[test]
fn on_sqlite_what_ends_is_said_once() {
    what_ends_is_said_once(&Place::sqlite().shop);
}

#[test]
fn on_postgres_what_ends_is_said_once() {
    what_ends_is_said_once(&Place::postgres("what_ends_is_said_once").shop);
}

#[test]
fn many_that_end_together_are_said_in_more_than_one_commit() {
    let shop = Shop::new();
    let soon = shop.now().plus_seconds(1);
    for number in 0..600 {
        let new = block_email(&format!("e{number}@a.example"));
        shop.list(interdict_app::NewEntry { expires_at: Some(soon), ..new });
    }
    shop.clock.advance(2);
    record(&shop);
    let head = shop.service().readiness().revision;
    let changes = shop.read(move |view| view.changes_after(head - 600, 1_000));
    assert!(changes.iter().all(|item| item.change.action == Action::EntryExpired));
    record(&shop);
    assert_eq!(shop.service().readiness().revision, head);
}

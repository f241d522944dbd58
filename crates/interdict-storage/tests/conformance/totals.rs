//! The totals that are kept are what counting gives, after any history, and after somebody who does not keep them.

use std::sync::Arc;

use interdict_domain::actor::Actor;
use interdict_domain::change::Action;
use interdict_domain::customer::ListStatus;
use interdict_domain::entry::List;
use interdict_domain::ids::PaymentId;
use interdict_domain::money::{Currency, Money};
use interdict_domain::payment::{Payment, PaymentOrigin, PaymentStatus};
use interdict_domain::scopes::Initiator;
use interdict_storage::{
    Authorship, Counted, CustomerFilter, MerchantTransaction, MerchantView, StorageError, Store, Totals,
};
use proptest::prelude::*;

use crate::search::{Generated, Model, read, write};
use crate::support::{Deterministic, MERCHANT, World, now};

on_both_engines!(
    totals_are_what_counting_gives,
    totals_that_somebody_left_behind_are_counted_until_the_next_start,
);

fn totals(view: &MerchantView<'_>) -> Result<Totals, StorageError> {
    view.totals()
}

fn assert_totals(store: &Store) {
    let (kept, counted) = read(store, |view| Ok((view.totals()?, view.totals_counted()?)));
    assert_eq!(kept, counted);
}

fn totals_are_what_counting_gives(world: &World) {
    let store = world.open(1, None);
    let mut generated = Generated::new(2);
    let mut model = Model::default();
    for number in 0..60 {
        let text = Some(generated.text());
        let new = Model {
            customers: vec![generated.customer(number, text.clone())],
            entries: vec![generated.entry(number, text)],
        };
        new.put(&store);
        model.customers.extend(new.customers);
        model.entries.extend(new.entries);
        let mut after = model.customers[generated.one(0..model.customers.len())].clone();
        let before = after.clone();
        after.restriction.cit = generated.one(any::<bool>());
        after.standing.status = generated.one(prop::sample::select(ListStatus::ALL.to_vec()));
        let at = model.customers.iter().position(|customer| customer.id == before.id).unwrap();
        model.customers[at] = after.clone();
        let what = generated.one(0..4);
        let random = Arc::clone(&generated.random);
        write(&store, move |transaction, by| {
            transaction.put_customer(by, Action::CustomerUpdated, Some(&before), &after).unwrap();
            pay(transaction, by, random.as_ref(), what);
        });
        if what == 0 {
            let gone = model.customers.remove(at);
            write(&store, move |transaction, by| {
                transaction.erase_customer(by, &gone).unwrap();
            });
        }
        // What fails counts nothing.
        let refused = store.write_blocking::<(), StorageError, _>({
            let customer = generated.customer(number + 1_000, None);
            move |transaction| {
                let (actor, random) = (Actor::system(), Deterministic::new(5));
                let by = Authorship::new(&actor, now(), random.as_ref());
                transaction.merchant(MERCHANT).put_customer(&by, Action::CustomerCreated, None, &customer)?;
                Err(StorageError::Stopped)
            }
        });
        refused.unwrap_err();
        assert_totals(&store);
    }
    let totals = read(&store, totals);
    assert_eq!(totals.of(Counted::Customers), i64::try_from(model.customers.len()).unwrap());
    assert_eq!(totals.of(Counted::Payments(None)), 60);
    let succeeded = totals.of(Counted::Payments(Some(PaymentStatus::Succeeded)));
    assert!(succeeded > 0 && succeeded < 60);
    let block = totals.of(Counted::Entries(Some(List::Block), None));
    assert_eq!(
        totals.of(Counted::Entries(None, None)),
        block + totals.of(Counted::Entries(Some(List::Allow), None))
    );
    let everybody =
        CustomerFilter { query: None, list_status: None, restricted: None, email: None, now: now() };
    let counted = read(&store, |view| view.count_customers(&everybody));
    assert_eq!(counted, totals.of(Counted::Customers));
}

fn pay(
    transaction: &mut MerchantTransaction<'_, '_>,
    by: &Authorship<'_>,
    random: &Deterministic,
    what: i32,
) {
    let money = Money::new(100, Currency::parse("EUR").unwrap()).unwrap();
    let id = PaymentId::generate(now(), random);
    let mut payment = Payment::new(id, MERCHANT, money, Initiator::Customer, PaymentOrigin::Api, now());
    transaction.insert_payment(by, None, &payment).unwrap();
    if what > 1 {
        payment.status = if what == 2 { PaymentStatus::Succeeded } else { PaymentStatus::Cancelled };
        transaction.update_payment(by, None, &payment).unwrap();
    }
}

fn totals_that_somebody_left_behind_are_counted_until_the_next_start(world: &World) {
    let store = world.open(1, None);
    let mut generated = Generated::new(3);
    Model { customers: vec![generated.customer(1, None)], entries: Vec::new() }.put(&store);
    drop(store);
    // As an older binary would: a row and the head, and nothing of what is counted.
    world.run(
        "INSERT INTO entry (id, merchant, list, kind, identifier_key, scopes, strength, source, actor_type, actor_id,
             created_at, updated_at)
         SELECT id, merchant, 'block', 1, id, 3, 'hard', 'api', 'system', 'system', created_at, updated_at FROM customer;
         UPDATE meta SET value = '0' WHERE name = 'counted'",
    );
    let store = world.open(1, None);
    assert_totals(&store);
    assert_eq!(read(&store, totals).of(Counted::Entries(None, None)), 1);
    world.run("UPDATE counter SET value = 7; UPDATE meta SET value = '0' WHERE name = 'counted'");
    assert_totals(&store);
    Model { customers: vec![generated.customer(2, None)], entries: Vec::new() }.put(&store);
    assert_totals(&store);
    drop(store);
    let store = world.open(1, None);
    assert_totals(&store);
    assert_eq!(read(&store, totals).of(Counted::Customers), 2);
}

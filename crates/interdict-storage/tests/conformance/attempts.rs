//! Payments behind one another, and the counts of how they ended: what is counted as it happens is what counting
//! afterwards gives, and what the migration gives to old data.

use std::collections::BTreeMap;
use std::sync::Arc;

use interdict_domain::actor::Actor;
use interdict_domain::change::Action;
use interdict_domain::clock::{Random, Timestamp};
use interdict_domain::identifier::Email;
use interdict_domain::ids::{CustomerId, PaymentId};
use interdict_domain::money::{Currency, Money};
use interdict_domain::payment::{DeclineType, Outcome, Payment, PaymentOrigin, PaymentStatus};
use interdict_domain::scopes::Initiator;
use interdict_storage::{
    AttemptCount, AttemptOutcome, Authorship, Dialect, NumberedRows, PaymentFilter, RefusedAttempt, Schema,
    StorageError, Store, Transaction, day_of, migration_texts,
};

use crate::support::{Deterministic, MERCHANT, Refused, World, email, now};

on_both_engines!(
    counts_are_what_counting_gives,
    what_is_undone_is_not_counted,
    pages_behind_one_another_are_the_numbered_list,
    who_was_refused_is_found_with_the_newest,
);

const DAY_S: i64 = 86_400;
const BLOCKED: &str = "customer_restricted";
const DECLINED: &str = "card_declined";

fn refused(code: &str) -> Outcome {
    Outcome::failure(code, "why", "sorry", DeclineType::Hard)
}

/// The number says on which day, by whom, for whom and how it ends.
fn payment(number: u64, random: &dyn Random) -> Payment {
    let n = i64::try_from(number).unwrap();
    let at = now().plus_seconds(-DAY_S * (n % 5)).plus_seconds(-n);
    let initiator = Initiator::ALL[usize::from(number.is_multiple_of(3))];
    let money = Money::new(100 + n, Currency::NGN).unwrap();
    let id = PaymentId::generate(at, random);
    let mut payment = Payment::new(id, MERCHANT, money, initiator, PaymentOrigin::Api, at);
    payment.email = Some(Email::parse(&email(number % 4)).unwrap());
    payment
}

/// How a payment ends, by its number; nothing while it is open.
fn end(number: u64, payment: &mut Payment) -> Option<Action> {
    match number % 4 {
        0 => {
            payment.cancel(refused(BLOCKED));
            Some(Action::PaymentBlocked)
        }
        1 => {
            payment.cancel(refused(DECLINED));
            Some(Action::PaymentDeclined)
        }
        2 => {
            payment.status = PaymentStatus::Succeeded;
            payment.outcome = Some(Outcome::success());
            Some(Action::PaymentSucceeded)
        }
        _ => {
            // Blocked, and the gateway has yet to give it up: it has not ended.
            payment.outcome = number.is_multiple_of(7).then(|| refused(BLOCKED));
            None
        }
    }
}

/// Some end as they are made, the others later; what follows on the end counts no more.
fn make(store: &Store, numbers: std::ops::Range<u64>) {
    let work = move |transaction: &mut Transaction<'_>| -> Result<(), StorageError> {
        let random = Deterministic::new(numbers.start);
        let actor = Actor::system();
        let by = Authorship::new(&actor, now(), random.as_ref());
        let mut merchant = transaction.merchant(MERCHANT);
        for number in numbers {
            let mut payment = payment(number, random.as_ref());
            if number.is_multiple_of(2) {
                let action = end(number, &mut payment);
                merchant.insert_payment(&by, action.or(Some(Action::PaymentCreated)), &payment)?;
            } else {
                merchant.insert_payment(&by, None, &payment)?;
                merchant.update_payment(&by, Some(Action::PaymentActionRequired), &payment)?;
                let action = end(number, &mut payment);
                merchant.update_payment(&by, action, &payment)?;
            }
            merchant.update_payment(&by, None, &payment)?;
            if payment.status == PaymentStatus::Succeeded {
                payment.amount_reversed = 1;
                merchant.update_payment(&by, Some(Action::PaymentReversed), &payment)?;
            }
        }
        Ok(())
    };
    store.write_blocking::<_, StorageError, _>(work).unwrap();
}

/// Each ends as it is made, and is some customer's.
fn make_of(store: &Store, random: Arc<Deterministic>, payments: Vec<(u64, CustomerId)>) {
    let work = move |transaction: &mut Transaction<'_>| -> Result<(), StorageError> {
        let actor = Actor::system();
        let by = Authorship::new(&actor, now(), random.as_ref());
        for (number, customer) in payments {
            let mut payment = payment(number, random.as_ref());
            payment.customer = Some(customer);
            let action = end(number, &mut payment);
            transaction.merchant(MERCHANT).insert_payment(&by, action, &payment)?;
        }
        Ok(())
    };
    store.write_blocking::<_, StorageError, _>(work).unwrap();
}

fn counts(store: &Store) -> Vec<AttemptCount> {
    store.read_blocking(|view| view.merchant(MERCHANT).attempt_counts(0)).unwrap()
}

fn all(store: &Store) -> Vec<Payment> {
    let rows = NumberedRows { offset: 0, limit: 10_000, ascending: false };
    let filter = PaymentFilter::default();
    store.read_blocking(|view| view.merchant(MERCHANT).payments(&filter, rows)).unwrap()
}

/// The same by looking at every payment.
fn counted(store: &Store) -> Vec<AttemptCount> {
    let mut counts = BTreeMap::new();
    for payment in all(store) {
        let code =
            payment.outcome.as_ref().and_then(|outcome| outcome.error_code.clone()).unwrap_or_default();
        let outcome = match (payment.status, code.as_str()) {
            (PaymentStatus::Succeeded, _) => AttemptOutcome::Succeeded,
            (PaymentStatus::Cancelled, BLOCKED) => AttemptOutcome::Blocked,
            (PaymentStatus::Cancelled, _) => AttemptOutcome::Declined,
            _ => continue,
        };
        let key = (day_of(payment.created_at), payment.initiator.as_str(), outcome.as_str(), code);
        let (count, _) = counts.entry(key).or_insert((0, (payment.initiator, outcome)));
        *count += 1;
    }
    counts
        .into_iter()
        .map(|((day, _, _, code), (attempts, (initiator, outcome)))| AttemptCount {
            day,
            initiator,
            outcome,
            code,
            attempts,
        })
        .collect()
}

fn counts_are_what_counting_gives(world: &World) {
    let store = world.open(1, None);
    make(&store, 0..90);
    make(&store, 90..140);
    let kept = counts(&store);
    assert_eq!(kept, counted(&store));
    assert_eq!(kept.iter().map(|count| count.attempts).sum::<i64>(), 105, "a quarter is open");

    let newest_day = day_of(now());
    let newest = store.read_blocking(|view| view.merchant(MERCHANT).attempt_counts(newest_day)).unwrap();
    assert!(!newest.is_empty() && newest.iter().all(|count| count.day == newest_day));

    // What the migration makes of data that is older than the counts.
    let texts = migration_texts(Schema::Mode, Dialect::Sqlite);
    let text = texts.iter().find(|text| text.contains("CREATE TABLE attempt_count")).unwrap();
    let backfill = text.split_inclusive(';').find(|part| part.contains("INSERT INTO attempt_count")).unwrap();
    let last_line = backfill.trim_start();
    world.run(&format!("DELETE FROM attempt_count; {last_line}"));
    assert_eq!(counts(&store), kept);
}

fn what_is_undone_is_not_counted(world: &World) {
    let store = world.open(1, None);
    make(&store, 0..8);
    let before = counts(&store);
    let work = |transaction: &mut Transaction<'_>| -> Result<(), Refused> {
        let random = Deterministic::new(99);
        let actor = Actor::system();
        let by = Authorship::new(&actor, now(), random.as_ref());
        let mut payment = payment(4, random.as_ref());
        let action = end(4, &mut payment);
        transaction.merchant(MERCHANT).insert_payment(&by, action, &payment)?;
        Err(Refused::OnPurpose)
    };
    assert!(store.write_blocking::<_, Refused, _>(work).is_err());
    make(&store, 8..9);
    assert_eq!(counts(&store).iter().map(|count| count.attempts).sum::<i64>(), 7);
    assert_ne!(counts(&store), before);
    assert_eq!(counts(&store), counted(&store));
}

fn pages_behind_one_another_are_the_numbered_list(world: &World) {
    let store = world.open(1, None);
    make(&store, 0..40);
    let random = Deterministic::new(5);
    let often = CustomerId::generate(now(), random.as_ref());
    make_of(&store, random, (40..60).map(|number| (number, often)).collect());
    let some_email = Some(Email::parse(&email(0)).unwrap());
    let filters = [
        PaymentFilter::default(),
        PaymentFilter { status: Some(PaymentStatus::Cancelled), ..PaymentFilter::default() },
        PaymentFilter { initiator: Some(Initiator::Merchant), ..PaymentFilter::default() },
        PaymentFilter { email: some_email, ..PaymentFilter::default() },
        PaymentFilter { customer: Some(often), ..PaymentFilter::default() },
        PaymentFilter {
            customer: Some(often),
            status: Some(PaymentStatus::Cancelled),
            ..PaymentFilter::default()
        },
    ];
    for (filter, refused_only) in filters.iter().flat_map(|filter| [(filter, false), (filter, true)]) {
        let rows = NumberedRows { offset: 0, limit: 10_000, ascending: false };
        let mut expected =
            store.read_blocking(|view| view.merchant(MERCHANT).payments(filter, rows)).unwrap();
        if refused_only {
            expected.retain(|payment| {
                let code = payment.outcome.as_ref().and_then(|outcome| outcome.error_code.as_deref());
                payment.status == PaymentStatus::Cancelled && code == Some(BLOCKED)
            });
        }
        assert!(!expected.is_empty(), "{filter:?}");
        let (mut found, mut position) = (Vec::new(), None);
        loop {
            let page = store
                .read_blocking(|view| {
                    view.merchant(MERCHANT).payments_after(filter, refused_only, position, 7)
                })
                .unwrap();
            let Some(last) = page.last() else { break };
            position = Some((last.created_at, last.id.ksuid()));
            found.extend(page);
        }
        assert_eq!(found, expected, "{filter:?} {refused_only}");
    }
}

fn who_was_refused_is_found_with_the_newest(world: &World) {
    let store = world.open(1, None);
    let random = Deterministic::new(5);
    let often = CustomerId::generate(now(), random.as_ref());
    let once = CustomerId::generate(now(), random.as_ref());
    make_of(&store, random, vec![(0, often), (4, often), (8, once), (2, often), (6, once)]);
    let refused = |since: Timestamp, position| {
        store.read_blocking(|view| view.merchant(MERCHANT).refused_attempts(since, position, 100)).unwrap()
    };
    let again = |attempt: &RefusedAttempt| {
        store
            .read_blocking(|view| {
                view.merchant(MERCHANT)
                    .was_refused_after(attempt.customer, (attempt.at, attempt.payment.ksuid()))
            })
            .unwrap()
    };
    let newest = now();
    let of_today = refused(newest, None);
    assert_eq!((of_today.len(), of_today[0].customer, of_today[0].at), (1, often, newest));
    let all = refused(newest.plus_seconds(-9 * DAY_S), None);
    let first: Vec<_> = all.iter().filter(|one| !again(one)).map(|one| one.customer).collect();
    assert_eq!(first, [often, once]);
    let place = (all[0].at, all[0].payment.ksuid());
    assert_eq!(refused(newest.plus_seconds(-9 * DAY_S), Some(place)), all[1..]);
    let succeeded = store.read_blocking(|view| view.merchant(MERCHANT).count_succeeded(often)).unwrap();
    assert_eq!(succeeded, 1);
}

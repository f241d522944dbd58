//! Index and database compared: what was altered past the store is found, named by buckets and healed; what
//! changes meanwhile is no difference. On both engines.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use interdict_app::decision::Outcome;
use interdict_app::store::WriteError;
use interdict_app::{CompareError, Comparison, RestrictionUpdate, SettingsUpdate, UseCaseError};
use interdict_app::{change_settings, erase_customer, restrict_customer, unlist_entry};
use interdict_domain::customer::Profile;
use interdict_domain::entry::List;
use interdict_domain::identifier::Kind;
use interdict_domain::mode::Mode;
use interdict_domain::settings::OnOutage;
use interdict_domain::text::PublicMessage;
use interdict_test_support::wait_until;
use support::place::Place;
use support::{
    MERCHANT, Shop, block_email, by_email, email, merchant_ref, new_entry, phone, reason, with_email,
};

impl Place {
    fn fill(&self) {
        let shop = &self.shop;
        let mut worded = block_email("mallory@a.example");
        worded.reason = Some(reason("chargeback"));
        worded.public_message = Some(PublicMessage::parse("Call us.").unwrap());
        shop.list(worded);
        shop.list(new_entry(List::Allow, Kind::Email, "ben@a.example"));
        let ada = shop.customer(Profile {
            email: Some(email("ada@a.example")),
            phone: Some(phone("+2348012345678")),
            merchant_ref: Some(merchant_ref("r-1")),
            ..Profile::default()
        });
        shop.customer(with_email("ada@a.example"));
        let update = RestrictionUpdate { cit: Some(true), mit: None, reason: Some(Some(reason("review"))) };
        shop.run(move |transaction, by| restrict_customer(transaction, by, ada.id, update)).unwrap();
        let eve = shop.customer(with_email("eve@a.example"));
        shop.list(block_email("eve@a.example"));
        shop.run(move |transaction, by| erase_customer(transaction, by, eve.id)).unwrap();
        let update = SettingsUpdate::default();
        let outage = interdict_app::OutageUpdate { customer: Some(OnOutage::Block), ..update.outage };
        let update = SettingsUpdate { outage, ..update };
        shop.run(move |transaction, by| change_settings(transaction, by, update)).unwrap();
    }

    fn compare(&self) -> Comparison {
        self.service().compare_with_store().unwrap()
    }

    fn wait_until_rebuilt(&self) {
        wait_until(|| self.service().readiness().fresh, Duration::from_mins(1)).unwrap();
    }
}

fn what_was_altered_is_found_and_healed(place: &Place) {
    place.fill();
    let service = place.service();
    let equal = place.compare();
    assert!(equal.is_equal(), "{equal:?}");
    assert_eq!((equal.customers, equal.entries, equal.buckets_compared), (2, 3, 1_024));
    assert_eq!(equal.revision, service.readiness().revision);
    assert!(service.compare_with_feed().unwrap().is_equal());
    let mut differences = 0;
    for (sql, different) in [
        ("UPDATE entry SET reason = 'another' WHERE reason = 'chargeback'", 1),
        ("UPDATE entry SET public_message = NULL WHERE public_message IS NOT NULL", 1),
        ("UPDATE entry SET scopes = 1 WHERE list = 'allow'", 1),
        ("UPDATE customer SET restrict_mit = 1, restrict_reason = NULL WHERE merchant_ref = 'r-1'", 1),
        ("UPDATE customer SET email = 'eva@a.example' WHERE merchant_ref IS NULL", 1),
        ("UPDATE setting SET body = '{}'", 1),
        ("DELETE FROM entry WHERE list = 'block'", 2),
        ("DELETE FROM customer", 2),
    ] {
        place.alter(sql);
        let found = place.compare();
        assert_eq!(found.different.len(), different, "{sql}: {found:?}");
        differences += different as u64;
        assert_eq!(service.comparisons().differences(), differences);
        assert_eq!(service.comparisons().last(), Some((place.shop.now(), found)));
        place.wait_until_rebuilt();
        assert!(place.compare().is_equal(), "{sql}: it was loaded anew");
        assert!(!service.compare_with_feed().unwrap().is_equal(), "{sql}: the feed says otherwise");
    }
    // What is there now, the index has, too: nobody is blocked any more.
    assert_eq!(place.shop.decide(&by_email("mallory@a.example")).unwrap().outcome, Outcome::Allow);
    assert_eq!(service.comparisons().failures(), 0);
}

#[test]
fn on_sqlite_what_was_altered_is_found_and_healed() {
    what_was_altered_is_found_and_healed(&Place::sqlite());
}

#[test]
fn on_postgres_what_was_altered_is_found_and_healed() {
    what_was_altered_is_found_and_healed(&Place::postgres("altered"));
}

/// Writers as fast as they can be, on the node that compares and on another one.
fn what_changes_meanwhile_is_no_difference(place: &Place, other: &interdict_app::App) {
    /// Also when an assertion fails: the writers would go on for ever.
    struct AtEnd<'a>(&'a AtomicBool);
    impl Drop for AtEnd<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let ended = AtomicBool::new(false);
    let shop = &place.shop;
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let (ended, service) =
                (&ended, if writer == 0 { other.service(Mode::Test) } else { shop.service() });
            let (clock, random) = (Arc::clone(&shop.clock), Arc::clone(&shop.random));
            scope.spawn(move || {
                let mut number = 0;
                while !ended.load(Ordering::Relaxed) {
                    number += 1;
                    let address = format!("{writer}-{}@a.example", number % 97);
                    let now = interdict_domain::clock::Clock::now(clock.as_ref());
                    let random = Arc::clone(&random);
                    let written = service.store().write_blocking(move |transaction| {
                        let actor = interdict_domain::actor::Actor::system();
                        let by = interdict_app::store::Authorship::new(&actor, now, random.as_ref());
                        let mut transaction = transaction.merchant(MERCHANT);
                        let mut new = block_email(&address);
                        new.reason = Some(reason(&format!("reason {}", number % 7)));
                        let (entry, _) = interdict_app::list_entry(&mut transaction, &by, new)?;
                        if number % 3 == 0 {
                            unlist_entry(&mut transaction, &by, entry.id)?;
                        }
                        let made =
                            interdict_app::create_customer(&mut transaction, &by, with_email(&address))?;
                        if number % 2 == 0 {
                            erase_customer(&mut transaction, &by, made.id)?;
                        }
                        Ok::<_, UseCaseError>(())
                    });
                    match written {
                        // Two processes on one file may starve one another: it comes back.
                        Ok(_) | Err(WriteError::CommitFailed) => {}
                        Err(error) => panic!("{error:?}"),
                    }
                    if writer == 0 {
                        // As a command beside a server does.
                        std::thread::sleep(Duration::from_millis(5));
                    }
                }
            });
        }
        let at_end = AtEnd(&ended);
        let first = place.compare().revision;
        let mut compared = place.compare();
        let mut comparisons = 0;
        // Hundreds of changes, and a dozen comparisons amid them.
        while comparisons < 12 || compared.revision < first + 500 {
            compared = place.compare();
            assert!(compared.is_equal(), "a false alarm: {compared:?}");
            comparisons += 1;
        }
        drop(at_end);
    });
    place.wait_until_rebuilt();
    assert!(place.compare().is_equal());
    assert_eq!(place.service().comparisons().differences(), 0);
    assert!(place.service().compare_with_feed().unwrap().is_equal());
}

#[test]
fn on_sqlite_what_changes_meanwhile_is_no_difference() {
    let place = Place::sqlite();
    let other = place.shop.reopened();
    what_changes_meanwhile_is_no_difference(&place, &other);
}

#[test]
fn on_postgres_what_changes_meanwhile_is_no_difference() {
    let place = Place::postgres("changing");
    let other = place.shop.reopened();
    what_changes_meanwhile_is_no_difference(&place, &other);
}

#[test]
fn a_node_that_differs_is_not_ready_until_it_was_loaded_anew() {
    let place = Place::sqlite();
    place.fill();
    // The writer stands still: nothing is loaded anew before it goes on.
    let (begun, go_on) = (std::sync::mpsc::channel(), std::sync::mpsc::channel::<()>());
    let service = Arc::clone(place.service());
    place.alter("UPDATE entry SET scopes = 1 WHERE list = 'allow'");
    let writing = std::thread::spawn(move || {
        service.store().write_blocking(move |_| {
            begun.0.send(()).unwrap();
            go_on.1.recv().unwrap();
            Ok::<_, UseCaseError>(())
        })
    });
    begun.1.recv().unwrap();
    assert!(place.service().readiness().fresh);
    assert_eq!(place.compare().different.len(), 1);
    let readiness = place.service().readiness();
    assert!(readiness.loaded && !readiness.fresh);
    assert!(!place.shop.app.is_ready());
    go_on.0.send(()).unwrap();
    writing.join().unwrap().unwrap();
    place.wait_until_rebuilt();
    assert!(place.compare().is_equal());
}

#[test]
fn without_an_index_there_is_nothing_to_compare() {
    let shop = Shop::new();
    let writes_only = shop.without_index();
    let compared = writes_only.service(Mode::Test).compare_with_store();
    assert!(matches!(compared, Err(CompareError::NotLoaded)), "{compared:?}");
    assert_eq!(writes_only.service(Mode::Test).comparisons().failures(), 1);
    assert!(writes_only.service(Mode::Test).compare_with_feed().unwrap().is_equal());
}

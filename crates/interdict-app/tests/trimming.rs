//! After a feed was trimmed: people are erased with all that they ever had, the tables are compared with what is left,
//! and nothing else is another than before. On both engines.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use std::time::Duration;

use interdict_app::store::{Trimmed, Trimming};
use interdict_app::{FeedComparison, ProfileUpdate, erase_customer, unlist_entry, update_customer};
use interdict_domain::entry::List;
use interdict_domain::ids::CustomerId;
use interdict_domain::mode::Mode;
use support::place::{Place, on_both_engines};
use support::{Shop, block_email, block_on, by_email, email, new_entry, reason, with_email};

const DAY_S: u64 = 86_400;

on_both_engines!("trimming":
    an_erasure_finds_what_trimmed_changes_knew,
    the_rest_of_the_feed_is_compared_with_what_it_names,
    what_is_older_than_the_retention_goes,
);

/// Trims all but the newest changes.
fn trim(shop: &Shop, kept: i64) -> Trimmed {
    shop.trim(Trimming { kept, least: 1, ..Trimming::before(shop.now().plus_seconds(1)) }).unwrap()
}

fn rename(shop: &Shop, id: CustomerId, address: &'static str) {
    let update = ProfileUpdate { email: Some(Some(email(address))), ..ProfileUpdate::default() };
    shop.run(move |transaction, by| update_customer(transaction, by, id, update)).unwrap();
}

fn assert_sound(place: &Place) {
    let service = place.service();
    assert_eq!(service.store().verify_chain(&mut |_| {}).unwrap().fault, None);
    assert!(service.compare_with_store().unwrap().is_equal(), "memory and tables");
    assert!(service.compare_with_feed().unwrap().is_equal(), "tables and feed");
    assert_eq!(place.shop.reopened().service(Mode::Test).fingerprint(), service.fingerprint());
}

fn an_erasure_finds_what_trimmed_changes_knew(place: &Place) {
    let shop = &place.shop;
    let ada = shop.customer(with_email("ada@first.example"));
    let ben = shop.customer(with_email("ben@first.example"));
    rename(shop, ada.id, "ada@second.example");
    rename(shop, ada.id, "ada@third.example");
    rename(shop, ben.id, "ben@second.example");
    let mut blocks = Vec::new();
    for address in ["ada@first.example", "ada@second.example", "ada@third.example", "ben@first.example"] {
        let mut new = block_email(address);
        new.reason = Some(reason("seen before"));
        blocks.push(shop.list(new).id);
    }
    trim(shop, 1);
    // Somebody wrote of the first address again, and took it back: that is in the feed that is left.
    let mut late = new_entry(List::Allow, interdict_domain::identifier::Kind::Email, "ada@first.example");
    late.reason = Some(reason("a friend"));
    let late = shop.list(late).id;
    shop.run(move |transaction, by| unlist_entry(transaction, by, late)).unwrap();
    let erased = shop.run(move |transaction, by| erase_customer(transaction, by, ada.id)).unwrap();
    assert_eq!(erased.blocks_kept, 3);
    let values: Vec<Option<String>> =
        blocks.iter().map(|id| shop.read(|view| view.entry(*id)).unwrap().entry.value).collect();
    assert_eq!(values, [None, None, None, Some("ben@first.example".to_owned())], "and nobody else's");
    for address in ["ada@first.example", "ada@second.example", "ada@third.example"] {
        assert!(shop.decide(&by_email(address)).unwrap().blocks(), "{address}");
    }
    place.alter(
        "CREATE TABLE witness (said BIGINT CHECK (said = 0), had BIGINT CHECK (had = 3));
         INSERT INTO witness SELECT (SELECT COUNT(*) FROM personal WHERE body LIKE '%ada@%'),
                                    (SELECT COUNT(*) FROM former_identifier);
         DROP TABLE witness",
    );
    assert_sound(place);
}

fn the_rest_of_the_feed_is_compared_with_what_it_names(place: &Place) {
    let (shop, service) = (&place.shop, place.service());
    shop.list(block_email("old@a.example"));
    let gone = shop.list(block_email("gone@a.example")).id;
    let ada = shop.customer(with_email("ada@a.example"));
    shop.customer(with_email("eve@a.example"));
    shop.list(block_email("new@a.example"));
    rename(shop, ada.id, "ada@b.example");
    place.alter("CREATE TABLE kept_entry AS SELECT * FROM entry");
    shop.run(move |transaction, by| unlist_entry(transaction, by, gone)).unwrap();
    let trimmed = trim(shop, 3);
    assert_sound(place);
    let FeedComparison { from, comparison } = service.compare_with_feed().unwrap();
    assert_eq!((from, comparison.revision), (trimmed.through + 1, trimmed.through + 4));
    assert_eq!((comparison.customers, comparison.entries), (1, 1), "what the rest of the feed names");
    for (tampering, repair) in [
        (
            "UPDATE entry SET scopes = 1 WHERE value = 'new@a.example'",
            "UPDATE entry SET scopes = 3 WHERE value = 'new@a.example'",
        ),
        (
            "UPDATE customer SET restrict_cit = 1 WHERE email = 'ada@b.example'",
            "UPDATE customer SET restrict_cit = 0 WHERE email = 'ada@b.example'",
        ),
        (
            "DELETE FROM entry WHERE value = 'new@a.example'",
            "INSERT INTO entry SELECT * FROM kept_entry WHERE value = 'new@a.example'",
        ),
        (
            "INSERT INTO entry SELECT * FROM kept_entry WHERE value = 'gone@a.example'",
            "DELETE FROM entry WHERE value = 'gone@a.example'",
        ),
    ] {
        place.alter(tampering);
        let found = service.compare_with_feed().unwrap();
        assert!(!found.is_equal(), "{tampering}");
        place.alter(repair);
        assert!(service.compare_with_feed().unwrap().is_equal(), "{repair}");
    }
    // Nothing is left that says what this row should hold.
    place.alter("UPDATE entry SET scopes = 1 WHERE value = 'old@a.example'");
    assert!(service.compare_with_feed().unwrap().is_equal());
}

fn what_is_older_than_the_retention_goes(place: &Place) {
    let shop = &place.shop;
    shop.run(|transaction, by| {
        for number in 0..1_250 {
            interdict_app::list_entry(transaction, by, block_email(&format!("{number}@a.example")))?;
        }
        Ok(())
    })
    .unwrap();
    shop.clock.advance(10 * i64::try_from(DAY_S).unwrap());
    let through = || shop.service().store().status().trimmed_through;
    block_on(shop.app.trim_feeds(Duration::from_secs(20 * DAY_S)));
    assert_eq!(through(), 0);
    for _ in 0..2 {
        block_on(shop.app.trim_feeds(Duration::from_secs(5 * DAY_S)));
        assert_eq!((through(), shop.service().readiness().revision), (250, 1_251));
    }
    let others = shop.app.store_statuses().map(|(name, status)| (name, status.trimmed_through));
    assert_eq!(others, [("core", 0), ("test", 250), ("live", 0)]);
    assert_sound(place);
}

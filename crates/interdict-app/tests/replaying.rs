//! Replays on both engines: over a trimmed feed, over imports and their undo, for who brings identifiers along, and where
//! somebody wrote who notes no departures. Random histories stand in `histories/replays.rs`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use interdict_app::store::Trimming;
use interdict_app::{
    NamedIdentifier, NewPersonBlock, PaymentAttempt, Presented, ProfileUpdate, ReplayError,
    RestrictionUpdate, block_person, erase_customer, erase_identifier, restrict_customer, unlist_entry,
    update_customer,
};
use interdict_domain::customer::Profile;
use interdict_domain::entry::{EntrySource, List};
use interdict_domain::identifier::{EmailMatching, Identifier, Kind};
use interdict_domain::ids::CustomerId;
use interdict_domain::mode::Mode;
use interdict_domain::person::PersonTerms;
use interdict_domain::scopes::{Initiator, Scopes};
use support::place::Place;
use support::{
    MERCHANT, Shop, Try, block_email, block_on, by, by_email, by_id, email, merchant_ref, new_entry, reason,
    with_email,
};

macro_rules! on_both_engines {
    ($($name:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[test]
            fn $name() {
                super::$name(&super::Place::sqlite());
            })+
        }
        mod on_postgres {
            $(#[test]
            fn $name() {
                super::$name(&super::Place::postgres(concat!("replaying_", stringify!($name))));
            })+
        }
    };
}

on_both_engines!(
    a_trimmed_feed_tells_all_that_is_behind_its_anchor,
    imports_and_their_undo_are_taken_back,
    who_is_named_brings_along_what_they_had_then,
    a_range_that_nobody_lists_any_more_counts_where_it_did,
    of_the_erased_the_blocks_are_left_when_nothing_else_is,
    where_an_erasure_has_left_a_block_without_words_a_replay_says_so,
    what_an_older_binary_wrote_is_not_guessed,
);

/// The code and whether somebody was erased; or why there is none.
fn replay(shop: &Shop, revision: i64, attempt: &Try<'_>) -> Result<(&'static str, bool), ReplayError> {
    replay_by(shop.service(), revision, attempt)
}

fn replay_by(
    service: &interdict_app::Service,
    revision: i64,
    attempt: &Try<'_>,
) -> Result<(&'static str, bool), ReplayError> {
    let normalise = |(kind, value): &(Kind, &str)| Presented {
        kind: *kind,
        value: kind.normalise(value).unwrap().into_owned().into(),
        verified: !attempt.typed,
    };
    let identifiers: Vec<Presented<'_>> = attempt.identifiers.iter().map(normalise).collect();
    let attempt = PaymentAttempt {
        initiator: Initiator::Customer,
        customer: attempt.customer,
        identifiers: &identifiers,
        money: None,
        explain: false,
        dry_run: true,
    };
    let judged = service.replay(MERCHANT, revision, None, &attempt, |decision, on| {
        assert_eq!(decision.revision, revision);
        (decision.code.as_str(), on.has_erased)
    });
    block_on(judged)
}

/// Nobody was erased.
fn said(shop: &Shop, revision: i64, attempt: &Try<'_>) -> &'static str {
    let (code, has_erased) = replay(shop, revision, attempt).unwrap();
    assert!(!has_erased);
    code
}

fn trim(shop: &Shop, kept: i64) -> i64 {
    let what = Trimming { kept, least: 1, ..Trimming::before(shop.now().plus_seconds(1)) };
    shop.trim(what).unwrap().through
}

fn rename(shop: &Shop, id: CustomerId, address: &'static str) {
    let update = ProfileUpdate { email: Some(Some(email(address))), ..ProfileUpdate::default() };
    shop.run(move |transaction, by| update_customer(transaction, by, id, update)).unwrap();
}

fn restrict(shop: &Shop, id: CustomerId, cit: bool) {
    let update = RestrictionUpdate { cit: Some(cit), mit: None, reason: None };
    shop.run(move |transaction, by| restrict_customer(transaction, by, id, update)).unwrap();
}

fn a_trimmed_feed_tells_all_that_is_behind_its_anchor(place: &Place) {
    let shop = &place.shop;
    // 1 to 3 are trimmed, and were before all that is told.
    let ada = shop.customer(with_email("ada@a.example")).id;
    let old = shop.list(block_email("old@a.example")).id;
    restrict(shop, ada, true);
    shop.list(block_email("new@a.example")); // 4
    rename(shop, ada, "ada@b.example"); // 5
    restrict(shop, ada, false); // 6
    shop.run(move |transaction, by| unlist_entry(transaction, by, old)).unwrap(); // 7
    assert_eq!(trim(shop, 4), 3);
    let codes = |address: &'static str| -> Vec<&str> {
        (4..=8).map(|revision| said(shop, revision, &by_email(address))).collect()
    };
    let (blocked, restricted, free) = ("identifier_blacklisted", "customer_restricted", "default");
    assert_eq!(codes("old@a.example"), [blocked, blocked, blocked, free, free]);
    assert_eq!(codes("new@a.example"), [blocked; 5]);
    assert_eq!(codes("ada@a.example"), [restricted, free, free, free, free]);
    assert_eq!(codes("ada@b.example"), [free, restricted, free, free, free]);
    assert_eq!(said(shop, 4, &by_id(ada)), restricted);
    for gone in [1, 3] {
        let refused = replay(shop, gone, &by_email("ada@a.example"));
        assert!(matches!(refused, Err(ReplayError::NotRetained(4))), "{gone}: {refused:?}");
    }
    assert!(matches!(replay(shop, 9, &by_id(ada)), Err(ReplayError::NotYet(8))));
}

fn imports_and_their_undo_are_taken_back(place: &Place) {
    let shop = &place.shop;
    shop.list(new_entry(List::Block, Kind::EmailDomain, "unrelated.example")); // 1
    shop.clock.advance(1);
    shop.list(block_email("both@a.example")); // 2
    shop.clock.advance(1);
    let first = shop.import("email,strength\nboth@a.example,soft\nfresh@a.example,hard\n"); // 3
    shop.clock.advance(1);
    shop.list(new_entry(List::Allow, Kind::Email, "both@a.example")); // 4
    shop.clock.advance(1);
    shop.undo_import(first.id).unwrap(); // 5
    let codes = |address: &'static str| -> Vec<&str> {
        (1..=5).map(|revision| said(shop, revision, &by_email(address))).collect()
    };
    let (blocked, allowed, free) = ("identifier_blacklisted", "identifier_whitelisted", "default");
    assert_eq!(codes("fresh@a.example"), [free, free, blocked, blocked, free]);
    // Soft while the import stood, and so the exemption counted at 4 alone.
    assert_eq!(codes("both@a.example"), [free, blocked, blocked, allowed, blocked]);
    // The same when the import's own change is gone, and the undo's is not.
    assert_eq!(trim(shop, 1), 4);
    assert_eq!(said(shop, 5, &by_email("fresh@a.example")), free);
    assert_eq!(said(shop, 6, &by_email("both@a.example")), blocked);
}

fn who_is_named_brings_along_what_they_had_then(place: &Place) {
    let shop = &place.shop;
    let profile = Profile {
        email: Some(email("ada+shop@a.example")),
        merchant_ref: Some(merchant_ref("r-1")),
        ..Profile::default()
    };
    let ada = shop.customer(profile).id; // 1
    shop.list(new_entry(List::Block, Kind::EmailDomain, "a.example")); // 2
    let mut mailbox = block_email("ada@a.example");
    mailbox.matching = Some(EmailMatching::PlusAlias);
    let mailbox = shop.list(mailbox).id; // 3
    rename(shop, ada, "ada@elsewhere.example"); // 4
    shop.run(move |transaction, by| unlist_entry(transaction, by, mailbox)).unwrap(); // 5
    let by_ref = Try { identifiers: vec![(Kind::MerchantRef, "r-1")], ..Try::default() };
    for attempt in [by_id(ada), by_ref] {
        let codes: Vec<&str> = (1..=5).map(|revision| said(shop, revision, &attempt)).collect();
        let blocked = "identifier_blacklisted";
        assert_eq!(codes, ["default", blocked, blocked, "default", "default"]);
    }
    // Soft alone by the domain, hard by the mailbox.
    shop.list(new_entry(List::Allow, Kind::MerchantRef, "r-1")); // 6
    assert_eq!(said(shop, 6, &by_id(ada)), "identifier_whitelisted");
}

fn a_range_that_nobody_lists_any_more_counts_where_it_did(place: &Place) {
    let shop = &place.shop;
    let four = shop.list(new_entry(List::Block, Kind::Ip, "203.0.113.0/24")).id; // 1
    let six = shop.list(new_entry(List::Block, Kind::Ip, "2001:db8::/33")).id; // 2
    for id in [four, six] {
        shop.run(move |transaction, by| unlist_entry(transaction, by, id)).unwrap(); // 3, 4
    }
    // An index that is loaded anew knows of no range.
    let again = shop.reopened();
    for (address, codes) in [
        ("203.0.113.7", ["identifier_blacklisted", "identifier_blacklisted", "default", "default"]),
        ("2001:db8::7", ["default", "identifier_blacklisted", "identifier_blacklisted", "default"]),
    ] {
        let attempt = by(Kind::Ip, address);
        for (revision, code) in (1..).zip(codes) {
            let said = replay_by(again.service(Mode::Test), revision, &attempt).unwrap();
            assert_eq!(said, (code, false), "{address} at {revision}");
        }
    }
}

fn of_the_erased_the_blocks_are_left_when_nothing_else_is(place: &Place) {
    let shop = &place.shop;
    let ada = shop.customer(with_email("ada@a.example")).id; // 1
    restrict(shop, ada, true); // 2
    shop.list(block_email("other@a.example")); // 3
    shop.run(move |transaction, by| erase_customer(transaction, by, ada)).unwrap(); // 4
    // As long as the feed states it.
    assert_eq!(replay(shop, 1, &by_email("ada@a.example")).unwrap(), ("default", true));
    assert_eq!(replay(shop, 3, &by_email("ada@a.example")).unwrap(), ("customer_restricted", true));
    assert_eq!(trim(shop, 2), 2);
    assert_eq!(replay(shop, 3, &by_email("ada@a.example")).unwrap(), ("identifier_blacklisted", true));
    assert_eq!(replay(shop, 4, &by_email("ada@a.example")).unwrap(), ("identifier_blacklisted", true));
    assert_eq!(said(shop, 3, &by_email("other@a.example")), "identifier_blacklisted");
}

fn where_an_erasure_has_left_a_block_without_words_a_replay_says_so(place: &Place) {
    let shop = &place.shop;
    shop.list(new_entry(List::Block, Kind::Ip, "198.51.100.0/24")); // 1
    let one = Identifier::parse(Kind::Ip, "198.51.100.0/24").unwrap();
    shop.run(move |transaction, by| erase_identifier(transaction, by, &one)).unwrap(); // 2
    assert_eq!(replay(shop, 1, &by(Kind::Ip, "198.51.100.7")).unwrap(), ("identifier_blacklisted", true));
    assert_eq!(said(shop, 2, &by(Kind::Ip, "198.51.100.7")), "identifier_blacklisted");
    // One block of two emails, of which each is the one of another customer.
    let named = |address| NamedIdentifier {
        identifier: Identifier::parse(Kind::Email, address).unwrap(),
        place: interdict_app::Place::Listed(0),
    };
    let new = NewPersonBlock {
        identifiers: vec![named("ada@a.example"), named("ben@b.example")],
        left_out: Vec::new(),
        terms: PersonTerms {
            reason: Some(reason("Ada and Ben, order 7")),
            reason_code: None,
            public_message: None,
            scopes: Scopes::BOTH,
            expires_at: None,
        },
        source: EntrySource::Api,
    };
    shop.run(move |transaction, by| Ok(block_person(transaction, by, new).unwrap().row)).unwrap(); // 3 to 5
    let ada = shop.customer(with_email("ada@a.example")).id; // 6
    shop.customer(with_email("ben@b.example")); // 7
    assert_eq!(said(shop, 7, &by_email("ben@b.example")), "identifier_blacklisted");
    shop.run(move |transaction, by| erase_customer(transaction, by, ada)).unwrap(); // 8
    assert_eq!(replay(shop, 7, &by_email("ben@b.example")).unwrap(), ("identifier_blacklisted", true));
    assert_eq!(said(shop, 8, &by_email("ben@b.example")), "identifier_blacklisted");
}

fn what_an_older_binary_wrote_is_not_guessed(place: &Place) {
    let shop = &place.shop;
    let id = shop.list(block_email("ada@a.example")).id;
    shop.run(move |transaction, by| unlist_entry(transaction, by, id)).unwrap();
    assert_eq!(said(shop, 1, &by_email("ada@a.example")), "identifier_blacklisted");
    // As if it had made the second change, of which it noted nothing.
    place.alter("UPDATE meta SET value = '1' WHERE name = 'departures'; DELETE FROM departure");
    for revision in [1, 2] {
        let told = replay(shop, revision, &by_email("ada@a.example"));
        assert_eq!(told.is_ok(), revision == 2, "{told:?}");
    }
    let again = shop.reopened();
    shop.list(block_email("ada@a.example"));
    let told = |revision| replay_by(again.service(Mode::Test), revision, &by_email("ada@a.example"));
    assert!(matches!(told(1), Err(ReplayError::NotRetained(2))));
    assert_eq!(told(2).unwrap().0, "default");
    assert_eq!(told(3).unwrap().0, "identifier_blacklisted");
}
